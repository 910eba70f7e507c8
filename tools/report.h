/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session's report, told as text or as JSON. Both tell the same.
 */
#pragma once

#include "tools/output.h"
#include "tools/session_view.h"
#include "tools/summary.h"

struct report {
	const struct session_view *view;
	const struct summary *summary;
	struct log_damage damage;
	size_t top; /* rows of each list; SIZE_MAX: all */
};

/* Why a program is not covered, as the end of a sentence. */
extern const char *const report_coverage[EVENT_COVERAGE_LAST + 1];

/* Singular words of the kinds of change: "created", "written", ... */
extern const char *const report_changes[CHANGE_KIND_COUNT];

/* Entries of a table in the order in which people want them; owned by the caller. */
struct table_entry **report_refusals(const struct report *report) NONNULL; /* most frequent first, then oldest */
struct table_entry **report_contacts(const struct report *report) NONNULL; /* most frequent first */
struct table_entry **report_reads(const struct report *report) NONNULL;    /* most frequent first */

/* Is what the report says all that happened: nothing lost, damaged, uncovered or unknown? */
bool report_is_complete(const struct report *report) NONNULL;

/* The names of the labels that the rule gave, separated by blanks; "?" when the log does not tell. */
void report_write_labels(const struct report *report, uint32_t rule, struct buf *out) NONNULL;

/* Words separated by NUL as a shell would take them. */
void report_write_words(struct text words, struct buf *out) NONNULL;

void report_text(const struct report *report, struct output *output) NONNULL;
void report_json(const struct report *report, struct output *output) NONNULL;
