/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories of a draft whose names were read in number: they are allowed as
 * they are, so that the next run may read its neighbour.
 *
 * Only what is read or loaded spreads, never what changes something.
 */
#include "tools/draft.h"

#include <stdlib.h>
#include <string.h>

#define NAMES_LEAST	5 /* different names of a directory that allow the others */
#define BELOW_LEAST	3 /* directories in a directory, all of whose names are allowed, that allow what is below */
#define DIRECTORIES_MAX 100000

struct directory {
	struct table_entry entry; /* its key is the name */
	size_t names, wide;	  /* children with the verb; those that are "DIRECTORY/" + "*" */
	uint64_t count;
	uint32_t runs;
	unsigned depth;
	bool spreads, deep; /* "/" + "*" is allowed; all below is */
};

static const char *parent_end(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash && slash > name ? slash : NULL;
}

static unsigned depth_of(struct text name)
{
	unsigned depth = 0;

	for (size_t i = 0; i < name.len; i++)
		depth += name.data[i] == '/';
	return depth;
}

/* Never a place that holds workspaces or homes, never the top of the system or of a home. */
static bool may_spread(const struct draft *draft, struct text name)
{
	static const char workspace[] = "${WORKSPACE}";

	if (name.len >= strlen(workspace) && !memcmp(name.data, workspace, strlen(workspace)))
		return true;
	if (name.len > 0 && name.data[0] == '~')
		return depth_of(name) >= 2;
	for (size_t i = 0; i < draft->places.count; i++) {
		const char *place = draft->places.items[i];

		if (strlen(place) >= name.len && !memcmp(place, name.data, name.len))
			return false;
	}
	return depth_of(name) >= 3;
}

static bool takes_part(const struct draft_item *item, verb_set verb)
{
	return item->section == SECTION_FILES && !*item->by && (item->verbs & verb) && parent_end(item->name);
}

static struct directory *directory_of(struct table *directories, const char *name)
{
	const char *end = parent_end(name);
	struct text key = {name, end ? (size_t)(end - name) : 0};
	struct directory *directory = key.len ? table_at(directories, key) : NULL;

	if (directory)
		directory->depth = depth_of(directory->entry.key);
	return directory;
}

static int deepest_first(const void *left, const void *right)
{
	const struct directory *a = *(const struct directory *const *)left,
			       *b = *(const struct directory *const *)right;

	return a->depth > b->depth ? -1 : a->depth < b->depth;
}

static bool may_hold(struct draft *draft, const struct draft_limit *limit, verb_set verb,
		     const struct directory *directory, const char *wildcard)
{
	const struct draft_item item = {.section = SECTION_FILES, .word = "path", .by = "", .verbs = verb};

	return limit->allows(limit->context, &item,
			     arena_format(&draft->arena, "%.*s/%s", (int)directory->entry.key.len,
					  directory->entry.key.data, wildcard));
}

static void count(struct draft *draft, const struct draft_limit *limit, verb_set verb, struct table *directories)
{
	struct table_entry **sorted;

	for (size_t i = 0; i < draft->items.count; i++) {
		struct draft_item *item = (struct draft_item *)draft->items.items[i];
		struct directory *directory = takes_part(item, verb) ? directory_of(directories, item->name) : NULL;

		if (!directory)
			continue;
		directory->names += item->names;
		directory->count += item->count;
		directory->runs |= item->runs;
	}
	/* Also the directories that hold only directories. */
	for (size_t i = 0; i < directories->count; i++)
		directory_of(directories, arena_text(&draft->arena, directories->items[i]->key.data,
						     directories->items[i]->key.len));
	sorted = table_copy(directories);
	if (directories->count > 1)
		qsort(sorted, directories->count, sizeof *sorted, deepest_first);
	for (size_t i = 0; i < directories->count; i++) {
		struct directory *directory = (struct directory *)sorted[i], *above;

		if (!may_spread(draft, directory->entry.key))
			continue;
		directory->deep = directory->wide >= BELOW_LEAST && may_hold(draft, limit, verb, directory, "**");
		directory->spreads = directory->deep ||
				     (directory->names >= NAMES_LEAST && may_hold(draft, limit, verb, directory, "*"));
		above = directory_of(directories, directory->entry.key.data);
		if (above && directory->spreads) {
			above->wide++;
			above->runs |= directory->runs;
		}
	}
	free(sorted);
}

/* The widest directory that allows NAME, or NULL. */
static struct directory *allowing(const struct table *directories, const char *name)
{
	const char *end = parent_end(name);
	struct directory *found = NULL;
	bool own = true;

	for (size_t len = end ? (size_t)(end - name) : 0; len > 0; own = false) {
		struct directory *directory = table_find(directories, (struct text){name, len});
		const char *slash;

		if (directory && (directory->deep || (own && directory->spreads)))
			found = directory;
		slash = memrchr(name, '/', len);
		len = slash ? (size_t)(slash - name) : 0;
	}
	return found;
}

