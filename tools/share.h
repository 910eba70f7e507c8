/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which door recorded what programs with hooks did, once their hooks were there.
 *
 * What a process did before its first record came through its loader; whether
 * it was one with hooks is known only when that record comes, so until then it
 * is kept apart.
 */
#pragma once

#include "libguard/record/event.h"
#include "tools/arena.h"

struct share {
	struct share_pid *pids;
	uint64_t by_hooks, by_kernel; /* operations, but those that failed by themselves, of programs with hooks, by door */
	uint64_t loading;             /* what the loader did in them before */
	uint64_t unhooked;            /* of programs that the kernel door alone sees */
	uint64_t untold;              /* of processes of which nothing is known, such as children that ran no program */
};

void share_init(struct share *share, struct arena *arena) NONNULL;

/* Take in an event of any kind, in the order of the log. */
void share_add(struct share *share, const struct event *event) NONNULL;

/* Of a thousand operations of programs with hooks, how many did the hooks record? Rounded down; 1000 when there are none. */
unsigned share_of_hooks(const struct share *share) MUST_CHECK NONNULL;
