/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a session touched, by names that stay the same from run to run: objects
 * with what was done to them, programs, peers, refusals.
 *
 * Two inventories of different runs can be compared. Memory is bounded as that
 * of a summary.
 */
#pragma once

#include "tools/session_view.h"
#include "tools/stable.h"

enum inventory_list { INVENTORY_REFUSALS, INVENTORY_HOSTS, INVENTORY_PROGRAMS, INVENTORY_OBJECTS, INVENTORY_LISTS };

/* "refused", "hosts", "programs", "objects". */
extern const char *const inventory_words[INVENTORY_LISTS];

/* Its key is the name. */
struct inventory_item {
	struct table_entry entry;
	verb_set verbs; /* what was done, or refused */
	bool uncovered; /* a program that ran without the hooks */
	uint64_t count;
	struct text first;	/* the name itself, as the first event has it */
	uint32_t segment, slot; /* of the first event */
};

struct inventory {
	struct arena arena;
	struct stable stable;
	struct table lists[INVENTORY_LISTS];
};

/*
 * Take in the whole log of a session.
 *
 *   view  its reader is at the beginning, and at the end afterwards
 */
void inventory_read(struct inventory *inventory, const struct session_view *view) NONNULL;

void inventory_free(struct inventory *inventory) NONNULL;
