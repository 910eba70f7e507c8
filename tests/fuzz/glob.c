/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Patterns of any bytes against texts of any bytes, and against a matcher that is too simple to be wrong and too slow
 * to be used. The first line is the pattern, the rest the text.
 */
#include "libguard/core/glob.h"

#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#define INPUT_MAX 8192 /* bytes: a pattern and a text of PATH_MAX each; the match takes length times length */
#define SLOW_MAX 14    /* bytes of a pattern, and of a text, that the slow one takes */

/* `[` at the pattern's start: 1 in the class, 0 not in it, -1 no class. */
static int in_class(struct text pattern, char c, size_t *len)
{
	bool not = pattern.len > 1 && (pattern.data[1] == '!' || pattern.data[1] == '^'), found = false;
	size_t first = 1 + not, i;

	for (i = first; i < pattern.len && (pattern.data[i] != ']' || i == first); i++) {
		unsigned char low = (unsigned char)pattern.data[i], high = low, byte = (unsigned char)c;

		if (i + 2 < pattern.len && pattern.data[i + 1] == '-' && pattern.data[i + 2] != ']') {
			high = (unsigned char)pattern.data[i + 2];
			i += 2;
		}
		found = found || (low <= byte && byte <= high);
	}
	*len = i + 1;
	return i >= pattern.len ? -1 : found != not && c != '/';
}

static struct text skip(struct text text, size_t len)
{
	return (struct text){text.data + len, text.len - len};
}

static const char *begin; /* of the whole pattern */

/* START: the pattern goes on behind a slash, or begins. */
static bool slow(struct text pattern, struct text text, bool start)
{
	size_t len = 1;
	int class;

	if (pattern.len == 0)
		return text.len == 0;
	/* "a/ **" without the blank also covers a. */
	if (text.len == 0 && pattern.data > begin && pattern.len >= 3 && pattern.data[0] == '/' &&
	    pattern.data[1] == '*') {
		size_t stars = 1;

		while (stars < pattern.len && pattern.data[stars] == '*')
			stars++;
		if (stars == pattern.len && stars > 2)
			return true;
	}
	if (pattern.data[0] == '*') {
		size_t stars = 1;
		struct text rest;

		while (stars < pattern.len && pattern.data[stars] == '*')
			stars++;
		if (stars == 1) {
			for (size_t i = 0; i <= text.len; i++) {
				if (slow(skip(pattern, 1), skip(text, i), false))
					return true;
				if (i < text.len && text.data[i] == '/')
					break;
			}
			return false;
		}
		rest = skip(pattern, stars);
		if (start && rest.len > 0 && rest.data[0] == '/') {
			/* Whole components, or none: what follows begins here or behind a slash. */
			rest = skip(rest, 1);
			for (size_t i = 0; i <= text.len; i++)
				if ((i == 0 || text.data[i - 1] == '/') && slow(rest, skip(text, i), true))
					return true;
			return false;
		}
		for (size_t i = 0; i <= text.len; i++)
			if (slow(rest, skip(text, i), false))
				return true;
		return false;
	}
	if (text.len == 0)
		return false;
	if (pattern.data[0] == '?')
		return text.data[0] != '/' && slow(skip(pattern, 1), skip(text, 1), false);
	if (pattern.data[0] == '[') {
		class = in_class(pattern, text.data[0], &len);
		if (class >= 0)
			return class && slow(skip(pattern, len), skip(text, 1), false);
		len = 1;
	} else if (pattern.data[0] == '\\' && pattern.len > 1) {
		pattern = skip(pattern, 1);
	}
	return pattern.data[0] == text.data[0] && slow(skip(pattern, 1), skip(text, 1), pattern.data[0] == '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const uint8_t *newline = len ? memchr(data, '\n', len) : NULL;
	size_t first = newline ? (size_t)(newline - data) : 0;
	struct text pattern, text;
	char *copies[2];
	bool covers;

	if (!newline || len > INPUT_MAX)
		return 0;
	/* Copies of their own length, so that one byte too far is seen. */
	copies[0] = malloc(first);
	copies[1] = malloc(len - first - 1);
	memcpy(copies[0], data, first);
	memcpy(copies[1], newline + 1, len - first - 1);
	pattern = (struct text){copies[0], first};
	text = (struct text){copies[1], len - first - 1};
	covers = glob_match(pattern, text);
	begin = pattern.data;
	if (pattern.len <= SLOW_MAX && text.len <= SLOW_MAX)
		fuzz_demand(covers == slow(pattern, text, true), "both matchers say the same");
	if (pattern.len > 0 && glob_is_literal(pattern))
		fuzz_demand(covers == (pattern.len == text.len && !memcmp(pattern.data, text.data, text.len)),
			    "a literal pattern covers itself only");
	free(copies[0]);
	free(copies[1]);
	return 0;
}
