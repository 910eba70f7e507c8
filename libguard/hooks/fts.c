/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walking a tree step by step: fts.
 *
 * libc opens a directory in the step after the one that gave it out, by a name
 * that stands in the entry. So it is known before which directory that will be:
 * it is decided then, and the name is exchanged for that of the descriptor that
 * was decided. A refused directory is one that cannot be read (FTS_DNR).
 */
#include "libguard/hooks/open.h"

#include "libguard/core/sys.h"
#include "libguard/hooks/call.h"
#include "libguard/hooks/next.h"

#include <errno.h>
#include <fts.h>

_Static_assert(sizeof(FTS) == sizeof(FTS64) && sizeof(FTSENT) == sizeof(FTSENT64), "one layout, two names");

/* The directory that the next step would open, or NULL. */
static FTSENT *due(const FTS *walk)
{
	FTSENT *entry = walk->fts_cur;

	if (!entry || entry->fts_info != FTS_D || (walk->fts_options & FTS_STOP) || entry->fts_instr == FTS_SKIP ||
	    entry->fts_instr == FTS_AGAIN)
		return NULL;
	if ((walk->fts_options & FTS_XDEV) && entry->fts_dev != walk->fts_dev)
		return NULL;
	return walk->fts_child && !(walk->fts_options & FTS_NAMEONLY) ? NULL : entry;
}

static int open_entry(enum hook hook, const FTSENT *entry)
{
	return open_for(hook, AT_FDCWD, entry->fts_accpath, O_RDONLY | O_NONBLOCK | O_DIRECTORY | O_CLOEXEC, 0);
}

static FTSENT *read_hook(enum hook hook, FTSENT *(*next)(FTS *), FTS *walk)
{
	FTSENT *entry = due(walk), *result;
	struct open_link link;
	char *name;
	int fd;

	if (!entry)
		return next(walk);
	fd = open_entry(hook, entry);
	if (fd < 0) {
		entry->fts_instr = FTS_NOINSTR;
		entry->fts_info = FTS_DNR;
		entry->fts_errno = -fd;
		return entry;
	}
	name = entry->fts_accpath;
	link = open_link_of(fd);
	if (guard.has_proc)
		entry->fts_accpath = link.name;
	result = next(walk);
	/* Its entries come next, or it was empty and comes itself: it is there as long as either. */
	entry->fts_accpath = name;
	sys_close(fd);
	return result;
}

static FTSENT *children_hook(enum hook hook, FTSENT *(*next)(FTS *, int), FTS *walk, int options)
{
	FTSENT *entry = walk->fts_cur, *result;
	struct open_link link;
	char *name;
	int fd;

	if (!entry || entry->fts_info != FTS_D || (walk->fts_options & FTS_STOP))
		return next(walk, options);
	fd = open_entry(hook, entry);
	if (fd < 0)
		return call_no_pointer(fd);
	name = entry->fts_accpath;
	link = open_link_of(fd);
	/* At the root of a walk an absolute name would change how libc finds back to where it was. */
	if (guard.has_proc && (entry->fts_level != FTS_ROOTLEVEL || name[0] == '/' || (walk->fts_options & FTS_NOCHDIR)))
		entry->fts_accpath = link.name;
	result = next(walk, options);
	entry->fts_accpath = name;
	sys_close(fd);
	return result;
}

#define FTS_READ(name, walk_type, entry_type)                                                                          \
	EXPORT entry_type *name(walk_type *walk)                                                                       \
	{                                                                                                              \
		return (entry_type *)read_hook(HOOK_##name, (FTSENT * (*)(FTS *)) next_of(HOOK_##name), (FTS *)walk);  \
	}
#define FTS_CHILDREN(name, walk_type, entry_type)                                                                      \
	EXPORT entry_type *name(walk_type *walk, int options)                                                          \
	{                                                                                                              \
		return (entry_type *)children_hook(HOOK_##name, (FTSENT * (*)(FTS *, int)) next_of(HOOK_##name),       \
						   (FTS *)walk, options);                                              \
	}

FTS_READ(fts_read, FTS, FTSENT)
FTS_READ(fts64_read, FTS64, FTSENT64)
FTS_CHILDREN(fts_children, FTS, FTSENT)
FTS_CHILDREN(fts64_children, FTS64, FTSENT64)
