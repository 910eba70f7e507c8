/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the policy's text to an image. The only user of libconfig.
 */
#pragma once

#include "libguard/core/base.h"
#include "tools/floor_plan.h"

#include <stdio.h>

/* What `${...}` and `~` stand for, and what the built-in rules protect. */
struct policy_setting {
	const char *workspace;       /* canonical directory the session started in */
	const char *home;            /* canonical home directory, or NULL: a policy with "~" is refused */
	const char *session;         /* session directory, or NULL when there is none (guardctl check) */
	const char *library;         /* libguard.so, or NULL */
	const char *program;         /* guardctl itself, or NULL */
};

/* Values of the `log` section that guardctl itself needs, and where the text came from. */
struct policy_text {
	char *log_directory;   /* as the policy gives it, variables replaced; NULL: the default places */
	unsigned keep_days;    /* 0: for ever */
	unsigned keep_sessions;
	bool log_required;
	char *source;          /* path of the policy file, or "built-in" */
	char *text;            /* its bytes, for policy.conf */
	size_t text_len;
	unsigned warnings;     /* how many went to the stream for them */
	struct floor_plan *floor; /* malloc'ed */
};

/*
 * Compile a policy.
 *
 *   file      path, or NULL: $GUARD_POLICY, else /etc/libguard/guard.conf, else the one compiled in
 *   setting   kept for the length of the call
 *   errors    where "guard.conf:12: unknown key ..." lines go; every error of the file is reported, not the first only
 *   warnings  where lint goes (rules a deny makes unreachable, ...), or NULL
 *   image     the image, malloc'ed, owned by the caller
 *   text      filled in, or NULL; free with policy_text_free
 *
 * Returns 0, or -EINVAL when errors were written.
 *
 * Source: guard.conf(5), libconfig manual.
 */
int policy_compile(const char *file, const struct policy_setting *setting, FILE *errors, FILE *warnings,
		   unsigned char **image, size_t *size, struct policy_text *text) MUST_CHECK;

void policy_text_free(struct policy_text *text) NONNULL;

/* Fill SETTING from this process: cwd, $HOME or the password file, own library and program. Static storage. */
void policy_setting_here(struct policy_setting *setting) NONNULL;
