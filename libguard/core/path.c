/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of files; see path.h.
 */
#include "libguard/core/path.h"

#include "libguard/core/buf.h"
#include "libguard/core/str.h"
#include "libguard/core/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>

#define LINKS_MAX 40 /* the kernel's own limit, MAXSYMLINKS */

_Thread_local struct path_guest path_guest;

static void set_root(struct path *path)
{
	path->text[0] = '/';
	path->text[1] = '\0';
	path->len = 1;
}

/* Take the last component off; the root has none. */
static void drop_last(struct path *path)
{
	while (path->len > 1 && path->text[path->len - 1] != '/')
		path->len--;
	if (path->len > 1)
		path->len--;
	path->text[path->len] = '\0';
}

static int push(struct path *path, const char *component, size_t len)
{
	if (path->len + 1 + len >= PATH_CAP)
		return -ENAMETOOLONG;
	if (path->len > 1)
		path->text[path->len++] = '/';
	memcpy(path->text + path->len, component, len);
	path->len += len;
	path->text[path->len] = '\0';
	return 0;
}

static bool is_dot(const char *component, size_t len)
{
	return len == 1 && component[0] == '.';
}

static bool is_dotdot(const char *component, size_t len)
{
	return len == 2 && component[0] == '.' && component[1] == '.';
}

/* Append every component of NAME, "." and ".." resolved as text. */
static int push_all(struct path *path, const char *name)
{
	while (*name) {
		size_t len = str_until(name, '/');
		int error = 0;

		if (is_dotdot(name, len))
			drop_last(path);
		else if (len > 0 && !is_dot(name, len))
			error = push(path, name, len);
		if (error)
			return error;
		name += len;
		name += str_skip(name, '/');
	}
	return 0;
}

/* Linux: what getdents64 gives. */
struct entry {
	uint64_t inode;
	int64_t offset;
	uint16_t size; /* bytes of this entry */
	uint8_t type;
	char name[];
};

