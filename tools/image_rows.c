/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows, strings, edges and nodes of an image in the making; see image_rows.h.
 */
#include "tools/image_rows.h"

#include <stdlib.h>
#include <string.h>

void *image_add_row(struct image_builder *b, struct vector *v)
{
	if (v->count == v->cap) {
		size_t cap = v->cap ? v->cap * 2 : 64;
		unsigned char *data = realloc(v->data, cap * v->row);

		if (!data) {
			b->failed = true;
			return NULL;
		}
		v->data = data;
		v->cap = cap;
	}
	memset(v->data + v->count * v->row, 0, v->row);
	return v->data + v->count++ * v->row;
}

void image_list_add(struct image_builder *b, struct list *list, uint32_t number)
{
	if (list->count > 0 && list->data[list->count - 1] == number)
		return;
	if (list->count == list->cap) {
		uint32_t cap = list->cap ? list->cap * 2 : 2;
		uint32_t *data = realloc(list->data, cap * sizeof *data);

		if (!data) {
			b->failed = true;
			return;
		}
		list->data = data;
		list->cap = cap;
	}
	list->data[list->count++] = number;
}

uint32_t image_add_string(struct image_builder *b, struct text text)
{
	size_t need = sizeof(uint32_t) + text.len + 1;
	uint32_t len = (uint32_t)text.len;
	uint32_t at = (uint32_t)b->strings.count;
	struct vector *v = &b->strings;

	if (v->count + need > v->cap) {
		size_t cap = (v->cap ? v->cap * 2 : 4096) + need;
		unsigned char *data = realloc(v->data, cap);

		if (!data) {
			b->failed = true;
			return 0;
		}
		v->data = data;
		v->cap = cap;
	}
	memcpy(v->data + at, &len, sizeof len);
	memcpy(v->data + at + sizeof len, text.data, text.len);
	v->data[at + need - 1] = '\0';
	v->count += need;
	return at;
}

struct text image_string_at(const struct image_builder *b, uint32_t at)
{
	uint32_t len;

	memcpy(&len, b->strings.data + at, sizeof len);
	return (struct text){(const char *)b->strings.data + at + sizeof len, len};
}

uint32_t image_add_node(struct image_builder *b, uint32_t parent)
{
	struct building_node *node = image_add_row(b, &b->nodes);

	if (!node)
		return 0;
	node->parent = parent;
	return (uint32_t)b->nodes.count - 1;
}

struct building_node *image_node_at(struct image_builder *b, uint32_t number)
{
	return ROW_AT(b->nodes, struct building_node, number);
}

void image_free_vector(struct vector *v)
{
	free(v->data);
}

static bool index_grow(struct image_builder *b)
{
	size_t size = b->index_size ? b->index_size * 2 : 1024;
	uint32_t *index = calloc(size, sizeof *index);

	if (!index) {
		b->failed = true;
		return false;
	}
	for (size_t i = 0; i < b->edges.count; i++) {
		size_t at = ROW_AT(b->edges, struct building_edge, i)->hash >> 1 & (size - 1);

		while (index[at])
			at = (at + 1) & (size - 1);
		index[at] = (uint32_t)i + 1;
	}
	free(b->index);
	b->index = index;
	b->index_size = size;
	return true;
}

struct building_edge *image_add_edge(struct image_builder *b, enum image_edge_kind kind, uint32_t owner, struct text key)
{
	uint32_t hash = image_edge_hash(kind, owner, image_key_hash(key));
	struct building_edge *found;
	size_t at;

	if (b->edges.count * 2 >= b->index_size && !index_grow(b))
		return NULL;
	for (at = hash >> 1 & (b->index_size - 1); b->index[at]; at = (at + 1) & (b->index_size - 1)) {
		struct text other;

		found = ROW_AT(b->edges, struct building_edge, b->index[at] - 1);
		other = image_string_at(b, found->key);
		if (found->hash == hash && found->owner == owner * 8 + kind && other.len == key.len &&
		    !memcmp(other.data, key.data, key.len))
			return found;
	}
	found = image_add_row(b, &b->edges);
	if (!found)
		return NULL;
	found->hash = hash;
	found->owner = owner * 8 + kind;
	found->key = image_add_string(b, key);
	b->index[at] = (uint32_t)b->edges.count;
	return found;
}

uint32_t image_span_from(struct image_builder *b, const struct vector *table, size_t first)
{
	struct image_span *span;

	if (table->count == first)
		return 0;
	span = image_add_row(b, &b->spans);
	if (!span)
		return 0;
	*span = (struct image_span){(uint32_t)first, (uint32_t)(table->count - first)};
	return (uint32_t)b->spans.count - 1;
}
