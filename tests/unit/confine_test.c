/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/confine.h"

#include "tests/unit/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static bool is_refused(long result)
{
	return result == -1 && errno == EPERM;
}

/* In a child: the number of the first thing that was not as it should be, 0 for none, 77 where there are no filters. */
static int try_all(pid_t parent)
{
	char byte;
	int fd;

	if (confine_to_reading(10, 1ull << 32) != 0)
		return 77;
	fd = open("/proc/self/exe", O_RDONLY);
	if (fd < 0 || read(fd, &byte, 1) != 1)
		return 1;
	if (mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED)
		return 2;
	if (!is_refused((long)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0)))
		return 3;
	if (!is_refused(open("/dev/null", O_WRONLY)) || !is_refused(open("/dev/null", O_RDWR)))
		return 4;
	if (!is_refused(open("/tmp", O_RDONLY | O_CREAT, 0600)))
		return 5;
	if (!is_refused(socket(AF_UNIX, SOCK_STREAM, 0)) || !is_refused(fork()) || !is_refused(kill(parent, 0)))
		return 6;
	if (!is_refused(execl("/bin/true", "true", (char *)NULL)) || !is_refused(write(STDOUT_FILENO, "", 1)))
		return 7;
	return 0;
}

static void a_confined_process_reads_and_does_nothing_else(void)
{
	pid_t parent = getpid(), child = fork();
	int status = -1;

	/* A sanitizer's _exit(2) asks the kernel for more than an end. */
	if (child == 0)
		syscall(SYS_exit_group, try_all(parent));
	CU_ASSERT(child > 0 && waitpid(child, &status, 0) == child);
	CU_ASSERT(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 77));
}

static const CU_TestInfo tests[] = {
	{"a_confined_process_reads_and_does_nothing_else", a_confined_process_reads_and_does_nothing_else},
	CU_TEST_INFO_NULL,
};

const struct suite confine_suite = {"confine", tests};
