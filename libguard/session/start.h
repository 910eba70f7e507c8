/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening a session from inside its first process, with nothing but LD_PRELOAD.
 *
 * The process forks. The child goes on as the program; the parent, whose pid
 * the shell waits for, becomes `guardctl supervise`, which opens the session
 * and stands in for the program until it ends.
 */
#pragma once

#include "libguard/core/base.h"

#include <sys/types.h>

/* What the supervisor tells the child through the socket between them, first. */
struct start_answer {
	int32_t status;      /* enum start_status, or -errno after the supervisor has said why */
	char directory[256]; /* of the session, with its NUL; empty unless START_GUARDED */
	uint32_t floor;      /* not 0: a message with the floor's ruleset comes next */
	uint32_t filter;     /* instructions of the filter that comes in the message after that; 0: none */
};

enum start_status { START_GUARDED = 0, START_UNGUARDED = 1 };

/*
 * Make this process the first of a new session.
 *
 *   library    absolute path of libguard.so; guardctl is looked for near it
 *   argv       of the program, for the session's record
 *   envp       the program's environment; the supervisor gets it without LD_PRELOAD, LD_AUDIT and GUARD_SESSION
 *   directory  the session's directory, to be joined
 *
 * Returns in the child only:
 *   START_GUARDED    join DIRECTORY
 *   START_UNGUARDED  the policy's mode is "off", or this is guardctl itself: be no guard. ENVP's LD_PRELOAD then names us
 *                    no more, so that no child asks again
 *   -errno           no session could be opened; one line on stderr has said why, the caller ends the process
 *                    with status 126
 *
 * For a constructor, before the program has threads. Forks with fork(3), so that at-fork handlers of libraries that
 * were initialised earlier run. In the child no descriptor is left, the signal mask and handlers are as before, and
 * the death of the supervisor kills it (PR_SET_PDEATHSIG). Allocates nothing that stays; leaves errno undefined.
 *
 * Source: design of the session, ARCHITECTURE.md; prctl(2), pipe(7).
 */
int session_start(const char *library, char *const *argv, char *const *envp, char directory[256]) MUST_CHECK NONNULL;

/*
 * Wait in a child for the supervisor's answer, and tie the child's life to the supervisor's (PR_SET_PDEATHSIG).
 *
 *   fd      the socket; stays open
 *   parent  pid of the process that supervises
 *   answer  what it said; its directory ends in NUL
 *
 * Returns 0, or -errno: no session could be opened (the supervisor has said why), or -EPIPE it is gone.
 *
 * Uses raw system calls only; leaves errno alone.
 *
 * Source: prctl(2), unix(7).
 */
int start_await(int fd, pid_t parent, struct start_answer *answer) MUST_CHECK NONNULL;

#define START_FILTER_MAX 2048 /* instructions */

/*
 * Then take on what the answer speaks of: the floor, and the filter, whose listener is handed over. Wait until the
 * supervisor answers what the filter asks.
 *
 * Returns 0, also without either where the policy does not require them, or -errno: the supervisor has said why, and
 * the program is not to be started.
 *
 * Uses raw system calls only; for a process of one thread. Source: kernel/floor.h, kernel/install.h.
 */
int start_kernel(int fd, const struct start_answer *answer) MUST_CHECK NONNULL;

/* A socket pair for all that, moved out of a program's way: 0 or -errno. */
int start_socket(int ends[2]) MUST_CHECK;
