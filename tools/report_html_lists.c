/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lists of the HTML report, in the order of what they could harm.
 */
#include "tools/report_html.h"

#include "tools/when.h"

#include <stdlib.h>
#include <string.h>

static void begin_row(struct html *html)
{
	html_put(html, "<tr>");
}

static void end_row(struct html *html)
{
	html_put(html, "</tr>\n");
}

static void end_table(struct html *html)
{
	html_put(html, "</tbody></table>\n");
}

static void end_part(struct html *html)
{
	html_put(html, "</section>\n");
}

static void put_number_cell(struct html *html, uint64_t number)
{
	html_put(html, "<td class=\"number\">");
	html_number(html, number);
	html_put(html, "</td>");
}

/* A cell of our own words. */
static void put_word_cell(struct html *html, const char *word)
{
	html_put(html, "<td>");
	html_put(html, word);
	html_put(html, "</td>");
}

static void put_name_cell(struct html *html, struct text name)
{
	html_put(html, "<td><code>");
	html_text(html, name);
	html_put(html, "</code></td>");
}

static void put_change(struct html *html, const struct change *change, enum change_kind kind)
{
	begin_row(html);
	put_word_cell(html, report_changes[kind]);
	html_put(html, "<td><code>");
	html_text(html, change->entry.key);
	html_put(html, "</code>");
	if (kind == CHANGE_RENAMED) {
		html_put(html, " to <code>");
		html_text(html, change->other);
		html_put(html, "</code>");
	}
	html_put(html, "</td>");
	put_number_cell(html, change->created + change->written + change->deleted + change->attr);
	end_row(html);
}

/* What could not be undone first: the kinds in the order of the table, each up to --top. */
static void put_changes(struct html *html)
{
	const struct summary *summary = html->report->summary;
	size_t numbers[CHANGE_KIND_COUNT] = {0};
	size_t left_out = 0;

	if (summary->changes.count == 0)
		return;
	for (size_t i = 0; i < summary->changes.count; i++)
		numbers[change_kind(summary, (const struct change *)summary->changes.items[i])]++;
	html_part(html, "changed", "Changed");
	html_put(html, "<p>");
	for (enum change_kind kind = 0, any = 0; kind < CHANGE_KIND_COUNT; kind++) {
		if (!numbers[kind])
			continue;
		html_put(html, any++ ? ", " : "");
		html_number(html, numbers[kind]);
		html_put(html, " ");
		html_put(html, report_changes[kind]);
	}
	html_put(html, "</p>\n");
	html_table(html, "Became|Name|#Times");
	for (enum change_kind kind = 0; kind < CHANGE_PASSING; kind++) {
		size_t shown = 0, wanted = html_rows(html, numbers[kind]);

		for (size_t i = 0; i < summary->changes.count && shown < wanted; i++) {
			const struct change *change = (const struct change *)summary->changes.items[i];

			if (change_kind(summary, change) != kind)
				continue;
			put_change(html, change, kind);
			shown++;
		}
		left_out += numbers[kind] - shown;
	}
	end_table(html);
	if (left_out) {
		html_put(html, "<p class=\"rest\">... and ");
		html_number(html, left_out);
		html_put(html, " more (--top 0 shows all)</p>\n");
	}
	html_rest(html, 0, &summary->changes);
	end_part(html);
}

static void put_labelled(struct html *html)
{
	const struct summary *summary = html->report->summary;
	char storage[256];
	struct buf raw;

	if (summary->labelled.count == 0 && summary->labels.count == 0)
		return;
	html_part(html, "labelled", "Labelled");
	html_table(html, "Label|#Count|Operation|Object|Program");
	for (size_t i = 0; i < html_rows(html, summary->labelled.count); i++) {
		const struct labelled *labelled = (const struct labelled *)summary->labelled.items[i];

		raw = BUF_ON(storage);
		report_write_labels(html->report, labelled->rule, &raw);
		begin_row(html);
		html_put(html, "<td class=\"doubt\">");
		html_raw(html, &raw);
		html_put(html, "</td>");
		put_number_cell(html, labelled->count);
		put_word_cell(html, verb_table[labelled->verb].word);
		put_name_cell(html, labelled->entry.key);
		put_name_cell(html, labelled->exe);
		end_row(html);
	}
	end_table(html);
	html_rest(html, summary->labelled.count, &summary->labelled);
	raw = BUF_ON(html->raw);
	report_write_followed(html->report, &raw);
	if (raw.len > 0) {
		html_put(html, "<p>Followed by ");
		html_raw(html, &raw);
		html_put(html, ".</p>\n");
	}
	end_part(html);
}

