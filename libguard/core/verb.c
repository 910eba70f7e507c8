/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of verbs.def, for whoever has to print or parse them.
 */
#include "libguard/core/verb.h"

const struct verb_info verb_table[VERB_COUNT] = {
#define VERB(name, word, section, category, type, sentence)                                        \
	[VERB_##name] = {word, SECTION_##section, category, type, sentence},
#include "libguard/verbs.def"
#undef VERB
};

const char *const section_words[SECTION_COUNT] = {
	[SECTION_FILES] = "files",
	[SECTION_NETWORK] = "network",
	[SECTION_COMMANDS] = "commands",
	[SECTION_PROCESS] = "process",
};
