/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where in the program a recorded operation comes from.
 */
#pragma once

#include "libguard/hooks/guard.h"
#include "libguard/hooks/self.h"

/*
 * What is told of one call's origin; found at the first event that asks, so
 * that all others pay nothing. All zero but `scratch` at the start.
 */
struct origin {
	struct scratch *scratch; /* of the call, or NULL when that is given back already */
	bool is_own;             /* scratch was taken for this */
	bool has_source, has_frames; /* were looked for */
	struct text source, frames;
};

/* Once, from init: whose stacks can be read in this process. */
void origin_find(void);

/*
 * Does the policy want EVENT's origin?
 *
 * With `stacks` "denied" that is what is refused, and every start of a program: what it does has no source line of
 * its own, but the line that started it. Inline, as it is asked for each event.
 */
static inline bool origin_is_asked(const struct policy_log *log, const struct event *event)
{
	if (log->stacks == STACKS_NONE)
		return false;
	return event->verdict != VERDICT_ALLOW || event->verbs & VERB_SET(EXEC) || log->stacks == STACKS_ALL;
}

/* Add what is known to EVENT, as far as LOG wants it. Safe in threads, signal handlers, after fork and in vfork children. */
void origin_add(struct origin *origin, const struct policy_log *log, struct event *event) NONNULL;

/* Give back what was taken; EVENT's texts are gone. */
void origin_release(struct origin *origin) NONNULL;
