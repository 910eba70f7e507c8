/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walking through short strings.
 *
 * libc has these, but each of its functions that a new process calls first
 * costs a page fault, as much as everything else that a short string needs.
 */
#pragma once

#include "libguard/core/base.h"

/* Bytes of STRING before the first C, or before its NUL. */
static inline size_t str_until(const char *string, char c)
{
	size_t len = 0;

	while (string[len] != c && string[len] != '\0')
		len++;
	return len;
}

/* How many C the string begins with. */
static inline size_t str_skip(const char *string, char c)
{
	size_t len = 0;

	while (string[len] == c)
		len++;
	return len;
}

/* Does the string begin with PREFIX, LEN bytes of it? */
static inline bool str_starts(const char *string, const char *prefix, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (string[i] != prefix[i])
			return false;
	return true;
}
