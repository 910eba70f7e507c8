/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who we are: the session a process belongs to, mapped.
 *
 * A session directory holds policy.conf, policy.img, state, events-NNNN.log and
 * session.json. guardctl makes it; a guarded process maps policy.img read-only,
 * state and the newest segment read-write, and keeps no descriptor.
 *
 * A process belongs to one session, or to several when `guardctl run` was
 * started inside a session: then every one of them must allow what it does, and
 * each records it. GUARD_SESSION names their directories, outermost first,
 * separated by ':'.
 */
#pragma once

#include "libguard/core/base.h"
#include "libguard/policy/policy.h"
#include "libguard/record/writer.h"

#include <stdatomic.h>

#define SESSION_VARIABLE "GUARD_SESSION"
#define POLICY_VARIABLE "GUARD_POLICY"
#define ROOT_VARIABLE "GUARD_ROOT"
#define SESSION_NESTED_MAX 4
#define SESSION_HOSTS 1024
#define SESSION_LINES 64
#define SESSION_NOTES 64 /* a power of two */

#define SESSION_STATE_MAGIC 0x3154415453444747ull /* "GGDSTAT1" as bytes in memory */
#define SESSION_STATE_VERSION 2 /* 1 had no notes; what lies before them is the same */
#define SESSION_POLICY_ALIGN 64 /* bytes; counters of the policy start on a cache line */

/* A name and an address it was resolved to; `stamp` is odd while a writer fills the row (a sequence lock). */
struct session_host {
	_Atomic uint32_t stamp;
	uint8_t ip[16];
	uint8_t len;
	char name[107]; /* longer names are kept by their last bytes */
};

/* What a hook tells the kernel door; see note.h. */
struct session_note {
	_Atomic uint64_t key; /* 0: none */
	_Atomic uint32_t pid, verbs;
};

/* The file `state`: what all processes of a session share and change. policy_state lies at policy_offset. */
struct session_state {
	uint64_t magic;
	uint32_t version;
	uint32_t policy_offset; /* bytes from the start of the file */
	uint64_t size;          /* bytes of the whole file */
	uint64_t started_ns;    /* CLOCK_REALTIME */
	_Atomic uint32_t supervisor; /* pid, 0 once it has gone */
	_Atomic uint32_t next_host;  /* ring position in hosts */
	struct log_state log;
	_Atomic uint64_t lines[SESSION_LINES]; /* rate limit of the refusal line, by rule: second << 32 | lines in it */
	_Atomic uint64_t lines_muted;  /* lines not shown */
	uint32_t unused;               /* was a count of the processes that joined, which the log tells */
	_Atomic uint32_t uncovered;    /* children that could not be hooked */
	struct session_host hosts[SESSION_HOSTS];
	_Atomic uint32_t door;         /* 1: the kernel door answers */
	_Atomic uint32_t next_note;    /* ring position in notes */
	struct session_note notes[SESSION_NOTES];
};

struct session {
	struct policy policy;
	struct log_writer log;
	struct session_state *state;
	char directory[256];
};

/*
 * Map the session of DIRECTORY.
 *
 *   directory  absolute path, shorter than 256 bytes
 *   out        the session; its mappings live until the process ends
 *
 * Returns 0, or -errno: -EINVAL the files are not those of a session, -ENAMETOOLONG, or what open(2), mmap(2) say.
 *
 * Uses raw system calls only; keeps no descriptor; leaves errno alone. Not for signal handlers.
 *
 * Source: design of the session directory, ARCHITECTURE.md.
 */
int session_join(const char *directory, struct session *out) MUST_CHECK NONNULL;

/* Remember that NAME leads to ADDR, for rules that name hosts. Lock-free; the oldest of 1024 rows gives way. */
void session_add_host(struct session *session, const struct addr *addr, struct text name) NONNULL;

/*
 * The newest name that was resolved to ADDR.
 *
 *   out  at least 108 bytes; the name with a NUL
 *
 * Returns the length in bytes, 0 when there is none.
 */
size_t session_find_host(const struct session *session, const struct addr *addr, char *out) MUST_CHECK NONNULL;
