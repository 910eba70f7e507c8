/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report as one HTML page that loads nothing.
 *
 * All of it can be read without JavaScript. The page's script (tools/html) makes
 * the same lists sortable and shows every event; it reads them from a block of
 * data behind each session (event_block.h). A guardctl that was built without the
 * script writes the lists alone, and the page says so.
 *
 * Two fences keep a name from acting: it is escaped where it is written
 * (report_html_page.c), and the page's policy lets no script run and no style
 * apply but ours, known by their hashes.
 */
#include "tools/report_html.h"

#include "tools/event_block.h"
#include "tools/rule_text.h"
#include "tools/when.h"

#include <string.h>

static const char style[] =
#include "tools/html/style.inc"
	;
static const char script[] =
#include "tools/html/script.inc"
	;
/* Their hashes, as a content security policy takes them. */
#include "tools/html/hashes.inc"

static bool has_script(void)
{
	return sizeof script > 1;
}

static void begin_html(struct output *output)
{
	output_string(output, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
			      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '" STYLE_HASH "'");
	if (has_script())
		output_string(output, "; script-src '" SCRIPT_HASH "'; require-trusted-types-for 'script'; trusted-types 'none'");
	output_string(output, "; base-uri 'none'; form-action 'none'\">\n"
			      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
			      "<meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"color-scheme\" content=\"light dark\">\n"
			      "<title>guardctl report</title>\n<style>");
	output_string(output, style);
	output_string(output, "</style>\n</head>\n<body>\n<main>\n<h1>What the guard saw</h1>\n");
	if (!has_script())
		output_string(output, "<p class=\"notice\">This guardctl was built without the page's script: the lists below "
				      "are all of it. Each event: <code>guardctl events</code>.</p>\n");
	else
		output_string(output, "<noscript><p class=\"notice\">JavaScript is off: the lists below are all there is to see. "
				      "With it, each event, filters and a timeline.</p></noscript>\n");
}

static void end_html(struct output *output)
{
	output_string(output, "</main>\n");
	if (has_script()) {
		output_string(output, "<script>");
		output_string(output, script);
		output_string(output, "</script>\n");
	}
	output_string(output, "</body>\n</html>\n");
}

static void put_verdict(struct html *html)
{
	const uint64_t *outcomes = html->report->summary->outcomes;
	uint64_t refused = outcomes[OUTCOME_REFUSED];
	uint64_t would = outcomes[OUTCOME_WOULD] + outcomes[OUTCOME_WOULD_FAILED];
	struct buf raw = BUF_ON(html->raw);

	html_put(html, "<h2 class=\"verdict ");
	html_put(html, refused ? "refused" : would ? "doubt" : "good");
	html_put(html, "\">");
	report_write_verdict(html->report, &raw);
	html_raw(html, &raw);
	html_put(html, "; ");
	html_number(html, outcomes[OUTCOME_DONE] + outcomes[OUTCOME_FAILED]);
	html_put(html, " allowed</h2>\n");
}

static void begin_fact(struct html *html, const char *name)
{
	html_put(html, "<div><dt>");
	html_put(html, name);
	html_put(html, "</dt><dd>");
}

static void end_fact(struct html *html)
{
	html_put(html, "</dd></div>\n");
}

static void put_uncovered(struct html *html)
{
	const struct table *table = &html->report->summary->programs.unhooked;
	size_t shown = html_rows(html, table->count);

	if (report_unhooked(html->report) == 0)
		return;
	if (report_has_door(html->report)) {
		begin_fact(html, "Kernel only");
		html_count(html, report_unhooked(html->report), "program, decided by the kernel door alone",
			   "programs, decided by the kernel door alone");
	} else {
		begin_fact(html, "Not covered");
		html_put(html, "<strong class=\"doubt\">");
		html_count(html, report_unhooked(html->report), "program; what it did was not seen by the hooks",
			   "programs; what they did was not seen by the hooks");
		html_put(html, "</strong>");
	}
	for (size_t i = 0; i < shown; i++) {
		const struct unhooked *program = (const struct unhooked *)table->items[i];

		html_put(html, "<br>");
		html_number(html, program->count);
		html_put(html, "x <code>");
		html_text(html, program->exe);
		html_put(html, "</code> (");
		html_put(html, report_coverage[program->coverage]);
		html_put(html, ")");
	}
	if (table->count > shown) {
		html_put(html, "<br>... and ");
		html_number(html, table->count - shown);
		html_put(html, " more (--top 0 shows all)");
	}
	end_fact(html);
}

static void put_coverage(struct html *html)
{
	const struct session_view *view = html->report->view;
	struct buf raw = BUF_ON(html->raw);

	begin_fact(html, "Coverage");
	html_count(html, html->report->summary->coverage[COVER_HOOKS], "program under the hooks", "programs under the hooks");
	html_put(html, ", doors: ");
	html_string(html, view->info.level);
	end_fact(html);
	if (*view->info.floor) {
		begin_fact(html, "Floor");
		html_string(html, view->info.floor);
		end_fact(html);
	}
	if (report_has_door(html->report)) {
		begin_fact(html, "By hooks");
		report_write_share(html->report, &raw);
		html_raw(html, &raw);
		raw = BUF_ON(html->raw);
		end_fact(html);
	}
	put_uncovered(html);
	begin_fact(html, "Log");
	html_count(html, html->report->summary->records, "record", "records");
	report_write_gaps(html->report, &raw);
	if (raw.len == 0) {
		html_put(html, ", none lost");
	} else {
		html_put(html, "; <strong class=\"doubt\">");
		html_raw(html, &raw);
		html_put(html, "</strong>");
	}
	if (view->counts.muted > 0) {
		html_put(html, "; ");
		html_count(html, view->counts.muted, "refusal was", "refusals were");
		html_put(html, " not told to the program: too many in a second");
	}
	end_fact(html);
}

static void put_session(struct html *html)
{
	const struct session_info *info = &html->report->view->info;
	struct buf raw = BUF_ON(html->raw);

	begin_fact(html, "Session");
	buf_str(&raw, info->id);
	buf_str(&raw, ", ");
	when_write_local(info->started_ns, &raw);
	buf_str(&raw, ", ");
	when_write_duration(session_view_duration(info, html->report->summary->last_ns), &raw);
	buf_str(&raw, ", ");
	session_view_write_end(info, &raw);
	if (info->survivors && !info->running) {
		buf_str(&raw, ", ");
		buf_u64(&raw, info->survivors);
		buf_str(&raw, info->survivors == 1 ? " process still ran at its end" : " processes still ran at its end");
	}
	html_raw(html, &raw);
	end_fact(html);
}

static void put_command(struct html *html)
{
	const struct session_info *info = &html->report->view->info;
	char storage[4096];
	struct buf words = BUF_ON(storage), raw = BUF_ON(html->raw);

	for (char **word = info->argv; *word; word++)
		buf_bytes(&words, *word, strlen(*word) + 1);
	report_write_words((struct text){words.data, words.len}, &raw);
	begin_fact(html, "Command");
	html_put(html, "<code>");
	html_raw(html, &raw);
	html_put(html, "</code>");
	end_fact(html);
	begin_fact(html, "Policy");
	html_put(html, "<code>");
	html_string(html, info->policy);
	html_put(html, "</code>, ");
	html_string(html, info->mode);
	if (html->report->view->policy_fault) {
		html_put(html, "; <strong class=\"doubt\">policy.img ");
		html_put(html, html->report->view->policy_fault);
		html_put(html, ", so rules are shown by number</strong>");
	}
	end_fact(html);
}

static void put_rule(struct html *html, const struct refusal *refusal)
{
	struct rule_text rule = rule_text_of(session_view_policy(html->report->view), refusal->rule, refusal->verb);
	struct buf raw = BUF_ON(html->raw);

	rule_text_write_name(&rule, &raw);
	html_put(html, "<td>");
	html_raw(html, &raw);
	if (rule.file.len > 0) {
		raw.len = 0;
		rule_text_write_place(&rule, &raw);
		html_put(html, " <span class=\"place\">");
		html_raw(html, &raw);
		html_put(html, "</span>");
	}
	if (rule.reason.len > 0) {
		html_put(html, "<br>");
		html_text(html, rule.reason);
	}
	html_put(html, "</td>");
}

static void put_object(struct html *html, const struct refusal *refusal)
{
	struct buf raw = BUF_ON(html->raw);

	report_write_object(refusal, &raw);
	html_put(html, "<code>");
	html_raw(html, &raw);
	html_put(html, "</code>");
}

static void put_source(struct html *html, const struct refusal *refusal)
{
	struct buf raw = BUF_ON(html->raw);

	if (refusal->source.frame.file.len == 0)
		return;
	source_write(&refusal->source, html->report->summary->workspace, &raw);
	html_raw(html, &raw);
	html_put(html, refusal->inherited ? ", which started it" : "");
}

/* Further refusals of the group: folded, so that one cause does not crowd out the others. */
static void put_also(struct html *html, const struct report_group *group)
{
	size_t number = group->size - 1, shown = 0;

	if (number == 0)
		return;
	html_put(html, "<details><summary>and ");
	html_number(html, number);
	html_put(html, " more</summary><ul>\n");
	for (const struct report_group_row *row = group->first->next; row && shown < html_rows(html, number); row = row->next) {
		shown++;
		html_put(html, "<li>");
		html_number(html, row->refusal->count);
		html_put(html, "x ");
		html_put(html, verb_table[row->refusal->verb].word);
		html_put(html, " ");
		put_object(html, row->refusal);
		html_put(html, " ");
		put_source(html, row->refusal);
		html_put(html, "</li>\n");
	}
	html_put(html, "</ul>");
	html_rest(html, number, NULL);
	html_put(html, "</details>");
}

/* Its place in the log; the session stands above. */
static void put_event(struct html *html, const struct refusal *refusal)
{
	struct buf raw = BUF_ON(html->raw);
	struct text id;
	const char *colon;

	report_write_event(html->report, refusal, &raw);
	id = (struct text){raw.data, raw.len};
	colon = memrchr(id.data, ':', id.len);
	if (colon)
		id = (struct text){colon + 1, id.len - (size_t)(colon + 1 - id.data)};
	html_text(html, id);
}

static void put_group(struct html *html, const struct report_group *group)
{
	const struct refusal *refusal = group->first->refusal;
	struct buf raw;

	html_put(html, "<tr><td class=\"number\">");
	html_number(html, group->count);
	html_put(html, "</td><td class=\"");
	html_put(html, refusal->audit ? "doubt" : "refused");
	html_put(html, "\">");
	html_put(html, verb_table[refusal->verb].word);
	html_put(html, refusal->audit ? " (audit)" : "");
	html_put(html, "</td><td>");
	if (html->report->group_by != GROUP_BY_CAUSE) {
		html_put(html, "<b>");
		html_text(html, group->entry.key);
		html_put(html, "</b><br>");
	}
	put_object(html, refusal);
	put_also(html, group);
	html_put(html, "</td>");
	put_rule(html, refusal);
	html_put(html, "<td><code>");
	html_text(html, refusal->exe);
	html_put(html, "</code></td><td>");
	put_source(html, refusal);
	html_put(html, "</td><td><code>");
	raw = BUF_ON(html->raw);
	report_write_hint(html->report, refusal, &raw);
	html_raw(html, &raw);
	html_put(html, "</code></td><td><code>");
	put_event(html, refusal);
	html_put(html, "</code></td></tr>\n");
}

static void put_refusals(struct html *html, bool audit)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct report_groups groups;
	size_t number = 0, shown = 0;

	report_groups_make(html->report, &arena, &groups);
	for (size_t i = 0; i < groups.table.count; i++)
		number += ((const struct report_group *)groups.sorted[i])->audit == audit;
	if (number > 0) {
		html_part(html, audit ? "would" : "refused", audit ? "Would have been refused" : "Refused");
		html_table(html, "#Count|Operation|Object|Rule|Program|Source line|To allow it|Event");
		for (size_t i = 0; i < groups.table.count && shown < html_rows(html, number); i++) {
			const struct report_group *group = (const struct report_group *)groups.sorted[i];

			if (group->audit != audit)
				continue;
			shown++;
			put_group(html, group);
		}
		html_put(html, "</tbody></table>\n");
		html_rest(html, number, audit ? NULL : &html->report->summary->refusals);
		html_put(html, "</section>\n");
	}
	report_groups_free(&groups);
}

