/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lists of the text report, in the order of what they could harm.
 */
#include "tools/report_page.h"
#include "tools/when.h"

#include <stdlib.h>
#include <string.h>

static void put_change(struct page *page, const char *label, const struct change *change, enum change_kind kind)
{
	page_label(page, label);
	if (kind == CHANGE_RENAMED) {
		struct buf raw = BUF_ON(page->raw);

		buf_bytes(&raw, change->entry.key.data, change->entry.key.len);
		buf_str(&raw, " -> ");
		buf_bytes(&raw, change->other.data, change->other.len);
		page_raw(page, &raw, LABEL_WIDTH + 4);
	} else {
		page_name(page, change->entry.key, LABEL_WIDTH + 4);
	}
	output_string(page->output, "\n");
}

/* Too many to be told one by one: how many below which directory. */
static void put_places(struct page *page, enum change_kind kind, size_t number)
{
	const struct summary *summary = page->report->summary;
	const struct table *changes = &summary->changes;
	struct arena arena = {0};
	struct table places;
	struct report by_place = *page->report;
	struct summary part = {0};
	struct table_entry **sorted;

	table_init(&places, &arena, sizeof(struct read_place), 1000);
	for (size_t i = 0; i < changes->count; i++) {
		const struct change *change = (const struct change *)changes->items[i];
		struct read_place *place;

		if (change_kind(summary, change) != kind)
			continue;
		place = table_at(&places, read_place_of(change->entry.key, summary->workspace));
		if (place)
			place->count++;
	}
	part.reads = places;
	by_place.summary = &part;
	sorted = report_reads(&by_place);
	for (size_t i = 0; i < page_rows(page, places.count); i++) {
		const struct read_place *place = (const struct read_place *)sorted[i];

		page_label(page, i ? "" : report_changes[kind]);
		output_format(page->output, "%llu below ", (unsigned long long)place->count);
		page_name(page, place->entry.key, LABEL_WIDTH + 20);
		output_string(page->output, "\n");
	}
	page_label(page, "");
	page_colour(page, PAGE_DIM);
	output_format(page->output, "%zu in all (--top 0 shows each)\n", number);
	page_plain(page);
	free(sorted);
	table_free(&places);
	arena_free(&arena);
}

static void put_changes_of(struct page *page, enum change_kind kind, size_t number)
{
	const struct summary *summary = page->report->summary;
	size_t shown = 0;

	if (number > page_rows(page, number)) {
		put_places(page, kind, number);
		return;
	}
	for (size_t i = 0; i < summary->changes.count && shown < number; i++) {
		const struct change *change = (const struct change *)summary->changes.items[i];

		if (change_kind(summary, change) == kind)
			put_change(page, shown++ ? "" : report_changes[kind], change, kind);
	}
}

static void put_changes(struct page *page)
{
	const struct summary *summary = page->report->summary;
	size_t numbers[CHANGE_KIND_COUNT] = {0};

	if (summary->changes.count == 0)
		return;
	for (size_t i = 0; i < summary->changes.count; i++)
		numbers[change_kind(summary, (const struct change *)summary->changes.items[i])]++;
	page_heading(page, "Changed");
	for (enum change_kind kind = 0; kind < CHANGE_PASSING; kind++)
		if (numbers[kind])
			put_changes_of(page, kind, numbers[kind]);
	if (numbers[CHANGE_PASSING]) {
		page_label(page, report_changes[CHANGE_PASSING]);
		page_count(page, numbers[CHANGE_PASSING], "name was made and gone again\n", "names were made and gone again\n");
	}
	page_rest(page, 0, &summary->changes);
}

static void put_followed(struct page *page)
{
	struct buf raw = BUF_ON(page->raw);

	report_write_followed(page->report, &raw);
	if (raw.len == 0)
		return;
	page_label(page, "followed by");
	page_raw(page, &raw, LABEL_WIDTH + 4);
	output_string(page->output, "\n");
}

static void put_labelled(struct page *page)
{
	const struct summary *summary = page->report->summary;

	if (summary->labelled.count == 0 && summary->labels.count == 0)
		return;
	page_heading(page, "Labelled");
	for (size_t i = 0; i < page_rows(page, summary->labelled.count); i++) {
		const struct labelled *labelled = (const struct labelled *)summary->labelled.items[i];
		char storage[256];
		struct buf labels = BUF_ON(storage);

		report_write_labels(page->report, labelled->rule, &labels);
		output_string(page->output, "  ");
		page_colour(page, PAGE_YELLOW);
		page_name(page, text_of(&labels), 40);
		page_plain(page);
		output_format(page->output, "  %llux %s ", (unsigned long long)labelled->count,
			      verb_table[labelled->verb].word);
		page_name(page, labelled->entry.key, labels.len + 16);
		output_string(page->output, "\n");
	}
	page_rest(page, summary->labelled.count, &summary->labelled);
	put_followed(page);
}

