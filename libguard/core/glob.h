/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pattern match on text that is not NUL-terminated.
 *
 * `*` any run without '/', `?` one byte but '/', `[a-z]` `[!a-z]` one byte of a
 * class, `**` any run, '/' included; a pattern component `**` also stands for
 * no component ("a/ ** /b" without the blanks covers a/b, "a/ **" covers a
 * itself). A backslash takes the next byte literally. Braces are not known
 * here: the policy compiler expands them.
 *
 * Pure: no allocation, no recursion, no errno. Time is bounded by the product
 * of both lengths. Safe in threads, signal handlers and after fork.
 */
#pragma once

#include "libguard/core/base.h"

/* Does the pattern cover the whole text? */
bool glob_match(struct text pattern, struct text text) MUST_CHECK;

/* Does the pattern hold a byte with a meaning of its own? */
bool glob_is_literal(struct text pattern) MUST_CHECK;
