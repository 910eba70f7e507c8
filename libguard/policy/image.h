/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The layout of a policy image.
 *
 * A head, then tables of fixed-size rows. Rows name each other by number and
 * strings by offset, so an image can be mapped anywhere. Row 0 of `nodes` and
 * `spans` is empty, so that 0 means none. Everything is of the machine's byte
 * order: an image never leaves the machine it was compiled on.
 *
 * Patterns live in tries of path components. From a node, a literal component
 * leads on through the hash table `edges`; globs are found there too, by the
 * literal text they begin or end with, so that the cost of a step does not
 * depend on how many there are.
 */
#pragma once

#include "libguard/core/base.h"
#include "libguard/policy/policy.h"

#define IMAGE_MAGIC 0x31474d4947444747ull /* "GGDGIMG1" as bytes in memory */
#define IMAGE_VERSION 5
#define IMAGE_ACTIVE_MAX 256 /* nodes that may be active at once while a name is walked */
#define IMAGE_OVER_MAX 1000000

enum image_root { ROOT_FILES = 1, ROOT_PROGRAMS, ROOT_SOCKETS, ROOT_ABSTRACT, ROOT_COUNT = ROOT_ABSTRACT };

/* What an edge is found by; the owner is a node, or 0 for hosts and ranges. */
enum image_edge_kind {
	EDGE_LITERAL = 1, /* a component; leads to a node */
	EDGE_PREFIX,      /* what globs of a node begin with; leads to a span of globs */
	EDGE_SUFFIX,      /* what they end with; the same */
	EDGE_HOST,        /* a host name; leads to a span of refs */
	EDGE_DOMAIN,      /* what follows "*." in a host pattern; the same */
	EDGE_RANGE        /* the bits of an address range and their number; the same */
};

struct image_table {
	uint32_t at;    /* bytes from the start of the image */
	uint32_t count; /* rows */
};

struct image_head {
	uint64_t magic;
	uint32_t version;
	uint32_t checksum; /* of everything behind this field */
	uint64_t size;     /* bytes of the whole image */
	uint64_t counters; /* 8-byte words of shared state that counters need */
	uint8_t mode;      /* enum policy_mode */
	uint8_t defaults[SECTION_COUNT];
	uint8_t hides;
	uint8_t log_required, log_reads, log_stacks, log_native;
	uint8_t kernel_trust, kernel_supervisor, kernel_filter, kernel_landlock;
	uint8_t environment; /* some rule asks for it */
	uint8_t unused;
	uint64_t range_bits[3]; /* bit n: there are ranges of n bits */
	uint32_t hints[32];     /* strings: what rules allow, by verb */
	struct image_table rules, nodes, globsets, globs, edges, spans, refs, words, excepts, ports, strings, labels, twins;
};

struct image_rule_row {
	uint32_t id, file, reason; /* strings */
	uint32_t line;
	uint32_t verbs;
	int32_t err;
	uint8_t kind, section, builtin, no_log;
	uint32_t counter; /* first word of its counter */
	uint32_t over, per_s;
	uint64_t labels, after;
	uint32_t args, env, by, except, port; /* spans of words, words, words, excepts, ports */
	uint32_t hint;    /* string: what the rule leaves allowed */
};

struct image_node {
	uint64_t literals;   /* image_literal_bit of each component that an edge leads on by: most others have none of them */
	uint32_t refs;       /* span of refs: rules whose pattern ends here */
	uint32_t globset;    /* row of globsets, or 0 */
	uint32_t stars;      /* node of the component `**`, or 0 */
	uint32_t tails;      /* span of globs that cross components ("a**b/c"): matched with all that is left */
	uint32_t below;      /* verbs that rules without conditions deny somewhere below */
	uint32_t below_rule; /* one of these rules */
	uint32_t is_stars;   /* this is such a node: it stays active */
	uint32_t unused;
};

/* What keys of one kind there are: most components are told from all of them by two bytes. */
struct image_keys {
	uint64_t lengths[4]; /* bit n: some have n bytes */
	uint64_t singles[4]; /* bit n: byte n is a key */
	uint64_t pairs[4];   /* bit image_pair: some longer keys have these two bytes at the component's outer end */
};

/* Where two bytes stand in `pairs`, the outer one first. */
static inline unsigned image_pair(char outer, char next)
{
	return ((unsigned char)outer * 37u + (unsigned char)next) & 255;
}

/* The globs of one node, by where they are literal. */
struct image_globset {
	struct image_keys prefixes; /* what some begin with */
	struct image_keys suffixes; /* what some end with that have no literal beginning */
	uint32_t loose;             /* span of the rest */
	uint32_t unused;
};

