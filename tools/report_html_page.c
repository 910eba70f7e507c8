/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing on the HTML page; see report_html.h.
 */
#include "tools/report_html.h"

#include "tools/escape.h"

#include <string.h>

void html_put(struct html *html, const char *markup)
{
	output_string(html->output, markup);
}

void html_number(struct html *html, uint64_t number)
{
	output_format(html->output, "%llu", (unsigned long long)number);
}

void html_text(struct html *html, struct text text)
{
	struct buf safe = BUF_ON(html->safe);

	escape_xml(text, &safe);
	output_bytes(html->output, safe.data, safe.len);
}

void html_string(struct html *html, const char *string)
{
	html_text(html, (struct text){string, strlen(string)});
}

void html_raw(struct html *html, const struct buf *raw)
{
	html_text(html, (struct text){raw->data, raw->len});
}

void html_count(struct html *html, uint64_t number, const char *one, const char *many)
{
	html_number(html, number);
	html_put(html, " ");
	html_put(html, number == 1 ? one : many);
}

void html_anchor(struct html *html, const char *name)
{
	html_put(html, name);
	if (html->report->number > 0)
		output_format(html->output, "-%zu", html->report->number + 1);
}

void html_part(struct html *html, const char *name, const char *heading)
{
	html_put(html, "<section data-part=\"");
	html_put(html, name);
	html_put(html, "\" aria-labelledby=\"");
	html_anchor(html, name);
	html_put(html, "\">\n<h3 id=\"");
	html_anchor(html, name);
	html_put(html, "\"><a href=\"#");
	html_anchor(html, name);
	html_put(html, "\">");
	html_put(html, heading);
	html_put(html, "</a></h3>\n");
}

void html_table(struct html *html, const char *columns)
{
	html_put(html, "<table><thead><tr>");
	while (*columns) {
		int len = (int)strcspn(columns, "|");
		bool number = *columns == '#';

		output_format(html->output, "<th scope=\"col\"%s>%.*s</th>", number ? " class=\"number\"" : "", len - number,
			      columns + number);
		columns += len + (columns[len] == '|');
	}
	html_put(html, "</tr></thead><tbody>\n");
}

size_t html_rows(const struct html *html, size_t number)
{
	return number < html->report->top ? number : html->report->top;
}

void html_rest(struct html *html, size_t number, const struct table *table)
{
	size_t shown = html_rows(html, number);

	if (number > shown) {
		html_put(html, "<p class=\"rest\">... and ");
		html_number(html, number - shown);
		html_put(html, " more (--top 0 shows all)</p>\n");
	}
	if (table && table->refused) {
		html_put(html, "<p class=\"rest\">too many to keep: ");
		html_count(html, table->refused, "event is", "events are");
		html_put(html, " only in the counts</p>\n");
	}
}
