/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report as a person reads it: what was refused first, then how far that
 * can be trusted, then everything else in the order of what it could harm.
 */
#include "tools/report.h"

#include "tools/escape.h"
#include "tools/rule_text.h"
#include "tools/when.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX (8 * EVENT_SLOT * EVENT_SLOTS_MAX) /* a record's longest text, quoted and escaped */
#define LABEL_WIDTH 11                              /* of the words at the left: "not covered" */

static const char bold[] = "1", red[] = "1;31", green[] = "1;32", yellow[] = "33", dim[] = "2";

/* What is being written. Two buffers because a text is first put together and then made safe. */
struct page {
	const struct report *report;
	struct output *output;
	char raw[TEXT_MAX];
	char safe[TEXT_MAX];
};

static void colour(struct page *page, const char *code)
{
	if (page->output->colour)
		output_format(page->output, "\x1b[%sm", code);
}

static void plain(struct page *page)
{
	colour(page, "0");
}

static void painted(struct page *page, const char *code, const char *string)
{
	colour(page, code);
	output_string(page->output, string);
	plain(page);
}

static void heading(struct page *page, const char *words)
{
	output_string(page->output, "\n");
	painted(page, bold, words);
	output_string(page->output, "\n");
}

/* A name at column AT of its line: safe, and cut in its middle where a terminal would wrap it. */
static void name(struct page *page, struct text text, size_t at)
{
	struct buf safe = BUF_ON(page->safe);
	struct buf cut = BUF_ON(page->raw);
	size_t columns = page->output->columns;

	escape_terminal(text, &safe);
	if (columns == 0 || (const char *)page->raw == text.data) {
		output_bytes(page->output, safe.data, safe.len);
		return;
	}
	columns = columns > at + 24 ? columns - at : 24;
	escape_cut((struct text){safe.data, safe.len}, columns, &cut);
	output_bytes(page->output, cut.data, cut.len);
}

static struct text text_of(const struct buf *buf)
{
	return (struct text){buf->data, buf->len};
}

/* The same for text that was put together in RAW. */
static void put_raw(struct page *page, const struct buf *raw, size_t at)
{
	char *copy = page->output->columns ? strndup(raw->data, raw->len) : NULL;

	name(page, copy ? (struct text){copy, raw->len} : text_of(raw), at);
	free(copy);
}

static void line_start(struct page *page, const char *label)
{
	output_string(page->output, "  ");
	colour(page, dim);
	output_format(page->output, "%-*s", LABEL_WIDTH, label);
	plain(page);
	output_string(page->output, "  ");
}

static void count(struct page *page, uint64_t number, const char *one, const char *many)
{
	output_format(page->output, "%llu %s", (unsigned long long)number, number == 1 ? one : many);
}

/* How many of COUNT rows are shown, and whether the rest must be mentioned. */
static size_t rows(const struct page *page, size_t number)
{
	size_t top = page->report->top;

	/* One row more is shorter than a line that says one row is missing. */
	return number <= top || number == top + 1 ? number : top;
}

static void say_rest(struct page *page, size_t number, const struct table *table)
{
	size_t shown = rows(page, number);

	if (number > shown) {
		colour(page, dim);
		output_format(page->output, "  ... and %zu more (--top 0 shows all)\n", number - shown);
		plain(page);
	}
	if (table && table->refused) {
		colour(page, yellow);
		output_format(page->output, "  ... and %llu records about others: more than %zu are not kept apart\n",
			      (unsigned long long)table->refused, table->count);
		plain(page);
	}
}

static void put_verdict(struct page *page)
{
	const uint64_t *outcomes = page->report->summary->outcomes;
	uint64_t refused = outcomes[OUTCOME_REFUSED];
	uint64_t would = outcomes[OUTCOME_WOULD] + outcomes[OUTCOME_WOULD_FAILED];
	uint64_t allowed = outcomes[OUTCOME_DONE] + outcomes[OUTCOME_FAILED];

	colour(page, refused ? red : would ? yellow : green);
	if (refused)
		count(page, refused, "operation refused", "operations refused");
	else
		output_string(page->output, "Nothing was refused");
	if (would) {
		output_string(page->output, refused ? ", " : ": audit only. ");
		count(page, would, "operation would have been refused", "operations would have been refused");
	}
	plain(page);
	output_format(page->output, ", %llu allowed", (unsigned long long)allowed);
	if (!report_is_complete(page->report))
		output_string(page->output, ", as far as the guard could see");
	output_string(page->output, "\n\n");
}

