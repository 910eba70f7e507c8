/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walking a tree with a callback: nftw and ftw.
 *
 * libc's own opens directories behind our back, and tells the callback of one
 * only after that. So the walk is done here, over directories opened as any
 * other. What callbacks see is glibc's: order, levels, flags, and the letter of
 * its errors.
 */
#include "libguard/hooks/open.h"

#include "libguard/core/sys.h"
#include "libguard/hooks/call.h"
#include "libguard/hooks/query.h"

#include <errno.h>
#include <ftw.h>
#include <search.h>
#include <string.h>

#define KNOWN_FLAGS (FTW_PHYS | FTW_MOUNT | FTW_CHDIR | FTW_DEPTH | FTW_ACTIONRETVAL)

typedef int old_function(const char *, const struct stat *, int);
typedef int function(const char *, const struct stat *, int, struct FTW *);

struct walk {
	enum hook hook;
	old_function *old; /* ftw's callback, or NULL */
	function *each;
	int flags;
	int streams; /* how many more directories may stay open */
	char *name;  /* the whole name of what the callback is told of; grows */
	size_t cap;
	struct FTW place;
	dev_t device;
	void *seen; /* directories, where links are followed: a tree of struct identity */
};

/* One directory that is being walked: its stream, or, beyond the limit, all its names. */
struct level {
	DIR *stream;
	char *names; /* one behind the other, each with its NUL, an empty one last */
	size_t at;
};

struct identity {
	dev_t device;
	ino_t inode;
};

static int compare(const void *left, const void *right)
{
	const struct identity *a = left, *b = right;

	if (a->inode != b->inode)
		return a->inode < b->inode ? -1 : 1;
	return a->device < b->device ? -1 : a->device > b->device;
}

/* 1 when the directory was not seen before, 0 when it was, -1 without memory. */
static int see(struct walk *walk, const struct stat *status)
{
	struct identity *fresh = malloc(sizeof *fresh), **found;

	if (!fresh)
		return -1;
	*fresh = (struct identity){status->st_dev, status->st_ino};
	found = tsearch(fresh, &walk->seen, compare);
	if (!found || *found != fresh) {
		free(fresh);
		return found ? 0 : -1;
	}
	return 1;
}

static int tell(struct walk *walk, const struct stat *status, int flag)
{
	/* ftw knows four kinds. */
	static const int old_flags[] = {[FTW_F] = FTW_F, [FTW_D] = FTW_D, [FTW_DNR] = FTW_DNR, [FTW_NS] = FTW_NS,
					[FTW_SL] = FTW_F, [FTW_DP] = FTW_D, [FTW_SLN] = FTW_NS};

	if (walk->old)
		return walk->old(walk->name, status, old_flags[flag]);
	return walk->each(walk->name, status, flag, &walk->place);
}

/* The name to use in system calls: the callback may be promised that the working directory is the file's. */
static const char *short_name(const struct walk *walk)
{
	const char *name = walk->flags & FTW_CHDIR ? walk->name + walk->place.base : walk->name;

	return *name ? name : "."; /* the root of all, of which we have entered */
}

static int look(const struct walk *walk, const char *name, struct stat *status, bool follow)
{
	int flags = follow ? 0 : AT_SYMLINK_NOFOLLOW;

	if (UNLIKELY(guard.hides) && query_is_hidden(walk->hook, AT_FDCWD, name, flags))
		return -ENOENT;
	return sys_fstatat(AT_FDCWD, name, status, flags);
}

/* Put NAME behind the directory's; false without memory. */
static bool put_name(struct walk *walk, size_t base, const char *name)
{
	size_t len = strlen(name);

	if (base + len + 2 > walk->cap) {
		size_t cap = 2 * (base + len + 2);
		char *fresh = realloc(walk->name, cap);

		if (!fresh)
			return false;
		walk->name = fresh;
		walk->cap = cap;
	}
	memcpy(walk->name + base, name, len + 1);
	walk->place.base = (int)base;
	return true;
}

/* Read all names and close the stream, so that deep trees need few descriptors. */
static bool keep_names(struct level *level)
{
	size_t len = 0, cap = 1024;
	char *names = malloc(cap);
	struct dirent *entry;

	while (names && (entry = readdir(level->stream))) {
		size_t size = strlen(entry->d_name) + 1;

		if (len + size + 1 > cap) {
			char *fresh;

			cap = 2 * (len + size + 1);
			fresh = realloc(names, cap);
			if (!fresh) {
				free(names);
				names = NULL;
				break;
			}
			names = fresh;
		}
		memcpy(names + len, entry->d_name, size);
		len += size;
	}
	if (names)
		names[len] = '\0';
	closedir(level->stream);
	*level = (struct level){.names = names};
	return names != NULL;
}