static void put_contacts(struct html *html)
{
	const struct table *contacts = &html->report->summary->contacts;
	struct table_entry **sorted = report_contacts(html->report);

	if (contacts->count > 0)
		html_table(html, "#Count|Operation|Host|Address|#Refused|#Failed");
	for (size_t i = 0; i < html_rows(html, contacts->count); i++) {
		const struct contact *contact = (const struct contact *)sorted[i];
		struct buf raw = BUF_ON(html->raw);

		begin_row(html);
		put_number_cell(html, contact->count);
		put_word_cell(html, contact->verb == VERB_BIND ? "listen" : verb_table[contact->verb].word);
		put_name_cell(html, contact->host);
		report_write_peer(contact, &raw);
		put_name_cell(html, (struct text){raw.data, raw.len});
		put_number_cell(html, contact->refused);
		put_number_cell(html, contact->failed);
		end_row(html);
	}
	if (contacts->count > 0)
		end_table(html);
	html_rest(html, contacts->count, contacts);
	free(sorted);
}

static void put_lookups(struct html *html)
{
	const struct table *lookups = &html->report->summary->lookups;

	if (lookups->count == 0)
		return;
	html_table(html, "#Count|Looked up|Addresses|#Refused|#Failed");
	for (size_t i = 0; i < html_rows(html, lookups->count); i++) {
		const struct lookup *lookup = (const struct lookup *)lookups->items[i];

		begin_row(html);
		put_number_cell(html, lookup->count);
		put_name_cell(html, lookup->entry.key);
		html_put(html, "<td>");
		for (unsigned k = 0; k < lookup->address_count; k++) {
			html_put(html, k ? ", <code>" : "<code>");
			html_text(html, lookup->addresses[k]);
			html_put(html, "</code>");
		}
		html_put(html, "</td>");
		put_number_cell(html, lookup->refused);
		put_number_cell(html, lookup->failed);
		end_row(html);
	}
	end_table(html);
	html_rest(html, lookups->count, lookups);
}

static void put_network(struct html *html)
{
	if (html->report->summary->contacts.count == 0 && html->report->summary->lookups.count == 0)
		return;
	html_part(html, "network", "Network");
	put_contacts(html);
	put_lookups(html);
	end_part(html);
}

#define PROGRAM_LINES 10 /* times --top: lines of the whole tree */

static void put_program(struct html *html, const struct program *program)
{
	struct buf raw = BUF_ON(html->raw);

	if (program->count > 1) {
		html_number(html, program->count);
		html_put(html, "x ");
	}
	if (program->argv.len > 0)
		report_write_words(program->argv, &raw);
	else
		buf_bytes(&raw, program->exe.data, program->exe.len);
	html_put(html, "<code>");
	html_raw(html, &raw);
	html_put(html, "</code>");
	if (program->coverage != COVER_HOOKS) {
		html_put(html, report_has_door(html->report) ? " <strong class=\"doubt\">kernel door only: "
							     : " <strong class=\"doubt\">not covered: ");
		html_put(html, report_coverage[program->coverage]);
		html_put(html, "</strong>");
	}
}

/* Depth is bounded by the tree's. Lines count over the whole tree. */
static void put_tree(struct html *html, const struct program *first, size_t *lines)
{
	size_t limit = html->report->top == SIZE_MAX ? SIZE_MAX : html->report->top * PROGRAM_LINES;
	size_t left_out = 0, shown = 0;

	html_put(html, "<ul>\n");
	for (const struct program *program = first; program; program = program->next) {
		if (*lines >= limit || shown >= html->report->top) {
			left_out++;
			continue;
		}
		++*lines;
		shown++;
		html_put(html, "<li>");
		if (program->first) {
			html_put(html, "<details open><summary>");
			put_program(html, program);
			html_put(html, "</summary>");
			put_tree(html, program->first, lines);
			html_put(html, "</details>");
		} else {
			put_program(html, program);
		}
		html_put(html, "</li>\n");
	}
	if (left_out) {
		html_put(html, "<li class=\"rest\">... and ");
		html_number(html, left_out);
		html_put(html, " more, and what they ran (--top 0 shows all)</li>\n");
	}
	html_put(html, "</ul>");
}

static void put_programs(struct html *html)
{
	const struct programs *programs = &html->report->summary->programs;
	size_t lines = 0;

	if (!programs->first)
		return;
	html_part(html, "programs", "Programs");
	html_put(html, "<div class=\"tree\">");
	put_tree(html, programs->first, &lines);
	html_put(html, "</div>\n");
	html_rest(html, 0, &programs->table);
	end_part(html);
}

/* Names and how often, most frequent first. */
static void put_places(struct html *html, const char *anchor, const char *heading, const char *columns,
		       const struct table *table, struct table_entry **sorted)
{
	if (table->count > 0) {
		html_part(html, anchor, heading);
		html_table(html, columns);
		for (size_t i = 0; i < html_rows(html, table->count); i++) {
			begin_row(html);
			put_number_cell(html, ((const struct read_place *)sorted[i])->count);
			put_name_cell(html, sorted[i]->key);
			end_row(html);
		}
		end_table(html);
		html_rest(html, table->count, table);
		end_part(html);
	}
	free(sorted);
}

