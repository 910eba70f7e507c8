/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session's report, and the forms in which it is told. All tell the same, from
 * one pass over the log: see summary.h.
 */
#pragma once

#include "tools/output.h"
#include "tools/selection.h"
#include "tools/session_view.h"
#include "tools/summary.h"

/* What refusals are told together by. */
enum report_group_by { GROUP_BY_CAUSE, /* rule and operation */ GROUP_BY_RULE, GROUP_BY_PROGRAM, GROUP_BY_OBJECT,
		       GROUP_BY_OPERATION, GROUP_BY_SOURCE };

struct report {
	const struct session_view *view;
	const struct summary *summary;
	struct log_damage damage;
	size_t top;    /* rows of each list; SIZE_MAX: all */
	size_t events; /* that a form which holds events has at most */
	enum report_group_by group_by;
	size_t number; /* of the session among those reported, from 0 */
	const struct selection *selection; /* of events; a writer that reads the log again must keep to it */
};

/*
 * One form of the report: a file report_NAME.c that ends in one const struct, listed in report_formats.def.
 *
 * All sessions of a call are written into one output, one after the other. A writer allocates what it needs with the
 * arena or ends the program; nothing it prints of a name may act in the form it writes.
 */
struct report_format {
	const char *name;     /* the word for --format */
	const char *sentence; /* for --help: what it is for */
	enum output_ascii ascii; /* for --escape ascii */
	bool whole;           /* lists are told whole unless --top is given: for programs, not for people */
	void (*begin)(struct output *output); /* before the first session; or NULL */
	void (*write)(const struct report *report, struct output *output);
	void (*end)(struct output *output);   /* after the last session; or NULL */
};

#define REPORT_FORMAT(name) extern const struct report_format report_format_##name;
#include "tools/report_formats.def"
#undef REPORT_FORMAT

/* The format of that name, or NULL. */
const struct report_format *report_format_find(const char *name) MUST_CHECK NONNULL;

/* The names of all formats, `count` of them; in the order of the table. */
const char *const *report_format_names(size_t *count) NONNULL;

/* Why a program is not covered, as the end of a sentence. */
extern const char *const report_coverage[EVENT_COVERAGE_LAST + 1];

/* Singular words of the kinds of change: "created", "written", ... */
extern const char *const report_changes[CHANGE_KIND_COUNT];

/* Entries of a table in the order in which people want them; owned by the caller. */
struct table_entry **report_refusals(const struct report *report) NONNULL; /* most frequent first, then oldest */
struct table_entry **report_contacts(const struct report *report) NONNULL; /* most frequent first */
struct table_entry **report_reads(const struct report *report) NONNULL;    /* most frequent first */
struct table_entry **report_files(const struct report *report) NONNULL;    /* most frequent first */

/* "2 connect, 1 exec": what was done after the session got its first label; nothing when there was none. */
void report_write_followed(const struct report *report, struct buf *out) NONNULL;

/* Is what the report says all that happened: nothing lost, damaged, uncovered or unknown? */
bool report_is_complete(const struct report *report) NONNULL;

/* The names of the labels that the rule gave, separated by blanks; "?" when the log does not tell. */
void report_write_labels(const struct report *report, uint32_t rule, struct buf *out) NONNULL;

/* "/a/path", "host at 1.2.3.4:443", "/usr/bin/git: git push": what was refused. */
void report_write_object(const struct refusal *refusal, struct buf *out) NONNULL;

/* "1.2.3.4:443", "[::1]:53", "/run/socket": the address of a peer. */
void report_write_peer(const struct contact *contact, struct buf *out) NONNULL;

/* The id of the first event of it: see event_id.h. */
void report_write_event(const struct report *report, const struct refusal *refusal, struct buf *out) NONNULL;

/* What to add to the policy to allow it, or nothing. */
void report_write_hint(const struct report *report, const struct refusal *refusal, struct buf *out) NONNULL;

/* "read of /a/path is refused by rule shut (guard.conf:2): not yours": the whole of it in a sentence. */
void report_write_refusal(const struct report *report, const struct refusal *refusal, struct buf *out) NONNULL;

/* "7 operations refused, ...": the session in a sentence. */
void report_write_verdict(const struct report *report, struct buf *out) NONNULL;

/* "3 records lost, 1 program not covered": what the report cannot tell; nothing when it is complete. */
void report_write_gaps(const struct report *report, struct buf *out) NONNULL;

/* How many records are lost or damaged; more than 0 also where that is not known. */
uint64_t report_lost(const struct report *report) NONNULL;

/* Programs that nobody saw into. */
uint64_t report_uncovered(const struct report *report) NONNULL;

/* "97.3 % of what programs with hooks did (12 of 13 records; 40 of their loaders apart)"; with the kernel door alone it is known. */
void report_write_share(const struct report *report, struct buf *out) NONNULL;

/* Programs that no hook saw into. With the kernel door the supervisor saw what they did, and they are covered. */
uint64_t report_unhooked(const struct report *report) NONNULL;
bool report_has_door(const struct report *report) NONNULL;

/* Words separated by NUL as a shell would take them. */
void report_write_words(struct text words, struct buf *out) NONNULL;
