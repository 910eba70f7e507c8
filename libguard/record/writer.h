/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing records into the session's mapped segments.
 *
 * A writer reserves slots with one atomic add, fills them and stores the head's
 * mark last. No lock, no system call per record, no descriptor kept. Segments
 * are made by the session's supervisor ahead of need; a writer only maps them.
 */
#pragma once

#include "libguard/record/event.h"

#include <stdatomic.h>

#define LOG_SEGMENT_FIRST (1u << 20) /* bytes of segment 1; each next one doubles up to the last */
#define LOG_SEGMENT_LAST (64u << 20)

/* The part of the session's shared state that all writers and the supervisor use. Zero is a valid start. */
struct log_state {
	_Atomic uint32_t ready;    /* segments that exist, numbered from 1; futex: woken when it grows */
	_Atomic uint32_t wanted;   /* segments somebody asks for; futex the supervisor waits on */
	_Atomic uint32_t finished; /* 1: no supervisor makes segments any more */
	_Atomic uint32_t unused;
	_Atomic uint64_t lost;     /* records that could not be written */
	_Atomic uint64_t written;  /* records committed */
};

struct log_segment; /* a mapped segment, head included */

/* One process's view of the log. */
struct log_writer {
	struct log_state *state;
	_Atomic(struct log_segment *) current;
	char directory[256]; /* absolute path of the session directory */
};

/*
 * Map the newest segment of DIRECTORY.
 *
 *   directory  absolute path, shorter than 256 bytes
 *   state      the session's shared log state, kept by reference
 *
 * Returns 0, or -errno: -ENAMETOOLONG, -ENOENT no segment, -EINVAL not a segment, or what open(2), mmap(2) say.
 *
 * Keeps no descriptor. Allocates nothing but the mapping. Leaves errno alone.
 *
 * Source: doc/event-log.md.
 */
int log_attach(struct log_writer *writer, const char *directory, struct log_state *state) MUST_CHECK NONNULL;

/*
 * Write one record.
 *
 *   event  pid, tid and time_ns are filled in by the caller; values too long for a record are cut at its end and
 *          the record says so
 *
 * Returns 0, or
 *   -ENOSPC  no segment has room and none came within a second; the loss was counted
 *
 * Safe in threads, signal handlers, after fork and in vfork children. Allocates nothing, leaves errno alone. Cost:
 * one atomic add; a segment change maps a file.
 *
 * Source: doc/event-log.md.
 */
int log_write(struct log_writer *writer, const struct event *event) NONNULL;

/*
 * Make segment NUMBER of DIRECTORY (supervisor only): created exclusively, preallocated, head written.
 *
 * Returns 0, or -errno of openat(2), posix_fallocate(3) (-ENOSPC: disk full; nothing is left behind).
 */
int log_make_segment(const char *directory, uint32_t number) MUST_CHECK NONNULL;
