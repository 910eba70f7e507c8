/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much happened when, in a fixed number of spans that grow with the session.
 */
#pragma once

#include "libguard/core/base.h"

#define TIMELINE_SPANS 64

struct timeline_span {
	uint64_t events, refused;
};

/* All zero is an empty one. */
struct timeline {
	uint64_t start_ns; /* of the first span: the first event's second */
	uint64_t width_ns; /* of each; 0: nothing was added */
	struct timeline_span spans[TIMELINE_SPANS];
};

/* Count an event. What is older than the first one falls into the first span: writers race by microseconds. */
void timeline_add(struct timeline *timeline, uint64_t time_ns, bool refused) NONNULL;

/* Spans up to the last in which something happened. */
size_t timeline_count(const struct timeline *timeline) NONNULL;
