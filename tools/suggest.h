/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The known word that a mistyped one probably means.
 */
#pragma once

#include "libguard/core/base.h"
#include "tools/arena.h"

/*
 * Find the word of WORDS that is nearest to WRONG.
 *
 *   words, count  the known words; NULLs are skipped
 *
 * Returns one of WORDS, or NULL when none is near enough to be meant. Of equally near words the first wins.
 *
 * Pure. Cost: the product of the lengths for each word.
 *
 * Source: Damerau-Levenshtein distance with adjacent transpositions.
 */
const char *suggest(const char *wrong, const char *const *words, size_t count) MUST_CHECK NONNULL;

/* ` (did you mean "x"?)`, or "" for NULL. */
const char *suggest_text(struct arena *arena, const char *word) MUST_CHECK __attribute__((nonnull(1)));
