/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.json: who ran what, when, under which policy, and how it was covered.
 */
#pragma once

#include "libguard/core/base.h"
#include "tools/place.h"

#include <sys/types.h>

/* One session as session.json tells it. Strings are owned; session_info_free gives them back. */
struct session_info {
	char *id;             /* name of the directory: 20260102T030405-PID */
	char *directory;      /* absolute path */
	char *user;
	char *host;
	char *workspace;
	char *policy;         /* where its text came from */
	char *mode;           /* enforce, audit */
	char **argv;          /* NULL-terminated, redacted */
	char *level;          /* "hooks": door 1 alone; later kernels doors add words */
	char **degraded;      /* NULL-terminated sentences: what is not covered on this machine and why */
	uint64_t started_ns;  /* CLOCK_REALTIME */
	uint64_t ended_ns;    /* 0: still running, or the supervisor died */
	pid_t pid;            /* first guarded process */
	pid_t supervisor;
	int exit_code;        /* valid when ended_ns is set; 128 + n for a signal */
	unsigned survivors;   /* processes still running at the end */
	bool running;         /* not stored: the supervisor is alive */
};

/* Write DIRECTORY/session.json, replacing it in one step. 0 or -errno. */
int session_info_write(const struct session_info *info) MUST_CHECK NONNULL;

/* Read DIRECTORY/session.json. 0, -ENOENT, -EINVAL (not such a file; it is hostile input), -errno. */
int session_info_read(const char *directory, struct session_info *out) MUST_CHECK NONNULL;

void session_info_free(struct session_info *info) NONNULL;

/*
 * The sessions of one directory, or (NULL) of all default places, newest first.
 *
 *   out, count  array of directories' paths, malloc'ed; free each and the array
 *
 * Returns 0 or -errno.
 */
int session_list(const char *log_directory, char ***out, size_t *count) MUST_CHECK;

/*
 * The directory of one session: NULL or "last" for the newest, an id, an unambiguous beginning of one, or a path.
 * Returns a malloc'ed path, or NULL after saying on stderr what is wrong and what there is.
 */
char *session_find(const char *log_directory, const char *name) MUST_CHECK;
