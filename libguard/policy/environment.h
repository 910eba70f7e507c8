/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rules of the section `commands` say of the environment that a program
 * gets.
 */
#pragma once

#include "libguard/policy/image.h"

/*
 * The first variable of OBJECT's environment that one of the globs covers.
 *
 *   patterns  span of words: NAME covers a variable of that name, NAME=VALUE what it holds, all of it or a part between
 *             two colons
 *   actor     names the guard's own library: LD_PRELOAD is compared file by file, without that
 *   out       the variable, and of its value what is covered; may be NULL
 *
 * Safe in threads, signal handlers and after fork. Allocates nothing.
 *
 * Source: environ(7), ld.so(8).
 */
bool environment_matches(const struct policy *policy, uint32_t patterns, const struct object *object,
			 const struct actor *actor, struct policy_variable *out)
	MUST_CHECK __attribute__((nonnull(1, 3, 4)));
