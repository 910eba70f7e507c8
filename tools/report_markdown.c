/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report as Markdown, for the summary of a CI step or a merge request.
 * GitHub takes at most 1 MiB; what would be more than 900 KB is cut, and said.
 */
#include "tools/report.h"

#include "tools/escape.h"
#include "tools/report_groups.h"
#include "tools/rule_text.h"
#include "tools/when.h"

#include <stdlib.h>
#include <string.h>

#define BYTES_MAX 900000u
#define BYTES_KEPT 4096u /* for what must be said at the end */
#define LINE_BYTES (32 * EVENT_SLOT * EVENT_SLOTS_MAX)

/* Of the process, as the output is. */
static struct {
	size_t written;
	uint64_t left_out; /* lines */
	struct buf line;
	char storage[LINE_BYTES];
} page;

static void begin_line(const char *words)
{
	page.line = (struct buf){.data = page.storage, .cap = sizeof page.storage};
	buf_str(&page.line, words);
}

/* A line goes out whole or not at all. */
static void end_line(struct output *output)
{
	buf_char(&page.line, '\n');
	if (page.line.overflow || page.written + page.line.len > BYTES_MAX - BYTES_KEPT) {
		page.left_out++;
		return;
	}
	page.written += page.line.len;
	output_bytes(output, page.line.data, page.line.len);
}

static void put_line(struct output *output, const char *words)
{
	begin_line(words);
	end_line(output);
}

static void add(struct text text)
{
	escape_markdown(text, &page.line);
}

static void add_buf(const struct buf *buf)
{
	add((struct text){buf->data, buf->len});
}

static void add_code(struct text text)
{
	buf_str(&page.line, "<code>");
	add(text);
	buf_str(&page.line, "</code>");
}

static void add_code_buf(const struct buf *buf)
{
	add_code((struct text){buf->data, buf->len});
}

static void next_cell(void)
{
	buf_str(&page.line, " | ");
}

static void put_table(struct output *output, const char *heading, const char *columns, const char *rule)
{
	put_line(output, "");
	begin_line("### ");
	buf_str(&page.line, heading);
	end_line(output);
	put_line(output, "");
	put_line(output, columns);
	put_line(output, rule);
}

static void put_rest(struct output *output, uint64_t all, uint64_t shown)
{
	if (all <= shown)
		return;
	put_line(output, "");
	begin_line("... and ");
	buf_u64(&page.line, all - shown);
	buf_str(&page.line, " more.");
	end_line(output);
}

static void put_head(const struct report *report, struct output *output)
{
	const struct session_info *info = &report->view->info;
	const uint64_t *outcomes = report->summary->outcomes;
	char storage[8192];
	struct buf raw = BUF_ON(storage);

	begin_line(outcomes[OUTCOME_REFUSED] ? "## &#10060; " : "## &#9989; ");
	report_write_verdict(report, &raw);
	add_buf(&raw);
	end_line(output);
	put_line(output, "");
	begin_line("**Coverage** ");
	buf_u64(&page.line, report->summary->coverage[COVER_HOOKS]);
	buf_str(&page.line, " programs under the hooks, ");
	buf_u64(&page.line, report->summary->records);
	buf_str(&page.line, " records; ");
	raw = BUF_ON(storage);
	if (report_has_door(report)) {
		report_write_share(report, &raw);
		buf_str(&raw, " was recorded by the hooks; ");
		add_buf(&raw);
		raw = BUF_ON(storage);
	}
	report_write_gaps(report, &raw);
	if (raw.len == 0)
		buf_str(&raw, "none lost, all covered");
	if (*info->floor) {
		buf_str(&raw, "; floor: ");
		buf_str(&raw, info->floor);
	}
	add_buf(&raw);
	buf_str(&page.line, "  ");
	end_line(output);
	begin_line("**Session** ");
	raw = BUF_ON(storage);
	buf_str(&raw, info->id);
	buf_str(&raw, ", ");
	when_write_duration(session_view_duration(info, report->summary->last_ns), &raw);
	buf_str(&raw, ", ");
	session_view_write_end(info, &raw);
	buf_str(&raw, ", policy ");
	buf_str(&raw, info->policy);
	buf_str(&raw, ", ");
	buf_str(&raw, info->mode);
	add_buf(&raw);
	end_line(output);
}

