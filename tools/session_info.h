/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.json: who ran what, when, under which policy, and how it was covered.
 */
#pragma once

#include "libguard/core/base.h"

#include <sys/types.h>

/* One session as session.json tells it. Strings are owned; session_info_free gives them back. */
struct session_info {
	char *id;             /* name of the directory: 20260102T030405-PID */
	char *directory;      /* absolute path */
	char *user;
	char *host;
	char *workspace;
	char *home;           /* what the policy's "~" stood for; empty in sessions of older versions */
	char *policy;         /* where its text came from */
	char *mode;           /* enforce, audit */
	char **argv;          /* NULL-terminated, redacted */
	char *level;          /* "hooks": door 1 alone; later kernels doors add words */
	char *floor;          /* what the kernel holds by itself (Landlock), or "none: " and why; empty where nobody said */
	char **degraded;      /* NULL-terminated sentences: what is not covered on this machine and why */
	uint64_t started_ns;  /* CLOCK_REALTIME */
	uint64_t ended_ns;    /* 0: still running, or the supervisor died */
	pid_t pid;            /* first guarded process */
	pid_t supervisor;
	int exit_code;        /* valid when ended_ns is set; 128 + n for a signal */
	unsigned survivors;   /* processes still running at the end */
	bool running;         /* not stored: the supervisor is alive */
};

/*
 * Write info->directory/session.json, replacing it in one step. Strings and lists may be NULL. Bytes that are no
 * UTF-8 become U+FFFD. 0 or -errno.
 */
int session_info_write(const struct session_info *info) MUST_CHECK NONNULL;

/*
 * Read DIRECTORY/session.json, which is hostile input.
 *
 *   out  its strings and lists are never NULL; id and directory tell where the file lies, whatever it says
 *
 * Returns 0, or
 *   -ENOENT           no session.json there
 *   -EINVAL           not such a file, or a damaged one
 *   -EPROTONOSUPPORT  written by a newer libguard
 *   -errno            of realpath(3), open(2), read(2); -ENOMEM
 *
 * Source: doc/event-log.md.
 */
int session_info_read(const char *directory, struct session_info *out) MUST_CHECK NONNULL;

void session_info_free(struct session_info *info) NONNULL;

/*
 * Leave a link to a session kept in a place of its own in the first default place that can be written, so that
 * guardctl finds it without --log; links whose session is gone are removed. Does nothing for a session that lies in
 * a default place. 0 or -errno; a failure only costs the short way to the session.
 */
int session_link(const char *directory) NONNULL;

/*
 * The sessions of one directory, or (NULL) of all default places, newest first.
 *
 *   log_directory  where sessions are kept, or the directory of one session
 *   out, count     array of directories' paths, malloc'ed; session_list_free gives it back
 *
 * Returns 0 or -errno; default places that cannot be read are passed over.
 */
int session_list(const char *log_directory, char ***out, size_t *count) MUST_CHECK;

void session_list_free(char **list, size_t count);

/*
 * The directory of one session: NULL or "last" for the newest, an id, an unambiguous beginning of one, or a path.
 * Returns a malloc'ed path, or NULL after saying on stderr what is wrong and what there is.
 */
char *session_find(const char *log_directory, const char *name) MUST_CHECK;
