/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wrong with an option, in words: for what getopt_long(3) rejects.
 */
#pragma once

#include "tools/cmd.h"

#include <getopt.h>

/*
 * Say that the option getopt_long has just rejected is unknown (with the nearest known one), lacks its argument, or
 * takes none. Returns EXIT_USAGE.
 *
 *   options  those given to getopt_long, their `val` not 0
 *   argv     given to getopt_long, with opterr 0
 */
int options_fail(const struct command *command, const struct option *options, char **argv) NONNULL;

/* Read a whole number from 0. 0 or -EINVAL. */
int options_number(const char *text, size_t *out) MUST_CHECK NONNULL;
