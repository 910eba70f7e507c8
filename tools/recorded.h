/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One event of a log by its id, with what led to it: who acted, from which
 * source line, which labels the session carried.
 */
#pragma once

#include "tools/event_id.h"
#include "tools/replay.h"
#include "tools/session_view.h"
#include "tools/summary.h"

struct recorded {
	struct session_view view;
	struct summary summary; /* what came before it: programs, origins, labels */
	struct event event;
	struct text exe;	   /* may be empty */
	struct source_line source; /* its file may be empty */
	bool inherited;		   /* the line is that of the call that started the program */
	char id[EVENT_ID_MAX];
};

/*
 * Find an event. Reads the log up to it.
 *
 *   out  to be closed with recorded_close; only when 0 is returned
 *
 * Returns 0, or after a sentence on stderr EXIT_NO (no such session or event) or EXIT_GUARD.
 */
int recorded_open(const char *log_directory, const struct event_id *id, struct recorded *out)
	__attribute__((nonnull(2, 3))) MUST_CHECK;

void recorded_close(struct recorded *recorded) NONNULL;
