/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building a policy image from rules that are already checked.
 *
 * The loader (policy_load.c) knows the text; this knows the layout of image.h.
 * Unit tests, benchmarks and fuzzers build images without any text.
 */
#pragma once

#include "libguard/policy/policy.h"

#include <sys/stat.h>

struct image_builder;

/* An address range: the first `bits` of `ip` count (IPv4 as ::ffff:a.b.c.d, so 96 more than people write). */
struct image_range {
	uint8_t ip[16];
	uint8_t bits; /* 0: any address */
};

struct image_ports {
	uint16_t first, last;
};

/*
 * One rule, ready to be compiled. Lists of strings end in NULL; a NULL list is absent. Strings are copied.
 * Patterns have their variables replaced, their braces expanded and their literal prefix canonicalised.
 */
struct image_rule {
	const char *id;     /* with the profile's name before it: "base/ssh-keys" */
	const char *file;
	unsigned line;
	const char *reason; /* or NULL */
	const char *hint;   /* what it leaves allowed, for who is refused; or NULL */
	enum verdict_kind kind;
	enum section section;
	verb_set verbs;
	bool builtin;
	/* objects: a rule covers what any of them covers; ports narrow addresses and hosts */
	const char *const *paths;
	const char *const *programs; /* absolute glob, or a bare name for any directory; in commands and process NULL: any */
	const char *const *sockets;  /* absolute glob, or "@glob" */
	const char *const *hosts;    /* "name" or "*.suffix", lower case */
	const struct image_range *ranges;
	size_t range_count;
	const struct image_ports *ports;
	size_t port_count;
	/* conditions: all must hold */
	const char *const *args;     /* globs that argv[1..] must match in this order; alternatives separated by '\n' */
	const char *const *env;      /* globs, one of which a variable of the program's environment must match: NAME, NAME=VALUE */
	const char *const *by;       /* globs, one of which the acting program must match */
	const char *const *except;   /* patterns of the same kinds as the objects; hosts, addresses and CIDRs as text */
	uint64_t after;              /* labels, one of which the session must carry; 0: none asked */
	uint32_t over;               /* with per_s: applies from the (over + 1)th attempt in per_s seconds on */
	uint32_t per_s;              /* 0: no counter */
	/* effects */
	uint64_t labels;
	int err;                     /* 0: EACCES, or ENOENT with hide */
	bool hide;
	bool no_log;
};

struct image_setting {
	enum policy_mode mode;
	enum verdict_kind defaults[SECTION_COUNT];
	struct policy_log log;
	struct policy_kernel kernel;
	const char *hints[VERB_COUNT]; /* what rules allow for a verb, for who is refused; or NULL */
};

/* NULL when memory is out. */
struct image_builder *image_builder_new(void);

/* The number (0 to 63) of a label, made on first use. -E2BIG past the 64th. */
int image_builder_label(struct image_builder *builder, const char *name) MUST_CHECK NONNULL;

/* Add a rule. 0, -ENOMEM, or -E2BIG (a pattern beyond 4096 bytes, counters beyond 1 000 000). */
int image_builder_add(struct image_builder *builder, const struct image_rule *rule) MUST_CHECK NONNULL;

/*
 * A file that a rule refuses to run by its path: copies and hard links of it are that program too. PRINT is its
 * content_print. Several of one path are one.
 */
void image_builder_twin(struct image_builder *builder, const char *path, const struct stat *status, uint64_t print) NONNULL;

/* Lay out the image; malloc'ed, owned by the caller. 0 or -ENOMEM. The builder stays usable only for _free. */
int image_builder_finish(struct image_builder *builder, const struct image_setting *setting, unsigned char **image,
			 size_t *size) MUST_CHECK NONNULL;

void image_builder_free(struct image_builder *builder);
