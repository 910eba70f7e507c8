/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's resource limits; see limits.h.
 */
#include "libguard/door/limits.h"

#include "libguard/core/sys.h"
#include "libguard/door/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* Of the call that is being done. */
static _Thread_local uint64_t size_max = RLIM_INFINITY;
static _Thread_local bool is_full;

static uint64_t limit_of(int resource)
{
	struct rlimit limit;

	return SYS_4(SYS_prlimit64, guest.tid, resource, NULL, &limit) == 0 ? limit.rlim_cur : RLIM_INFINITY;
}

static bool has_fd(uint64_t fd)
{
	return sys_faccessat(AT_FDCWD, guest_proc_fd("fd", (int)fd).text, F_OK) == 0;
}

/* The kernel gives the lowest number that is free, so that most often the highest one tells. */
static bool all_taken(void)
{
	uint64_t cap = limit_of(RLIMIT_NOFILE), fd = 0;

	if (cap > INT32_MAX || (cap > 0 && !has_fd(cap - 1)))
		return false;
	while (fd < cap && has_fd(fd))
		fd++;
	return fd == cap;
}

void limits_look(bool truncates, bool makes)
{
	size_max = truncates ? limit_of(RLIMIT_FSIZE) : RLIM_INFINITY;
	is_full = makes && all_taken();
}

long limits_size(const char *name, uint64_t length)
{
	struct stat status;

	/* What is not there or cannot be truncated the kernel refuses by itself. */
	if (length <= size_max || length > INT64_MAX || sys_fstatat(AT_FDCWD, name, &status, 0) < 0 || !S_ISREG(status.st_mode) ||
	    (uint64_t)status.st_size >= length)
		return 0;
	SYS_3(SYS_tgkill, guest.pid, guest.tid, SIGXFSZ);
	return -EFBIG;
}

long limits_open(uint64_t flags)
{
	return is_full && flags & (O_CREAT | O_TRUNC) ? -EMFILE : 0;
}
