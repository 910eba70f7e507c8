/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page that the HTML report is written on: markup that is ours, and names
 * that cannot become markup.
 *
 * Markup goes out by html_put, everything that anybody else chose by html_text
 * and its kin. Nothing else writes.
 */
#pragma once

#include "tools/report.h"
#include "tools/report_groups.h"

#define HTML_TEXT_MAX (8 * EVENT_SLOT * EVENT_SLOTS_MAX) /* a record's longest text, quoted and escaped */

struct html {
	const struct report *report;
	struct output *output;
	char raw[HTML_TEXT_MAX];
	char safe[6 * HTML_TEXT_MAX]; /* a quotation mark becomes six bytes */
};

/* Markup, or words of our own in which nothing is to be escaped. */
void html_put(struct html *html, const char *markup) NONNULL;

/* A number. */
void html_number(struct html *html, uint64_t number) NONNULL;

/* A name, or words that hold one. It may lie in RAW. */
void html_text(struct html *html, struct text text) NONNULL;
void html_string(struct html *html, const char *string) NONNULL;

/* What was put together in RAW. */
void html_raw(struct html *html, const struct buf *raw) NONNULL;

/* "1 record" or "2 records". */
void html_count(struct html *html, uint64_t number, const char *one, const char *many) NONNULL;

/* Begin a part with its heading; its anchor is NAME, with the session's number behind it but for the first. */
void html_part(struct html *html, const char *name, const char *heading) NONNULL;

/* "refused", "refused-2": that anchor. */
void html_anchor(struct html *html, const char *name) NONNULL;

/* Begin a table whose columns have these names, separated by '|'; numbers stand in those that begin with '#'. */
void html_table(struct html *html, const char *columns) NONNULL;

/* How many of NUMBER rows are shown. */
size_t html_rows(const struct html *html, size_t number) NONNULL;

/* Say how many of NUMBER rows are not shown, and what the table (or NULL) did not keep. */
void html_rest(struct html *html, size_t number, const struct table *table) __attribute__((nonnull(1)));

/* The lists: what was changed, labelled, contacted, run, read, when, and what the guard noted. */
void html_lists(struct html *html) NONNULL;
