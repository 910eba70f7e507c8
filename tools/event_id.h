/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The name of one event, the same whoever prints it: SESSION:SEGMENT.SLOT.
 *
 * It is where the event lies, so it costs no byte of the log: the record
 * begins at byte SLOT * EVENT_SLOT of the session's events-SEGMENT.log.
 */
#pragma once

#include "libguard/core/buf.h"
#include "tools/arena.h"

#define EVENT_ID_MAX 320 /* bytes that hold any: a session is a file's name */

struct event_id {
	const char *session; /* as session_find takes it: an id, its beginning, a path; NULL: the newest */
	uint32_t segment, slot;
};

void event_id_write(const char *session, uint32_t segment, uint32_t slot, struct buf *out) NONNULL;

/* Read "SESSION:SEGMENT.SLOT" or "SEGMENT.SLOT". False when TEXT is no such thing. */
bool event_id_read(struct arena *arena, const char *text, struct event_id *out) MUST_CHECK NONNULL;
