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

/* Start a witness; it dies with this process. Its pid, or -errno of fork(2): then nobody knows and nothing is a group's. */
pid_t witness_start(void) MUST_CHECK;

/*
 * Did the signal that this process has just taken from its queue go to the group?
 *
 *   witness  replaced by a fresh one if so
 *
 * Needs all signals blocked. For one thread.
 *
 * Source: proc(5), ShdPnd in /proc/PID/status; kill(2).
 */
bool witness_saw(pid_t *witness, int signal_number) MUST_CHECK NONNULL;
