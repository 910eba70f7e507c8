/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that is given back all at once, and lists of strings in it.
 *
 * For text that is read, taken apart and thrown away as a whole: a policy, a
 * report. When memory is out the program ends with EXIT_GUARD and a sentence,
 * so nothing here can fail. One thread at a time; not for hooks.
 */
#pragma once

#include "libguard/core/base.h"

struct arena_block;

/* All zero is an empty arena. */
struct arena {
	struct arena_block *blocks;
};

/* Strings in the order in which they were added. All zero is an empty list. */
struct words {
	const char **items; /* ends in NULL; NULL itself when nothing was ever added */
	size_t count, room;
};

/* SIZE bytes of zeros, aligned for anything. */
void *arena_take(struct arena *arena, size_t size) NONNULL __attribute__((malloc, returns_nonnull));

/* A copy of LEN bytes with a NUL behind them. */
char *arena_text(struct arena *arena, const char *bytes, size_t len) NONNULL;

/* What printf(3) would print. */
char *arena_format(struct arena *arena, const char *format, ...) PRINTF(2, 3) NONNULL;

/* The first MiB of a file, a NUL behind it; NULL when it cannot be opened. */
char *arena_file(struct arena *arena, const char *name) MUST_CHECK NONNULL;

/* Give all of it back; the arena is empty and usable afterwards. */
void arena_free(struct arena *arena) NONNULL;

/* Append WORD, which is kept by reference. */
void words_add(struct arena *arena, struct words *words, const char *word) NONNULL;

/* Append WORD unless the list has it. */
void words_add_new(struct arena *arena, struct words *words, const char *word) NONNULL;

bool words_have(const struct words *words, const char *word) NONNULL;

/* `"a", "b" and "c"`; LAST stands before the last one, and is at least as long as ", ". */
const char *words_join(struct arena *arena, const struct words *words, const char *last) NONNULL;
