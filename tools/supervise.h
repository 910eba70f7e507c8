/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standing in for the first process of a session.
 *
 * The supervisor has the pid the shell waits for, the program is its child. To
 * whoever started it the supervisor behaves as the program would: it passes
 * signals on, stops and goes on with it, ends as it ended. To the tree below it
 * is the reaper of orphans and the maker of log segments.
 */
#pragma once

#include "tools/session_make.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/types.h>

#define SUPERVISE_LIMITS 6 /* resource limits that are raised: files, threads, memory, time */

/* What a child that is still to be forked must get back. */
struct supervise_before {
	sigset_t mask;
	struct sigaction child_action; /* of SIGCHLD, which may have been ignored */
	struct rlimit limits[SUPERVISE_LIMITS];
	bool closed[3];                /* standard descriptors that were closed */
};

/*
 * Make this process fit to be a supervisor: signals are queued from here on, orphans of the tree become its children,
 * resource limits bind it as little as can be helped, and descriptors 0 to 2 are open (/dev/null where they were closed),
 * so that no other file gets their number.
 */
void supervise_prepare(struct supervise_before *before) NONNULL;

/* Undo that in a forked child that is to become a program. */
void supervise_undo(const struct supervise_before *before) NONNULL;

/*
 * Open a session for a waiting child, tell it so, and stand in for it until it ends; then end as it did.
 *
 *   ready  pipe on which the child waits for a struct start_answer; closed
 *
 * Returns only when there can be no session: EXIT_REFUSED, after stderr has been told and the child has ended.
 *
 * Needs supervise_prepare. Every descriptor but stderr is closed, the working directory is left.
 *
 * Source: signal(7), waitid(2), PR_SET_CHILD_SUBREAPER in prctl(2), pid_namespaces(7).
 */
int supervise_session(const struct session_request *request, int ready) NONNULL;