static const char *next_name(struct level *level)
{
	const char *name;

	do {
		if (level->stream) {
			struct dirent *entry = readdir(level->stream);

			name = entry ? entry->d_name : NULL;
		} else {
			name = level->names[level->at] ? level->names + level->at : NULL;
			level->at += name ? strlen(name) + 1 : 0;
		}
	} while (name && (!strcmp(name, ".") || !strcmp(name, "..")));
	return name;
}

static void close_level(struct level *level)
{
	int error = errno;

	if (level->stream)
		closedir(level->stream);
	free(level->names);
	errno = error;
}

static int walk_directory(struct walk *walk, const struct stat *status, const struct level *parent);

/* What stands at walk->name. */
static int walk_entry(struct walk *walk, const struct level *parent)
{
	const char *name = short_name(walk);
	struct stat status;
	int flag = FTW_F, result = 0, error;

	memset(&status, 0, sizeof status);
	error = look(walk, name, &status, !(walk->flags & FTW_PHYS));
	if (error == -EACCES || error == -ENOENT) {
		flag = FTW_NS;
		if (!(walk->flags & FTW_PHYS) && look(walk, name, &status, false) == 0 && S_ISLNK(status.st_mode))
			flag = FTW_SLN;
	} else if (error) {
		return (int)call_errno(error);
	} else if (S_ISDIR(status.st_mode)) {
		flag = FTW_D;
	} else if (S_ISLNK(status.st_mode)) {
		flag = FTW_SL;
	}
	if (flag != FTW_NS && (walk->flags & FTW_MOUNT) && status.st_dev != walk->device)
		return 0;
	if (flag != FTW_D)
		result = tell(walk, &status, flag);
	else if (walk->flags & FTW_PHYS)
		result = walk_directory(walk, &status, parent);
	else if ((result = see(walk, &status)) == 1)
		result = walk_directory(walk, &status, parent);
	if ((walk->flags & FTW_ACTIONRETVAL) && result == FTW_SKIP_SUBTREE)
		result = 0;
	return result;
}

/* Back to the directory in which walk->name's last component stands. */
static int go_back(const struct level *parent)
{
	if (parent->stream)
		return fchdir(dirfd(parent->stream));
	return chdir("..");
}

static int walk_names(struct walk *walk, struct level *level)
{
	size_t own_len = strlen(walk->name), len;
	int base = walk->place.base, result = 0;
	const char *name;

	if (!put_name(walk, own_len, walk->name[own_len - 1] == '/' ? "" : "/"))
		return -1;
	len = strlen(walk->name);
	walk->place.level++;
	errno = 0;
	while (result == 0 && (name = next_name(level)))
		result = put_name(walk, len, name) ? walk_entry(walk, level) : -1;
	if ((walk->flags & FTW_ACTIONRETVAL) && result == FTW_SKIP_SIBLINGS)
		result = 0;
	walk->place.level--;
	walk->place.base = base;
	walk->name[own_len] = '\0';
	return result;
}

static int walk_directory(struct walk *walk, const struct stat *status, const struct level *parent)
{
	struct level level = {.stream = open_directory(walk->hook, AT_FDCWD, short_name(walk))};
	int result = 0;

	if (!level.stream)
		return errno == EACCES ? tell(walk, status, FTW_DNR) : -1;
	if (!(walk->flags & FTW_DEPTH))
		result = tell(walk, status, FTW_D);
	if (result == 0 && (walk->flags & FTW_CHDIR))
		result = fchdir(dirfd(level.stream));
	else if (result)
		parent = NULL; /* nothing was entered */
	if (result == 0 && walk->streams <= 1 && !keep_names(&level))
		result = -1;
	if (result == 0) {
		walk->streams--;
		result = walk_names(walk, &level);
		walk->streams++;
	}
	close_level(&level);
	if (result == 0 && (walk->flags & FTW_DEPTH))
		result = tell(walk, status, FTW_DP);
	if (parent && (walk->flags & FTW_CHDIR) && (result == 0 || ((walk->flags & FTW_ACTIONRETVAL) && result != -1 &&
								    result != FTW_STOP)) &&
	    go_back(parent) != 0)
		return -1;
	return result;
}

