/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bounded text builder on the caller's storage.
 *
 * Overflow is sticky: what did not fit is dropped and `overflow` says so; the
 * text built so far stays valid. Allocates nothing, touches no errno, safe in
 * threads, signal handlers and after fork.
 */
#pragma once

#include "libguard/core/base.h"

struct buf {
	char *data;
	size_t len; /* bytes used, no NUL counted */
	size_t cap; /* bytes of storage */
	bool overflow;
};

/* A builder on an array of the caller's. */
#define BUF_ON(array) ((struct buf){.data = (array), .cap = sizeof(array)})

void buf_bytes(struct buf *buf, const char *bytes, size_t len) NONNULL;
void buf_str(struct buf *buf, const char *string) NONNULL;
void buf_char(struct buf *buf, char c) NONNULL;
void buf_u64(struct buf *buf, uint64_t number) NONNULL;
void buf_i64(struct buf *buf, int64_t number) NONNULL;
void buf_hex(struct buf *buf, uint64_t number, unsigned digits) NONNULL;

/*
 * End the text with a NUL that is not counted in len and return it. On a full
 * buffer the last byte gives way to the NUL and overflow is set.
 */
const char *buf_cstr(struct buf *buf) NONNULL;
