/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy that judges what a run did: compiled for where that run was, with
 * its workspace and its home.
 */
#pragma once

#include "tools/policy_load.h"
#include "tools/replay.h"
#include "tools/session_info.h"

/* All zero can be closed. */
struct judge {
	struct replay replay;
	unsigned char *image;
	struct policy_text text;
};

/*
 * Compile FILE for a run.
 *
 *   file      or NULL: the policy that holds here
 *   warnings  where lint goes, or NULL
 *   out       to be closed with judge_close, whatever is returned
 *
 * Returns 0, or EXIT_GUARD after what is wrong has been said on stderr.
 */
int judge_open(const char *file, const struct session_info *info, FILE *warnings, struct judge *out)
	__attribute__((nonnull(2, 4))) MUST_CHECK;

void judge_close(struct judge *judge) NONNULL;
