/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a hook has decided and recorded, and libc is about to do by itself: told
 * to the kernel door, which decides it once more and need not record it twice.
 *
 * A note is the guest's word, so nothing is allowed by it. Who forges one keeps
 * an allowed operation out of the log and out of `over`, no more than who jumps
 * to the gate; both are for hooked processes alone, which have `state` mapped.
 */
#pragma once

#include "libguard/session/session.h"

/* Tell that process PID is about to do VERBS to an object. Returns the note, to be taken back. Lock-free. */
uint64_t session_note_leave(struct session *session, uint32_t pid, verb_set verbs, enum object_kind kind, struct text name) MUST_CHECK
	NONNULL;

void session_note_take_back(struct session *session, uint64_t note) NONNULL;

/*
 * Is there a note of VERBS to this object by PID, or by its parent? What is done once, to start a program or to map a
 * library, uses the note up.
 *
 *   parent  asked for only where a note is about this object; 0 when it is not known
 */
bool session_note_is_left(struct session *session, uint32_t pid, uint32_t (*parent)(void), verb_set verbs, enum object_kind kind,
			  struct text name) MUST_CHECK NONNULL;
