/* SPDX-License-Identifier: Apache-2.0 */
/*
 * realpath: each symbolic link on the way is read, hence decided, as by
 * readlink. What is no link is only passed through.
 */
#include "libguard/core/path.h"
#include "libguard/core/sys.h"
#include "libguard/hooks/call.h"
#include "libguard/hooks/query.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#define LINKS_MAX 40

/* Read the link NAME; its length, or -EINVAL when it is none. */
static long read_link(enum hook hook, const char *name, char *out, size_t cap)
{
	struct call call;
	long len = sys_readlinkat(AT_FDCWD, name, out, cap);

	if (len < 0)
		return len;
	call_enter(&call, hook);
	call_name(&call, AT_FDCWD, name, VERB_SET(READ));
	if (call_allowed(&call))
		call.result = gate(SYS_readlinkat, call.operands[0].dir, GATE_PTR(call.operands[0].last), GATE_PTR(out),
				   (long)cap);
	return call_finish(&call);
}

static void drop_last(struct path *path)
{
	while (path->len > 1 && path->text[path->len - 1] != '/')
		path->len--;
	if (path->len > 1)
		path->len--;
	path->text[path->len] = '\0';
}

static bool add(struct path *path, const char *component, size_t len)
{
	bool root = path->len == 1;

	if (path->len + !root + len >= PATH_NAME_CAP)
		return false;
	if (!root)
		path->text[path->len++] = '/';
	memcpy(path->text + path->len, component, len);
	path->len += len;
	path->text[path->len] = '\0';
	return true;
}

/* REST holds what is still to be walked, and is exchanged for a link's target and what stood behind the link. */
static int walk(enum hook hook, char rest[PATH_CAP], struct path *out)
{
	char target[PATH_NAME_CAP];
	unsigned links = 0;
	char *at = rest;

	for (;;) {
		size_t len, target_len, after;
		long got;

		at += strspn(at, "/");
		len = strcspn(at, "/");
		if (len == 0)
			return 0;
		if (len == 1 && at[0] == '.') {
			at += len;
			continue;
		}
		if (len == 2 && at[0] == '.' && at[1] == '.') {
			drop_last(out);
			at += len;
			continue;
		}
		if (!add(out, at, len))
			return -ENAMETOOLONG;
		at += len;
		got = read_link(hook, out->text, target, sizeof target);
		if (got == -EINVAL) {
			struct stat status;

			/* No link: whatever is to come needs a directory. */
			if (*at == '/' && sys_fstatat(AT_FDCWD, out->text, &status, 0) == 0 && !S_ISDIR(status.st_mode))
				return -ENOTDIR;
			continue;
		}
		if (got < 0)
			return (int)got;
		if (++links > LINKS_MAX)
			return -ELOOP;
		target_len = (size_t)got;
		after = strlen(at);
		if (target_len + after >= PATH_CAP)
			return -ENAMETOOLONG;
		memmove(rest + target_len, at, after + 1);
		memcpy(rest, target, target_len);
		at = rest;
		if (rest[0] == '/') {
			out->len = 1;
			out->text[1] = '\0';
		} else {
			drop_last(out);
		}
	}
}

static char *realpath_hook(enum hook hook, const char *name, char *resolved)
{
	char *storage, *result;
	struct scratch *scratch;
	struct path path;
	size_t len;
	int error = 0;

	if (!name)
		return call_no_pointer(-EINVAL);
	len = strlen(name);
	if (len == 0)
		return call_no_pointer(-ENOENT);
	if (len >= PATH_NAME_CAP)
		return call_no_pointer(-ENAMETOOLONG);
	if (UNLIKELY(guard.hides) && query_is_hidden(hook, AT_FDCWD, name, 0))
		return call_no_pointer(-ENOENT);
	scratch = scratch_take();
	if (!scratch)
		return call_no_pointer(-ENOMEM);
	storage = scratch->canonical[0];
	path = (struct path){storage, 1};
	memcpy(scratch->rest, name, len + 1);
	if (name[0] == '/')
		memcpy(storage, "/", 2);
	else
		error = path_of_directory(AT_FDCWD, &path);
	if (!error)
		error = walk(hook, scratch->rest, &path);
	result = resolved;
	if (!error && !result) {
		result = malloc(path.len + 1);
		error = result ? 0 : -ENOMEM;
	}
	/* As glibc: of a name that leads nowhere the caller learns how far it led. */
	if (result && (!error || error == -ENOENT || error == -EACCES))
		memcpy(result, path.text, path.len + 1);
	scratch_give(scratch);
	return error ? call_no_pointer(error) : result;
}

EXPORT char *realpath(const char *name, char *resolved)
{
	return realpath_hook(HOOK_realpath, name, resolved);
}

EXPORT char *__realpath_chk(const char *name, char *resolved, size_t size)
{
	if (size < PATH_MAX)
		__chk_fail();
	return realpath_hook(HOOK___realpath_chk, name, resolved);
}

EXPORT char *canonicalize_file_name(const char *name)
{
	return realpath_hook(HOOK_canonicalize_file_name, name, NULL);
}
