/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Native frames told by function and source line, where the build that was recorded is still there.
 *
 * The binaries may be those of a program that means harm, and libraries that read debug information have had holes.
 * So a process of its own reads them, which can do nothing else (confine.h) and is ended when it takes too long; what
 * it cannot tell stays as it was recorded. Nothing is fetched from anywhere.
 */
#pragma once

#include "libguard/core/buf.h"

#define SYMBOLS_TEXT_MAX 8192 /* bytes that hold what symbols_write writes of a frame */

struct symbol {
	struct text frame;    /* as recorded, without its build-id */
	struct text function; /* empty: not known */
	struct text file;     /* empty: not known */
	uint64_t line;
};

/*
 * What the next frame of STACK is; STACK moves on behind it.
 *
 *   stack  an event's FIELD_STACK
 *   exe    the event's program, which frames call "-"; may be empty
 *   out    its texts stay valid until the next call, `frame` as long as STACK's
 *
 * Returns false at the end of STACK. The first call that needs it starts the reading process, which ends with this one.
 * For tools; one thread at a time.
 */
bool symbols_next(struct text *stack, struct text exe, struct symbol *out) MUST_CHECK NONNULL;

/* "load_file at /src/config.c:41", "load_file in /usr/lib/libx.so.1+0x1f2a", "/usr/lib/libx.so.1+0x1f2a". */
void symbols_write(const struct symbol *symbol, struct buf *out) NONNULL;

/* The innermost COUNT frames, with ", from " between them. */
void symbols_write_stack(struct text stack, struct text exe, unsigned count, struct buf *out) NONNULL;
