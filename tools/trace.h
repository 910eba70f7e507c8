/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session as a trace: for the viewers that others have made of what programs do over time and where it comes from.
 *
 * Written in the one pass in which the log is read; memory is bounded, whatever the log holds.
 */
#pragma once

#include "tools/output.h"
#include "tools/session_view.h"
#include "tools/summary.h"

struct trace {
	const struct session_view *view;
	struct summary summary; /* of programs and where they were started: what summary_pass takes in */
	struct output *output;
};

/*
 * One form: a file trace_NAME.c that ends in one const struct, listed in trace_formats.def.
 *
 * Memory comes from the summary's arena.
 */
struct trace_format {
	const char *name; /* the word for --format */
	void *(*begin)(struct trace *trace); /* the form's own state */
	/* An event, which the summary has taken in. One that was not SELECTED tells of processes alone. */
	void (*event)(struct trace *trace, void *state, const struct event *event, bool selected);
	void (*end)(struct trace *trace, void *state);
};

#define TRACE_FORMAT(name) extern const struct trace_format trace_format_##name;
#include "tools/trace_formats.def"
#undef TRACE_FORMAT

/* The last component of a path. */
struct text trace_base_name(struct text path) MUST_CHECK;