/* For the script; what it lacks is said to everybody. */
static void put_events(struct html *html)
{
	struct event_block *block = html->report->events ? event_block_make(html->report, html->output->ascii) : NULL;

	if (!block)
		return;
	if (event_block_cut(block) > 0) {
		html_put(html, "<p class=\"rest\">This page has ");
		html_count(html, event_block_count(block), "event", "events");
		html_put(html, "; ");
		html_count(html, event_block_cut(block), "later one is", "later ones are");
		html_put(html, " in the log only: <code>guardctl events</code>. The lists tell of all.</p>\n");
	}
	html_put(html, "<script type=\"application/x-guard-events\">\n");
	event_block_write(block, html->output);
	html_put(html, "</script>\n");
	event_block_free(block);
}

static void write_html(const struct report *report, struct output *output)
{
	static struct html html;

	html.report = report;
	html.output = output;
	html_put(&html, "<article aria-label=\"Session\" id=\"");
	html_anchor(&html, "session");
	html_put(&html, "\">\n<header>\n");
	put_verdict(&html);
	html_put(&html, "<dl>\n");
	put_coverage(&html);
	put_session(&html);
	put_command(&html);
	html_put(&html, "</dl>\n</header>\n");
	put_refusals(&html, false);
	put_refusals(&html, true);
	html_lists(&html);
	if (has_script())
		put_events(&html);
	html_put(&html, "</article>\n");
}

const struct report_format report_format_html = {
	.name = "html",
	.ascii = ASCII_BRACES,
	.sentence = "one page for a browser",
	.begin = begin_html,
	.write = write_html,
	.end = end_html,
};
