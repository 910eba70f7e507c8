/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing records into the session's mapped segments.
 *
 * A writer reserves slots with one atomic add, fills them and stores the head's
 * mark last. No lock, no system call per record, no descriptor kept. Segments
 * are made by the session's supervisor ahead of need; a writer only maps them.
 * What was committed is counted by who reads it, what was lost in log_state.
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
	_Atomic uint32_t filling;  /* segment that takes records now: where a new process attaches; 0 is 1 */
	_Atomic uint32_t stuck;    /* segment that did not come: nobody waits for it again; it may come later. The supervisor sets it too */
	_Atomic uint32_t asleep;   /* 1: the supervisor waits here, and must hear of the next record; futex */
	_Atomic uint64_t lost;     /* records that could not be written */
};

/*
 * A mapped segment, as this process keeps it: in memory of its own, so that what bounds a store is not read from the
 * file's head, which others can change.
 */
#define LOG_SEGMENT_ALIGN 64 /* bytes */
struct log_segment {
	_Alignas(LOG_SEGMENT_ALIGN) struct segment_head *head;
	union slot *slots;
	size_t mapped;             /* bytes from the head on that are ours to unmap */
	uint32_t count;            /* slots behind the head */
	uint32_t number;
	_Atomic int64_t remaining; /* once replaced: calls still inside; before that what has left of them, below 0 */
};

/* One process's view of the log. */
struct log_writer {
	struct log_state *state;
	_Atomic uint64_t current; /* the mapped segment's address << 16, and how many calls are inside it */
	uint64_t session;         /* what the head of every segment must say */
	const char *directory;    /* absolute path of the session directory; the caller's */
	struct log_segment first; /* the one attached to; later ones lie behind their files */
};

/*
 * Map the segment of DIRECTORY that takes records now.
 *
 *   directory  absolute path, shorter than 256 bytes, kept by reference
 *   state      the session's shared log state, kept by reference
 *
 * Returns 0, or -errno: -ENAMETOOLONG, -ENOENT no segment, -EINVAL not a segment, -EPROTONOSUPPORT of a newer
 * version, or what open(2), mmap(2) say.
 *
 * Keeps no descriptor. Allocates nothing but the mapping. Leaves errno alone.
 *
 * Source: doc/event-log.md.
 */
int log_attach(struct log_writer *writer, const char *directory, struct log_state *state) MUST_CHECK NONNULL;

/* Unmap the segment. Not while another thread writes; a process that ends need not call it. */
void log_detach(struct log_writer *writer) NONNULL;

/*
 * Write one record.
 *
 *   event  pid, tid and time_ns are filled in by the caller; values too long for a record are cut at its end and
 *          the record says so
 *
 * Returns 0, or
 *   -ENOSPC  no segment has room, and none came within a second or can be reached; the loss was counted
 *
 * Safe in threads, signal handlers (also those that leave by longjmp), after fork and in vfork children. Allocates
 * nothing, leaves errno alone. A change of segment maps one file and unmaps the one before when the last call has
 * left it. A call that never ends (longjmp, fork while another thread writes) keeps its segment mapped, no more.
 *
 * Cost: three atomic operations and the bytes; at the middle of a segment one futex wake.
 *
 * Source: doc/event-log.md.
 */
int log_write(struct log_writer *writer, const struct event *event) NONNULL;

/*
 * Make segment NUMBER of DIRECTORY (supervisor only): preallocated, head written, and only then given its name.
 * One process at a time.
 *
 * The supervisor makes segment 1, sets state->ready to 1, and from then on waits on state->wanted: it makes what is
 * wanted and not ready, raises state->ready and wakes it. A supervisor that seals what is written may set
 * state->asleep to 1 and wait on that instead, after a last look at what was reserved. When making fails it sets
 * state->stuck to the number, so that no guest waits in vain; when it gives up for good it sets state->finished. Ignore
 * SIGXFSZ.
 *
 * Returns 0, or
 *   -EEXIST  there is such a file
 *   -ENOENT  the segment before it is missing
 *   -ENOSPC  disk full; nothing is left behind
 *   -EFBIG   NUMBER is 0 or above 9999
 *   or what open(2), fallocate(2) say; nothing is left behind
 *
 * Safe anywhere; allocates nothing, leaves errno alone. Cost: the file system's.
 *
 * Source: doc/event-log.md, fallocate(2).
 */
int log_make_segment(const char *directory, uint32_t number) MUST_CHECK NONNULL;