static void put_covered(struct page *page)
{
	const struct summary *summary = page->report->summary;
	const struct session_counts *counts = &page->report->view->counts;
	uint64_t hooked = summary->coverage[COVER_HOOKS];

	line_start(page, "coverage");
	if (counts->known && counts->hooked > hooked)
		hooked = counts->hooked;
	count(page, hooked, "program under the hooks", "programs under the hooks");
	output_string(page->output, ", doors: ");
	output_text(page->output, (struct text){page->report->view->info.level, strlen(page->report->view->info.level)});
	output_string(page->output, "\n");
}

static void put_uncovered(struct page *page)
{
	const struct programs *programs = &page->report->summary->programs;
	uint64_t uncovered = programs->uncovered;
	uint64_t told = page->report->view->counts.uncovered;
	size_t found = 0, shown = 0;

	if (told > uncovered)
		uncovered = told;
	if (uncovered == 0)
		return;
	line_start(page, "not covered");
	colour(page, yellow);
	count(page, uncovered, "program; what it did was not seen by the hooks\n",
	      "programs; what they did was not seen by the hooks\n");
	plain(page);
	for (size_t i = 0; i < programs->table.count; i++) {
		const struct program *program = (const struct program *)programs->table.items[i];

		if (program->coverage == COVER_HOOKS)
			continue;
		if (found++ >= page->report->top)
			continue;
		shown++;
		line_start(page, "");
		output_format(page->output, "%llux ", (unsigned long long)program->count);
		name(page, program->exe, LABEL_WIDTH + 50);
		output_format(page->output, " (%s)\n", report_coverage[program->coverage]);
	}
	if (found > shown) {
		line_start(page, "");
		output_format(page->output, "... and %zu more (--top 0 shows all)\n", found - shown);
	}
}

static void put_degraded(struct page *page)
{
	for (char **sentence = page->report->view->info.degraded; *sentence; sentence++) {
		line_start(page, "weaker");
		colour(page, yellow);
		output_text(page->output, (struct text){*sentence, strlen(*sentence)});
		plain(page);
		output_string(page->output, "\n");
	}
}

/* "3 records lost" after what is there already; *any tells whether something is. */
static void add_loss(struct page *page, bool *any, uint64_t number, const char *one, const char *many)
{
	if (number == 0)
		return;
	output_string(page->output, ", ");
	colour(page, yellow);
	count(page, number, one, many);
	plain(page);
	*any = true;
}

static void put_log(struct page *page)
{
	const struct log_damage *damage = &page->report->damage;
	const struct session_view *view = page->report->view;
	bool any = false;

	line_start(page, "log");
	count(page, page->report->summary->records, "record", "records");
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
		painted(page, yellow, "losses not known: the file \"state\" is missing or damaged");
		any = true;
	}
	output_string(page->output, any ? "\n" : ", none lost\n");
	if (view->counts.muted > 0) {
		line_start(page, "");
		count(page, view->counts.muted, "refusal was", "refusals were");
		output_string(page->output, " not told to the program: too many in a second\n");
	}
}

static void put_session(struct page *page)
{
	const struct session_info *info = &page->report->view->info;
	struct buf raw = BUF_ON(page->raw);

	line_start(page, "session");
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
	line_start(page, "command");
	put_raw(page, &raw, LABEL_WIDTH + 4);
	output_string(page->output, "\n");
	line_start(page, "policy");
	raw.len = 0;
	buf_str(&raw, info->policy);
	buf_str(&raw, ", ");
	buf_str(&raw, info->mode);
	output_text(page->output, text_of(&raw));
	if (page->report->view->policy_fault) {
		output_string(page->output, "; ");
		colour(page, yellow);
		output_format(page->output, "policy.img %s, so rules are shown by number",
			      page->report->view->policy_fault);
		plain(page);
	}
	output_string(page->output, "\n");
}

