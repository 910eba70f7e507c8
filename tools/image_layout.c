/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Laying out the image: nodes, globs and edges become the flat tables of
 * libguard/policy/image.h. The last step of image_build.h.
 */
#include "tools/image_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Tables of the image in the making. */
struct layout {
	struct vector nodes, globsets, globs, edges;
};

static uint32_t span_of(struct image_builder *b, const struct list *list)
{
	size_t first = b->refs.count;

	for (uint32_t i = 0; i < list->count; i++) {
		uint32_t *row = image_add_row(b, &b->refs);

		if (row)
			*row = list->data[i];
	}
	return image_span_from(b, &b->refs, first);
}

/* Literal bytes at the beginning or end of a component glob. */
static size_t literal_start(struct text glob)
{
	size_t len = strcspn(glob.data, "*?[\\");

	return len < glob.len ? len : glob.len;
}

static size_t literal_end(struct text glob)
{
	size_t at = glob.len;

	while (at > 0 && !strchr("*?[]\\", glob.data[at - 1]))
		at--;
	return glob.len - at;
}

struct filed_glob {
	enum image_edge_kind kind; /* EDGE_PREFIX, EDGE_SUFFIX, or 0 for loose */
	struct text key;
	struct image_glob glob;
};

static int compare_filed(const void *a, const void *b)
{
	const struct filed_glob *x = a, *y = b;
	size_t len = x->key.len < y->key.len ? x->key.len : y->key.len;
	int order;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	order = memcmp(x->key.data, y->key.data, len);
	if (order)
		return order;
	return x->key.len < y->key.len ? -1 : x->key.len > y->key.len;
}

static void file_glob(const struct image_builder *b, const struct building_glob *glob, struct filed_glob *out)
{
	struct text pattern = image_string_at(b, glob->pattern);
	size_t start = literal_start(pattern), end = literal_end(pattern);

	*out = (struct filed_glob){0, {pattern.data, 0}, {glob->pattern, glob->node}};
	if (start > 0 && start < 256) {
		out->kind = EDGE_PREFIX;
		out->key.len = start;
	} else if (end > 0 && end < 256) {
		out->kind = EDGE_SUFFIX;
		out->key = (struct text){pattern.data + pattern.len - end, end};
	}
}

static uint32_t add_globs(struct image_builder *b, struct layout *to, const struct filed_glob *filed, size_t count)
{
	size_t first = to->globs.count;

	for (size_t i = 0; i < count; i++) {
		struct image_glob *row = image_add_row(b, &to->globs);

		if (row)
			*row = filed[i].glob;
	}
	return image_span_from(b, &to->globs, first);
}

/* An edge made while laying out: added to the builder's, which are laid out last. */
static void add_span_edge(struct image_builder *b, enum image_edge_kind kind, uint32_t owner, struct text key,
			  uint32_t span)
{
	char copy[256];
	struct building_edge *e;

	/* The key lies among the strings, which grow. */
	memcpy(copy, key.data, key.len);
	e = image_add_edge(b, kind, owner, (struct text){copy, key.len});
	if (e)
		e->node = span;
}

static void set_bit(uint64_t bits[4], size_t number)
{
	bits[number / 64] |= UINT64_C(1) << number % 64;
}

static void note_key(struct image_globset *set, enum image_edge_kind kind, struct text key)
{
	struct image_keys *keys = kind == EDGE_PREFIX ? &set->prefixes : &set->suffixes;
	const char *last = key.data + key.len - 1;

	set_bit(keys->lengths, key.len);
	if (key.len == 1)
		set_bit(keys->singles, (unsigned char)*last);
	else if (kind == EDGE_PREFIX)
		set_bit(keys->pairs, image_pair(key.data[0], key.data[1]));
	else
		set_bit(keys->pairs, image_pair(last[0], last[-1]));
}

