/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words that a program gets: arguments and environment, as they stand in the
 * guest's memory before it becomes the program, and as the kernel has put them
 * down for the program that it has become.
 */
#pragma once

#include "libguard/core/base.h"

#include <stdint.h>

/* Grows to the longest that it held, and stays. All zero is an empty one. */
struct words {
	char *text;
	size_t text_cap;
	size_t len;   /* bytes of TEXT, each word's NUL among them */
	char **list;  /* NULL-terminated, into TEXT */
	size_t list_cap;
};

/*
 * Copy the words that LIST in the current guest's memory points to; a list at 0 is empty.
 *
 * Returns 0, -EFAULT, -EACCES (guest_read), -E2BIG (more than the kernel takes), -ENOMEM.
 */
int words_read(struct words *words, uint64_t list) MUST_CHECK NONNULL;

/* Copy the words of a file as /proc/PID/cmdline: 0, or -errno of open(2) and read(2), -E2BIG, -ENOMEM. */
int words_read_file(struct words *words, const char *name) MUST_CHECK NONNULL;

/* Are these the words of LIST, one by one? */
bool words_are(const struct words *words, char *const *list) MUST_CHECK NONNULL;
