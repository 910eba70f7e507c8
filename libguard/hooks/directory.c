/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listing directories in one go: scandir, glob. opendir is open.c's, walking
 * whole trees walk.c's and fts.c's.
 *
 * libc does the sorting and matching, on directories that were opened here.
 */
#include "libguard/hooks/open.h"

#include "libguard/core/sys.h"
#include "libguard/hooks/call.h"
#include "libguard/hooks/next.h"
#include "libguard/hooks/notes.h"

#include <errno.h>
#include <glob.h>

/* The directory is opened here; libc lists it by the descriptor, which leads to that one whatever its name does. */
#define SCANDIR(hook, scan, dirent, parameters, dir, path)                                                             \
	EXPORT int hook parameters                                                                                     \
	{                                                                                                              \
		int fd = open_for(HOOK_##hook, dir, path, O_RDONLY | O_NONBLOCK | O_DIRECTORY | O_CLOEXEC, 0);         \
		struct notes notes = NOTES_NONE;                                                                       \
		int count;                                                                                             \
                                                                                                                       \
		if (fd < 0)                                                                                            \
			return (int)call_errno(fd);                                                                    \
		notes_add_fd(&notes, HOOK_##hook, fd, VERB_SET(READ));                                                 \
		count = NEXT_OF(scan)(fd, guard.has_proc ? open_link_of(fd).name : ".", out, selects, compare);        \
		notes_end(&notes);                                                                                     \
		sys_close(fd);                                                                                         \
		return count;                                                                                          \
	}

SCANDIR(scandir, scandirat, dirent,
	(const char *path, struct dirent ***out, int (*selects)(const struct dirent *),
	 int (*compare)(const struct dirent **, const struct dirent **)),
	AT_FDCWD, path)
SCANDIR(scandirat, scandirat, dirent,
	(int dir, const char *path, struct dirent ***out, int (*selects)(const struct dirent *),
	 int (*compare)(const struct dirent **, const struct dirent **)),
	dir, path)
SCANDIR(scandir64, scandirat64, dirent64,
	(const char *path, struct dirent64 ***out, int (*selects)(const struct dirent64 *),
	 int (*compare)(const struct dirent64 **, const struct dirent64 **)),
	AT_FDCWD, path)
SCANDIR(scandirat64, scandirat64, dirent64,
	(int dir, const char *path, struct dirent64 ***out, int (*selects)(const struct dirent64 *),
	 int (*compare)(const struct dirent64 **, const struct dirent64 **)),
	dir, path)

static void *glob_opendir(const char *name)
{
	return open_directory(HOOK_glob, AT_FDCWD, name);
}

static void *glob64_opendir(const char *name)
{
	return open_directory(HOOK_glob64, AT_FDCWD, name);
}

static void glob_closedir(void *directory)
{
	closedir(directory);
}

static struct dirent *glob_readdir(void *directory)
{
	return readdir(directory);
}

static struct dirent64 *glob64_readdir(void *directory)
{
	return readdir64(directory);
}

/*
 * glob opens directories by functions that the caller may give (GLOB_ALTDIRFUNC): where he gives none, these are ours.
 * A caller's own are his code and call hooks themselves.
 */
#define GLOB(name, result_type, stat_type)                                                                             \
	EXPORT int name(const char *pattern, int flags, int (*failed)(const char *, int), result_type *out)            \
	{                                                                                                              \
		int result;                                                                                            \
                                                                                                                       \
		if (flags & GLOB_ALTDIRFUNC)                                                                           \
			return NEXT_OF(name)(pattern, flags, failed, out);                                             \
		out->gl_opendir = name##_opendir;                                                                      \
		out->gl_readdir = name##_readdir;                                                                      \
		out->gl_closedir = glob_closedir;                                                                      \
		out->gl_stat = stat_type;                                                                              \
		out->gl_lstat = l##stat_type;                                                                          \
		result = NEXT_OF(name)(pattern, flags | GLOB_ALTDIRFUNC, failed, out);                                 \
		out->gl_flags &= ~GLOB_ALTDIRFUNC;                                                                     \
		return result;                                                                                         \
	}

GLOB(glob, glob_t, stat)
GLOB(glob64, glob64_t, stat64)
