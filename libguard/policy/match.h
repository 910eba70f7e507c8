/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which rules have a pattern that covers a name.
 */
#pragma once

#include "libguard/policy/image.h"

/* Nodes reached; the number of a node is never there twice. */
struct match_nodes {
	unsigned count;
	bool overflow; /* there were more than could be kept */
	uint32_t at[IMAGE_ACTIVE_MAX];
};

/*
 * Walk NAME through the trie of ROOT.
 *
 *   name  canonical path, or an abstract socket's name with its "@"
 *   trail where the calling thread's last walk led, to go on from if it can; NULL for none
 *   out   the nodes at which a pattern may end; their `refs` are the rules
 *   tail  called for each span of refs whose pattern crosses components and covers the name
 *
 * Safe in threads, signal handlers and after fork. Allocates nothing; about 1 KiB of stack beside OUT.
 *
 * Source: image.h.
 */
void match_walk(const struct policy *policy, enum image_root root, struct text name, struct policy_trail *trail,
		struct match_nodes *out, void (*tail)(void *context, uint32_t refs), void *context)
	__attribute__((nonnull(1, 5, 6)));