static void add_group(const struct report *report, const struct report_group *group)
{
	static char texts[LINE_BYTES];
	const struct refusal *refusal = group->first->refusal;
	struct rule_text rule = rule_text_of(session_view_policy(report->view), refusal->rule, refusal->verb);
	struct buf raw = BUF_ON(texts);

	begin_line("| ");
	buf_u64(&page.line, group->count);
	next_cell();
	buf_str(&page.line, refusal->audit ? "(audit) " : "");
	buf_str(&page.line, verb_table[refusal->verb].word);
	next_cell();
	report_write_object(refusal, &raw);
	add_code_buf(&raw);
	if (group->size > 1) {
		buf_str(&page.line, " and ");
		buf_u64(&page.line, group->size - 1);
		buf_str(&page.line, " more");
	}
	next_cell();
	raw = BUF_ON(texts);
	rule_text_write_name(&rule, &raw);
	if (rule.file.len > 0) {
		buf_str(&raw, " (");
		rule_text_write_place(&rule, &raw);
		buf_char(&raw, ')');
	}
	if (rule.reason.len > 0) {
		buf_str(&raw, ": ");
		buf_bytes(&raw, rule.reason.data, rule.reason.len);
	}
	add_buf(&raw);
	next_cell();
	add_code(refusal->exe);
	next_cell();
	raw = BUF_ON(texts);
	if (refusal->source.frame.file.len > 0)
		source_write(&refusal->source, report->summary->workspace, &raw);
	add_buf(&raw);
	next_cell();
	raw = BUF_ON(texts);
	report_write_hint(report, refusal, &raw);
	add_code_buf(&raw);
	next_cell();
	raw = BUF_ON(texts);
	report_write_event(report, refusal, &raw);
	add_code_buf(&raw);
	buf_str(&page.line, " |");
}

static void put_refusals(const struct report *report, struct output *output)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct report_groups groups;

	if (report->summary->refusals.count == 0)
		return;
	report_groups_make(report, &arena, &groups);
	put_table(output, "Refused", "| Count | Operation | Object | Rule | Program | Source | To allow | Event |",
		  "|--:|---|---|---|---|---|---|---|");
	for (size_t i = 0; i < groups.table.count && i < report->top; i++) {
		add_group(report, (const struct report_group *)groups.sorted[i]);
		end_line(output);
	}
	put_rest(output, groups.table.count, report->top);
	report_groups_free(&groups);
}

static void put_changes(const struct report *report, struct output *output)
{
	const struct table *changes = &report->summary->changes;
	size_t shown = 0, all = 0;

	for (size_t i = 0; i < changes->count; i++) {
		const struct change *change = (const struct change *)changes->items[i];
		enum change_kind kind = change_kind(report->summary, change);

		if (kind >= CHANGE_PASSING)
			continue;
		if (all++ >= report->top)
			continue;
		if (shown++ == 0)
			put_table(output, "Changed", "| Change | Path |", "|---|---|");
		begin_line("| ");
		buf_str(&page.line, report_changes[kind]);
		next_cell();
		add_code(change->entry.key);
		if (kind == CHANGE_RENAMED) {
			buf_str(&page.line, " to ");
			add_code(change->other);
		}
		buf_str(&page.line, " |");
		end_line(output);
	}
	put_rest(output, all + changes->refused, shown);
}

static void put_labelled(const struct report *report, struct output *output)
{
	const struct table *objects = &report->summary->labelled;
	char words[1024];
	struct buf followed = BUF_ON(words);

	if (objects->count == 0)
		return;
	put_table(output, "Labelled", "| Labels | Operation | Object | Program |", "|---|---|---|---|");
	for (size_t i = 0; i < objects->count && i < report->top; i++) {
		const struct labelled *labelled = (const struct labelled *)objects->items[i];
		char storage[256];
		struct buf labels = BUF_ON(storage);

		report_write_labels(report, labelled->rule, &labels);
		begin_line("| ");
		add_buf(&labels);
		next_cell();
		buf_str(&page.line, verb_table[labelled->verb].word);
		next_cell();
		add_code(labelled->entry.key);
		next_cell();
		add_code(labelled->exe);
		buf_str(&page.line, " |");
		end_line(output);
	}
	put_rest(output, objects->count + objects->refused, report->top);
	report_write_followed(report, &followed);
	if (followed.len > 0) {
		put_line(output, "");
		begin_line("Followed by ");
		add_buf(&followed);
		end_line(output);
	}
}

