/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the globs a policy writes to the globs the matcher compares: variables
 * replaced, braces expanded, the literal beginning brought to canonical form.
 */
#pragma once

#include "tools/policy_reading.h"

enum pattern_kind {
	PATTERN_PATH,    /* files */
	PATTERN_PROGRAM, /* absolute, or a bare name for any directory */
	PATTERN_ACTOR,   /* the same for `by`: a bare name becomes a glob */
	PATTERN_SOCKET,  /* absolute, or "@name" */
	PATTERN_ARGUMENT, /* no path: only braces and variables */
	PATTERN_VARIABLE  /* the same: NAME or NAME=VALUE, with values of any bytes for `*` */
};

/*
 * Add the patterns that TEXT stands for.
 *
 *   line  for messages
 *   out   gets them, each once
 *
 * Returns false after noting what is wrong: an unset variable, a relative path, ".." in a path, brackets or braces
 * that do not close, too many alternatives, more than 4095 bytes.
 */
bool pattern_add(const struct reading *reading, unsigned line, enum pattern_kind kind, const char *text,
		 struct words *out) NONNULL;

/* TEXT with a backslash before each byte that a glob would understand. */
const char *pattern_escape(struct arena *arena, const char *text) NONNULL;

/*
 * Replace `~` and `${...}` in a text that is no glob (log.directory). NULL after noting what is wrong.
 */
const char *pattern_variables(const struct reading *reading, unsigned line, const char *text) NONNULL;

/*
 * The directory below which all lies that a path pattern covers, whatever is there: "/a" of "/a/b*c/d" and of "/a/b". "/"
 * for one that may begin anywhere.
 */
const char *pattern_root(struct arena *arena, const char *pattern) NONNULL;

/* How many bytes of PATTERN, whole components without their last '/', hold nothing a glob would understand. */
size_t pattern_literal_prefix(const char *pattern) NONNULL;
