/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the depth to the root; see climb.h.
 */
#include "libguard/core/climb.h"

#include "libguard/core/buf.h"
#include "libguard/core/sys.h"
#include "libguard/core/sys_gate.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>

#define ENTRIES_CAP 4096 /* bytes of directory entries read at once */

static int open_directory(int dir, const char *name, int flags)
{
	return (int)sys_gated(SYS_openat, (const long[SYS_GATE_ARGS]){dir, (long)(uintptr_t)name, flags | O_DIRECTORY | O_CLOEXEC});
}

/* A name that grows at its front. */
struct tail {
	char *text; /* PATH_CAP bytes, NUL at the end */
	size_t at;
};

static int prepend(struct tail *tail, const char *name)
{
	size_t len = strlen(name);

	if (len + 1 > tail->at)
		return -ENAMETOOLONG;
	tail->at -= len;
	memcpy(tail->text + tail->at, name, len);
	tail->text[--tail->at] = '/';
	return 0;
}

static bool is_same(int parent, const char *name, const struct stat *child)
{
	struct stat status;

	return sys_fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_dev == child->st_dev &&
	       status.st_ino == child->st_ino;
}

/*
 * Prepend the name that CHILD has among the entries of PARENT. One that is mounted on has another number there than what is
 * mounted: only with ALL are these looked at.
 */
static int prepend_entry(int parent, const struct stat *child, bool all, struct tail *tail)
{
	_Alignas(struct dirent64) char entries[ENTRIES_CAP];
	ssize_t len;

	while ((len = SYS_3(SYS_getdents64, parent, entries, sizeof entries)) > 0)
		for (ssize_t at = 0; at < len;) {
			const struct dirent64 *entry = (const struct dirent64 *)(const void *)(entries + at);
			const char *name = entry->d_name;
			bool is_dots = name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));

			if ((all || entry->d_ino == child->st_ino) && !is_dots && is_same(parent, name, child))
				return prepend(tail, name);
			at += entry->d_reclen;
		}
	return len < 0 ? (int)len : -ENOENT;
}

/* Prepend the name under which PARENT, open for reading, has CHILD: first among those of its number. */
static int prepend_child(int parent, const struct stat *child, struct tail *tail)
{
	int error = prepend_entry(parent, child, false, tail);

	if (error == -ENOENT && SYS_3(SYS_lseek, parent, 0, SEEK_SET) == 0)
		error = prepend_entry(parent, child, true, tail);
	return error;
}

static bool is_root(int fd)
{
	struct stat status;

	return sys_fstat(fd, &status) == 0 && is_same(AT_FDCWD, "/", &status);
}

/* The name that the kernel gives an open directory; its length or -errno. */
static ssize_t name_of(int fd, char name[PATH_NAME_CAP])
{
	char link[32];
	struct buf buf = BUF_ON(link);

	buf_str(&buf, "/proc/self/fd/");
	buf_i64(&buf, fd);
	return sys_readlinkat(AT_FDCWD, buf_cstr(&buf), name, PATH_NAME_CAP);
}

/* One level up: the parent of the directory FD, which is closed. */
static int step_up(int fd, struct tail *tail)
{
	int error, parent = open_directory(fd, "..", O_RDONLY);
	struct stat child;

	error = parent < 0 ? parent : sys_fstat(fd, &child);
	sys_close(fd);
	if (error == 0)
		error = prepend_child(parent, &child, tail);
	if (error == 0)
		return parent;
	if (parent >= 0)
		sys_close(parent);
	return error;
}

int climb_name(int dir, struct path *out)
{
	struct tail tail = {out->text, PATH_CAP - 1};
	int fd = open_directory(dir, ".", O_PATH);
	ssize_t len = -ENAMETOOLONG;
	char top[PATH_NAME_CAP];

	out->text[tail.at] = '\0';
	while (fd >= 0 && (len == -ENAMETOOLONG || len == -ENOENT)) {
		if (is_root(fd)) { /* all the way, for want of proc(5) */
			len = 1;
			break;
		}
		fd = step_up(fd, &tail);
		if (fd >= 0)
			len = name_of(fd, top);
	}
	if (fd < 0)
		return fd;
	sys_close(fd);
	if (len <= 0)
		return len ? (int)len : -ENOENT;
	if (len == 1)
		len = 0; /* the root: its slash is the tail's */
	if ((size_t)len > tail.at)
		return -ENAMETOOLONG;
	memcpy(out->text, top, (size_t)len);
	out->len = (size_t)len + PATH_CAP - 1 - tail.at;
	memmove(out->text + len, out->text + tail.at, PATH_CAP - tail.at);
	if (out->len == 0) {
		memcpy(out->text, "/", 2);
		out->len = 1;
	}
	return 0;
}
