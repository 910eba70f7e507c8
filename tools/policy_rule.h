/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One rule, from its group in the text to what an image is built from.
 */
#pragma once

#include "tools/image_build.h"
#include "tools/policy_reading.h"

#include <libconfig.h>

struct policy_rule {
	struct image_rule image;     /* its label sets are filled in when the image is built */
	struct words labels, after;
	unsigned after_line;
	const char *objects;         /* as the policy writes them, for messages */
	struct words written, written_except; /* objects and exceptions, one by one, in the same way */
	bool off;                    /* switched off by `without` */
};

/*
 * Read one rule.
 *
 *   group     any setting that stands in a section's list
 *   position  in the list, from 1: names a rule without id
 *   out       filled in; its memory is the arena's
 *
 * Returns false after noting all that is wrong with it.
 */
bool rule_read(const struct reading *reading, const config_setting_t *group, enum section section, unsigned position,
	       struct policy_rule *out) MUST_CHECK NONNULL;

/* Is NAME fit for an id or a label: [a-z0-9][a-z0-9._-]*? */
bool rule_is_id(const char *name) MUST_CHECK NONNULL;

/* Is ID that of a rule of this profile: "profile/..."? */
bool rule_id_is_of(const char *id, const char *profile) MUST_CHECK NONNULL;
