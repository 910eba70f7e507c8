/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The source line that an event's language stack points to.
 */
#pragma once

#include "libguard/core/buf.h"

struct source_frame {
	struct text file, name; /* point into the stack */
	uint64_t line;          /* 0: not known */
};

/* The next frame of STACK, which moves on behind it; false at its end. What is no frame is passed over. */
bool source_next(struct text *stack, struct source_frame *out) MUST_CHECK NONNULL;

/* Where the program's own code calls: what people look for. */
struct source_line {
	struct source_frame frame;  /* the innermost frame that belongs to no library */
	struct source_frame caller; /* where FRAME's code is in no file: the innermost one that is; else its file is empty */
	bool needs_caller;          /* FRAME's code is in no file, and no caller was found */
};

/*
 * Find the frame of STACK that a person wants to see.
 *
 * The language's own library and installed packages are passed over. A stack that has nothing else is told by its
 * packages, and one of the language's library alone by its innermost frame.
 *
 * Returns false when there is no frame at all. Pure.
 */
bool source_of(struct text stack, struct source_line *out) MUST_CHECK NONNULL;

/* Do both point to the same line? */
bool source_is_same(const struct source_line *a, const struct source_line *b) MUST_CHECK NONNULL;

/* "agent.py:42 in cleanup", or "<string>:1 in <module>, from agent.py:42 in run"; files below BASE are told from there. */
void source_write(const struct source_line *source, struct text base, struct buf *out) NONNULL;
