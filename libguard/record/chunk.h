/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A piece of one segment in memory, for the reader.
 *
 * Read with pread(2) and not mapped: a file that somebody cuts short under a
 * mapping is SIGBUS for whoever reads it.
 */
#pragma once

#include "libguard/record/segment.h"

#define CHUNK_SLOTS 2048 /* 256 KiB: stays in the second-level cache; holds the longest record many times */

struct chunk {
	int fd;          /* -1: no segment is open */
	uint32_t number; /* of the open segment */
	uint32_t slots;  /* that its file can hold */
	bool is_short;   /* it says it has more */
	bool is_long;    /* it says it has less */
	uint32_t first;  /* what is in memory, in slots; count may be 0 */
	uint32_t count;
	uint32_t marks[CHUNK_SLOTS];
	_Alignas(64) union slot data[CHUNK_SLOTS];
};

/*
 * Open segment NUMBER in the place of the one that is open; nothing is in memory then.
 *
 * Returns 0, or -errno: -EINVAL not a segment, -EPROTONOSUPPORT of a newer version, or what open(2), pread(2) say.
 *
 * For tools.
 *
 * Source: doc/event-log.md.
 */
int chunk_open(struct chunk *chunk, int directory, uint32_t number) MUST_CHECK NONNULL;

/* Slots handed out to writers up to now, at most chunk->slots; 0 when the file cannot be read any more. */
uint32_t chunk_reserved(const struct chunk *chunk) MUST_CHECK NONNULL;

/*
 * Load slots from FIRST on, as many as there are up to MOST (and CHUNK_SLOTS). A record whose mark in `marks` is committed
 * is complete in `data`, however fast it is being written. false when there is nothing at FIRST.
 */
bool chunk_load(struct chunk *chunk, uint32_t first, uint32_t most) MUST_CHECK NONNULL;

/* Slots handed out in segment NUMBER, without changing what is open. 0 for a file that is no segment. */
uint32_t chunk_peek(int directory, uint32_t number) MUST_CHECK;

void chunk_close(struct chunk *chunk) NONNULL;
