/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Telling people and models about a refusal: one line on the guest's stderr.
 *
 *     libguard: refused delete /data/db.sqlite (rule volumes, guard.conf:18: production volume; allowed: delete /srv/project/...)
 *
 * What would be allowed comes ready from the compiled policy.
 */
#pragma once

#include "libguard/hooks/call.h"

/* The line, at most three a second for each rule over the whole session; what is not shown is counted. */
void refusal_say(struct session *session, const struct operand *operand, enum verb verb, const struct verdict *verdict)
	NONNULL;

/* Record that the session carries further labels since EVENT. */
void refusal_note_labels(struct session *session, uint64_t labels, const struct event *event) NONNULL;

/* Is there no room for records, although the policy requires a complete log? Until there is again. */
bool log_is_lost(const struct session *session) NONNULL;
