/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A capped hash table with open addressing; see table.h.
 */
#include "tools/table.h"

#include "tools/cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define SLOTS_FIRST 256
#define KEY_BYTES (48u << 20) /* of all keys of one table */

static void *grow(void *memory, size_t count, size_t size)
{
	void *larger = reallocarray(memory, count, size);

	if (!larger) {
		fputs("guardctl: out of memory\n", stderr);
		exit(EXIT_GUARD);
	}
	return larger;
}

void table_init(struct table *table, struct arena *arena, size_t entry_size, size_t cap)
{
	*table = (struct table){.arena = arena, .entry_size = entry_size, .cap = cap, .bytes_left = KEY_BYTES};
	if (getrandom(&table->seed, sizeof table->seed, GRND_NONBLOCK) < 0)
		table->seed = (uint64_t)(uintptr_t)table;
}

/* The product of two halves folded into one: every bit of both reaches every bit of the result. */
static uint64_t mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash_of(struct text key, uint64_t seed)
{
	uint64_t hash = seed ^ key.len;
	uint64_t word;

	for (; key.len >= sizeof word; key.data += sizeof word, key.len -= sizeof word) {
		memcpy(&word, key.data, sizeof word);
		hash = mix(hash ^ word, seed ^ 0x9e3779b97f4a7c15ull);
	}
	word = 0;
	memcpy(&word, key.data, key.len);
	return mix(hash ^ word, seed ^ 0xd6e8feb86659fd93ull);
}

static void place(struct table *table, size_t number)
{
	size_t at = table->items[number]->hash & (table->slot_count - 1);

	while (table->slots[at])
		at = (at + 1) & (table->slot_count - 1);
	table->slots[at] = (uint32_t)number + 1;
}

static void make_room(struct table *table)
{
	if (table->count == table->room) {
		table->room = table->room ? 2 * table->room : SLOTS_FIRST;
		table->items = grow(table->items, table->room, sizeof(struct table_entry *));
	}
	if (4 * table->count < 3 * table->slot_count)
		return;
	table->slot_count = table->slot_count ? 2 * table->slot_count : SLOTS_FIRST;
	table->slots = grow(table->slots, table->slot_count, sizeof *table->slots);
	memset(table->slots, 0, table->slot_count * sizeof *table->slots);
	for (size_t i = 0; i < table->count; i++)
		place(table, i);
}

static struct table_entry *find(const struct table *table, struct text key, uint64_t hash)
{
	size_t mask = table->slot_count - 1;

	if (!table->slot_count)
		return NULL;
	for (size_t at = hash & mask; table->slots[at]; at = (at + 1) & mask) {
		struct table_entry *entry = table->items[table->slots[at] - 1];

		if (entry->hash == hash && entry->key.len == key.len && !memcmp(entry->key.data, key.data, key.len))
			return entry;
	}
	return NULL;
}

void *table_at(struct table *table, struct text key)
{
	uint64_t hash = hash_of(key, table->seed);
	struct table_entry *entry = find(table, key, hash);

	if (entry)
		return entry;
	if (table->count == table->cap || key.len > table->bytes_left) {
		table->refused++;
		return NULL;
	}
	make_room(table);
	entry = arena_take(table->arena, table->entry_size);
	entry->key = (struct text){arena_text(table->arena, key.data, key.len), key.len};
	entry->hash = hash;
	table->bytes_left -= key.len;
	table->items[table->count] = entry;
	place(table, table->count++);
	return entry;
}

void *table_find(const struct table *table, struct text key)
{
	return find(table, key, hash_of(key, table->seed));
}

struct table_entry **table_copy(const struct table *table)
{
	struct table_entry **copy = grow(NULL, table->count + 1, sizeof(struct table_entry *));

	if (table->count)
		memcpy(copy, table->items, table->count * sizeof(struct table_entry *));
	return copy;
}

void table_free(struct table *table)
{
	free(table->items);
	free(table->slots);
	*table = (struct table){0};
}
