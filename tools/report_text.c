/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report as a person reads it: what was refused first, then how far that
 * can be trusted, then everything else (report_lists.c).
 */
#include "tools/report.h"

#include "tools/report_groups.h"
#include "tools/report_page.h"
#include "tools/rule_text.h"
#include "tools/seal.h"
#include "tools/symbols.h"
#include "tools/when.h"

#include <stdlib.h>
#include <string.h>

static void put_verdict(struct page *page)
{
	const uint64_t *outcomes = page->report->summary->outcomes;
	uint64_t refused = outcomes[OUTCOME_REFUSED];
	uint64_t would = outcomes[OUTCOME_WOULD] + outcomes[OUTCOME_WOULD_FAILED];
	uint64_t allowed = outcomes[OUTCOME_DONE] + outcomes[OUTCOME_FAILED];

	page_colour(page, refused ? PAGE_RED : would ? PAGE_YELLOW : PAGE_GREEN);
	if (refused)
		page_count(page, refused, "operation refused", "operations refused");
	else
		output_string(page->output, "Nothing was refused");
	if (would) {
		output_string(page->output, refused ? ", " : ": audit only. ");
		page_count(page, would, "operation would have been refused", "operations would have been refused");
	}
	page_plain(page);
	output_format(page->output, ", %llu allowed", (unsigned long long)allowed);
	if (!report_is_complete(page->report))
		output_string(page->output, ", as far as the guard could see");
	output_string(page->output, "\n\n");
}

static void put_covered(struct page *page)
{
	const struct summary *summary = page->report->summary;

	page_label(page, "coverage");
	page_count(page, summary->coverage[COVER_HOOKS], "program under the hooks", "programs under the hooks");
	output_string(page->output, ", doors: ");
	output_text(page->output, (struct text){page->report->view->info.level, strlen(page->report->view->info.level)});
	if (report_has_door(page->report))
		output_format(page->output, " (%llu events by hooks, %llu by the kernel door)",
			      (unsigned long long)summary->doors[DOOR_HOOK], (unsigned long long)summary->doors[DOOR_KERNEL]);
	output_string(page->output, "\n");
	if (report_has_door(page->report)) {
		char storage[160];
		struct buf share = BUF_ON(storage);

		report_write_share(page->report, &share);
		page_label(page, "by hooks");
		output_string(page->output, buf_cstr(&share));
		output_string(page->output, "\n");
	}
}

static void put_uncovered(struct page *page)
{
	const struct table *table = &page->report->summary->programs.unhooked;
	uint64_t unhooked = report_unhooked(page->report);
	size_t shown = table->count < page->report->top ? table->count : page->report->top;

	if (unhooked == 0)
		return;
	if (report_has_door(page->report)) {
		page_label(page, "kernel only");
		page_count(page, unhooked, "program, decided by the kernel door alone\n", "programs, decided by the kernel door alone\n");
	} else {
		page_label(page, "not covered");
		page_colour(page, PAGE_YELLOW);
		page_count(page, unhooked, "program; what it did was not seen by the hooks\n",
			   "programs; what they did was not seen by the hooks\n");
		page_plain(page);
	}
	for (size_t i = 0; i < shown; i++) {
		const struct unhooked *program = (const struct unhooked *)table->items[i];

		page_label(page, "");
		output_format(page->output, "%llux ", (unsigned long long)program->count);
		page_name(page, program->exe, LABEL_WIDTH + 50);
		output_format(page->output, " (%s)\n", report_coverage[program->coverage]);
	}
	if (table->count > shown) {
		page_label(page, "");
		output_format(page->output, "... and %zu more (--top 0 shows all)\n", table->count - shown);
	}
}

static void put_floor(struct page *page)
{
	const char *floor = page->report->view->info.floor;

	if (!*floor)
		return;
	page_label(page, "floor");
	output_text(page->output, (struct text){floor, strlen(floor)});
	output_string(page->output, "\n");
}

static void put_degraded(struct page *page)
{
	for (char **sentence = page->report->view->info.degraded; *sentence; sentence++) {
		page_label(page, "weaker");
		page_colour(page, PAGE_YELLOW);
		output_text(page->output, (struct text){*sentence, strlen(*sentence)});
		page_plain(page);
		output_string(page->output, "\n");
	}
}

/* "3 records lost" after what is there already; *any tells whether something is. */
static void add_loss(struct page *page, bool *any, uint64_t number, const char *one, const char *many)
{
	if (number == 0)
		return;
	output_string(page->output, ", ");
	page_colour(page, PAGE_YELLOW);
	page_count(page, number, one, many);
	page_plain(page);
	*any = true;
}

