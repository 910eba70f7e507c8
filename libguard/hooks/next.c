/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions behind ours; see next.h.
 *
 * Reads the loader's list of objects without its lock. Objects behind us that a
 * program started with never leave that list, and later ones are only added at
 * its end, past libc, where the search has stopped.
 */
#include "libguard/hooks/next.h"

#include <elf.h>
#include <string.h>

#define HIDDEN_VERSION 0x8000

void *_Atomic next_functions[HOOK_COUNT];

struct table {
	const ElfW(Sym) *symbols;
	const char *strings;
	const uint32_t *hash;     /* DT_GNU_HASH */
	const uint16_t *versions; /* DT_VERSYM, or NULL */
	ElfW(Addr) base;
};

/* The loader has added the base to these addresses, but for objects whose dynamic section it cannot write. */
static const void *address(const struct link_map *object, ElfW(Addr) value)
{
	return (const void *)(value < object->l_addr ? value + object->l_addr : value);
}

static bool read_table(const struct link_map *object, struct table *out)
{
	*out = (struct table){.base = object->l_addr};
	for (const ElfW(Dyn) *at = object->l_ld; at && at->d_tag != DT_NULL; at++) {
		if (at->d_tag == DT_SYMTAB)
			out->symbols = address(object, at->d_un.d_ptr);
		else if (at->d_tag == DT_STRTAB)
			out->strings = address(object, at->d_un.d_ptr);
		else if (at->d_tag == DT_GNU_HASH)
			out->hash = address(object, at->d_un.d_ptr);
		else if (at->d_tag == DT_VERSYM)
			out->versions = address(object, at->d_un.d_ptr);
	}
	return out->symbols && out->strings && out->hash;
}

static uint32_t hash_of(const char *name)
{
	uint32_t hash = 5381;

	for (; *name; name++)
		hash = hash * 33 + (unsigned char)*name;
	return hash;
}

static void *value_of(const struct table *table, const ElfW(Sym) *symbol)
{
	uintptr_t value = (uintptr_t)(table->base + symbol->st_value);

	if (ELF64_ST_TYPE(symbol->st_info) == STT_GNU_IFUNC)
		return ((void *(*)(void))value)();
	return (void *)value;
}

/* Of several versions the default one counts; one that has no default (kept for old programs) counts as itself. */
static void *find_in(const struct table *table, const char *name, uint32_t hash)
{
	uint32_t bucket_count = table->hash[0], first = table->hash[1], bloom_size = table->hash[2], shift = table->hash[3];
	const ElfW(Addr) *bloom = (const void *)(table->hash + 4);
	const uint32_t *buckets = (const void *)(bloom + bloom_size);
	const uint32_t *chain = buckets + bucket_count;
	const unsigned bits = 8 * sizeof *bloom;
	ElfW(Addr) word = bloom[hash / bits % bloom_size];
	void *hidden = NULL;

	if (!(word >> hash % bits & word >> (hash >> shift) % bits & 1))
		return NULL;
	for (uint32_t i = buckets[hash % bucket_count]; i >= first; i++) {
		uint32_t other = chain[i - first];
		const ElfW(Sym) *symbol = &table->symbols[i];

		if ((other | 1) == (hash | 1) && symbol->st_shndx != SHN_UNDEF &&
		    strcmp(table->strings + symbol->st_name, name) == 0) {
			if (!table->versions || !(table->versions[i] & HIDDEN_VERSION))
				return value_of(table, symbol);
			hidden = value_of(table, symbol);
		}
		if (other & 1)
			break;
	}
	return hidden;
}

bool next_is_libc(const struct link_map *object)
{
	const char *last = strrchr(object->l_name, '/');

	return strcmp(last ? last + 1 : object->l_name, "libc.so.6") == 0;
}

static void *search(const struct link_map *object, const char *name)
{
	uint32_t hash = hash_of(name);

	for (; object; object = object->l_next) {
		struct table table;
		void *found = read_table(object, &table) ? find_in(&table, name, hash) : NULL;

		if (found || next_is_libc(object))
			return found;
	}
	return NULL;
}

/* _DYNAMIC is each object's own name for its dynamic section. */
static const struct link_map *ourselves(void)
{
	const struct link_map *object = _r_debug.r_map;

	while (object && object->l_ld != _DYNAMIC)
		object = object->l_next;
	return object;
}

void *next_find(const char *name)
{
	const struct link_map *own = ourselves();

	return search(own ? own->l_next : _r_debug.r_map, name);
}

void *next_find_behind(const struct link_map *object, const char *name)
{
	return search(object->l_next, name);
}

void *next_find_ours(const char *name)
{
	const struct link_map *own = ourselves();
	struct table table;

	if ((uintptr_t)name < 4096 || !own || !read_table(own, &table))
		return NULL;
	return find_in(&table, name, hash_of(name));
}
