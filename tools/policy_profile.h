/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where profiles lie.
 */
#pragma once

#include "tools/policy_reading.h"

/*
 * Find a profile: beside the policy, among the installed ones, in the source tree a guardctl was built from.
 *
 *   policy  file of the policy, or NULL for the built-in one
 *   name    a plain word
 *   line    of the policy, for messages
 *
 * Returns the profile's path in the arena, or NULL after noting what there is instead.
 */
const char *profile_find(const struct reading *reading, const char *policy, const char *name,
			 unsigned line) MUST_CHECK __attribute__((nonnull(1, 3)));
