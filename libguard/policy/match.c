/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names through the tries of an image; see match.h.
 */
#include "libguard/policy/match.h"

#include "libguard/core/glob.h"

#include <string.h>

struct walk {
	const struct policy *policy;
	struct match_nodes *to;
	struct text rest; /* of the name, from the component at hand on */
	void (*tail)(void *context, uint32_t refs);
	void *context;
};

static void reach(struct walk *walk, uint32_t number)
{
	struct match_nodes *to = walk->to;
	uint32_t stars;

	if (number == 0)
		return;
	for (unsigned i = 0; i < to->count; i++)
		if (to->at[i] == number)
			return;
	if (to->count == IMAGE_ACTIVE_MAX) {
		to->overflow = true;
		return;
	}
	to->at[to->count++] = number;
	/* `**` stands for no component too. */
	stars = image_node(walk->policy, number)->stars;
	if (stars > number)
		reach(walk, stars);
}

static void try_globs(struct walk *walk, uint32_t globs, struct text component)
{
	struct image_span span = image_span(walk->policy, globs, &image_head(walk->policy)->globs);

	for (uint32_t i = 0; i < span.count; i++) {
		const struct image_glob *glob = image_glob(walk->policy, span.first + i);

		if (glob_match(image_string(walk->policy, glob->pattern), component))
			reach(walk, glob->node);
	}
}

/* Globs are filed under the literal text they begin with, or else end with: try each length there is. */
static void try_globset(struct walk *walk, const struct image_node *node, uint32_t number, struct text component)
{
	const struct image_globset *set = image_globset(walk->policy, node->globset);

	for (size_t len = 1; len <= component.len && len < 256; len++) {
		if (set->prefixes[len / 64] >> len % 64 & 1)
			try_globs(walk,
				  image_find(walk->policy, EDGE_PREFIX, number, (struct text){component.data, len}),
				  component);
		if (set->suffixes[len / 64] >> len % 64 & 1)
			try_globs(walk,
				  image_find(walk->policy, EDGE_SUFFIX, number,
					     (struct text){component.data + component.len - len, len}),
				  component);
	}
	try_globs(walk, set->loose, component);
}

static void try_tails(struct walk *walk, const struct image_node *node)
{
	struct image_span span = image_span(walk->policy, node->tails, &image_head(walk->policy)->globs);

	for (uint32_t i = 0; i < span.count; i++) {
		const struct image_glob *glob = image_glob(walk->policy, span.first + i);

		if (glob_match(image_string(walk->policy, glob->pattern), walk->rest))
			walk->tail(walk->context, glob->node);
	}
}

static void step(struct walk *walk, uint32_t number, struct text component)
{
	const struct image_node *node = image_node(walk->policy, number);

	if (node->is_stars)
		reach(walk, number);
	reach(walk, image_find(walk->policy, EDGE_LITERAL, number, component));
	if (node->globset)
		try_globset(walk, node, number, component);
	if (node->tails)
		try_tails(walk, node);
}

void match_walk(const struct policy *policy, enum image_root root, struct text name, struct match_nodes *out,
		void (*tail)(void *context, uint32_t refs), void *context)
{
	struct match_nodes other;
	struct match_nodes *from = &other;
	struct walk walk = {policy, out, name, tail, context};
	size_t at = 0;

	out->count = other.count = 0;
	out->overflow = other.overflow = false;
	reach(&walk, (uint32_t)root);
	for (;;) {
		struct match_nodes *swap;
		struct text component;
		const char *slash;

		while (at < name.len && name.data[at] == '/')
			at++;
		if (at == name.len)
			break;
		slash = memchr(name.data + at, '/', name.len - at);
		component.data = name.data + at;
		component.len = slash ? (size_t)(slash - component.data) : name.len - at;

		swap = from;
		from = walk.to;
		walk.to = swap;
		walk.to->count = 0;
		walk.to->overflow |= from->overflow;
		walk.rest = (struct text){component.data, name.len - at};
		for (unsigned i = 0; i < from->count; i++)
			step(&walk, from->at[i], component);
		at += component.len;
	}
	if (walk.to != out) {
		out->count = walk.to->count;
		memcpy(out->at, walk.to->at, out->count * sizeof out->at[0]);
		out->overflow |= walk.to->overflow;
	}
}
