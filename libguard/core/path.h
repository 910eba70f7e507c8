/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a directory and a name to the absolute name the kernel would use.
 *
 * Names are as the process sees them, below its own root directory. Asks the
 * kernel for links and nothing else; knows no policy. Runs inside hooks, hence:
 * no allocation, no stdio, no errno.
 */
#pragma once

#include "libguard/core/base.h"

#define PATH_NAME_CAP 4096 /* PATH_MAX: the longest name the kernel takes, NUL included */
#define PATH_CAP 8192      /* a working directory and a name */

/* An absolute name without "." "..", double or trailing slashes. `text` has PATH_CAP bytes and ends in NUL. */
struct path {
	char *text;
	size_t len; /* bytes, without the NUL; at least 1 */
};

/* The last component is a link that leads to an open file, not to a name (proc(5): fd/N, exe, ...). */
#define PATH_MAGIC 1

/*
 * For whom a thread asks: what /proc/self and /proc/thread-self stand for. 0: for itself. The kernel door's threads
 * resolve names in a guest's place.
 */
struct path_guest {
	int pid, tid;
	bool met; /* such a link was followed: the kernel would take it for ours */
};
extern _Thread_local struct path_guest path_guest;

/*
 * The name of a directory descriptor, or of the working directory.
 *
 *   dir  descriptor, or AT_FDCWD
 *
 * Returns 0, or
 *   -ENOENT        the directory was removed
 *   -EXDEV         it lies outside the process's root
 *   -EBADF         dir is not open
 *   -ENOTDIR       dir is no directory but a pipe, socket or the like
 *   -ENAMETOOLONG  longer than PATH_CAP
 *   -errno         longer than PATH_MAX, and what climb_name says
 *
 * Safe in threads, signal handlers and after fork; allocates nothing, leaves errno alone. Cost: 0.5 us for the
 * working directory, 3 us for a descriptor.
 *
 * Source: getcwd(2), proc(5).
 */
int path_of_directory(int dir, struct path *out) MUST_CHECK NONNULL;

/*
 * Join and normalise, as text only: right as long as no component is a symbolic link.
 *
 *   dir   where a relative name starts
 *   name  not empty
 *   out   the normal form
 *
 * Returns 0, -ENAMETOOLONG, or what path_of_directory says. Safety as there.
 *
 * Source: path_resolution(7).
 */
int path_lexical(int dir, const char *name, struct path *out) MUST_CHECK NONNULL;

/*
 * The same with every symbolic link followed, as things stand now.
 *
 *   follow  whether a last component that is a link is followed too
 *   rest    scratch of PATH_CAP bytes
 *   out     the name; components that do not exist are kept as they are
 *
 * Returns 0, PATH_MAGIC, or
 *   -ENOENT, -ENOTDIR  a ".." follows what is no directory
 *   -ELOOP         more than 40 links
 *   -ENAMETOOLONG  the name grew beyond PATH_CAP
 *   and what path_of_directory says.
 *
 * The answer may be stale when it arrives: act on it with RESOLVE_NO_SYMLINKS and ask again on ELOOP.
 * Safety as above. Cost: one readlink per component.
 *
 * Source: path_resolution(7), symlink(7).
 */
int path_resolve(int dir, const char *name, bool follow, char *rest, struct path *out) MUST_CHECK NONNULL;

/* Is one of NAME's components ".."? */
bool path_climbs(const char *name) MUST_CHECK NONNULL;

/*
 * The next answer, where RESOLVE_NO_SYMLINKS said ELOOP to the last one: few names have more than two links, and those
 * mostly at their beginning ("/lib", "/bin"). So one link is followed and what stands behind it is taken as text; then
 * the next one; then all that there are.
 *
 *   links  what was done so far: PATH_AS_GIVEN before the first time
 *   out    the last answer, and the next
 *
 * Results, safety and source as path_resolve. Cost: one readlink per component up to the link.
 */
enum path_links { PATH_AS_GIVEN, PATH_ONE_FOLLOWED, PATH_TWO_FOLLOWED, PATH_RESOLVED };
int path_follow(enum path_links *links, int dir, const char *name, bool follow, char *rest, struct path *out) MUST_CHECK NONNULL;

/*
 * Where the last component of NAME starts, in bytes: trailing slashes belong to it. NAME is not empty; "/" and
 * names of slashes alone give 0.
 */
size_t path_last(const char *name) MUST_CHECK NONNULL;

/* Is LAST "." or "..", with or without trailing slashes, or nothing but slashes? */
bool path_is_dots(const char *last) MUST_CHECK NONNULL;
