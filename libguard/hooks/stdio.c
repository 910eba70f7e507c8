/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams that libc opens by itself on one that exists already, and the table
 * of mounts. fopen is open.c's.
 *
 * The file is opened here first; libc then opens it once more through that
 * descriptor, which leads to the file that was decided and to no other.
 */
#include "libguard/hooks/open.h"

#include "libguard/core/buf.h"
#include "libguard/core/sys.h"
#include "libguard/hooks/call.h"
#include "libguard/hooks/next.h"
#include "libguard/hooks/notes.h"

#include <errno.h>
#include <mntent.h>
#include <stdio_ext.h>
#include <string.h>

#define MODE_CAP 64

typedef FILE *reopen_function(const char *, const char *, FILE *);

/* MODE without the "x" of "must not exist yet": by now the file does. */
static void without_x(const char *mode, char out[MODE_CAP])
{
	size_t len = 0;
	bool plain = true;

	for (; *mode && len + 1 < MODE_CAP; mode++) {
		plain &= *mode != ',';
		if (*mode != 'x' || !plain)
			out[len++] = *mode;
	}
	out[len] = '\0';
}

/* The stream's own file in another mode: nothing to resolve, its descriptor says what it is. */
static FILE *reopen_same(enum hook hook, reopen_function *reopen, const char *mode, int flags, FILE *stream)
{
	struct call call;
	FILE *result = NULL;

	call_enter(&call, hook);
	call_fd(&call, fileno(stream),
		((flags & O_ACCMODE) != O_WRONLY ? VERB_SET(READ) : 0) |
			((flags & O_ACCMODE) != O_RDONLY ? VERB_SET(WRITE) : 0));
	if (call_allowed(&call)) {
		result = reopen(NULL, mode, stream);
		call.result = result ? 0 : -errno;
	}
	return call_leave_pointer(&call, result);
}

static FILE *reopen_hook(enum hook hook, reopen_function *reopen, const char *name, const char *mode, FILE *stream)
{
	int flags = open_flags_of_mode(mode);
	char again[MODE_CAP];
	struct notes notes = NOTES_NONE;
	FILE *result;
	int fd;

	if (flags < 0)
		return reopen(name, mode, stream); /* libc says what is wrong with it */
	if (!name)
		return reopen_same(hook, reopen, mode, flags, stream);
	fd = open_for(hook, AT_FDCWD, name, flags | O_CLOEXEC, 0666);
	if (fd < 0) {
		/* The stream is closed even if nothing can be opened in its place: a name that never exists does that. */
		reopen("", mode, stream);
		return call_no_pointer(fd);
	}
	without_x(mode, again);
	notes_add_fd(&notes, hook, fd, VERB_SET(READ) | VERB_SET(WRITE) | VERB_SET(CREATE));
	result = reopen(guard.has_proc ? open_link_of(fd).name : name, again, stream);
	notes_end(&notes);
	sys_close(fd);
	return result;
}

EXPORT FILE *freopen(const char *name, const char *mode, FILE *stream)
{
	return reopen_hook(HOOK_freopen, NEXT_OF(freopen), name, mode, stream);
}

EXPORT FILE *freopen64(const char *name, const char *mode, FILE *stream)
{
	return reopen_hook(HOOK_freopen64, NEXT_OF(freopen64), name, mode, stream);
}

/* Insides of stdio that libc exports: on a stream that has no file yet. */
EXPORT FILE *_IO_file_fopen(FILE *stream, const char *name, const char *mode, int is32)
{
	int flags = open_flags_of_mode(mode);
	char again[MODE_CAP];
	struct notes notes = NOTES_NONE;
	FILE *result;
	int fd;

	if (flags < 0)
		return NEXT_OF(_IO_file_fopen)(stream, name, mode, is32);
	fd = open_for(HOOK__IO_file_fopen, AT_FDCWD, name, flags | O_CLOEXEC, 0666);
	if (fd < 0)
		return call_no_pointer(fd);
	without_x(mode, again);
	notes_add_fd(&notes, HOOK__IO_file_fopen, fd, VERB_SET(READ) | VERB_SET(WRITE) | VERB_SET(CREATE));
	result = NEXT_OF(_IO_file_fopen)(stream, guard.has_proc ? open_link_of(fd).name : name, again, is32);
	notes_end(&notes);
	sys_close(fd);
	return result;
}

EXPORT FILE *_IO_file_open(FILE *stream, const char *name, int flags, int protection, int read_write, int is32)
{
	int fd = open_for(HOOK__IO_file_open, AT_FDCWD, name, flags | O_CLOEXEC, (mode_t)protection);
	struct notes notes = NOTES_NONE;
	FILE *result;

	if (fd < 0)
		return call_no_pointer(fd);
	notes_add_fd(&notes, HOOK__IO_file_open, fd, VERB_SET(READ) | VERB_SET(WRITE) | VERB_SET(CREATE));
	result = NEXT_OF(_IO_file_open)(stream, guard.has_proc ? open_link_of(fd).name : name, flags & ~(O_CREAT | O_EXCL),
					protection, read_write, is32);
	notes_end(&notes);
	sys_close(fd);
	return result;
}

/* As glibc: closed at exec, not a cancellation point, and the caller sees to the locking. */
static FILE *open_mounts(enum hook hook, const char *name, const char *mode)
{
	char full[MODE_CAP];
	struct buf buf = BUF_ON(full);
	FILE *stream;

	buf_str(&buf, mode);
	buf_str(&buf, "ce");
	stream = open_stream(hook, name, buf_cstr(&buf));
	if (stream)
		__fsetlocking(stream, FSETLOCKING_BYCALLER);
	return stream;
}

EXPORT FILE *setmntent(const char *name, const char *mode)
{
	return open_mounts(HOOK_setmntent, name, mode);
}

EXPORT FILE *__setmntent(const char *name, const char *mode)
{
	return open_mounts(HOOK___setmntent, name, mode);
}