/* Put "/" and CHILD's name in PARENT before the *at bytes that begin at text + *at. 0 or -errno. */
static int prepend_name(int parent, const struct stat *child, char *text, size_t *at)
{
	_Alignas(8) char entries[2048];
	struct stat status;
	long len;

	while ((len = SYS_3(SYS_getdents64, parent, entries, sizeof entries)) > 0) {
		for (long i = 0; i < len;) {
			const struct entry *entry = (const void *)(entries + i);
			size_t name_len = strlen(entry->name);

			i += entry->size;
			if (entry->inode != child->st_ino || is_dot(entry->name, name_len) || is_dotdot(entry->name, name_len) ||
			    sys_fstatat(parent, entry->name, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
			    status.st_ino != child->st_ino || status.st_dev != child->st_dev)
				continue;
			if (name_len + 1 > *at)
				return -ENAMETOOLONG;
			*at -= name_len;
			memcpy(text + *at, entry->name, name_len);
			text[--*at] = '/';
			return 0;
		}
	}
	return len < 0 ? (int)len : -ENAMETOOLONG;
}

/* The kernel's name of a directory; `cap` bytes of room. The length, or -errno. */
static ssize_t link_of_fd(int fd, char *out, size_t cap)
{
	char link[32];
	struct buf buf = BUF_ON(link);

	buf_str(&buf, "/proc/self/fd/");
	buf_i64(&buf, fd);
	return sys_readlinkat(AT_FDCWD, buf_cstr(&buf), out, cap);
}

#define LEVELS_MAX 64 /* directories that are gone up by */

/* The name of a directory that is deeper than the kernel tells: upwards, until it does. */
static int path_of_deep(int dir, struct path *out)
{
	size_t at = PATH_CAP - 1;
	int below = dir, result = -ENAMETOOLONG;
	struct stat status;

	out->text[at] = '\0';
	for (int level = 0; level < LEVELS_MAX && result == -ENAMETOOLONG; level++) {
		int parent = sys_openat2(below, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, 0);
		ssize_t len;

		if (parent < 0 || sys_fstatat(below, ".", &status, 0) != 0)
			result = parent < 0 ? parent : -ENOENT;
		else
			result = prepend_name(parent, &status, out->text, &at);
		if (below != dir)
			sys_close(below);
		below = parent;
		if (result < 0)
			break;
		len = link_of_fd(parent, out->text, at < PATH_NAME_CAP ? at : PATH_NAME_CAP);
		if (len > 0 && (size_t)len < at && out->text[0] == '/') {
			memmove(out->text + len, out->text + at, PATH_CAP - at);
			out->len = (size_t)len + (PATH_CAP - 1 - at);
			break;
		}
		result = len < 0 && len != -ENAMETOOLONG ? (int)len : -ENAMETOOLONG;
	}
	if (below >= 0 && below != dir)
		sys_close(below);
	return result;
}

int path_of_directory(int dir, struct path *out)
{
	ssize_t len;

	if (dir == AT_FDCWD) {
		len = sys_getcwd(out->text, PATH_CAP);
	} else {
		len = link_of_fd(dir, out->text, PATH_CAP - 1);
		if (len == -ENOENT)
			return -EBADF;
	}
	if (len == -ERANGE || len == -ENAMETOOLONG)
		return path_of_deep(dir, out);
	if (len < 0)
		return (int)len;
	/* "(unreachable)/..." from getcwd, "pipe:[1]" from a descriptor */
	if (len == 0 || out->text[0] != '/')
		return dir == AT_FDCWD ? -EXDEV : -ENOTDIR;
	out->len = (size_t)len;
	out->text[len] = '\0';
	return 0;
}

/* Does a component begin here that the normal form has not: "", "." or ".."? */
static bool is_odd(const char *component)
{
	if (component[0] == '.')
		component += 1 + (component[1] == '.');
	return component[0] == '/' || component[0] == '\0';
}

/* Copy an absolute name that is in normal form already, which most are; false when it is not. */
static bool copy_normal(const char *name, struct path *out)
{
	size_t len = strlen(name);

	if (len >= PATH_CAP)
		return false;
	for (const char *at = name; *at != '\0'; at++)
		if (*at == '/' && is_odd(at + 1))
			return false;
	memcpy(out->text, name, len + 1);
	out->len = len;
	return true;
}

int path_lexical(int dir, const char *name, struct path *out)
{
	if (name[0] == '/' && copy_normal(name, out))
		return 0;
	if (name[0] == '/') {
		set_root(out);
	} else {
		int error = path_of_directory(dir, out);

		if (error)
			return error;
	}
	return push_all(out, name);
}

static size_t digits(const char *text)
{
	return strspn(text, "0123456789");
}

/*
 * Is this absolute name a link of proc(5) whose text is not where it leads?
 * cwd and root are left out: their text is as good as the link below one root.
 */
static bool is_magic(const char *text)
{
	size_t len;

	if (strncmp(text, "/proc/", 6))
		return false;
	text += 6;
	len = digits(text);
	if (len == 0 || text[len] != '/')
		return false;
	text += len + 1;
	if (!strncmp(text, "task/", 5)) {
		text += 5;
		len = digits(text);
		if (len == 0 || text[len] != '/')
			return false;
		text += len + 1;
	}
	return !strcmp(text, "exe") || !strncmp(text, "fd/", 3) || !strncmp(text, "map_files/", 10) ||
	       !strncmp(text, "ns/", 3);
}

/* Put the text of a link, LEN bytes at the end of `rest`'s storage, before what is still to be walked. */
static int prepend(char *rest, size_t *at, const char *link, size_t len)
{
	if (len + 1 > *at)
		return -ENAMETOOLONG;
	rest[--*at] = '/';
	*at -= len;
	memcpy(rest + *at, link, len);
	return 0;
}

/* A walk in progress: `rest + at` is what is still to do, kept at the end of its storage. */
struct walk {
	struct path *out;
	char *rest;
	size_t at;
	unsigned links;
	bool follow;
};

/* Where "/proc/self" leads for a guest; the length, 0 when NAME is no such link. */
static size_t guest_link(const struct path *name, char link[PATH_NAME_CAP])
{
	struct buf buf = {.data = link, .cap = PATH_NAME_CAP};

	if (path_guest.pid == 0)
		return 0;
	if (strcmp(name->text, "/proc/self") && strcmp(name->text, "/proc/thread-self"))
		return 0;
	buf_i64(&buf, path_guest.pid);
	if (name->text[6] == 't') {
		buf_str(&buf, "/task/");
		buf_i64(&buf, path_guest.tid);
	}
	return buf.len;
}

/*
 * Take one component. Returns 0 to go on, PATH_MAGIC at a final magic link,
 * or -errno. A component that cannot be read as a link is a name like any other:
 * whatever is wrong with it, the kernel will say so.
 */
static int step(struct walk *walk)
{
	const char *component = walk->rest + walk->at;
	size_t len = str_until(component, '/');
	size_t before = walk->out->len;
	const char *after = component + len + str_skip(component + len, '/');
	bool last = *after == '\0';
	bool slash = component[len] == '/';
	char link[PATH_NAME_CAP];
	ssize_t link_len;
	int error;

	walk->at += (size_t)(after - component);
	if (len == 0 || is_dot(component, len))
		return 0;
	if (is_dotdot(component, len)) {
		drop_last(walk->out);
		return 0;
	}
	error = push(walk->out, component, len);
	if (error)
		return error;
	if (last && !slash && !walk->follow)
		return 0;
	link_len = (ssize_t)guest_link(walk->out, link);
	if (link_len == 0)
		link_len = sys_readlinkat(AT_FDCWD, walk->out->text, link, sizeof link);
	if (link_len <= 0)
		return 0;
	if (++walk->links > LINKS_MAX)
		return -ELOOP;
	if (last && is_magic(walk->out->text))
		return PATH_MAGIC;
	if (link[0] == '/') {
		set_root(walk->out);
	} else {
		walk->out->len = before;
		walk->out->text[before] = '\0';
	}
	return prepend(walk->rest, &walk->at, link, (size_t)link_len);
}

int path_resolve(int dir, const char *name, bool follow, char *rest, struct path *out)
{
	size_t len = strlen(name);
	struct walk walk = {out, rest, PATH_CAP - len - 1, 0, follow};
	int status = 0;

	if (len >= PATH_NAME_CAP)
		return -ENAMETOOLONG;
	if (name[0] == '/')
		set_root(out);
	else
		status = path_of_directory(dir, out);
	memcpy(rest + walk.at, name, len + 1);
	while (status == 0 && rest[walk.at])
		status = step(&walk);
	return status;
}

size_t path_last(const char *name)
{
	size_t at = strlen(name);

	while (at > 0 && name[at - 1] == '/')
		at--;
	while (at > 0 && name[at - 1] != '/')
		at--;
	return at;
}

bool path_is_dots(const char *last)
{
	size_t len = str_until(last, '/');

	return len == 0 || is_dot(last, len) || is_dotdot(last, len);
}
