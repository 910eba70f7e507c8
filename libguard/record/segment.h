/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A segment as it lies on disk.
 *
 * doc/event-log.md describes the same for others: whoever changes this file
 * raises SEGMENT_VERSION and tells it there.
 */
#pragma once

#include "libguard/core/buf.h"
#include "libguard/record/event.h"

#include <stdatomic.h>

#define SEGMENT_MAGIC 0x31474f4c44524755ull /* "UGRDLOG1" as bytes of a little-endian file */
#define SEGMENT_ORDER 0x01020304u           /* reads otherwise on a machine of the other byte order */
#define SEGMENT_VERSION 1
#define SEGMENT_NUMBER_MAX 9999

/* The first slot of a file. `reserved` has a cache line of its own: every writer changes it for every record. */
struct segment_head {
	uint64_t magic;
	uint32_t order;
	uint16_t version;
	uint16_t slot_size; /* bytes */
	uint32_t slots;     /* of the file, without this head */
	uint32_t number;
	uint64_t session;   /* the same in all segments of a log: when the first was made, CLOCK_REALTIME in ns */
	uint8_t unused[32];
	_Atomic uint64_t reserved; /* slots handed out to writers; goes beyond `slots` once the segment is full */
	uint8_t unused_too[56];
};

/*
 * The mark that begins each slot: its kind above, a number below.
 *
 * Payload never lies where a mark does, so no byte of a path can be taken for
 * one. Zero is a slot nobody reserved, or whose writer has not got to say more.
 */
#define MARK_KIND 0xffff0000u
#define MARK_NUMBER 0x0000ffffu
#define MARK_RESERVED 0x52530000u  /* head of a record being written; its slots */
#define MARK_COMMITTED 0x434d0000u /* head of a finished record; its slots */
#define MARK_TAIL 0x544c0000u      /* continues a record; which slot of it, from 1 */
#define MARK_END 0x4e440000u       /* the segment's last slots, too few for the record that came */

/* The head slot of a record: what every event has, then the first bytes of its values. */
struct slot_head {
	_Atomic uint32_t mark;
	uint16_t payload_len; /* bytes of values in all slots */
	uint8_t kind;
	uint8_t verb;
	uint64_t time_ns;
	uint32_t pid;
	uint32_t tid;
	uint32_t verbs;
	uint32_t rule;
	int16_t err;
	uint8_t verdict;
	uint8_t door;
	uint8_t flags;
	uint8_t coverage;
	uint16_t unused;
	unsigned char payload[88];
};

struct slot_tail {
	_Atomic uint32_t mark;
	unsigned char payload[124];
};

union slot {
	struct slot_head head;
	struct slot_tail tail;
};

/* What stands before each value in the payload; unaligned. */
struct value_head {
	uint16_t tag; /* enum event_field, or NUMBER_* */
	uint16_t len; /* bytes that follow */
};

/* Tags of numbers that few events have. They come before the texts and are left out when they are 0. */
#define NUMBER_PPID 64  /* 4 bytes */
#define NUMBER_UID 65   /* 4 bytes */
#define NUMBER_BYTES 66 /* 8 bytes */

#define SEGMENT_PAYLOAD_MAX                                                                                  \
	(sizeof((struct slot_head){0}.payload) + (EVENT_SLOTS_MAX - 1) * sizeof((struct slot_tail){0}.payload))

_Static_assert(sizeof(struct segment_head) == EVENT_SLOT, "the head is one slot");
_Static_assert(offsetof(struct segment_head, reserved) == 64, "the counter has a cache line of its own");
_Static_assert(sizeof(struct slot_head) == EVENT_SLOT, "a head is one slot");
_Static_assert(sizeof(struct slot_tail) == EVENT_SLOT, "a tail is one slot");
_Static_assert(sizeof(union slot) == EVENT_SLOT, "slots lie close");
_Static_assert(sizeof(struct value_head) == 4, "values lie close");
_Static_assert(SEGMENT_PAYLOAD_MAX <= UINT16_MAX, "a payload's length fits its field");

/* Bytes of segment NUMBER. */
size_t segment_size(uint32_t number);

/* Write "events-0001.log". */
void segment_name(uint32_t number, struct buf *out) NONNULL;

/*
 * Is this the head of a segment that this version can read?
 *
 *   size  bytes of the file
 *
 * Returns 0, or
 *   -EINVAL           not a segment
 *   -EPROTONOSUPPORT  a segment of a newer version, or of a machine with the other byte order
 *
 * A file cut short is still a segment: the caller compares size and slots. Safe anywhere.
 *
 * Source: doc/event-log.md.
 */
int segment_check(const struct segment_head *head, uint64_t size) MUST_CHECK NONNULL;
