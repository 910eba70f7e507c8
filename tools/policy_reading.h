/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every part of the policy loader needs while one file is read.
 */
#pragma once

#include "tools/arena.h"
#include "tools/policy_load.h"
#include "tools/policy_notes.h"

struct reading {
	struct arena *arena; /* holds what outlives the file's text */
	struct notes *notes;
	const struct policy_setting *setting;
	const char *file;    /* as the user named it */
	const char *profile; /* name of the profile that is read, or NULL: the policy itself */
};

#define reading_error(reading, line, ...) notes_error((reading)->notes, (reading)->file, (line), __VA_ARGS__)
#define reading_warning(reading, line, ...) notes_warning((reading)->notes, (reading)->file, (line), __VA_ARGS__)
