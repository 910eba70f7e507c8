/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From patterns to the nodes of the trie; see image_trie.h.
 */
#include "tools/image_trie.h"

#include <errno.h>
#include <string.h>

static uint32_t child_by_literal(struct image_builder *b, uint32_t parent, struct text component)
{
	struct building_edge *e = image_add_edge(b, EDGE_LITERAL, parent, component);
	size_t number;

	if (!e)
		return 0;
	if (e->node)
		return e->node;
	number = (size_t)(e - ROW_AT(b->edges, struct building_edge, 0));
	uint32_t node = image_add_node(b, parent);
	ROW_AT(b->edges, struct building_edge, number)->node = node;
	if (node)
		image_node_at(b, parent)->literals |= image_literal_bit(image_key_hash(component));
	return node;
}

static uint32_t child_by_stars(struct image_builder *b, uint32_t parent)
{
	uint32_t node;

	if (image_node_at(b, parent)->is_stars)
		return parent; /* "**" after "**" adds nothing */
	if (image_node_at(b, parent)->stars)
		return image_node_at(b, parent)->stars;
	node = image_add_node(b, parent);
	if (node) {
		image_node_at(b, node)->is_stars = true;
		image_node_at(b, parent)->stars = node;
	}
	return node;
}

/* The row of a glob among those of a node, made if there is none. */
static struct building_glob *glob_among(struct image_builder *b, struct list *list, struct text pattern)
{
	struct building_glob *glob;

	for (uint32_t i = 0; i < list->count; i++) {
		struct text other;

		glob = ROW_AT(b->globs, struct building_glob, list->data[i]);
		other = image_string_at(b, glob->pattern);
		if (other.len == pattern.len && !memcmp(other.data, pattern.data, pattern.len))
			return glob;
	}
	glob = image_add_row(b, &b->globs);
	if (!glob)
		return NULL;
	glob->pattern = image_add_string(b, pattern);
	image_list_add(b, list, (uint32_t)b->globs.count - 1);
	return glob;
}

/*
 * A node with very many globs makes looking for an equal one slow: the last few are enough, since equal patterns
 * come from neighbouring rules; a second row for the same pattern costs a little time and no correctness.
 */
static uint32_t child_by_glob(struct image_builder *b, uint32_t parent, struct text pattern)
{
	struct list *globs = &image_node_at(b, parent)->globs;
	struct building_glob *glob;
	uint32_t near = globs->count > 32 ? globs->count - 32 : 0;
	uint32_t node;

	for (uint32_t i = near; i < globs->count; i++) {
		struct text other;

		glob = ROW_AT(b->globs, struct building_glob, globs->data[i]);
		other = image_string_at(b, glob->pattern);
		if (other.len == pattern.len && !memcmp(other.data, pattern.data, pattern.len))
			return glob->node;
	}
	node = image_add_node(b, parent); /* may move the nodes */
	glob = image_add_row(b, &b->globs);
	if (!node || !glob)
		return 0;
	glob->pattern = image_add_string(b, pattern);
	glob->node = node;
	image_list_add(b, &image_node_at(b, parent)->globs, (uint32_t)b->globs.count - 1);
	return node;
}

static bool has_stars(struct text text)
{
	for (size_t i = 0; i + 1 < text.len; i++) {
		if (text.data[i] == '\\')
			i++;
		else if (text.data[i] == '*' && text.data[i + 1] == '*')
			return true;
	}
	return false;
}

/* "\*" is a literal star: take the backslashes out of a component that has no other meaning. False: it is a glob. */
static bool unescape(struct text component, char out[PATTERN_MAX], size_t *len)
{
	*len = 0;
	for (size_t i = 0; i < component.len; i++) {
		char c = component.data[i];

		if (c == '*' || c == '?' || c == '[')
			return false;
		if (c == '\\' && i + 1 < component.len)
			c = component.data[++i];
		out[(*len)++] = c;
	}
	return true;
}

int image_trie_add(struct image_builder *b, enum image_root root, const char *pattern, uint32_t rule, verb_set denies)
{
	uint32_t node = (uint32_t)root;
	const char *at = pattern;

	if (strlen(pattern) >= PATTERN_MAX)
		return -E2BIG;
	if (*pattern != '/' && root != ROOT_ABSTRACT && strncmp(pattern, "**/", 3) != 0)
		node = child_by_stars(b, node);
	while (*at && !b->failed) {
		char literal[PATTERN_MAX];
		struct text component;
		size_t len;

		at += strspn(at, "/");
		component = (struct text){at, strcspn(at, "/")};
		if (component.len == 0)
			break;
		if (component.len == 2 && !memcmp(at, "**", 2)) {
			node = child_by_stars(b, node);
		} else if (unescape(component, literal, &len)) {
			node = child_by_literal(b, node, (struct text){literal, len});
		} else if (has_stars(component)) {
			struct building_glob *tail = glob_among(b, &image_node_at(b, node)->tails, text_of(at));

			if (tail)
				image_list_add(b, &tail->refs, rule);
			return b->failed ? -ENOMEM : 0;
		} else {
			node = child_by_glob(b, node, component);
		}
		at += component.len;
	}
	if (b->failed)
		return -ENOMEM;
	image_list_add(b, &image_node_at(b, node)->refs, rule);
	if (denies && !image_node_at(b, node)->own) {
		image_node_at(b, node)->own = denies;
		image_node_at(b, node)->own_rule = rule;
	}
	image_node_at(b, node)->own |= denies;
	return 0;
}
