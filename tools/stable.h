/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names that stay the same from run to run: what changes by itself in them is
 * replaced. guardctl(1), "NAMES THAT CHANGE", tells users the same.
 */
#pragma once

#include "libguard/core/buf.h"
#include "libguard/record/event.h"
#include "tools/table.h"

/* What is replaced. */
enum stable_part {
	STABLE_SESSION, /* the session's own directory */
	STABLE_WORKSPACE,
	STABLE_HOME,
	STABLE_PID,
	STABLE_RANDOM,	/* mkstemp(3), mkdtemp(3), Python's tempfile */
	STABLE_HASH,	/* hexadecimal digits of a checksum, a UUID */
	STABLE_TIME,	/* a date, with the time of day behind it where there is one */
	STABLE_NUMBER,	/* an address, a counter of many digits */
	STABLE_VERSION, /* numbers with dots between */
	STABLE_PORT,	/* of the kernel's choice on this machine */
	STABLE_PART_COUNT
};

struct stable {
	struct text session, workspace, home; /* absolute paths; empty: not replaced */
	struct table pids;		      /* processes of the session, by their digits */
	uint32_t last[3];		      /* those that the last event named */
	const char *words[STABLE_PART_COUNT]; /* what stands for each; NULL: it is left as it is */
};

/* "<pid>", "<random>", ...: for people. */
extern const char *const stable_words[STABLE_PART_COUNT];

void stable_init(struct stable *stable, struct arena *arena, const char *const words[STABLE_PART_COUNT]) NONNULL;

/* Take in any event: which processes there are. Names are told right of those seen so far. */
void stable_add(struct stable *stable, const struct event *event) NONNULL;

/* Write a path. Each replacement may make it longer: 32 bytes for each of its own are enough. */
void stable_write_path(const struct stable *stable, struct text path, struct buf *out) NONNULL;

#define STABLE_PORT_FIRST 32768 /* the first port that Linux gives out by itself */

/* Does a peer on this machine have a port of the kernel's choice? */
bool stable_is_drawn(struct text address, uint16_t port) MUST_CHECK;

/* Write "host:443", "1.2.3.4:443", a unix socket's path. */
void stable_write_peer(const struct stable *stable, struct text host, struct text address, uint16_t port,
		       struct buf *out) NONNULL;

void stable_free(struct stable *stable) NONNULL;
