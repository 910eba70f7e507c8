/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For hooks that decide and record, and let libc act: its calls meet the
 * kernel's filter, and without a note the door would record them once more.
 */
#pragma once

#include "libguard/hooks/call.h"

#include "libguard/session/note.h"

#define NOTES_MAX 16 /* what is beyond is recorded twice */

struct notes {
	unsigned count;
	uint64_t notes[NOTES_MAX];
};

#define NOTES_NONE {.count = 0}

/* Tell the door of all that CALL decided. Before libc acts, while the names are there. Safe in vfork children. */
void notes_add(struct notes *notes, const struct call *call) NONNULL;

/* The same of the file that FD was opened on, which libc opens once more for VERBS. */
void notes_add_fd(struct notes *notes, enum hook hook, int fd, verb_set verbs) NONNULL;

/* When libc is done. Leaves errno alone. */
void notes_end(const struct notes *notes) NONNULL;
