/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of files; see path.h.
 */
#include "libguard/core/path.h"

#include "libguard/core/buf.h"
#include "libguard/core/climb.h"
#include "libguard/core/str.h"
#include "libguard/core/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

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

int path_of_directory(int dir, struct path *out)
{
	ssize_t len;

	if (dir == AT_FDCWD) {
		len = sys_getcwd(out->text, PATH_CAP);
	} else {
		char link[32];
		struct buf buf = BUF_ON(link);

		buf_str(&buf, "/proc/self/fd/");
		buf_i64(&buf, dir);
		len = sys_readlinkat(AT_FDCWD, buf_cstr(&buf), out->text, PATH_CAP - 1);
		if (len == -ENOENT) { /* no such descriptor, or no proc(5) */
			struct stat status;

			if (sys_fstat(dir, &status) < 0)
				return -EBADF;
			return climb_name(dir, out) < 0 ? -EXDEV : 0;
		}
	}
	if (len == -ERANGE || len == -ENAMETOOLONG)
		return climb_name(dir, out);
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

/* Bytes that are looked at together. */
typedef unsigned char block __attribute__((vector_size(16)));

/* Does a slash in the block at `at` have another one, or a dot, behind it? One byte behind the block is looked at. */
static inline bool has_slash_pair(const char *at)
{
	block here, next, found;
	uint64_t words[2];

	memcpy(&here, at, sizeof here);
	memcpy(&next, at + 1, sizeof next);
	found = (block)((here == '/') & ((next == '/') | (next == '.')));
	memcpy(words, &found, sizeof words);
	return (words[0] | words[1]) != 0;
}

/* Is a name of LEN bytes in normal form? Its last byte is known to be no slash. */
static bool is_normal(const char *name, size_t len)
{
	const char *at = name, *end = name + len;

	while (at + sizeof(block) <= end && !has_slash_pair(at))
		at += sizeof(block);
	/* The last block may overlap the one before. */
	if (end - at < (ptrdiff_t)sizeof(block) && len >= sizeof(block) && !has_slash_pair(end - sizeof(block)))
		return true;
	for (; at < end; at++)
		if (*at == '/' && is_odd(at + 1))
			return false;
	return true;
}

/* Copy an absolute name that is in normal form already, which most are; false when it is not. */
static bool copy_normal(const char *name, struct path *out)
{
	size_t len = strlen(name);

	if (len >= PATH_CAP || name[len - 1] == '/' || !is_normal(name, len))
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
	size_t len = 0;

	while (text[len] >= '0' && text[len] <= '9')
		len++;
	return len;
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
	path_guest.met = true;
	return buf.len;
}

/* From what is no directory there is no way up. */
static int check_directory(const char *name)
{
	struct stat status;
	int error = sys_fstatat(AT_FDCWD, name, &status, AT_SYMLINK_NOFOLLOW);

	return error < 0 || S_ISDIR(status.st_mode) ? error : -ENOTDIR;
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
		return is_dotdot(after, str_until(after, '/')) ? check_directory(walk->out->text) : 0;
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

/* Until nothing is left, or until a link was followed behind which the rest can be taken as text. */
static int walk_on(struct walk *walk, bool first)
{
	int status = 0;

	while (status == 0 && walk->rest[walk->at]) {
		if (first && walk->links > 0 && !path_climbs(walk->rest + walk->at))
			return push_all(walk->out, walk->rest + walk->at);
		status = step(walk);
	}
	return status;
}

static int resolve(int dir, const char *name, bool follow, bool first, char *rest, struct path *out)
{
	size_t len = strlen(name);
	struct walk walk = {out, rest, PATH_CAP - len - 1, 0, follow};
	int status = 0;

	if (len >= PATH_NAME_CAP)
		return -ENAMETOOLONG;
	memcpy(rest + walk.at, name, len + 1); /* before it is written over: it may be the last result */
	if (name[0] == '/')
		set_root(out);
	else
		status = path_of_directory(dir, out);
	return status == 0 ? walk_on(&walk, first) : status;
}

int path_resolve(int dir, const char *name, bool follow, char *rest, struct path *out)
{
	return resolve(dir, name, follow, false, rest, out);
}

int path_follow(enum path_links *links, int dir, const char *name, bool follow, char *rest, struct path *out)
{
	switch (*links) {
	case PATH_AS_GIVEN:
		*links = PATH_ONE_FOLLOWED;
		return resolve(dir, name, follow, true, rest, out);
	case PATH_ONE_FOLLOWED:
		*links = PATH_TWO_FOLLOWED;
		if (out->len < PATH_NAME_CAP)
			return resolve(AT_FDCWD, out->text, follow, true, rest, out);
		break;
	default:
		break;
	}
	*links = PATH_RESOLVED;
	return resolve(dir, name, follow, false, rest, out);
}

bool path_climbs(const char *name)
{
	for (const char *at = name; *at; at++)
		if (at[0] == '.' && at[1] == '.' && (at == name || at[-1] == '/') && (at[2] == '/' || at[2] == '\0'))
			return true;
	return false;
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
