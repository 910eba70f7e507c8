/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening a name that must not lead through a symbolic link.
 */
#pragma once

#include "libguard/hooks/guard.h"
#include "libguard/kernel/gate.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/types.h>

/* The kernel's O_LARGEFILE; libc's is 0 on 64-bit machines, programs pass either. */
#define NOLINKS_LARGE_FILE 0100000

/* What openat2 knows; it refuses what openat ignores. */
#define NOLINKS_FLAGS                                                                                                  \
	(O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC | O_ASYNC | O_DIRECT |     \
	 NOLINKS_LARGE_FILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH | O_TMPFILE)

/* With O_PATH the kernel's openat ignores all but these; openat2 refuses them. */
#define NOLINKS_PATH_FLAGS (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* Open one component at a time. `error` is what openat2 said, to be returned if it came from the file; else 0. */
int nolinks_walk(int dir, const char *name, int flags, mode_t mode, int error) MUST_CHECK NONNULL;

/*
 * Open NAME for the guest, refusing every link on the way.
 *
 *   dir    where a relative name starts
 *   flags  as open(2) takes them; bits that openat2 does not know are dropped, as openat drops them
 *   mode   used with O_CREAT and O_TMPFILE only
 *
 * Returns a descriptor or -errno: -ELOOP when a component is a symbolic link (with O_PATH | O_NOFOLLOW or
 * O_CREAT | O_EXCL a last one is not followed anyway), and all of open(2).
 *
 * Where openat2 is missing or a filter refuses it, the name is walked one component at a time. Safe in threads,
 * signal handlers and after fork; allocates nothing, leaves errno alone.
 *
 * Source: openat2(2).
 */
static inline MUST_CHECK int nolinks_open(int dir, const char *name, int flags, mode_t mode)
{
	/* In line: what stands between the guest and the kernel costs each return 9 ns, which the kernel makes unforeseen. */
	struct open_how how = {.resolve = RESOLVE_NO_SYMLINKS};
	long fd;

	if (UNLIKELY(atomic_load_explicit(&guard.no_openat2, memory_order_relaxed)))
		return nolinks_walk(dir, name, flags, mode, 0);
	how.flags = (unsigned)(flags & (flags & O_PATH ? NOLINKS_PATH_FLAGS : NOLINKS_FLAGS));
	if (!(flags & O_PATH) && ((flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE))
		how.mode = mode & 07777;
	fd = gate(SYS_openat2, dir, GATE_PTR(name), GATE_PTR(&how), sizeof how);
	if (UNLIKELY(fd == -ENOSYS || fd == -EPERM))
		return nolinks_walk(dir, name, flags, mode, (int)fd);
	return (int)fd;
}