static uint32_t lay_globset(struct image_builder *b, struct layout *to, uint32_t number)
{
	const struct list *list = &image_node_at(b, number)->globs;
	struct filed_glob *filed;
	struct image_globset *set, made = {.loose = 0};

	if (list->count == 0)
		return 0;
	filed = calloc(list->count, sizeof *filed);
	set = image_add_row(b, &to->globsets);
	if (!filed || !set) {
		b->failed = true;
		free(filed);
		return 0;
	}
	for (uint32_t i = 0; i < list->count; i++)
		file_glob(b, ROW_AT(b->globs, struct building_glob, list->data[i]), &filed[i]);
	qsort(filed, list->count, sizeof *filed, compare_filed);
	for (uint32_t i = 0, next; i < list->count; i = next) {
		uint32_t span;

		for (next = i + 1; next < list->count && compare_filed(&filed[i], &filed[next]) == 0; next++)
			;
		span = add_globs(b, to, filed + i, next - i);
		if (!filed[i].kind) {
			made.loose = span;
			continue;
		}
		note_key(&made, filed[i].kind, filed[i].key);
		/* Adding an edge adds its key, which may move the strings that the other keys lie in. */
		add_span_edge(b, filed[i].kind, number, filed[i].key, span);
		for (uint32_t k = next; k < list->count; k++) {
			struct text pattern = image_string_at(b, filed[k].glob.pattern);

			filed[k].key.data = filed[k].kind == EDGE_SUFFIX ? pattern.data + pattern.len - filed[k].key.len
									 : pattern.data;
		}
	}
	free(filed);
	*ROW_AT(to->globsets, struct image_globset, to->globsets.count - 1) = made;
	return (uint32_t)to->globsets.count - 1;
}

static uint32_t lay_tails(struct image_builder *b, struct layout *to, const struct list *list)
{
	size_t first;
	struct image_glob *rows = calloc(list->count ? list->count : 1, sizeof *rows);

	if (!rows) {
		b->failed = true;
		return 0;
	}
	for (uint32_t i = 0; i < list->count; i++) {
		const struct building_glob *glob = ROW_AT(b->globs, struct building_glob, list->data[i]);

		rows[i] = (struct image_glob){glob->pattern, span_of(b, &glob->refs)};
	}
	first = to->globs.count;
	for (uint32_t i = 0; i < list->count; i++) {
		struct image_glob *row = image_add_row(b, &to->globs);

		if (row)
			*row = rows[i];
	}
	free(rows);
	return image_span_from(b, &to->globs, first);
}

static void lay_node(struct image_builder *b, struct layout *to, uint32_t number)
{
	const struct building_node *node = image_node_at(b, number);
	struct image_node made = {.literals = node->literals, .stars = node->stars, .is_stars = node->is_stars};
	struct image_node *row = image_add_row(b, &to->nodes);

	made.refs = span_of(b, &node->refs);
	made.globset = lay_globset(b, to, number);
	made.tails = lay_tails(b, to, &node->tails);
	if (row)
		*row = made;
}

/* What is denied below each node: children come after their parents, so from the last to the first. */
static void lay_below(const struct image_builder *b, struct layout *to)
{
	for (size_t i = b->nodes.count; i-- > ROOT_COUNT + 1;) {
		const struct building_node *node = ROW_AT(b->nodes, struct building_node, i);
		const struct image_node *row = ROW_AT(to->nodes, struct image_node, i);
		struct image_node *parent = ROW_AT(to->nodes, struct image_node, node->parent);
		verb_set denied = node->own | row->below;
		uint32_t rule = node->own ? node->own_rule : row->below_rule;

		/* Below `**` anything may lie, or nothing: only a rule that ends there speaks for its directory. */
		if (node->is_stars)
			continue;
		if (node->stars && ROW_AT(b->nodes, struct building_node, node->stars)->own) {
			denied |= ROW_AT(b->nodes, struct building_node, node->stars)->own;
			rule = ROW_AT(b->nodes, struct building_node, node->stars)->own_rule;
		}
		if (denied && !parent->below)
			parent->below_rule = rule;
		parent->below |= denied;
	}
}

static void lay_edges(struct image_builder *b, struct layout *to)
{
	size_t size = 16;

	while (size < b->edges.count * 2)
		size *= 2;
	to->edges.data = calloc(size, to->edges.row);
	to->edges.count = size;
	if (!to->edges.data) {
		b->failed = true;
		return;
	}
	for (size_t i = 0; i < b->edges.count; i++) {
		const struct building_edge *e = ROW_AT(b->edges, struct building_edge, i);
		uint32_t value = e->refs.count ? span_of(b, &e->refs) : e->node;
		size_t at = e->hash >> 1 & (size - 1);

		while (ROW_AT(to->edges, struct image_edge, at)->hash)
			at = (at + 1) & (size - 1);
		*ROW_AT(to->edges, struct image_edge, at) = (struct image_edge){e->hash, e->owner, e->key, value};
	}
}