#define PROGRAM_LINES 10 /* times --top: lines of the whole tree */

struct tree {
	struct page *page;
	size_t lines, left_out;
};

static void put_program(struct page *page, const struct program *program)
{
	struct buf raw = BUF_ON(page->raw);
	size_t at = 2 + 2 * (size_t)program->depth;

	output_format(page->output, "  %*s", 2 * (int)program->depth, "");
	if (program->count > 1)
		output_format(page->output, "%llux ", (unsigned long long)program->count);
	if (program->argv.len > 0)
		report_write_words(program->argv, &raw);
	else
		buf_bytes(&raw, program->exe.data, program->exe.len);
	page_raw(page, &raw, at + (program->coverage == COVER_HOOKS ? 8 : 48));
	if (program->coverage != COVER_HOOKS) {
		page_colour(page, PAGE_YELLOW);
		output_format(page->output, "  (%s: %s)", report_has_door(page->report) ? "kernel door only" : "not covered",
			      report_coverage[program->coverage]);
		page_plain(page);
	}
	output_string(page->output, "\n");
}

static size_t tree_size(const struct program *program)
{
	size_t size = 0;

	for (; program; program = program->next)
		size += 1 + tree_size(program->first);
	return size;
}

/* Depth is bounded by the tree's. */
static void put_tree(struct tree *tree, const struct program *first)
{
	size_t limit = tree->page->report->top;
	size_t number = 0, shown = 0, left_out = 0;

	for (const struct program *program = first; program; program = program->next)
		number++;
	for (const struct program *program = first; program; program = program->next) {
		bool full = limit != SIZE_MAX && tree->lines >= limit * PROGRAM_LINES;

		if (full || shown >= page_rows(tree->page, number)) {
			left_out += 1 + tree_size(program->first);
			continue;
		}
		shown++;
		tree->lines++;
		put_program(tree->page, program);
		put_tree(tree, program->first);
	}
	if (left_out == 0)
		return;
	page_colour(tree->page, PAGE_DIM);
	output_format(tree->page->output, "  %*s... and %zu more (--top 0 shows all)\n",
		      first->depth ? 2 * (int)first->depth : 0, "", left_out);
	page_plain(tree->page);
}

static void put_programs(struct page *page)
{
	const struct programs *programs = &page->report->summary->programs;
	struct tree tree = {.page = page};

	if (!programs->first)
		return;
	page_heading(page, "Programs");
	put_tree(&tree, programs->first);
	page_rest(page, 0, &programs->table);
}

static void put_contact(struct page *page, const struct contact *contact)
{
	struct buf raw = BUF_ON(page->raw);

	output_format(page->output, "%7llux  %-7s  ", (unsigned long long)contact->count,
		      contact->verb == VERB_BIND ? "listen" : verb_table[contact->verb].word);
	if (contact->host.len > 0) {
		buf_bytes(&raw, contact->host.data, contact->host.len);
		buf_str(&raw, " at ");
	}
	report_write_peer(contact, &raw);
	page_raw(page, &raw, 40);
	if (contact->refused) {
		page_colour(page, PAGE_RED);
		output_format(page->output, "  %llu refused", (unsigned long long)contact->refused);
		page_plain(page);
	}
	if (contact->failed)
		output_format(page->output, "  %llu failed", (unsigned long long)contact->failed);
	output_string(page->output, "\n");
}

static void put_lookups(struct page *page)
{
	const struct table *lookups = &page->report->summary->lookups;

	for (size_t i = 0; i < page_rows(page, lookups->count); i++) {
		const struct lookup *lookup = (const struct lookup *)lookups->items[i];

		output_format(page->output, "%7llux  resolve  ", (unsigned long long)lookup->count);
		page_name(page, lookup->entry.key, 60);
		for (unsigned k = 0; k < lookup->address_count; k++) {
			output_string(page->output, k ? ", " : " is ");
			output_text(page->output, lookup->addresses[k]);
		}
		if (lookup->refused) {
			page_colour(page, PAGE_RED);
			output_format(page->output, "  %llu refused", (unsigned long long)lookup->refused);
			page_plain(page);
		}
		if (lookup->failed)
			output_format(page->output, "  %llu failed", (unsigned long long)lookup->failed);
		output_string(page->output, "\n");
	}
	page_rest(page, lookups->count, lookups);
}

