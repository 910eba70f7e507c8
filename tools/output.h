/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standard output of the commands that print much: buffered, and no error of a
 * write goes unseen. A reader that has gone away (a pager, head) is no error:
 * the command just ends.
 */
#pragma once

#include "libguard/core/base.h"

/* How a character beyond ASCII is written where only ASCII is wanted. */
enum output_ascii {
	ASCII_NOT_NEEDED, /* as it is */
	ASCII_BRACES,     /* \u{fc} */
	ASCII_JSON,       /* \u00fc, beyond U+FFFF two of them */
	ASCII_XML         /* &#xfc; */
};

struct output {
	enum output_ascii ascii;
	int fd;
	int err;           /* -errno of the first write that failed; nothing is written from then on */
	bool is_terminal;
	bool colour;       /* write colours */
	unsigned columns;  /* of the terminal; 0: do not cut */
	size_t len;
	char data[1 << 16];
};

enum colour_choice { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };

/*
 * The one output of the process, on descriptor 1. A broken pipe becomes an error code instead of a signal.
 *
 *   choice  COLOUR_AUTO: colours on a terminal, unless NO_COLOR is set or TERM is "dumb"
 */
struct output *output_open(enum colour_choice choice);

/* Read the argument of --color. -EINVAL for an unknown word. */
int output_read_colour(const char *word, enum colour_choice *out) MUST_CHECK NONNULL;

void output_bytes(struct output *output, const char *data, size_t len) NONNULL;
void output_string(struct output *output, const char *string) NONNULL;
void output_format(struct output *output, const char *format, ...) PRINTF(2, 3) NONNULL;

/* TEXT made safe to show. */
void output_text(struct output *output, struct text text) NONNULL;

/*
 * Room in the buffer for SIZE bytes that the caller writes itself, and then adds to `len`; NULL when there is none and
 * never will be. Not for an output in ASCII.
 */
char *output_room(struct output *output, size_t size) MUST_CHECK NONNULL;

/* Write out what is buffered. False once a write has failed. */
bool output_flush(struct output *output) NONNULL;

/* Flush and close; the command's exit code: CODE, or EXIT_GUARD after a sentence when a write failed. */
int output_finish(struct output *output, int code) MUST_CHECK NONNULL;
