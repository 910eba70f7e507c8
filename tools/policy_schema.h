/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of policy.def: checking a group against them, and reading values
 * whose shape is known to be right.
 */
#pragma once

#include "libguard/core/verb.h"
#include "tools/policy_reading.h"

#include <libconfig.h>
#include <stdio.h>

/* Where a key may stand; sets of these. */
enum key_place {
	IN_TOP = 1,
	IN_PROFILE = 2,
	IN_DEFAULT = 4,
	IN_LOG = 8,
	IN_KERNEL = 16,
	IN_FILES = 32, /* IN_FILES << enum section is the place of a section's rules */
	IN_NETWORK = 64,
	IN_COMMANDS = 128,
	IN_PROCESS = 256,
	IN_RULE = IN_FILES | IN_NETWORK | IN_COMMANDS | IN_PROCESS
};

enum key_type {
	KEY_WORD,
	KEY_NUMBER,
	KEY_FLAG,
	KEY_TEXT,
	KEY_TEXTS,
	KEY_PORTS,
	KEY_ERRNO,
	KEY_GROUP,
	KEY_RULES,
	KEY_LATER
};

/* A row of policy.def. */
struct policy_key {
	unsigned places;
	const char *name;
	enum key_type type;
	const char *fallback, *allowed, *sentence;
};

static inline enum key_place section_place(enum section section)
{
	return (enum key_place)((unsigned)IN_FILES << section);
}

/* The row of NAME at PLACES, or NULL. */
const struct policy_key *schema_find(unsigned places, const char *name) MUST_CHECK NONNULL;

/*
 * Check every member of GROUP: known at PLACE, of the right type, one of the allowed words, inside the range.
 *
 * What is wrong is noted. The functions below then read what was right and give the fallback for the rest.
 */
void schema_check(const struct reading *reading, const config_setting_t *group, enum key_place place) NONNULL;

/* The number of the word (its position in `allowed`), or that of the fallback. GROUP may be NULL. */
unsigned schema_word(const config_setting_t *group, enum key_place place, const char *name) MUST_CHECK;

unsigned schema_number(const config_setting_t *group, enum key_place place, const char *name) MUST_CHECK;

bool schema_flag(const config_setting_t *group, enum key_place place, const char *name) MUST_CHECK;

/* The member NAME, or NULL when it is absent or its type is wrong. */
const config_setting_t *schema_member(const config_setting_t *group, enum key_place place,
				      const char *name) MUST_CHECK;

/* One string or a list of them: how many, and the setting (it has the line) and the text of each. SETTING may be NULL. */
unsigned texts_count(const config_setting_t *setting) MUST_CHECK;
const config_setting_t *texts_item(const config_setting_t *setting, unsigned index) MUST_CHECK NONNULL;
const char *texts_text(const config_setting_t *setting, unsigned index) MUST_CHECK NONNULL;

/* Print the table, one key a line: places, name, type, fallback, allowed and sentence, separated by tabs. */
void schema_print(FILE *out) NONNULL;
