/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The `#!` line of a script.
 */
#pragma once

#include "libguard/core/base.h"

#define SCRIPT_LEVELS 5 /* interpreters of interpreters that the kernel follows */

/*
 * Split "#!interpreter argument" in place.
 *
 *   head, len  the beginning of a file; it is changed
 *   cap        bytes of head, more than len unless the line ends within it
 *   argument   all that follows the interpreter, as one word, or NULL
 *
 * Returns the interpreter, or NULL when it is no such line.
 *
 * Safe anywhere. Source: execve(2).
 */
char *script_split(char *head, size_t len, size_t cap, char **argument) MUST_CHECK NONNULL;
