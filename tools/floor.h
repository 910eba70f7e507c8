/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor of one session: its ruleset, and whether this machine has it.
 */
#pragma once

#include "tools/session_make.h"

struct floor {
	int ruleset;     /* to be sent to the child, or -1: there is no floor */
	char *sentence;  /* what it holds, for the record; or NULL */
};

/*
 * Prepare what SESSION's policy asks for, and say in the record what the floor holds or why there is none.
 *
 * Returns 0, or -errno: the policy requires what there is not, and stderr has been told.
 */
int floor_prepare(struct floor *floor, struct made_session *session) MUST_CHECK NONNULL;

/*
 * Take the child's word through SOCKET on how it has put the floor on.
 *
 * Returns 0, also without a floor where the policy can do without, or -EACCES. Said on stderr and in the record.
 */
int floor_confirm(struct floor *floor, struct made_session *session, int socket) MUST_CHECK NONNULL;
