/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening a session: policy compiled, directory and files made. And closing it.
 */
#pragma once

#include "libguard/core/base.h"
#include "libguard/session/session.h"
#include "tools/floor_plan.h"
#include "tools/session_info.h"

#include <pthread.h>
#include <sys/types.h>

struct session_request {
	const char *policy;        /* file, or NULL: where policies come from by default */
	const char *log_directory; /* where to make the session's directory, or NULL: what the policy says */
	const char *library;       /* libguard.so, absolute: what the program is guarded by */
	char *const *argv;         /* of the program, NULL-terminated */
	pid_t child;               /* first guarded process */
	bool launches;             /* it has still to become the program */
};

struct made_session {
	char directory[256];
	struct session_info info;
	struct session_state *state;
	bool shared;               /* processes of other users may join */
	bool complained;           /* the log cannot grow, and stderr has been told */
	pthread_mutex_t making;    /* held while a segment is made, or the log is sealed */
	struct sealer *sealer;
	_Atomic bool sealing;      /* the log is sealed while it grows */
	uint64_t seal_at_ns;       /* CLOCK_MONOTONIC: when it is sealed next; 0: when there is something */
	const char *library;       /* the request's */
	unsigned keep_days, keep_sessions;
	struct policy_kernel kernel;
	bool hides;                /* some rule hides objects */
	struct floor_plan *floor;  /* malloc'ed; NULL: no session */
};

/*
 * Open a session as its supervisor.
 *
 *   out  to be closed with session_close
 *
 * Returns START_GUARDED, START_UNGUARDED (the policy's mode is "off", or it only audits and nothing can be written),
 * or -errno. What is wrong has then been said on stderr, a line each.
 *
 * Source: guard.conf(5), the `log` section.
 */
int session_make(const struct session_request *request, struct made_session *out) MUST_CHECK NONNULL;

/* Seal the log from now on, in that thread. No descriptor of this process may be closed by others any more. */
void session_seal(struct made_session *session) NONNULL;

/* Make segments ahead of need until the process ends, in a thread of its own. 0 or -errno of pthread_create(3). */
int session_serve(struct made_session *session) MUST_CHECK NONNULL;

/* Make one segment more than is asked for: nobody can make any while the supervisor is stopped or gone. */
void session_make_ahead(struct made_session *session) NONNULL;

/* Write a record as the supervisor; door, pid, tid and time are filled in. 0 or -errno of log_attach, log_write. */
int session_record(const struct made_session *session, struct event *event) NONNULL;

/* Remove the sessions beside this one that the policy's keep_days and keep_sessions no longer cover. */
void session_expire(const struct made_session *session) NONNULL;

/* Say in the record what is not as it should be. SENTENCE is malloc'ed, or NULL without memory; taken over. */
void session_degrade(struct made_session *session, char *sentence) __attribute__((nonnull(1)));

/* The end of the first process: say so to those who go on, and in session.json. Then the seal ends, or is left to who serves them. */
void session_close(struct made_session *session, int exit_code, unsigned survivors) NONNULL;
