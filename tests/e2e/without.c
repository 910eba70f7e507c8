/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a command on a machine that lacks a system call.
 *
 *     without NUMBER[:ARGUMENT] ERRNO COMMAND [ARGUMENT...]
 *
 * A seccomp filter answers the call of that number (with that first argument) with that errno: ENOSYS as an old kernel
 * does, EPERM as a container's filter does.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};
	const char *argument;

	if (argc < 4)
		return 2;
	argument = strchr(argv[1], ':');
	if (argument)
		filter[3].k = (unsigned)atoi(argument + 1);
	else
		filter[3].jf = 0;
	filter[1].k = (unsigned)atoi(argv[1]);
	filter[4].k |= (unsigned)atoi(argv[2]);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) {
		perror("without: seccomp");
		return 77;
	}
	execvp(argv[3], argv + 3);
	perror(argv[3]);
	return 127;
}
