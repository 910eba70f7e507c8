/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filter of a process that only reads; see confine.h.
 */
#include "tools/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define MACHINE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define MACHINE AUDIT_ARCH_AARCH64
#endif

#define DATA(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define REFUSE BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)
#define MAY(number) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), ALLOW
/* An argument in which none of BITS may stand. Its lower half is the first on machines that the filter is for. */
#define MAY_WITHOUT(number, argument, bits) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 4), DATA(args[argument]), \
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1), REFUSE, ALLOW

static int filter_calls(void)
{
#ifdef MACHINE
	static struct sock_filter code[] = {
		DATA(arch),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0),
		REFUSE,
		DATA(nr),
		MAY(SYS_read), MAY(SYS_pread64), MAY(SYS_lseek), MAY(SYS_close), MAY(SYS_fstat), MAY(SYS_newfstatat),
		MAY(SYS_readlinkat), MAY(SYS_faccessat), MAY(SYS_getdents64), MAY(SYS_fcntl),
#ifdef SYS_stat
		MAY(SYS_stat), MAY(SYS_lstat), MAY(SYS_readlink), MAY(SYS_access),
#endif
		MAY(SYS_munmap), MAY(SYS_mremap), MAY(SYS_brk), MAY(SYS_madvise),
		MAY(SYS_recvfrom), MAY(SYS_sendto), MAY(SYS_futex), MAY(SYS_getrandom), MAY(SYS_exit_group),
		MAY_WITHOUT(SYS_openat, 2, O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND),
		MAY_WITHOUT(SYS_mmap, 2, PROT_EXEC),
		MAY_WITHOUT(SYS_mprotect, 2, PROT_EXEC),
		REFUSE,
	};
	const struct sock_fprog program = {.len = ARRAY_LEN(code), .filter = code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		return -errno;
	return 0;
#else
	return -ENOSYS;
#endif
}

/* Bytes of addresses in use: a sanitizer takes more from the beginning than any limit allows. */
static uint64_t addresses_in_use(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	unsigned long pages = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%lu", &pages) != 1)
		pages = 0;
	fclose(file);
	return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

int confine_to_reading(unsigned cpu_s, uint64_t memory)
{
	const struct rlimit cpu = {cpu_s, cpu_s}, addresses = {memory, memory}, none = {0, 0};

	if (setrlimit(RLIMIT_CPU, &cpu) != 0 || setrlimit(RLIMIT_CORE, &none) != 0 ||
	    (addresses_in_use() < memory && setrlimit(RLIMIT_AS, &addresses) != 0))
		return -errno;
	return filter_calls();
}
