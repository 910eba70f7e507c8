/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operations of verbs.def as numbers, words and sets.
 */
#pragma once

#include "libguard/core/base.h"

enum verb {
#define VERB(name, ...) VERB_##name,
#include "libguard/verbs.def"
#undef VERB
	VERB_COUNT
};

enum section { SECTION_FILES, SECTION_NETWORK, SECTION_COMMANDS, SECTION_PROCESS, SECTION_COUNT };

/* A set of verbs: bit n stands for the verb of number n. */
typedef uint32_t verb_set;

#define VERB_SET(name) (1u << VERB_##name)

struct verb_info {
	const char *word;
	enum section section;
	const char *ecs_category;
	const char *ecs_type;
	const char *sentence;
};

/* One row per verb, in the order of verbs.def. */
extern const struct verb_info verb_table[VERB_COUNT];

/* The word of each section as the policy spells it. */
extern const char *const section_words[SECTION_COUNT];
