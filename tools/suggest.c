/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/suggest.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define WORD_MAX 64

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Single edits between A and B, case ignored: insert, drop, replace a byte, or swap two neighbours. */
static unsigned distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned rows[3][WORD_MAX + 1];
	unsigned *before = rows[0], *above = rows[1], *here = rows[2];

	for (unsigned j = 0; j <= b_len; j++)
		above[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		unsigned *spare = before;

		here[0] = (unsigned)i;
		for (size_t j = 1; j <= b_len; j++) {
			int one = tolower((unsigned char)a[i - 1]), other = tolower((unsigned char)b[j - 1]);

			here[j] = least(least(above[j] + 1, here[j - 1] + 1), above[j - 1] + (one != other));
			if (i > 1 && j > 1 && one == tolower((unsigned char)b[j - 2]) &&
			    other == tolower((unsigned char)a[i - 2]))
				here[j] = least(here[j], before[j - 2] + 1);
		}
		before = above;
		above = here;
		here = spare;
	}
	return above[b_len];
}

/* "verbs" for "verb", "operations" for "op": what begins alike is meant even when much is missing. */
static bool begins_alike(const char *wrong, size_t len, const char *word)
{
	return len >= 3 && !strncasecmp(wrong, word, len);
}

const char *suggest(const char *wrong, const char *const *words, size_t count)
{
	size_t len = strlen(wrong);
	const char *best = NULL;
	unsigned nearest = len < 3 ? 2 : len < 6 ? 3 : 4; /* one more than the edits that count as a slip */

	if (len > WORD_MAX)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t word_len = words[i] ? strlen(words[i]) : 0;
		unsigned edits;

		if (word_len == 0 || word_len > WORD_MAX)
			continue;
		edits = distance(wrong, len, words[i], word_len);
		if (edits > 1 && begins_alike(wrong, len, words[i]))
			edits = 1;
		/* With half of a word changed it is another word. */
		if (edits < nearest && 2 * edits < word_len) {
			nearest = edits;
			best = words[i];
		}
	}
	return best;
}

const char *suggest_text(struct arena *arena, const char *word)
{
	return word ? arena_format(arena, " (did you mean \"%s\"?)", word) : "";
}