static void put_log(struct page *page)
{
	const struct log_damage *damage = &page->report->damage;
	const struct session_view *view = page->report->view;
	bool any = false;

	page_label(page, "log");
	page_count(page, page->report->summary->records, "record", "records");
	add_loss(page, &any, view->counts.lost, "lost", "lost");
	add_loss(page, &any, damage->torn, view->info.running ? "being written" : "torn by a writer that died",
		 view->info.running ? "being written" : "torn by writers that died");
	add_loss(page, &any, damage->bad, "slot damaged", "slots damaged");
	add_loss(page, &any, damage->cut, "record too long and cut", "records too long and cut");
	add_loss(page, &any, damage->missing, "segment missing", "segments missing");
	add_loss(page, &any, damage->unread, "segment unreadable", "segments unreadable");
	add_loss(page, &any, damage->short_of, "segment cut short", "segments cut short");
	if (!view->counts.known) {
		output_string(page->output, ", ");
		page_painted(page, PAGE_YELLOW, "losses not known: the file \"state\" is missing or damaged");
		any = true;
	}
	output_string(page->output, any ? "\n" : ", none lost\n");
	if (view->counts.muted > 0) {
		page_label(page, "");
		page_count(page, view->counts.muted, "refusal was", "refusals were");
		output_string(page->output, " not told to the program: too many in a second\n");
	}
}

/* As the seal says; nothing is checked here. */
static void put_seal(struct page *page)
{
	const struct session_info *info = &page->report->view->info;
	struct buf raw = BUF_ON(page->raw);
	struct seal_glance seal;

	if (!seal_look(info->directory, &seal) || seal.blocks == 0)
		return;
	buf_u64(&raw, seal.blocks);
	buf_str(&raw, seal.blocks == 1 ? " block of the log, sealed at " : " blocks of the log, the last sealed at ");
	when_write_local(seal.sealed_ns, &raw);
	if (!seal.ended && info->ended_ns == 0 && !info->running)
		buf_str(&raw, ", without an end");
	buf_str(&raw, "; guardctl verify checks it");
	page_label(page, "seal");
	output_text(page->output, text_of(&raw));
	output_string(page->output, "\n");
}

static void put_session(struct page *page)
{
	const struct session_info *info = &page->report->view->info;
	struct buf raw = BUF_ON(page->raw);

	page_label(page, "session");
	buf_str(&raw, info->id);
	buf_str(&raw, ", ");
	when_write_local(info->started_ns, &raw);
	buf_str(&raw, ", ");
	when_write_duration(session_view_duration(info, page->report->summary->last_ns), &raw);
	buf_str(&raw, ", ");
	session_view_write_end(info, &raw);
	if (info->survivors && !info->running) {
		buf_str(&raw, ", ");
		buf_u64(&raw, info->survivors);
		buf_str(&raw, info->survivors == 1 ? " process still ran at its end" : " processes still ran at its end");
	}
	output_text(page->output, text_of(&raw));
	output_string(page->output, "\n");
}

static void put_command(struct page *page)
{
	const struct session_info *info = &page->report->view->info;
	char words_storage[4096];
	struct buf words = BUF_ON(words_storage);
	struct buf raw = BUF_ON(page->raw);

	for (char **word = info->argv; *word; word++)
		buf_bytes(&words, *word, strlen(*word) + 1);
	report_write_words(text_of(&words), &raw);
	page_label(page, "command");
	page_raw(page, &raw, LABEL_WIDTH + 4);
	output_string(page->output, "\n");
	page_label(page, "policy");
	raw.len = 0;
	buf_str(&raw, info->policy);
	buf_str(&raw, ", ");
	buf_str(&raw, info->mode);
	output_text(page->output, text_of(&raw));
	if (page->report->view->policy_fault) {
		output_string(page->output, "; ");
		page_colour(page, PAGE_YELLOW);
		output_format(page->output, "policy.img %s, so rules are shown by number",
			      page->report->view->policy_fault);
		page_plain(page);
	}
	output_string(page->output, "\n");
}

static void put_detail(struct page *page, const char *label)
{
	output_string(page->output, "       ");
	page_colour(page, PAGE_DIM);
	output_format(page->output, "%-9s", label);
	page_plain(page);
}

#define DETAIL_AT 16 /* column behind the words above */

static void put_object(struct page *page, const struct refusal *refusal, size_t at)
{
	struct buf raw = BUF_ON(page->raw);

	report_write_object(refusal, &raw);
	page_raw(page, &raw, at);
}

static void put_rule(struct page *page, const struct rule_text *rule)
{
	struct buf raw = BUF_ON(page->raw);

	put_detail(page, "rule");
	rule_text_write_name(rule, &raw);
	if (rule->file.len > 0) {
		buf_str(&raw, " (");
		rule_text_write_place(rule, &raw);
		buf_char(&raw, ')');
	}
	if (rule->reason.len > 0) {
		buf_str(&raw, ": ");
		buf_bytes(&raw, rule->reason.data, rule->reason.len);
	}
	output_text(page->output, text_of(&raw));
	output_string(page->output, "\n");
}

static void put_actor(struct page *page, const struct refusal *refusal)
{
	if (refusal->exe.len > 0) {
		put_detail(page, "by");
		page_name(page, refusal->exe, DETAIL_AT);
	} else {
		put_detail(page, "by");
		output_format(page->output, "process %u, whose program is not known", refusal->pid);
	}
	output_string(page->output, "\n");
}

