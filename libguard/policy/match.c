/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names through the tries of an image; see match.h.
 */
#include "libguard/policy/match.h"

#include "libguard/core/glob.h"

#include <stdatomic.h>
#include <string.h>

struct walk {
	const struct policy *policy;
	struct match_nodes *to;
	struct text rest; /* of the name, from the component at hand on */
	void (*tail)(void *context, uint32_t refs);
	void *context;
	bool has_tails; /* some pattern was matched with all of the rest: what it said is in no node */
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

static bool has_bit(const uint64_t bits[4], unsigned number)
{
	return bits[number / 64] >> number % 64 & 1;
}

/* Try the globs whose key the component begins or ends with: each length there is, if its outer bytes are any key's. */
static void try_keys(struct walk *walk, const struct image_keys *keys, enum image_edge_kind kind, uint32_t number,
		     struct text component)
{
	const char *end = component.data + component.len;
	char outer = kind == EDGE_PREFIX ? component.data[0] : end[-1];

	if (!has_bit(keys->singles, (unsigned char)outer) &&
	    (component.len < 2 || !has_bit(keys->pairs, image_pair(outer, kind == EDGE_PREFIX ? component.data[1] : end[-2]))))
		return;
	for (unsigned i = 0; i < 4; i++)
		for (uint64_t rest = keys->lengths[i]; rest; rest &= rest - 1) {
			size_t len = i * 64 + (unsigned)__builtin_ctzll(rest);

			if (len == 0 || len > component.len)
				continue;
			try_globs(walk,
				  image_find(walk->policy, kind, number,
					     (struct text){kind == EDGE_PREFIX ? component.data : end - len, len}),
				  component);
		}
}

/* Globs are filed under the literal text they begin with, or else end with. */
static void try_globset(struct walk *walk, const struct image_node *node, uint32_t number, struct text component)
{
	const struct image_globset *set = image_globset(walk->policy, node->globset);

	try_keys(walk, &set->prefixes, EDGE_PREFIX, number, component);
	try_keys(walk, &set->suffixes, EDGE_SUFFIX, number, component);
	if (set->loose)
		try_globs(walk, set->loose, component);
}

static void try_tails(struct walk *walk, const struct image_node *node)
{
	struct image_span span = image_span(walk->policy, node->tails, &image_head(walk->policy)->globs);

	walk->has_tails = true;
	for (uint32_t i = 0; i < span.count; i++) {
		const struct image_glob *glob = image_glob(walk->policy, span.first + i);

		if (glob_match(image_string(walk->policy, glob->pattern), walk->rest))
			walk->tail(walk->context, glob->node);
	}
}

static void step(struct walk *walk, uint32_t number, struct text component, uint64_t hash)
{
	const struct image_node *node = image_node(walk->policy, number);

	if (node->is_stars)
		reach(walk, number);
	if (node->literals & image_literal_bit(hash))
		reach(walk, image_find_hashed(walk->policy, EDGE_LITERAL, number, component, hash));
	if (node->globset)
		try_globset(walk, node, number, component);
	if (node->tails)
		try_tails(walk, node);
}

/* Bytes before the slash of the last component; 0 when that is the first. */
static size_t directory_len(struct text name)
{
	const char *slash = memrchr(name.data, '/', name.len);

	return slash ? (size_t)(slash - name.data) : 0;
}

/* Go on from the trail if it leads to the directory of LEN bytes. */
static bool follow(const struct walk *walk, const struct policy_trail *trail, enum image_root root, const char *name,
		   size_t len)
{
	if (len == 0 || trail->len != len || trail->image != walk->policy->image || trail->root != root ||
	    memcmp(trail->directory, name, len) != 0)
		return false;
	walk->to->count = trail->count;
	memcpy(walk->to->at, trail->nodes, trail->count * sizeof trail->nodes[0]);
	return true;
}

/* Keep the nodes that are active behind the directory of LEN bytes; `len` is empty while the rest changes. */
static void keep(const struct walk *walk, struct policy_trail *trail, enum image_root root, const char *name, size_t len)
{
	const struct match_nodes *nodes = walk->to;

	if (nodes->overflow || nodes->count > ARRAY_LEN(trail->nodes) || len > sizeof trail->directory)
		return;
	trail->len = 0;
	atomic_signal_fence(memory_order_seq_cst);
	trail->image = walk->policy->image;
	trail->root = root;
	trail->count = nodes->count;
	memcpy(trail->nodes, nodes->at, nodes->count * sizeof trail->nodes[0]);
	memcpy(trail->directory, name, len);
	atomic_signal_fence(memory_order_seq_cst);
	trail->len = (uint32_t)len;
}

void match_walk(const struct policy *policy, enum image_root root, struct text name, struct policy_trail *trail,
		struct match_nodes *out, void (*tail)(void *context, uint32_t refs), void *context)
{
	struct match_nodes other;
	struct match_nodes *from = &other;
	struct walk walk = {policy, out, name, tail, context, false};
	size_t directory = trail ? directory_len(name) : 0;
	size_t at = 0;

	out->count = other.count = 0;
	out->overflow = other.overflow = false;
	if (trail && follow(&walk, trail, root, name.data, directory))
		at = directory;
	else
		reach(&walk, (uint32_t)root);
	for (bool followed = at > 0;; followed = false) {
		struct match_nodes *swap;
		struct text component;
		const char *slash;
		uint64_t hash;

		if (at == directory && at > 0 && !followed && !walk.has_tails)
			keep(&walk, trail, root, name.data, directory);
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
		hash = image_key_hash(component);
		for (unsigned i = 0; i < from->count; i++)
			step(&walk, from->at[i], component, hash);
		at += component.len;
	}
	if (walk.to != out) {
		out->count = walk.to->count;
		memcpy(out->at, walk.to->at, out->count * sizeof out->at[0]);
		out->overflow |= walk.to->overflow;
	}
}
