/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finished slots; see seal_walk.h. A slot whose mark makes no sense will not make any later: it is finished.
 */
#include "tools/seal_walk.h"

/* How many slots the finished record or slot at AT has; 0: it is not finished. */
static uint32_t finished_at(const struct chunk *chunk, uint32_t at)
{
	uint32_t mark = chunk->marks[at - chunk->first], number = mark & MARK_NUMBER, left = chunk->slots - at;

	switch (mark & MARK_KIND) {
	case MARK_COMMITTED:
		return number > 0 && number <= EVENT_SLOTS_MAX && number <= left ? number : 1;
	case MARK_RESERVED:
		return number > 0 && number <= EVENT_SLOTS_MAX && number <= left ? 0 : 1;
	case MARK_END:
		/* A genuine one stands where the longest record has no room. */
		return left < EVENT_SLOTS_MAX ? left : 1;
	default:
		return mark != 0;
	}
}

/* Slots from AT on that belong to an unfinished record; of a silent one those up to the next head. */
static uint32_t unfinished_at(const struct chunk *chunk, uint32_t at, uint32_t limit)
{
	uint32_t mark = chunk->marks[at - chunk->first], end = at;

	if (mark != 0)
		return mark & MARK_NUMBER;
	while (end < limit && end < chunk->first + chunk->count) {
		mark = chunk->marks[end - chunk->first];
		if (mark != 0 && (mark & MARK_KIND) != MARK_TAIL)
			break;
		end++;
	}
	return end - at;
}

struct seal_span seal_walk(const struct chunk *chunk, uint32_t at, uint32_t limit)
{
	struct seal_span span = {.found = SEAL_NOTHING};
	uint32_t start = at, loaded = chunk->first + chunk->count;

	while (at < loaded) {
		uint32_t step = finished_at(chunk, at), mark = chunk->marks[at - chunk->first];
		uint64_t time_ns;

		/* Nobody's yet, or its end is not in memory. */
		if ((mark == 0 && at >= limit) || step > loaded - at)
			break;
		if (step == 0 && at == start)
			return (struct seal_span){.found = SEAL_UNFINISHED, .count = unfinished_at(chunk, at, limit)};
		if (step == 0)
			break;
		if ((mark & MARK_KIND) == MARK_COMMITTED) {
			time_ns = chunk->data[at - chunk->first].head.time_ns;
			span.records++;
			if (span.oldest_ns == 0 || time_ns < span.oldest_ns)
				span.oldest_ns = time_ns;
		}
		at += step;
	}
	span.count = at - start;
	span.found = span.count > 0 ? SEAL_FINISHED : SEAL_NOTHING;
	return span;
}
