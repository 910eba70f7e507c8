/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page that the text report is written on: headings, labels, colours, and
 * names made safe and short enough for the terminal.
 */
#pragma once

#include "tools/report.h"

#define TEXT_MAX (8 * EVENT_SLOT * EVENT_SLOTS_MAX) /* a record's longest text, quoted and escaped */
#define LABEL_WIDTH 11                              /* of the words at the left: "not covered" */

/* Colours of page_colour. */
#define PAGE_BOLD "1"
#define PAGE_RED "1;31"
#define PAGE_GREEN "1;32"
#define PAGE_YELLOW "33"
#define PAGE_DIM "2"

/* What is being written. Two buffers because a text is first put together and then made safe. */
struct page {
	const struct report *report;
	struct output *output;
	char raw[TEXT_MAX];
	char safe[TEXT_MAX];
};

static inline struct text text_of(const struct buf *buf)
{
	return (struct text){buf->data, buf->len};
}

/* Write in a colour from here on, where colours are wanted; and back. */
void page_colour(struct page *page, const char *colour) NONNULL;
void page_plain(struct page *page) NONNULL;

/* STRING in a colour. */
void page_painted(struct page *page, const char *colour, const char *string) NONNULL;

/* An empty line and the words that a list stands under. */
void page_heading(struct page *page, const char *words) NONNULL;

/* A name at column AT of its line: safe, and cut in its middle where a terminal would wrap it. It may lie in RAW. */
void page_name(struct page *page, struct text text, size_t at) NONNULL;

/* The same for text that was put together in RAW. */
void page_raw(struct page *page, const struct buf *raw, size_t at) NONNULL;

/* Begin a line with a label, or with the room of one. */
void page_label(struct page *page, const char *label) NONNULL;

/* "1 record" or "2 records". */
void page_count(struct page *page, uint64_t number, const char *one, const char *many) NONNULL;

/* How many of NUMBER rows are shown. */
size_t page_rows(const struct page *page, size_t number) NONNULL;

/* Say how many of NUMBER rows are not shown, and what the table (or NULL) did not keep. */
void page_rest(struct page *page, size_t number, const struct table *table) __attribute__((nonnull(1)));

/* The lists: what was changed, labelled, run, contacted, read, and what the guard noted. */
void report_lists(struct page *page) NONNULL;