struct image_glob {
	uint32_t pattern; /* string */
	uint32_t node;    /* where it leads; for tails a span of refs */
};

struct image_edge {
	uint32_t hash; /* 0: free */
	uint32_t owner; /* owner * 8 + kind */
	uint32_t key;   /* string */
	uint32_t value; /* node or span */
};

struct image_span {
	uint32_t first, count;
};

enum image_except_kind { EXCEPT_GLOB = 1, EXCEPT_HOST, EXCEPT_DOMAIN, EXCEPT_RANGE };

struct image_except {
	uint32_t kind;
	uint32_t string;
	uint8_t ip[16];
	uint32_t bits;
};

struct image_ports_row {
	uint16_t first, last;
};

/* A file that rules about programs name, by what it was when the image was made. In the order of sizes. */
struct image_twin {
	uint64_t size, device, inode, print; /* print: content_print */
	uint32_t path; /* string */
	uint32_t unused;
};

static inline const struct image_head *image_head(const struct policy *policy)
{
	return (const struct image_head *)(const void *)policy->image;
}

/*
 * Look-ups for match.c and decide.c, in line because a decision makes some fifty: image_node(policy, number) and so on.
 * A number out of range gives a row of zeros, never a wild pointer.
 */
extern const uint64_t image_empty_row[26];

#define ROWS(function, type, table)                                                                                    \
	static inline const type *function(const struct policy *policy, uint32_t number)                               \
	{                                                                                                              \
		const struct image_table *rows = &image_head(policy)->table;                                           \
                                                                                                                       \
		_Static_assert(sizeof image_empty_row >= sizeof(type), "the empty row is as long as any");             \
		if (UNLIKELY(number >= rows->count))                                                                   \
			return (const type *)image_empty_row;                                                          \
		return (const type *)(const void *)(policy->image + rows->at + (size_t)number * sizeof(type));         \
	}
ROWS(image_rule_row, struct image_rule_row, rules)
ROWS(image_node, struct image_node, nodes)
ROWS(image_globset, struct image_globset, globsets)
ROWS(image_glob, struct image_glob, globs)
ROWS(image_edge, struct image_edge, edges)
ROWS(image_except, struct image_except, excepts)
ROWS(image_ports_row, struct image_ports_row, ports)
ROWS(image_twin, struct image_twin, twins)
ROWS(image_span_row, struct image_span, spans)
ROWS(image_ref_row, uint32_t, refs)
ROWS(image_word_row, uint32_t, words)
#undef ROWS

static inline uint32_t image_ref(const struct policy *policy, uint32_t number)
{
	return *image_ref_row(policy, number);
}

struct text image_word(const struct policy *policy, uint32_t number) NONNULL;
struct text image_string(const struct policy *policy, uint32_t offset) NONNULL;

/* The rows a span stands for; a span beyond its table is cut, so that loops over it are bounded. */
static inline struct image_span image_span(const struct policy *policy, uint32_t number, const struct image_table *rows)
{
	struct image_span span = *image_span_row(policy, number);

	if (UNLIKELY(span.first > rows->count || span.count > rows->count - span.first))
		span.count = 0;
	return span;
}

/* Hash of a key, and of the edge that it stands for; the latter is never 0. */
uint64_t image_key_hash(struct text key) MUST_CHECK;
uint32_t image_edge_hash(enum image_edge_kind kind, uint32_t owner, uint64_t key_hash) MUST_CHECK;

static inline uint64_t image_literal_bit(uint64_t key_hash)
{
	return UINT64_C(1) << (key_hash & 63);
}

/* What an edge leads to, or 0. `key_hash` is the key's: a component is hashed once and asked for at many nodes. */
uint32_t image_find_hashed(const struct policy *policy, enum image_edge_kind kind, uint32_t owner, struct text key,
			   uint64_t key_hash) NONNULL;

static inline uint32_t image_find(const struct policy *policy, enum image_edge_kind kind, uint32_t owner, struct text key)
{
	return image_find_hashed(policy, kind, owner, key, image_key_hash(key));
}

/* Checksum of LEN bytes. */
uint32_t image_checksum(const unsigned char *data, size_t len) NONNULL;

/* Where a host or range edge keeps its key: 17 bytes, the address cut to its bits and their number. */
struct image_range_key {
	uint8_t bytes[17];
};
struct image_range_key image_range_key(const uint8_t ip[16], unsigned bits) NONNULL;