#define BAR_WIDTH 10   /* of the picture's units */
#define BAR_HEIGHT 100

/* A bar of the picture, from BASE units upwards. */
static void put_bar(struct html *html, size_t at, uint64_t base, uint64_t height, const char *class)
{
	if (height > 0)
		output_format(html->output, "<rect class=\"%s\" x=\"%zu\" y=\"%llu\" width=\"%d\" height=\"%llu\"/>", class,
			      at * BAR_WIDTH, (unsigned long long)(BAR_HEIGHT - base - height), BAR_WIDTH - 1,
			      (unsigned long long)height);
}

/* Units of NUMBER where MOST fills the picture; what is there at all is seen. */
static uint64_t bar_height(uint64_t number, uint64_t most)
{
	uint64_t height = (uint64_t)((double)number / (double)most * (BAR_HEIGHT - 4));

	return number > 0 && height < 2 ? 2 : height;
}

static void put_timeline(struct html *html)
{
	const struct timeline *timeline = &html->report->summary->timeline;
	size_t count = timeline_count(timeline);
	uint64_t most = 1, refused = 0;
	char storage[WHEN_MAX];
	struct buf when = BUF_ON(storage);

	if (count < 2)
		return;
	for (size_t i = 0; i < count; i++) {
		most = timeline->spans[i].events > most ? timeline->spans[i].events : most;
		refused += timeline->spans[i].refused;
	}
	html_part(html, "timeline", "Timeline");
	html_put(html, "<figure><svg role=\"img\" preserveAspectRatio=\"none\" viewBox=\"0 0 ");
	output_format(html->output, "%zu %d\" aria-label=\"Operations over time, at most %llu in a span; %llu refused\">",
		      count * BAR_WIDTH, BAR_HEIGHT, (unsigned long long)most, (unsigned long long)refused);
	for (size_t i = 0; i < count; i++) {
		const struct timeline_span *span = &timeline->spans[i];
		uint64_t red = bar_height(span->refused, most);
		uint64_t all = bar_height(span->events, most);

		put_bar(html, i, 0, red, "refused");
		put_bar(html, i, red, all > red ? all - red : 0, "all");
	}
	html_put(html, "</svg><figcaption>");
	when_write_local(timeline->start_ns, &when);
	html_raw(html, &when);
	html_put(html, ", ");
	html_number(html, count);
	html_put(html, " spans of ");
	when = BUF_ON(storage);
	when_write_duration(timeline->width_ns, &when);
	html_raw(html, &when);
	html_put(html, "</figcaption></figure>\n");
	end_part(html);
}

/* What has no list of its own. */
static void put_others(struct html *html)
{
	const struct summary *summary = html->report->summary;
	bool any = false;

	for (enum verb verb = 0; verb < VERB_COUNT; verb++) {
		uint64_t number = summary->verbs[verb][OUTCOME_DONE] + summary->verbs[verb][OUTCOME_WOULD];

		if (number == 0 || (verb_table[verb].section != SECTION_PROCESS && verb != VERB_LOAD))
			continue;
		if (!any) {
			html_part(html, "others", "Other operations");
			html_table(html, "#Count|Operation|Which is to");
		}
		any = true;
		begin_row(html);
		put_number_cell(html, number);
		put_word_cell(html, verb_table[verb].word);
		put_word_cell(html, verb_table[verb].sentence);
		end_row(html);
	}
	if (any) {
		end_table(html);
		end_part(html);
	}
}

static void put_notes(struct html *html)
{
	const struct table *notes = &html->report->summary->notes;

	if (notes->count == 0)
		return;
	html_part(html, "notes", "The guard noted");
	html_table(html, "#Count|Note");
	for (size_t i = 0; i < html_rows(html, notes->count); i++) {
		const struct note *note = (const struct note *)notes->items[i];

		begin_row(html);
		put_number_cell(html, note->count);
		html_put(html, "<td>");
		html_text(html, note->entry.key);
		html_put(html, "</td>");
		end_row(html);
	}
	end_table(html);
	html_rest(html, notes->count, notes);
	end_part(html);
}

void html_lists(struct html *html)
{
	const struct summary *summary = html->report->summary;

	put_changes(html);
	put_labelled(html);
	put_network(html);
	put_programs(html);
	put_places(html, "files", "Files read or changed most", "#Times|Name", &summary->files, report_files(html->report));
	put_places(html, "read", "Read", "#Times|Below", &summary->reads, report_reads(html->report));
	put_timeline(html);
	put_others(html);
	put_notes(html);
}
