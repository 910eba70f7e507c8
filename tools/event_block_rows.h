/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A block of events while it is made: event_block.c fills it, event_block_write.c writes it.
 */
#pragma once

#include "tools/event_block.h"

#define BLOCK_TEXT_MAX (8 * EVENT_SLOT * EVENT_SLOTS_MAX) /* a record's longest text, quoted and escaped */
#define BLOCK_CHUNK 16384                                 /* rows that are allocated at a time */

/* The columns that hold names. */
enum { NAME_OBJECT, NAME_DETAIL, NAME_SOURCE, NAME_RULE, NAME_CALL, NAME_ERROR, NAME_COLUMNS };

struct block_row {
	uint64_t time_us;
	uint32_t pid, program;
	uint32_t names[NAME_COLUMNS]; /* in the order in which they came */
	uint8_t what, outcome;
};

struct block_chunk {
	struct block_chunk *next;
	size_t count;
	struct block_row rows[BLOCK_CHUNK];
};

struct block_name {
	struct table_entry entry;
	uint32_t came; /* how many came before it */
};

struct event_block {
	const struct report *report;
	bool ascii;
	struct arena arena;
	struct table names;
	struct programs programs;
	struct origins origins;
	uint32_t *program_names;     /* two for each program: exe, argv */
	struct table_entry **sorted; /* names */
	uint32_t *ranks;             /* where among the sorted ones a name stands, in the order in which they came */
	struct block_chunk *first, *last;
	uint64_t count, cut;
	char raw[BLOCK_TEXT_MAX], safe[BLOCK_TEXT_MAX], plain[3 * BLOCK_TEXT_MAX];
};
