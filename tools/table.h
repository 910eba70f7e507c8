/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Things known by a name, of which there may be too many: a hash table that
 * keeps so many and counts how often it had to say no.
 *
 * A log tells of as many objects as a hostile program likes to name. Whoever
 * sums it up keeps the first of them, up to a cap in number and in bytes, and
 * says what was left out. Entries stay where they are and keep their order.
 */
#pragma once

#include "libguard/core/base.h"
#include "tools/arena.h"

/* Begins every entry; what the table's owner keeps follows it. */
struct table_entry {
	struct text key;
	uint64_t hash;
};

struct table {
	struct arena *arena;
	struct table_entry **items; /* in the order in which they came */
	uint32_t *slots;            /* number of an item + 1; 0 is free */
	size_t entry_size;          /* bytes, struct table_entry included */
	size_t count;
	size_t slot_count;          /* a power of two, or 0 */
	size_t room;                /* of items */
	size_t cap;                 /* entries at most */
	size_t bytes_left;          /* for keys */
	uint64_t refused;           /* how often an entry was asked for that was not kept */
	uint64_t seed;              /* nobody who chooses the names can choose where they fall */
};

/*
 * Make an empty table.
 *
 *   arena       where entries and keys live; must outlive the table
 *   entry_size  bytes of an entry, struct table_entry first
 *   cap         how many entries are kept at most
 */
void table_init(struct table *table, struct arena *arena, size_t entry_size, size_t cap) NONNULL;

/*
 * The entry of KEY, made of zeros when there is none yet.
 *
 * Returns NULL when there is none and the table is full; that is counted in `refused`. When memory is out the
 * program ends, as arena.h says.
 */
void *table_at(struct table *table, struct text key) NONNULL MUST_CHECK;

/* The entry of KEY, or NULL when there is none. */
void *table_find(const struct table *table, struct text key) NONNULL MUST_CHECK;

/* A copy of the pointers to all entries, to be sorted; owned by the caller, `count` of them. */
struct table_entry **table_copy(const struct table *table) NONNULL;

/* Free what is not in the arena. */
void table_free(struct table *table) NONNULL;
