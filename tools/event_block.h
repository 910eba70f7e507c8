/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The events of a session in a few bytes each, for the HTML report's script.
 *
 * A block is a row of sections, packed by zlib and written as base64. A section
 * is the length of its name (1 byte), the name, the length of its bytes (4 bytes,
 * little-endian) and the bytes:
 *
 *   meta       lines "WORD NUMBER": version, events, cut, start_us, programs
 *   whats      words, one a line: operations by their number, then kinds of other events
 *   outcomes   words without a comma, one a line, by enum outcome
 *   coverages  sentences, one a line, by enum event_coverage
 *   names      every name and sentence once, one a line, sorted by bytes; the first is empty
 *   time       microseconds since the event before (the first: since start_us)
 *   pid        difference to the event before
 *   what, outcome                               a byte each
 *   program                                     number of a program + 1, or 0
 *   object, detail, source, rule, call, error   numbers of names
 *   parent                                      of each program: as `program` above
 *   exe, argv                                   of each program: numbers of names
 *   runs, first_pid, uid                        of each program
 *   coverage                                    of each program: a byte
 *
 * Lists have one number for each event or program. Where nothing else is said, these are of three bytes, and all
 * lowest bytes come first, then all middle ones, then all highest ones; time, pid, runs, first_pid and uid are LEB128
 * of the zigzag form. Names are as escape_terminal writes them: nothing acts, none holds a line end.
 *
 * Source: RFC 1950, RFC 4648; src/block.js reads it.
 */
#pragma once

#include "tools/report.h"

#define EVENT_BLOCK_MAX 1000000 /* events that a block holds unless the user says otherwise */

struct event_block;

/*
 * Read the session's log again and take in the events that the report tells of, the first report->events of them.
 *
 * Of those that come later, refusals, starts of programs and what the guard says are taken in up to a tenth more, so
 * that a long log loses what matters least. Memory is bounded by report->events and by the cap on names.
 *
 *   ascii  names are written in ASCII
 *
 * Returns the block, owned by the caller, or NULL when the log cannot be read again.
 */
struct event_block *event_block_make(const struct report *report, bool ascii) MUST_CHECK NONNULL;

/* Events in the block, and events that are not in it for want of room. */
uint64_t event_block_count(const struct event_block *block) NONNULL;
uint64_t event_block_cut(const struct event_block *block) NONNULL;

/* Write it, as lines of base64. */
void event_block_write(const struct event_block *block, struct output *output) NONNULL;

void event_block_free(struct event_block *block) NONNULL;
