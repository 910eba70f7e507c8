/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening without links; see nolinks.h.
 */
#include "libguard/hooks/nolinks.h"

#include "libguard/core/path.h"
#include "libguard/core/str.h"
#include "libguard/core/sys.h"

#include <errno.h>
#include <string.h>

static int plain_openat(int dir, const char *name, int flags, mode_t mode)
{
	return (int)gate(SYS_openat, dir, GATE_PTR(name), flags, mode);
}

/* One component, which must not be a link. Takes over DIR when it is one of ours. */
static int enter(int dir, bool ours, const char *component)
{
	int fd = plain_openat(dir, component, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
	struct stat status;

	if (ours)
		sys_close(dir);
	if (fd < 0)
		return fd;
	if (sys_fstat(fd, &status) == 0 && !S_ISLNK(status.st_mode))
		return fd;
	sys_close(fd);
	return -ELOOP;
}

static int walk(int dir, const char *name, int flags, mode_t mode)
{
	char component[PATH_NAME_CAP];
	struct stat status;
	bool ours = false;
	int guest_flags = flags;
	size_t len;
	int fd;

	if (name[0] == '/') {
		dir = plain_openat(AT_FDCWD, "/", O_PATH | O_CLOEXEC, 0);
		if (dir < 0)
			return dir;
		ours = true;
		name += str_skip(name, '/');
	}
	for (;;) {
		const char *after;

		len = str_until(name, '/');
		if (len >= sizeof component)
			return -ENAMETOOLONG;
		memcpy(component, name, len);
		component[len] = '\0';
		after = name + len + str_skip(name + len, '/');
		if (*after == '\0')
			break;
		dir = enter(dir, ours, component);
		if (dir < 0)
			return dir;
		ours = true;
		name = after;
	}
	/* A trailing slash would make the kernel follow a last link whatever the flags say. */
	if (name[len] == '/')
		flags |= O_DIRECTORY;
	fd = plain_openat(dir, len ? component : ".", flags | O_NOFOLLOW, mode);
	/* Of a link the kernel says first that it is no directory; openat2 says that it is a link. */
	if (fd == -ENOTDIR && !(guest_flags & O_NOFOLLOW) &&
	    sys_fstatat(dir, component, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode))
		fd = -ELOOP;
	if (ours)
		sys_close(dir);
	/* O_PATH opens a link itself where any other flag would say ELOOP. */
	if (fd >= 0 && (flags & (O_PATH | O_NOFOLLOW)) == O_PATH && sys_fstat(fd, &status) == 0 && S_ISLNK(status.st_mode)) {
		sys_close(fd);
		return -ELOOP;
	}
	return fd;
}

int nolinks_walk(int dir, const char *name, int flags, mode_t mode, int error)
{
	if (error) {
		/* EPERM may be the file's own answer (O_NOATIME, immutable) or a filter's: ask where it cannot be the file's. */
		struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS};
		long probe = gate(SYS_openat2, AT_FDCWD, GATE_PTR("/"), GATE_PTR(&how), sizeof how);

		if (probe >= 0) {
			sys_close((int)probe);
			return error;
		}
		atomic_store_explicit(&guard.no_openat2, true, memory_order_relaxed);
	}
	return walk(dir, name, flags & O_PATH ? flags & NOLINKS_PATH_FLAGS : flags, mode);
}