static void put_detail(struct page *page, const char *label)
{
	output_string(page->output, "       ");
	colour(page, dim);
	output_format(page->output, "%-9s", label);
	plain(page);
}

#define DETAIL_AT 16 /* column behind the words above */

static void put_object(struct page *page, const struct refusal *refusal, size_t at)
{
	struct buf raw = BUF_ON(page->raw);

	if (verb_table[refusal->verb].section == SECTION_NETWORK) {
		bool brackets = refusal->port && memchr(refusal->object.data, ':', refusal->object.len);

		if (refusal->host.len > 0) {
			buf_bytes(&raw, refusal->host.data, refusal->host.len);
			buf_str(&raw, " at ");
		}
		buf_str(&raw, brackets ? "[" : "");
		buf_bytes(&raw, refusal->object.data, refusal->object.len);
		buf_str(&raw, brackets ? "]" : "");
		if (refusal->port) {
			buf_char(&raw, ':');
			buf_u64(&raw, refusal->port);
		}
	} else {
		buf_bytes(&raw, refusal->object.data, refusal->object.len);
		if (refusal->argv.len > 0) {
			buf_str(&raw, ": ");
			report_write_words(refusal->argv, &raw);
		}
	}
	put_raw(page, &raw, at);
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
		name(page, refusal->exe, DETAIL_AT);
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
	put_raw(page, &raw, DETAIL_AT);
}

static void put_refusal(struct page *page, const struct refusal *refusal)
{
	const struct session_view *view = page->report->view;
	struct rule_text rule = rule_text_of(view->has_policy ? &view->policy : NULL, refusal->rule, refusal->verb);
	struct refused refused = {refusal->verb, refusal->object, refusal->host, refusal->port, refusal->argv};
	const char *word = verb_table[refusal->verb].word;
	struct buf hint;

	output_format(page->output, "%5llux  ", (unsigned long long)refusal->count);
	painted(page, refusal->audit ? yellow : red, word);
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
	hint = BUF_ON(page->raw);
	rule_text_write_hint(&rule, &refused, &hint);
	if (hint.len > 0) {
		put_detail(page, "to allow");
		output_text(page->output, text_of(&hint));
		output_string(page->output, "\n");
	}
}

#define ALSO_SHOWN 2 /* further objects of a rule that are named below the first */

static bool is_alike(const struct refusal *a, const struct refusal *b)
{
	return a->rule == b->rule && a->verb == b->verb && a->audit == b->audit;
}

/* The first refusal in full, and what else the same rule refused: one rule must not crowd out the others. */
static void put_alike(struct page *page, struct table_entry **sorted, size_t count, size_t first)
{
	const struct refusal *shown = (const struct refusal *)sorted[first];
	size_t others = 0;

	put_refusal(page, shown);
	for (size_t i = first + 1; i < count; i++) {
		const struct refusal *other = (const struct refusal *)sorted[i];

		if (!other || !is_alike(shown, other))
			continue;
		if (others++ < ALSO_SHOWN || page->report->top == SIZE_MAX) {
			put_detail(page, "also");
			put_object(page, other, DETAIL_AT);
			if (other->source.frame.file.len > 0 && !source_is_same(&other->source, &shown->source)) {
				output_string(page->output, " by ");
				put_source(page, other);
			}
			output_string(page->output, "\n");
		}
		sorted[i] = NULL;
	}
	if (others > ALSO_SHOWN && page->report->top != SIZE_MAX) {
		put_detail(page, "also");
		output_format(page->output, "%zu more (--top 0 shows all)\n", others - ALSO_SHOWN);
	}
}

