/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which source line an operation goes back to, across programs.
 *
 * A shell or rm has no source line, but the program that started it had one at
 * that moment: the exec or spawn is recorded with its stack. An operation
 * without a stack of its own is told by that of the start of the nearest
 * ancestor for which there is one.
 */
#pragma once

#include "libguard/record/event.h"
#include "tools/table.h"

struct origins {
	struct table stacks;         /* each different stack once */
	struct origins_pid *pids;
};

void origins_init(struct origins *origins, struct arena *arena) NONNULL;

/* Take in any event, in the order of the log. */
void origins_add(struct origins *origins, const struct event *event) NONNULL;

/*
 * The language stack that EVENT goes back to, or empty.
 *
 *   inherited  whether it is that of a start
 *
 * Pids are used again; a process whose start is not in the log may be taken for one that had its pid before and the
 * same parent.
 */
struct text origins_of(const struct origins *origins, const struct event *event, bool *inherited) NONNULL;

/* The stack of the call that started EVENT's program, or the nearest ancestor for which there is one; or empty. */
struct text origins_start_of(const struct origins *origins, const struct event *event) NONNULL;

/* The process that was the parent of the one whose start origins_start_of tells of; 0: it is not known. */
uint32_t origins_starter_of(const struct origins *origins, const struct event *event) NONNULL;

void origins_free(struct origins *origins) NONNULL;
