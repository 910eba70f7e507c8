/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines of the text report; see report_page.h.
 */
#include "tools/report_page.h"

#include "tools/escape.h"

void page_colour(struct page *page, const char *code)
{
	if (page->output->colour)
		output_format(page->output, "\x1b[%sm", code);
}

void page_plain(struct page *page)
{
	page_colour(page, "0");
}

void page_painted(struct page *page, const char *code, const char *string)
{
	page_colour(page, code);
	output_string(page->output, string);
	page_plain(page);
}

void page_heading(struct page *page, const char *words)
{
	output_string(page->output, "\n");
	page_painted(page, PAGE_BOLD, words);
	output_string(page->output, "\n");
}

void page_name(struct page *page, struct text text, size_t at)
{
	struct buf safe = BUF_ON(page->safe);
	struct buf cut = BUF_ON(page->raw);
	size_t columns = page->output->columns;

	escape_terminal(text, &safe);
	if (columns == 0) {
		output_bytes(page->output, safe.data, safe.len);
		return;
	}
	columns = columns > at + 24 ? columns - at : 24;
	escape_cut((struct text){safe.data, safe.len}, columns, &cut);
	output_bytes(page->output, cut.data, cut.len);
}

void page_raw(struct page *page, const struct buf *raw, size_t at)
{
	page_name(page, text_of(raw), at);
}

void page_label(struct page *page, const char *label)
{
	output_string(page->output, "  ");
	page_colour(page, PAGE_DIM);
	output_format(page->output, "%-*s", LABEL_WIDTH, label);
	page_plain(page);
	output_string(page->output, "  ");
}

void page_count(struct page *page, uint64_t number, const char *one, const char *many)
{
	output_format(page->output, "%llu %s", (unsigned long long)number, number == 1 ? one : many);
}

size_t page_rows(const struct page *page, size_t number)
{
	size_t top = page->report->top;

	/* One row more is shorter than a line that says one row is missing. */
	return number <= top || number == top + 1 ? number : top;
}

void page_rest(struct page *page, size_t number, const struct table *table)
{
	size_t shown = page_rows(page, number);

	if (number > shown) {
		page_colour(page, PAGE_DIM);
		output_format(page->output, "  ... and %zu more (--top 0 shows all)\n", number - shown);
		page_plain(page);
	}
	if (table && table->refused) {
		page_colour(page, PAGE_YELLOW);
		output_format(page->output, "  ... and %llu records about others: more than %zu are not kept apart\n",
			      (unsigned long long)table->refused, table->count);
		page_plain(page);
	}
}