static void put_refusals(struct page *page, bool audit)
{
	const struct table *table = &page->report->summary->refusals;
	struct table_entry **sorted = report_refusals(page->report);
	bool any = false;

	for (size_t i = 0; i < table->count; i++) {
		if (!sorted[i] || ((const struct refusal *)sorted[i])->audit != audit)
			continue;
		if (!any)
			heading(page, audit ? "Would have been refused" : "Refused");
		any = true;
		put_alike(page, sorted, table->count, i);
	}
	if (any)
		say_rest(page, 0, audit ? NULL : table);
	free(sorted);
}

static void put_change(struct page *page, const char *label, const struct change *change, enum change_kind kind)
{
	line_start(page, label);
	if (kind == CHANGE_RENAMED) {
		struct buf raw = BUF_ON(page->raw);

		buf_bytes(&raw, change->entry.key.data, change->entry.key.len);
		buf_str(&raw, " -> ");
		buf_bytes(&raw, change->other.data, change->other.len);
		put_raw(page, &raw, LABEL_WIDTH + 4);
	} else {
		name(page, change->entry.key, LABEL_WIDTH + 4);
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
	for (size_t i = 0; i < rows(page, places.count); i++) {
		const struct read_place *place = (const struct read_place *)sorted[i];

		line_start(page, i ? "" : report_changes[kind]);
		output_format(page->output, "%llu below ", (unsigned long long)place->count);
		name(page, place->entry.key, LABEL_WIDTH + 20);
		output_string(page->output, "\n");
	}
	line_start(page, "");
	colour(page, dim);
	output_format(page->output, "%zu in all (--top 0 shows each)\n", number);
	plain(page);
	free(sorted);
	table_free(&places);
	arena_free(&arena);
}

static void put_changes_of(struct page *page, enum change_kind kind, size_t number)
{
	const struct summary *summary = page->report->summary;
	size_t shown = 0;

	if (number > rows(page, number)) {
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
	heading(page, "Changed");
	for (enum change_kind kind = 0; kind < CHANGE_PASSING; kind++)
		if (numbers[kind])
			put_changes_of(page, kind, numbers[kind]);
	if (numbers[CHANGE_PASSING]) {
		line_start(page, report_changes[CHANGE_PASSING]);
		count(page, numbers[CHANGE_PASSING], "name was made and gone again\n", "names were made and gone again\n");
	}
	say_rest(page, 0, &summary->changes);
}

static void put_labelled(struct page *page)
{
	const struct summary *summary = page->report->summary;

	if (summary->labelled.count == 0 && summary->labels.count == 0)
		return;
	heading(page, "Labelled");
	for (size_t i = 0; i < rows(page, summary->labelled.count); i++) {
		const struct labelled *labelled = (const struct labelled *)summary->labelled.items[i];
		char storage[256];
		struct buf labels = BUF_ON(storage);

		report_write_labels(page->report, labelled->rule, &labels);
		output_string(page->output, "  ");
		colour(page, yellow);
		name(page, text_of(&labels), 40);
		plain(page);
		output_format(page->output, "  %llux %s ", (unsigned long long)labelled->count,
			      verb_table[labelled->verb].word);
		name(page, labelled->entry.key, labels.len + 16);
		output_string(page->output, "\n");
	}
	say_rest(page, summary->labelled.count, &summary->labelled);
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
	put_raw(page, &raw, at + (program->coverage == COVER_HOOKS ? 8 : 48));
	if (program->coverage != COVER_HOOKS) {
		colour(page, yellow);
		output_format(page->output, "  (not covered: %s)", report_coverage[program->coverage]);
		plain(page);
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

		if (full || shown >= rows(tree->page, number)) {
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
	colour(tree->page, dim);
	output_format(tree->page->output, "  %*s... and %zu more (--top 0 shows all)\n",
		      first->depth ? 2 * (int)first->depth : 0, "", left_out);
	plain(tree->page);
}

static void put_programs(struct page *page)
{
	const struct programs *programs = &page->report->summary->programs;
	struct tree tree = {.page = page};

	if (!programs->first)
		return;
	heading(page, "Programs");
	put_tree(&tree, programs->first);
	say_rest(page, 0, &programs->table);
}

static void put_contact(struct page *page, const struct contact *contact)
{
	struct buf raw = BUF_ON(page->raw);
	bool brackets = contact->port && memchr(contact->address.data, ':', contact->address.len);

	output_format(page->output, "%7llux  %-7s  ", (unsigned long long)contact->count,
		      contact->verb == VERB_BIND ? "listen" : verb_table[contact->verb].word);
	if (contact->host.len > 0) {
		buf_bytes(&raw, contact->host.data, contact->host.len);
		buf_str(&raw, " at ");
	}
	buf_str(&raw, brackets ? "[" : "");
	buf_bytes(&raw, contact->address.data, contact->address.len);
	buf_str(&raw, brackets ? "]" : "");
	if (contact->port) {
		buf_char(&raw, ':');
		buf_u64(&raw, contact->port);
	}
	put_raw(page, &raw, 40);
	if (contact->refused) {
		colour(page, red);
		output_format(page->output, "  %llu refused", (unsigned long long)contact->refused);
		plain(page);
	}
	if (contact->failed)
		output_format(page->output, "  %llu failed", (unsigned long long)contact->failed);
	output_string(page->output, "\n");
}

static void put_lookups(struct page *page)
{
	const struct table *lookups = &page->report->summary->lookups;

	for (size_t i = 0; i < rows(page, lookups->count); i++) {
		const struct lookup *lookup = (const struct lookup *)lookups->items[i];

		output_format(page->output, "%7llux  resolve  ", (unsigned long long)lookup->count);
		name(page, lookup->entry.key, 60);
		for (unsigned k = 0; k < lookup->address_count; k++) {
			output_string(page->output, k ? ", " : " is ");
			output_text(page->output, lookup->addresses[k]);
		}
		if (lookup->refused) {
			colour(page, red);
			output_format(page->output, "  %llu refused", (unsigned long long)lookup->refused);
			plain(page);
		}
		if (lookup->failed)
			output_format(page->output, "  %llu failed", (unsigned long long)lookup->failed);
		output_string(page->output, "\n");
	}
	say_rest(page, lookups->count, lookups);
}

static void put_hosts(struct page *page)
{
	const struct table *contacts = &page->report->summary->contacts;
	struct table_entry **sorted;

	if (contacts->count == 0 && page->report->summary->lookups.count == 0)
		return;
	heading(page, "Network");
	sorted = report_contacts(page->report);
	for (size_t i = 0; i < rows(page, contacts->count); i++)
		put_contact(page, (const struct contact *)sorted[i]);
	free(sorted);
	say_rest(page, contacts->count, contacts);
	put_lookups(page);
}

static void put_reads(struct page *page)
{
	const struct table *reads = &page->report->summary->reads;
	struct table_entry **sorted;

	if (reads->count == 0)
		return;
	heading(page, "Read");
	sorted = report_reads(page->report);
	for (size_t i = 0; i < rows(page, reads->count); i++) {
		const struct read_place *read = (const struct read_place *)sorted[i];

		output_format(page->output, "%7llux  ", (unsigned long long)read->count);
		name(page, read->entry.key, 10);
		output_string(page->output, "\n");
	}
	free(sorted);
	say_rest(page, reads->count, reads);
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
			heading(page, "Other operations");
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
	heading(page, "The guard noted");
	for (size_t i = 0; i < rows(page, notes->count); i++) {
		const struct note *note = (const struct note *)notes->items[i];

		output_format(page->output, "%7llux  ", (unsigned long long)note->count);
		output_text(page->output, note->entry.key);
		output_string(page->output, "\n");
	}
	say_rest(page, notes->count, notes);
}

void report_text(const struct report *report, struct output *output)
{
	static struct page page;

	page.report = report;
	page.output = output;
	put_verdict(&page);
	put_covered(&page);
	put_uncovered(&page);
	put_degraded(&page);
	put_log(&page);
	put_session(&page);
	put_command(&page);
	put_refusals(&page, false);
	put_refusals(&page, true);
	put_changes(&page);
	put_labelled(&page);
	put_programs(&page);
	put_hosts(&page);
	put_reads(&page);
	put_others(&page);
	put_notes(&page);
}