static int walk_root(struct walk *walk)
{
	struct stat status;
	int error, result;

	error = look(walk, short_name(walk), &status, !(walk->flags & FTW_PHYS));
	if (error == -ENOENT && !(walk->flags & FTW_PHYS) && look(walk, short_name(walk), &status, false) == 0 &&
	    S_ISLNK(status.st_mode))
		result = tell(walk, &status, FTW_SLN);
	else if (error)
		result = (int)call_errno(error);
	else if (!S_ISDIR(status.st_mode))
		result = tell(walk, &status, S_ISLNK(status.st_mode) ? FTW_SL : FTW_F);
	else if (walk->device = status.st_dev, !(walk->flags & FTW_PHYS) && see(walk, &status) < 0)
		result = -1;
	else
		result = walk_directory(walk, &status, NULL);
	if ((walk->flags & FTW_ACTIONRETVAL) && (result == FTW_SKIP_SUBTREE || result == FTW_SKIP_SIBLINGS))
		result = 0;
	return result;
}

/* Enter the directory in which the root stands; a descriptor of where we were, or -1. */
static int enter(const struct walk *walk)
{
	int before = (int)gate(SYS_openat, AT_FDCWD, GATE_PTR("."), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	char kept;
	int error = 0;

	if (before == -EACCES)
		before = (int)gate(SYS_openat, AT_FDCWD, GATE_PTR("."), O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	if (before < 0)
		return (int)call_errno(before);
	if (walk->place.base > 0) {
		/* "/a" stands in "/", "a/b" in "a". */
		size_t end = (size_t)walk->place.base == 1 ? 1 : (size_t)walk->place.base - 1;

		kept = walk->name[end];
		walk->name[end] = '\0';
		error = chdir(walk->name);
		walk->name[end] = kept;
	}
	if (error) {
		sys_close(before);
		return -1;
	}
	return before;
}

static int walk_from(struct walk *walk, const char *root, int streams)
{
	size_t len = strlen(root);
	int before = -1, result = -1, error;
	char *last;

	if (len == 0)
		return (int)call_errno(-ENOENT);
	walk->streams = streams < 1 ? 1 : streams;
	walk->cap = 2 * len < PATH_NAME_CAP ? PATH_NAME_CAP : 2 * len;
	walk->name = malloc(walk->cap);
	if (!walk->name)
		return -1;
	memcpy(walk->name, root, len + 1);
	while (len > 1 && walk->name[len - 1] == '/')
		walk->name[--len] = '\0';
	last = strrchr(walk->name, '/');
	walk->place.base = last ? (int)(last + 1 - walk->name) : 0;
	if (!(walk->flags & FTW_CHDIR) || (before = enter(walk)) >= 0)
		result = walk_root(walk);
	error = errno;
	if (before >= 0) {
		fchdir(before);
		sys_close(before);
	}
	tdestroy(walk->seen, free);
	free(walk->name);
	errno = error;
	return result;
}

/* struct stat and struct stat64 are one on 64-bit machines, and so are the callbacks. */
_Static_assert(sizeof(struct stat) == sizeof(struct stat64), "one struct stat");

#define FTW_WALK(name_, function_)                                                                                     \
	EXPORT int name_(const char *root, function_ each, int streams)                                                \
	{                                                                                                              \
		struct walk walk = {.hook = HOOK_##name_, .old = (old_function *)(void (*)(void))each};                \
                                                                                                                       \
		return walk_from(&walk, root, streams);                                                                \
	}
#define NFTW_WALK(name_, function_)                                                                                    \
	EXPORT int name_(const char *root, function_ each, int streams, int flags)                                     \
	{                                                                                                              \
		struct walk walk = {.hook = HOOK_##name_, .each = (function *)(void (*)(void))each, .flags = flags};   \
                                                                                                                       \
		return flags & ~KNOWN_FLAGS ? (int)call_errno(-EINVAL) : walk_from(&walk, root, streams);              \
	}

FTW_WALK(ftw, __ftw_func_t)
FTW_WALK(ftw64, __ftw64_func_t)
NFTW_WALK(nftw, __nftw_func_t)
NFTW_WALK(nftw64, __nftw64_func_t)
