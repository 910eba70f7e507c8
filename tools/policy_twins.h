/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs that rules refuse by their name, found as files: their copies and
 * hard links are refused too.
 */
#pragma once

#include "tools/image_build.h"

/*
 * Tell the image which files RULE names as programs that it refuses: by a path, or by a bare name in the system's own
 * directories. Patterns name no file. A program that several names lead to is left out unless the rule gives its path:
 * to name one of them is not to mean all.
 */
void policy_twins(struct image_builder *builder, const struct image_rule *rule) NONNULL;
