/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Was a signal meant for this process, or for its whole process group?
 *
 * The kernel does not say, yet the supervisor must know: what goes to the group
 * the child has got itself, and a second SIGINT makes many a program give up
 * what it was saving. So a process that does nothing but sleep in the group,
 * with all signals blocked, is looked at: what is pending there went to all.
 *
 * The kernel signals the newest member of a group first; a witness, being
 * younger than the process that asks, has got a group's signal before it.
 */
#pragma once

#include "libguard/core/base.h"

#include <sys/types.h>

struct witness {
	pid_t pid;           /* below 0: there is none */
	unsigned long long left; /* signals of the group that a witness saw which is no more, and that are still to be taken; bit 0 for 1 */
};

/* Start a witness; it dies with this process. Without one (fork(2) failed) nobody knows, and nothing is a group's. */
void witness_start(struct witness *witness) NONNULL;

/* Let it go. */
void witness_end(struct witness *witness) NONNULL;

/*
 * Did the signal that this process has just taken from its queue go to the group?
 *
 *   witness  replaced by a fresh one if so
 *
 * Needs all signals blocked. For one thread.
 *
 * Source: proc(5), ShdPnd in /proc/PID/status; kill(2).
 */
bool witness_saw(struct witness *witness, int signal_number) MUST_CHECK NONNULL;