static void spread(struct draft *draft, const struct draft_limit *limit, verb_set verb)
{
	size_t items = draft->items.count;
	struct table directories;

	table_init(&directories, &draft->arena, sizeof(struct directory), DIRECTORIES_MAX);
	count(draft, limit, verb, &directories);
	for (size_t i = 0; i < items; i++) {
		struct draft_item *item = (struct draft_item *)draft->items.items[i], *wide;
		struct directory *directory = takes_part(item, verb) ? allowing(&directories, item->name) : NULL;
		const char *name, *key;

		if (!directory)
			continue;
		name = arena_format(&draft->arena, "%.*s/%s", (int)directory->entry.key.len, directory->entry.key.data,
				    directory->deep ? "**" : "*");
		key = arena_format(&draft->arena, "spread\n%s", name);
		wide = table_at(&draft->items, (struct text){key, strlen(key)});
		if (!wide)
			continue;
		wide->section = SECTION_FILES;
		wide->word = "path";
		wide->name = wide->exact = name;
		wide->by = "";
		wide->verbs |= verb;
		wide->names += item->names;
		wide->count += item->count;
		wide->runs |= item->runs;
		item->verbs &= ~verb;
	}
	table_free(&directories);
}

/* What is the same in several runs does not change from run to run, whatever it looks like. */
static const char *settled(struct draft *draft, const char *name, const char *exact)
{
	const char *pattern = name, *pattern_end, *exact_end, *out = "";

	for (; *pattern && *exact; pattern = pattern_end, exact = exact_end) {
		const struct draft_part *part;

		pattern_end = draft_component(pattern);
		exact_end = draft_component(exact);
		part = table_find(&draft->parts, (struct text){name, (size_t)(pattern_end - name)});
		if (part && !part->differs && part->runs & (part->runs - 1))
			out = arena_format(&draft->arena, "%s%s", out, part->exact);
		else
			out = arena_format(&draft->arena, "%s%.*s", out, (int)(pattern_end - pattern), pattern);
	}
	return out;
}

/* A pattern that may not be allowed gives way to the names behind it. */
static void narrow(struct draft *draft, const struct draft_limit *limit)
{
	size_t names = draft->names.count;

	for (size_t i = 0; i < draft->items.count; i++) {
		struct draft_item *item = (struct draft_item *)draft->items.items[i];

		item->narrow = item->name != item->exact && strcmp(item->name, item->exact) != 0 &&
			       !limit->allows(limit->context, item, item->name);
	}
	for (size_t i = 0; i < names; i++) {
		const struct draft_name *name = (const struct draft_name *)draft->names.items[i];
		struct draft_item *item = name->item, *one;
		const char *key;

		if (!item || !item->narrow)
			continue;
		key = arena_format(&draft->arena, "narrow\n%.*s", (int)name->entry.key.len, name->entry.key.data);
		one = table_at(&draft->items, (struct text){key, strlen(key)});
		if (!one) {
			draft->lost++;
			continue;
		}
		*one = (struct draft_item){.entry = one->entry,
					   .section = item->section,
					   .word = item->word,
					   .name = name->exact,
					   .exact = name->exact,
					   .by = item->by,
					   .words = item->words,
					   .verbs = item->verbs,
					   .count = item->count,
					   .names = 1,
					   .runs = item->runs,
					   .ports = item->ports,
					   .calls = item->calls,
					   .any_call = item->any_call};
	}
	for (size_t i = 0; i < draft->items.count; i++)
		if (((struct draft_item *)draft->items.items[i])->narrow)
			((struct draft_item *)draft->items.items[i])->verbs = 0;
}

/* Ports that the kernel drew are others in the next run. */
static void widen_ports(struct draft *draft, struct draft_item *item)
{
	struct text address = {item->name, strlen(item->name)};
	struct words fixed = {0};
	size_t drawn = 0;

	for (size_t i = 0; i < item->ports.count; i++) {
		if (stable_is_drawn(address, (uint16_t)strtoul(item->ports.items[i], NULL, 10)))
			drawn++;
		else
			words_add(&draft->arena, &fixed, item->ports.items[i]);
	}
	if (drawn < 2)
		return;
	words_add(&draft->arena, &fixed, arena_format(&draft->arena, "%d-%d", STABLE_PORT_FIRST, UINT16_MAX));
	item->ports = fixed;
}

void draft_spread(struct draft *draft, const struct draft_limit *limit)
{
	for (size_t i = 0; i < draft->items.count; i++) {
		struct draft_item *item = (struct draft_item *)draft->items.items[i];

		if (item->name != item->exact)
			item->name = settled(draft, item->name, item->exact);
		if (limit->ports && item->section == SECTION_NETWORK)
			widen_ports(draft, item);
	}
	narrow(draft, limit);
	spread(draft, limit, VERB_SET(READ));
	spread(draft, limit, VERB_SET(LOAD));
}
