/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the segments of a session, also while they are written, also torn ones.
 *
 * The bytes are hostile: every length and offset is checked here, once, and
 * callers get an event whose texts lie inside the mapping.
 */
#pragma once

#include "libguard/record/event.h"

struct log_reader;

/* What was found besides records. */
struct log_damage {
	uint64_t torn;     /* records reserved and never committed */
	uint64_t bad;      /* slots that make no sense */
	uint64_t cut;      /* records whose values did not fit */
	uint32_t missing;  /* segments absent from the row */
	uint32_t unread;   /* segments that could not be opened or are no segments */
};

/*
 * Open the log of a session directory.
 *
 *   directory  any path
 *   out        the reader, owned by the caller; log_reader_close frees it
 *
 * Returns 0, or -errno: -ENOENT no segment there, -EINVAL no segment is of a known version, -ENOMEM, or what
 * open(2), mmap(2) say.
 *
 * For tools: allocates. One thread at a time.
 *
 * Source: doc/event-log.md.
 */
int log_reader_open(const char *directory, struct log_reader **out) MUST_CHECK NONNULL;

/*
 * The next committed record.
 *
 *   event  filled in; its texts stay valid until the next call
 *
 * Returns 1, or 0 at the end of what is committed now. A later call goes on where the writers have got to.
 */
int log_reader_next(struct log_reader *reader, struct event *event) MUST_CHECK NONNULL;

struct log_damage log_reader_damage(const struct log_reader *reader) NONNULL;

/* Bytes read so far and in all, for progress. */
void log_reader_progress(const struct log_reader *reader, uint64_t *done, uint64_t *all) NONNULL;

void log_reader_close(struct log_reader *reader);
