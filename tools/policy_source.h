/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of a policy or profile, and libconfig's view of them.
 */
#pragma once

#include "tools/policy_reading.h"

#include <libconfig.h>

#define SOURCE_MAX (64u << 20) /* bytes of a policy's text */

/*
 * Read a whole file.
 *
 *   path  what to open; reading->file is what messages call it
 *   text  its bytes and a NUL, in the arena
 *
 * Returns 0, or -EINVAL after noting why not.
 */
int source_read(const struct reading *reading, const char *path, char **text, size_t *len) MUST_CHECK NONNULL;

/*
 * Parse a text.
 *
 *   config  initialised here, also on failure: the caller calls config_destroy
 *
 * Refuses what libconfig would misread in silence: NUL bytes, a comment that does not end, numbers that wrap. And
 * @include, because a policy must not depend on files that its reader does not see; profiles are for that.
 *
 * Returns 0, or -EINVAL after noting what is wrong.
 */
int source_parse(const struct reading *reading, const char *text, size_t len, config_t *config) MUST_CHECK NONNULL;
