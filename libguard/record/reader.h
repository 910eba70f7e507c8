/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the segments of a session, also while they are written, also torn ones.
 *
 * The bytes are hostile: every length, offset and number is checked here, once;
 * callers get an event whose texts lie in the reader's memory and whose verb,
 * verdict, kind, door and coverage are known ones. What a text says is not
 * checked: it may hold any byte.
 */
#pragma once

#include "libguard/record/event.h"

struct log_reader;

/* What was found besides records. */
struct log_damage {
	uint64_t torn;     /* records reserved and not committed; neighbours that said nothing at all count as one */
	uint64_t bad;      /* slots and records that make no sense, heads of segments included */
	uint64_t cut;      /* records whose values did not fit */
	uint32_t missing;  /* segments absent from the row */
	uint32_t unread;   /* segments that could not be opened, are none, or are of a newer version */
	uint32_t short_of; /* segments whose file is shorter than they say */
};

/*
 * Open the log of a session directory.
 *
 *   directory  any path
 *   out        the reader, owned by the caller; log_reader_close frees it
 *
 * Returns 0, or -errno: -ENOENT no segment there, -EINVAL no file is a segment, -EPROTONOSUPPORT the first segment
 * is of a newer version or of a machine with the other byte order, -ENOMEM, or what open(2), read(2) say.
 *
 * For tools: allocates. One thread at a time. Writes nothing, keeps two descriptors.
 *
 * Source: doc/event-log.md.
 */
int log_reader_open(const char *directory, struct log_reader **out) MUST_CHECK NONNULL;

/*
 * The next committed record.
 *
 *   event  filled in, its place in the log included; its texts stay valid until the next call
 *
 * Returns 1, or 0 at the end of what is committed now. A later call goes on where the writers have got to; a record
 * that was still being written when its neighbours were read comes later, out of its order.
 *
 * Memory does not grow with the log. Source: doc/event-log.md.
 */
int log_reader_next(struct log_reader *reader, struct event *event) MUST_CHECK NONNULL;

/* The damage met so far. A record that is being written now counts as torn until it is committed and read. */
struct log_damage log_reader_damage(const struct log_reader *reader) NONNULL;

/* Bytes read so far and in all, for progress. */
void log_reader_progress(const struct log_reader *reader, uint64_t *done, uint64_t *all) NONNULL;

/* Free the reader; NULL is allowed. */
void log_reader_close(struct log_reader *reader);
