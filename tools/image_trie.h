/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trie of path components: where a pattern leads to.
 */
#pragma once

#include "tools/image_rows.h"

/*
 * Hang a rule on the node that PATTERN leads to.
 *
 *   root    in which name space
 *   rule    its number
 *   denies  verbs that it denies whatever else holds; 0: none
 *
 * Returns 0, -ENOMEM, or -E2BIG for a pattern of PATTERN_MAX bytes and more.
 */
int image_trie_add(struct image_builder *builder, enum image_root root, const char *pattern, uint32_t rule,
		   verb_set denies) MUST_CHECK NONNULL;
