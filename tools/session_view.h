/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session directory opened for reading: who and what (session.json), the
 * policy that decided (policy.img), what was counted (state), the events.
 *
 * All of it may come from a hostile hand or be half gone. What the events need
 * must be there; without the rest the reader goes on and says what is missing.
 */
#pragma once

#include "libguard/policy/policy.h"
#include "libguard/record/reader.h"
#include "tools/session_info.h"

/* What the file `state` counts. */
struct session_counts {
	bool known;          /* false: the file is missing or not of this version */
	uint64_t lost;       /* records that could not be written */
	uint64_t muted;      /* refusal lines that were not shown */
	uint32_t uncovered;  /* children that could not be hooked */
};

struct session_view {
	struct session_info info;
	struct session_counts counts;
	bool has_policy;          /* rules can be looked up */
	const char *policy_fault; /* why not, as the end of a sentence; or NULL */
	struct policy policy;
	unsigned char *image;
	struct log_reader *reader;
};

/*
 * Open the session that a user means.
 *
 *   log_directory, name  as for session_find
 *
 * Returns 0, or after a sentence on stderr that names the remedy EXIT_NO (there is no such session) or EXIT_GUARD
 * (there is, and it cannot be read).
 */
int session_view_open(const char *log_directory, const char *name, struct session_view *out)
	__attribute__((nonnull(3))) MUST_CHECK;

void session_view_close(struct session_view *view) NONNULL;

/* The policy to look rules up in, or NULL when the image is missing or damaged. */
const struct policy *session_view_policy(const struct session_view *view) NONNULL;

/* "running", "exit status 0", "exit status 137 (signal 9)", "ended unexpectedly: its supervisor is gone". */
void session_view_write_end(const struct session_info *info, struct buf *out) NONNULL;

/* How long it ran, or has been running. LAST_NS is when it was last heard of, for a session that was cut off. */
uint64_t session_view_duration(const struct session_info *info, uint64_t last_ns) NONNULL;
