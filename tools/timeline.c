/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spans of time; see timeline.h.
 */
#include "tools/timeline.h"

#define SECOND_NS 1000000000ull

/* Twice as wide: neighbours become one. */
static void widen(struct timeline *timeline)
{
	for (size_t i = 0; i < TIMELINE_SPANS; i++) {
		struct timeline_span sum = {0};

		for (size_t k = 2 * i; k < 2 * i + 2 && k < TIMELINE_SPANS; k++) {
			sum.events += timeline->spans[k].events;
			sum.refused += timeline->spans[k].refused;
		}
		timeline->spans[i] = sum;
	}
	timeline->width_ns *= 2;
}

void timeline_add(struct timeline *timeline, uint64_t time_ns, bool refused)
{
	uint64_t since;

	if (timeline->width_ns == 0) {
		timeline->start_ns = time_ns - time_ns % SECOND_NS;
		timeline->width_ns = SECOND_NS;
	}
	since = time_ns > timeline->start_ns ? time_ns - timeline->start_ns : 0;
	/* A hostile log's times may be anything; the width stays below half of what the type holds. */
	while (since / timeline->width_ns >= TIMELINE_SPANS)
		widen(timeline);
	timeline->spans[since / timeline->width_ns].events++;
	timeline->spans[since / timeline->width_ns].refused += refused;
}

size_t timeline_count(const struct timeline *timeline)
{
	size_t count = TIMELINE_SPANS;

	while (count > 0 && timeline->spans[count - 1].events == 0)
		count--;
	return count;
}