static void put_hosts(struct page *page)
{
	const struct table *contacts = &page->report->summary->contacts;
	struct table_entry **sorted;

	if (contacts->count == 0 && page->report->summary->lookups.count == 0)
		return;
	page_heading(page, "Network");
	sorted = report_contacts(page->report);
	for (size_t i = 0; i < page_rows(page, contacts->count); i++)
		put_contact(page, (const struct contact *)sorted[i]);
	free(sorted);
	page_rest(page, contacts->count, contacts);
	put_lookups(page);
}

static void put_reads(struct page *page)
{
	const struct table *reads = &page->report->summary->reads;
	struct table_entry **sorted;

	if (reads->count == 0)
		return;
	page_heading(page, "Read");
	sorted = report_reads(page->report);
	for (size_t i = 0; i < page_rows(page, reads->count); i++) {
		const struct read_place *read = (const struct read_place *)sorted[i];

		output_format(page->output, "%7llux  ", (unsigned long long)read->count);
		page_name(page, read->entry.key, 10);
		output_string(page->output, "\n");
	}
	free(sorted);
	page_rest(page, reads->count, reads);
}

static void put_files(struct page *page)
{
	const struct table *files = &page->report->summary->files;
	struct table_entry **sorted;

	if (files->count == 0)
		return;
	page_heading(page, "Files read or changed most");
	sorted = report_files(page->report);
	for (size_t i = 0; i < page_rows(page, files->count); i++) {
		const struct read_place *file = (const struct read_place *)sorted[i];

		output_format(page->output, "%7llux  ", (unsigned long long)file->count);
		page_name(page, file->entry.key, 10);
		output_string(page->output, "\n");
	}
	free(sorted);
	page_rest(page, files->count, files);
}

#define BAR_WIDTH 40

/* Always whole: it has a fixed number of spans. */
static void put_timeline(struct page *page)
{
	const struct timeline *timeline = &page->report->summary->timeline;
	size_t count = timeline_count(timeline);
	uint64_t most = 1;

	if (count < 2)
		return;
	for (size_t i = 0; i < count; i++)
		most = timeline->spans[i].events > most ? timeline->spans[i].events : most;
	page_heading(page, "Timeline");
	for (size_t i = 0; i < count; i++) {
		const struct timeline_span *span = &timeline->spans[i];
		char clock[WHEN_MAX];
		struct buf when = BUF_ON(clock);

		if (span->events == 0)
			continue;
		when_write_clock(timeline->start_ns + i * timeline->width_ns, &when);
		output_format(page->output, "  %.8s  %8llu  ", buf_cstr(&when), (unsigned long long)span->events);
		for (double bar = 0; bar < BAR_WIDTH * (double)span->events / (double)most; bar++)
			output_string(page->output, "#");
		if (span->refused) {
			page_colour(page, PAGE_RED);
			output_format(page->output, "  %llu refused", (unsigned long long)span->refused);
			page_plain(page);
		}
		output_string(page->output, "\n");
	}
}

/* What has no list of its own. */
static void put_others(struct page *page)
{
	const struct summary *summary = page->report->summary;
	bool any = false;

	for (enum verb verb = 0; verb < VERB_COUNT; verb++) {
		uint64_t number = summary->verbs[verb][OUTCOME_DONE] + summary->verbs[verb][OUTCOME_WOULD];

		if (number == 0 || (verb_table[verb].section != SECTION_PROCESS && verb != VERB_LOAD))
			continue;
		if (!any)
			page_heading(page, "Other operations");
		any = true;
		output_format(page->output, "%7llux  %-9s  %s\n", (unsigned long long)number, verb_table[verb].word,
			      verb_table[verb].sentence);
	}
}

static void put_notes(struct page *page)
{
	const struct table *notes = &page->report->summary->notes;

	if (notes->count == 0)
		return;
	page_heading(page, "The guard noted");
	for (size_t i = 0; i < page_rows(page, notes->count); i++) {
		const struct note *note = (const struct note *)notes->items[i];

		output_format(page->output, "%7llux  ", (unsigned long long)note->count);
		output_text(page->output, note->entry.key);
		output_string(page->output, "\n");
	}
	page_rest(page, notes->count, notes);
}

void report_lists(struct page *page)
{
	put_changes(page);
	put_labelled(page);
	put_hosts(page);
	put_programs(page);
	put_files(page);
	put_reads(page);
	put_timeline(page);
	put_others(page);
	put_notes(page);
}