static void put_source(struct page *page, const struct refusal *refusal)
{
	struct buf raw = BUF_ON(page->raw);

	source_write(&refusal->source, page->report->summary->workspace, &raw);
	buf_str(&raw, refusal->inherited ? ", which started it" : "");
	page_raw(page, &raw, DETAIL_AT);
}

#define NATIVE_SHOWN 3 /* frames; JSON has all */

static void put_native(struct page *page, const struct refusal *refusal)
{
	struct buf raw = BUF_ON(page->raw);

	if (refusal->native.len == 0)
		return;
	symbols_write_stack(refusal->native, refusal->exe, NATIVE_SHOWN, &raw);
	put_detail(page, "native");
	page_raw(page, &raw, DETAIL_AT);
	output_string(page->output, "\n");
}

static void put_refusal(struct page *page, const struct refusal *refusal, uint64_t count)
{
	struct rule_text rule = rule_text_of(session_view_policy(page->report->view), refusal->rule, refusal->verb);
	const char *word = verb_table[refusal->verb].word;
	struct buf hint;

	output_format(page->output, "%5llux  ", (unsigned long long)count);
	page_painted(page, refusal->audit ? PAGE_YELLOW : PAGE_RED, word);
	output_string(page->output, " ");
	put_object(page, refusal, strlen(word) + 9);
	output_string(page->output, "\n");
	put_rule(page, &rule);
	put_actor(page, refusal);
	if (refusal->source.frame.file.len > 0) {
		put_detail(page, "source");
		put_source(page, refusal);
		output_string(page->output, "\n");
	}
	put_native(page, refusal);
	put_detail(page, "event");
	hint = BUF_ON(page->raw);
	report_write_event(page->report, refusal, &hint);
	output_text(page->output, text_of(&hint));
	output_string(page->output, "\n");
	hint = BUF_ON(page->raw);
	report_write_hint(page->report, refusal, &hint);
	if (hint.len > 0) {
		put_detail(page, "to allow");
		output_text(page->output, text_of(&hint));
		output_string(page->output, "\n");
	}
}

#define ALSO_SHOWN 2 /* further refusals of a group that are named below the first */

static void put_also(struct page *page, const struct refusal *shown, const struct report_group_row *row)
{
	put_detail(page, "also");
	if (row->refusal->count > 1)
		output_format(page->output, "%llux ", (unsigned long long)row->refusal->count);
	if (row->refusal->verb != shown->verb)
		output_format(page->output, "%s ", verb_table[row->refusal->verb].word);
	put_object(page, row->refusal, DETAIL_AT);
	if (row->refusal->source.frame.file.len > 0 && !source_is_same(&row->refusal->source, &shown->source)) {
		output_string(page->output, " by ");
		put_source(page, row->refusal);
	}
	output_string(page->output, "\n");
}

/* The first refusal in full, and what else is of its group: one cause must not crowd out the others. */
static void put_group(struct page *page, const struct report_group *group)
{
	size_t others = 0;

	if (page->report->group_by != GROUP_BY_CAUSE) {
		output_string(page->output, "  ");
		page_name(page, group->entry.key, 4);
		output_string(page->output, "\n");
	}
	put_refusal(page, group->first->refusal, group->count);
	for (const struct report_group_row *row = group->first->next; row; row = row->next)
		if (others++ < ALSO_SHOWN || page->report->top == SIZE_MAX)
			put_also(page, group->first->refusal, row);
	if (others > ALSO_SHOWN && page->report->top != SIZE_MAX) {
		put_detail(page, "also");
		output_format(page->output, "%zu more (--top 0 shows all)\n", others - ALSO_SHOWN);
	}
}

static void put_refusals(struct page *page, bool audit)
{
	CLEANUP(arena_free) struct arena arena = {0};
	const struct table *table = &page->report->summary->refusals;
	struct report_groups groups;
	size_t number = 0, shown = 0;

	report_groups_make(page->report, &arena, &groups);
	for (size_t i = 0; i < groups.table.count; i++)
		number += ((const struct report_group *)groups.sorted[i])->audit == audit;
	for (size_t i = 0; i < groups.table.count && shown < page_rows(page, number); i++) {
		const struct report_group *group = (const struct report_group *)groups.sorted[i];

		if (group->audit != audit)
			continue;
		if (shown++ == 0)
			page_heading(page, audit ? "Would have been refused" : "Refused");
		put_group(page, group);
	}
	if (shown)
		page_rest(page, number, audit ? NULL : table);
	report_groups_free(&groups);
}

static void write_text(const struct report *report, struct output *output)
{
	static struct page page;

	if (report->number > 0)
		output_string(output, "\n\n");
	page.report = report;
	page.output = output;
	put_verdict(&page);
	put_covered(&page);
	put_uncovered(&page);
	put_degraded(&page);
	put_log(&page);
	put_floor(&page);
	put_seal(&page);
	put_session(&page);
	put_command(&page);
	put_refusals(&page, false);
	put_refusals(&page, true);
	report_lists(&page);
}

const struct report_format report_format_text = {
	.name = "text",
	.ascii = ASCII_BRACES,
	.sentence = "for a terminal",
	.write = write_text,
};
