/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an image is made of while it is being made: tables that grow, and lists
 * that hang on nodes and edges until they are laid out.
 *
 * For image_build.c, image_trie.c and image_layout.c. When memory is out,
 * builder->failed is set and nothing counts any more: who builds asks once.
 */
#pragma once

#include "libguard/policy/image.h"
#include "tools/image_build.h"

#include <string.h>

#define PATTERN_MAX 4096 /* bytes of a pattern */

/* A table that grows; rows of one size. */
struct vector {
	unsigned char *data;
	size_t count, cap, row;
};

/* Numbers that hang on a node or an edge until the image is laid out: a list in the order of adding. */
struct list {
	uint32_t *data;
	uint32_t count, cap;
};

struct building_node {
	struct list refs;   /* rules */
	struct list globs;  /* rows of builder->globs */
	struct list tails;  /* the same; their `node` is a row of tail_refs */
	uint32_t stars;
	uint32_t parent;
	uint64_t literals; /* as image_node has it */
	bool is_stars;
	verb_set own; /* verbs that rules without conditions deny here */
	uint32_t own_rule;
};

struct building_glob {
	uint32_t pattern; /* string */
	uint32_t node;
	struct list refs; /* of a tail */
};

struct building_edge {
	uint32_t hash, owner, key;
	uint32_t node;    /* EDGE_LITERAL */
	struct list refs; /* EDGE_HOST, EDGE_DOMAIN, EDGE_RANGE */
};

struct image_builder {
	struct vector rules, nodes, globs, edges, words, excepts, ports, strings, spans, refs, twins;
	uint32_t *index; /* edges by hash, open addressing; number + 1 */
	size_t index_size;
	uint64_t counters;
	uint64_t range_bits[3];
	bool hides, environment;
	bool failed; /* memory was out once: nothing counts any more */
	uint32_t labels[64];
	unsigned label_count;
	char *label_names[64];
};

#define ROW_AT(vector, type, number) (&((type *)(void *)(vector).data)[number])

static inline struct text text_of(const char *string)
{
	return (struct text){string ? string : "", string ? strlen(string) : 0};
}

/* A new row of zeros, or NULL when memory is out. It may move the rows before it. */
void *image_add_row(struct image_builder *builder, struct vector *vector) NONNULL;

void image_free_vector(struct vector *vector) NONNULL;

/* Add NUMBER unless it is the last one already. */
void image_list_add(struct image_builder *builder, struct list *list, uint32_t number) NONNULL;

/* Keep a string; where it lies is what rows refer to. It may move the strings before it. */
uint32_t image_add_string(struct image_builder *builder, struct text text) NONNULL;

/* The string at a place that image_add_string gave; valid until the next one is added. */
struct text image_string_at(const struct image_builder *builder, uint32_t at) NONNULL;

/* A new node below PARENT, or 0. It may move the nodes before it. */
uint32_t image_add_node(struct image_builder *builder, uint32_t parent) NONNULL;

struct building_node *image_node_at(struct image_builder *builder, uint32_t number) NONNULL;

/* The edge of that kind, owner and key; made if there is none. NULL when memory is out. */
struct building_edge *image_add_edge(struct image_builder *builder, enum image_edge_kind kind, uint32_t owner,
				     struct text key) NONNULL;

/* A span of rows that were added to TABLE from FIRST on; 0 when there are none. */
uint32_t image_span_from(struct image_builder *builder, const struct vector *table, size_t first) NONNULL;