static int compare_twins(const void *a, const void *b)
{
	const struct image_twin *x = a, *y = b;

	return (x->size > y->size) - (x->size < y->size);
}

struct part {
	struct image_table *table;
	const void *data;
	size_t count, row;
};

static int write_image(const struct part *parts, size_t count, struct image_head *head, unsigned char **image, size_t *size)
{
	size_t at = (sizeof *head + 7) & ~(size_t)7;
	size_t from = offsetof(struct image_head, checksum) + sizeof head->checksum;

	for (size_t i = 0; i < count; i++) {
		*parts[i].table = (struct image_table){(uint32_t)at, (uint32_t)parts[i].count};
		at = (at + parts[i].count * parts[i].row + 7) & ~(size_t)7;
	}
	if (at > UINT32_MAX)
		return -ENOMEM;
	head->size = at;
	*image = calloc(1, at);
	if (!*image)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (parts[i].count)
			memcpy(*image + parts[i].table->at, parts[i].data, parts[i].count * parts[i].row);
	memcpy(*image, head, sizeof *head);
	head->checksum = image_checksum(*image + from, at - from);
	memcpy(*image, head, sizeof *head);
	*size = at;
	return 0;
}

int image_builder_finish(struct image_builder *b, const struct image_setting *setting, unsigned char **image, size_t *size)
{
	struct layout to = {
		.nodes.row = sizeof(struct image_node),
		.globsets.row = sizeof(struct image_globset),
		.globs.row = sizeof(struct image_glob),
		.edges.row = sizeof(struct image_edge),
	};
	struct image_head head;
	uint32_t hints[VERB_COUNT];
	int error = -ENOMEM;

	for (unsigned v = 0; v < VERB_COUNT; v++)
		hints[v] = setting->hints[v]
				   ? image_add_string(b, (struct text){setting->hints[v], strlen(setting->hints[v])})
				   : 0;
	if (b->twins.count > 0)
		qsort(b->twins.data, b->twins.count, b->twins.row, compare_twins);
	image_add_row(b, &to.globsets); /* row 0: none */
	for (size_t i = 0; i < b->nodes.count; i++)
		lay_node(b, &to, (uint32_t)i);
	lay_edges(b, &to);
	if (!b->failed) {
		struct part parts[] = {
#define PART(name, from) {&head.name, (from).data, (from).count, (from).row}
			PART(rules, b->rules),   PART(nodes, to.nodes),	 PART(globsets, to.globsets),
			PART(globs, to.globs),	 PART(edges, to.edges),	 PART(spans, b->spans),
			PART(refs, b->refs),	 PART(words, b->words),	 PART(excepts, b->excepts),
			PART(ports, b->ports),	 PART(strings, b->strings),
			PART(twins, b->twins),
#undef PART
			{&head.labels, b->labels, b->label_count, sizeof b->labels[0]},
		};

		lay_below(b, &to);
		memset(&head, 0, sizeof head); /* padding too: it is checksummed */
		head.magic = IMAGE_MAGIC;
		head.version = IMAGE_VERSION;
		head.counters = b->counters;
		head.mode = (uint8_t)setting->mode;
		for (int i = 0; i < SECTION_COUNT; i++)
			head.defaults[i] = (uint8_t)setting->defaults[i];
		head.hides = b->hides;
		head.environment = b->environment;
		head.log_required = setting->log.required;
		head.log_reads = setting->log.reads;
		head.log_stacks = setting->log.stacks;
		head.log_native = setting->log.native;
		head.kernel_trust = setting->kernel.trust;
		head.kernel_supervisor = setting->kernel.supervisor;
		head.kernel_filter = setting->kernel.filter;
		head.kernel_landlock = setting->kernel.landlock;
		memcpy(head.range_bits, b->range_bits, sizeof head.range_bits);
		memcpy(head.hints, hints, sizeof hints);
		error = write_image(parts, ARRAY_LEN(parts), &head, image, size);
	}
	image_free_vector(&to.nodes);
	image_free_vector(&to.globsets);
	image_free_vector(&to.globs);
	image_free_vector(&to.edges);
	return error;
}