static void put_hosts(const struct report *report, struct output *output)
{
	const struct table *contacts = &report->summary->contacts;
	struct table_entry **sorted;

	if (contacts->count == 0)
		return;
	sorted = report_contacts(report);
	put_table(output, "Hosts", "| Count | Operation | Host | Address | Refused | Failed |", "|--:|---|---|---|--:|--:|");
	for (size_t i = 0; i < contacts->count && i < report->top; i++) {
		const struct contact *contact = (const struct contact *)sorted[i];
		char storage[512];
		struct buf peer = BUF_ON(storage);

		report_write_peer(contact, &peer);
		begin_line("| ");
		buf_u64(&page.line, contact->count);
		next_cell();
		buf_str(&page.line, verb_table[contact->verb].word);
		next_cell();
		add(contact->host);
		next_cell();
		add_code_buf(&peer);
		next_cell();
		buf_u64(&page.line, contact->refused);
		next_cell();
		buf_u64(&page.line, contact->failed);
		buf_str(&page.line, " |");
		end_line(output);
	}
	free(sorted);
	put_rest(output, contacts->count + contacts->refused, report->top);
}

/* Depth is bounded by the tree's. */
static size_t put_tree(const struct report *report, struct output *output, const struct program *program, size_t shown)
{
	static char texts[LINE_BYTES];

	for (; program; program = program->next) {
		struct buf raw = BUF_ON(texts);

		if (shown++ < report->top) {
			begin_line("");
			for (unsigned i = 0; i < program->depth; i++)
				buf_str(&page.line, "  ");
			buf_str(&page.line, "- ");
			if (program->count > 1) {
				buf_u64(&page.line, program->count);
				buf_str(&page.line, "x ");
			}
			if (program->argv.len > 0)
				report_write_words(program->argv, &raw);
			else
				buf_bytes(&raw, program->exe.data, program->exe.len);
			add_code_buf(&raw);
			if (program->coverage != COVER_HOOKS) {
				buf_str(&page.line, report_has_door(report) ? " kernel door only: " : " not covered: ");
				buf_str(&page.line, report_coverage[program->coverage]);
			}
			end_line(output);
		}
		shown = put_tree(report, output, program->first, shown);
	}
	return shown;
}

static void put_counts(const struct report *report, struct output *output, const char *heading,
		       const struct table *table, struct table_entry **sorted)
{
	if (table->count > 0)
		put_table(output, heading, "| Count | Name |", "|--:|---|");
	for (size_t i = 0; i < table->count && i < report->top; i++) {
		const struct read_place *read = (const struct read_place *)sorted[i];

		begin_line("| ");
		buf_u64(&page.line, read->count);
		next_cell();
		add_code(read->entry.key);
		buf_str(&page.line, " |");
		end_line(output);
	}
	free(sorted);
	put_rest(output, table->count + table->refused, report->top);
}

static void put_timeline(const struct report *report, struct output *output)
{
	const struct timeline *timeline = &report->summary->timeline;
	size_t count = timeline_count(timeline);

	if (count < 2)
		return;
	put_table(output, "Timeline", "| From | Operations | Refused |", "|---|--:|--:|");
	for (size_t i = 0; i < count; i++) {
		if (timeline->spans[i].events == 0)
			continue;
		begin_line("| ");
		when_write_local(timeline->start_ns + i * timeline->width_ns, &page.line);
		next_cell();
		buf_u64(&page.line, timeline->spans[i].events);
		next_cell();
		buf_u64(&page.line, timeline->spans[i].refused);
		buf_str(&page.line, " |");
		end_line(output);
	}
}

static void write_markdown(const struct report *report, struct output *output)
{
	if (report->number > 0)
		put_line(output, "");
	put_head(report, output);
	put_refusals(report, output);
	put_changes(report, output);
	put_labelled(report, output);
	put_hosts(report, output);
	if (report->summary->programs.first) {
		put_line(output, "");
		put_line(output, "### Programs");
		put_line(output, "");
		put_rest(output, put_tree(report, output, report->summary->programs.first, 0), report->top);
	}
	put_counts(report, output, "Files read or changed most", &report->summary->files, report_files(report));
	put_counts(report, output, "Read below", &report->summary->reads, report_reads(report));
	put_timeline(report, output);
}

static void begin_markdown(struct output *output)
{
	(void)output;
	page.written = 0;
	page.left_out = 0;
}

static void end_markdown(struct output *output)
{
	if (page.left_out == 0)
		return;
	output_format(output, "\n**Cut: %llu lines did not fit into %u bytes.** `guardctl report` tells all.\n",
		      (unsigned long long)page.left_out, BYTES_MAX);
}

const struct report_format report_format_markdown = {
	.name = "markdown",
	.ascii = ASCII_BRACES,
	.sentence = "for the summary of a CI step, at most 900 KB",
	.begin = begin_markdown,
	.write = write_markdown,
	.end = end_markdown,
};
