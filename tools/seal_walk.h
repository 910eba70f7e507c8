/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which slots of a log are finished, so that they never change again.
 */
#pragma once

#include "libguard/record/chunk.h"

enum seal_found {
	SEAL_NOTHING, /* up to here all is finished, and what follows is not in memory or in nobody's hands yet */
	SEAL_FINISHED,
	SEAL_UNFINISHED, /* one record, or neighbours that say nothing of themselves */
};

struct seal_span {
	enum seal_found found;
	uint32_t count;     /* slots */
	uint32_t records;   /* finished records */
	uint64_t oldest_ns; /* the least time that a record of them tells; 0: none does */
};

/*
 * What begins at slot AT of the open segment: as many finished slots as are in memory, or unfinished ones.
 *
 *   at     from the first slot behind the head, within what is loaded
 *   limit  slots that were handed out to writers before the chunk was loaded
 *
 * A record that reaches beyond what is loaded ends the span before it; load from there and ask again.
 *
 * Source: doc/event-log.md.
 */
struct seal_span seal_walk(const struct chunk *chunk, uint32_t at, uint32_t limit) NONNULL;
