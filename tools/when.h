/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Points in time and lengths of it, as people and programs write them.
 */
#pragma once

#include "libguard/core/base.h"
#include "libguard/core/buf.h"

#define WHEN_MAX 40 /* bytes that hold any of the forms below */

/* "2026-01-02T03:04:05.678901234Z". Remembers the last second in static storage, so a row of times costs little. */
void when_write_rfc3339(uint64_t time_ns, struct buf *out) NONNULL;

/* "2026-01-02 03:04:05", in the reader's time zone. */
void when_write_local(uint64_t time_ns, struct buf *out) NONNULL;

/* "15:04:05.678901", in the reader's time zone. */
void when_write_clock(uint64_t time_ns, struct buf *out) NONNULL;

/* "0.4 s", "12 s", "3 min 5 s", "2 h 10 min", "3 d 4 h". */
void when_write_duration(uint64_t duration_ns, struct buf *out) NONNULL;

/*
 * Read a point in time.
 *
 *   text    a time before now ("90s", "5m", "2h", "1d"), RFC 3339 with T or a blank between and Z, an offset or
 *           nothing (the reader's zone) at the end, a date alone, or seconds since 1970 with or without fraction
 *   now_ns  what "now" is
 *
 * Returns 0, or -EINVAL.
 *
 * Source: RFC 3339.
 */
int when_read(const char *text, uint64_t now_ns, uint64_t *out_ns) MUST_CHECK NONNULL;
