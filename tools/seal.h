/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chain that seals a session's log: one line an entry, in the file `seal`.
 *
 * Every line ends in a link: the SHA-256 of the link before and of the line up
 * to it. So nothing can be changed, put in or taken out before a line whose
 * link is known. What is true of the log is not looked at here (verify.h), and
 * when it is sealed neither (sealer.h).
 */
#pragma once

#include "libguard/core/base.h"
#include "libguard/core/buf.h"

#include <nettle/sha2.h>

#define SEAL_FILE "seal"
#define SEAL_VERSION 1
#define SEAL_LINE_MAX 320  /* bytes that hold any line with its newline */
#define SEAL_NAME_MAX 64   /* bytes of a session's or file's name, with its NUL */
#define SEAL_HEAD_BYTES 64 /* of a segment's head: what never changes once the segment is made */

struct seal_hash {
	uint8_t bytes[SHA256_DIGEST_SIZE];
};

#define SEAL_HASH_DIGITS (2 * sizeof(struct seal_hash))

enum seal_kind {
	SEAL_START, /* of a session */
	SEAL_FILE_COPY, /* a file of the session as it was */
	SEAL_BLOCK, /* slots of a segment */
	SEAL_HOLE,  /* slots of a record that was not finished: not hashed */
	SEAL_END    /* of the session: nothing follows */
};

/* What one line says. Slots are counted as in an event's id: slot 0 is the segment's head. */
struct seal_entry {
	enum seal_kind kind;
	uint64_t time_ns;         /* when it was sealed, CLOCK_REALTIME */
	char name[SEAL_NAME_MAX]; /* of the session; of the file */
	uint64_t len;             /* bytes of the file */
	uint32_t segment, first, count;
	uint32_t records;         /* finished ones that begin in the block */
	uint32_t survivors;       /* processes that went on without anybody to seal what they record */
	struct seal_hash content; /* of the file; of the block's slots, of slot 0 its first SEAL_HEAD_BYTES */
};

/*
 * Write the line of ENTRY.
 *
 *   before  the link of the line before, or NULL for the first line
 *   out     at least SEAL_LINE_MAX bytes; a newline ends it
 *   link    the line's own
 *
 * Safe in threads; allocates nothing. Source: doc/event-log.md.
 */
void seal_write(const struct seal_entry *entry, const struct seal_hash *before, struct buf *out, struct seal_hash *link)
	__attribute__((nonnull(1, 3, 4)));

/*
 * Read a line, which is hostile input. There is one way only to write an entry; all others are refused.
 *
 *   line  without its newline
 *   link  what the line says its link is, whether it fits or not: seal_link tells
 *
 * Returns 0, or
 *   -EINVAL           no such line
 *   -EPROTONOSUPPORT  the first line of a newer version
 */
int seal_read(struct text line, struct seal_entry *entry, struct seal_hash *link) MUST_CHECK NONNULL;

/* The link that LINE (without newline, as seal_read accepts it) must have behind BEFORE. */
void seal_link(struct text line, const struct seal_hash *before, struct seal_hash *link) __attribute__((nonnull(3)));

static inline bool seal_same(const struct seal_hash *a, const struct seal_hash *b)
{
	return __builtin_memcmp(a, b, sizeof *a) == 0;
}

/* 64 digits in small letters. */
void seal_hash_write(const struct seal_hash *hash, struct buf *out) NONNULL;

/* 0, or -EINVAL unless TEXT is 64 hexadecimal digits in small letters. */
int seal_hash_read(struct text text, struct seal_hash *out) MUST_CHECK NONNULL;

/* A hash over pieces: begin, add any number of them, end. */
struct seal_sum {
	struct sha256_ctx state;
};

void seal_sum_begin(struct seal_sum *sum) NONNULL;
void seal_sum_add(struct seal_sum *sum, const void *data, size_t len) __attribute__((nonnull(1)));
void seal_sum_end(struct seal_sum *sum, struct seal_hash *out) NONNULL;

/* What a chain says of itself. */
struct seal_glance {
	uint64_t blocks;
	uint64_t sealed_ns; /* when the last of them was */
	bool ended;
};

/* Read the chain of a session's directory without checking anything. False: there is none. */
bool seal_look(const char *directory, struct seal_glance *out) NONNULL;

/*
 * Hash a regular file of DIRECTORY, following no link.
 *
 *   len  its bytes
 *
 * 0 or -errno of open(2), read(2); -EINVAL what is there is no regular file.
 */
int seal_hash_file(int directory, const char *name, struct seal_hash *out, uint64_t *len) MUST_CHECK NONNULL;
