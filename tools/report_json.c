/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session's report as one JSON object.
 */
#include "tools/report.h"

#include "tools/event_id.h"
#include "tools/json.h"
#include "tools/rule_text.h"
#include "tools/seal.h"
#include "tools/symbols.h"

#include <stdlib.h>
#include <string.h>

static void put_output(void *output, const char *text, size_t len)
{
	output_bytes(output, text, len);
}

static void put_rule(yajl_gen json, const struct report *report, uint32_t number, enum verb verb)
{
	struct rule_text rule = rule_text_of(session_view_policy(report->view), number, verb);
	char storage[512];
	struct buf name = BUF_ON(storage);

	rule_text_write_name(&rule, &name);
	json_key(json, "rule");
	yajl_gen_map_open(json);
	json_put_text(json, "name", (struct text){storage, name.len});
	if (rule.file.len > 0) {
		json_put_text(json, "file", rule.file);
		json_put_number(json, "line", rule.line);
	}
	if (rule.reason.len > 0)
		json_put_text(json, "reason", rule.reason);
	yajl_gen_map_close(json);
}

/* Words separated by NUL as an array. */
static void put_words(yajl_gen json, const char *key, struct text words)
{
	json_key(json, key);
	yajl_gen_array_open(json);
	while (words.len > 0) {
		const char *end = memchr(words.data, '\0', words.len);
		size_t len = end ? (size_t)(end - words.data) : words.len;

		json_text(json, (struct text){words.data, len});
		len += end != NULL;
		words = (struct text){words.data + len, words.len - len};
	}
	yajl_gen_array_close(json);
}

static void put_source(yajl_gen json, const struct refusal *refusal)
{
	const struct source_frame *frame = &refusal->source.frame;

	if (frame->file.len == 0)
		return;
	json_key(json, "source");
	yajl_gen_map_open(json);
	json_put_text(json, "file", frame->file);
	if (frame->line)
		json_put_number(json, "line", frame->line);
	json_put_text(json, "function", frame->name);
	json_put_bool(json, "inherited", refusal->inherited);
	put_words(json, "stack", refusal->stack);
	yajl_gen_map_close(json);
}

static void put_native(yajl_gen json, const struct refusal *refusal)
{
	struct text stack = refusal->native;
	struct symbol symbol;

	if (stack.len == 0)
		return;
	json_key(json, "native");
	yajl_gen_array_open(json);
	while (symbols_next(&stack, refusal->exe, &symbol)) {
		yajl_gen_map_open(json);
		json_put_text(json, "frame", symbol.frame);
		if (symbol.function.len > 0)
			json_put_text(json, "function", symbol.function);
		if (symbol.file.len > 0)
			json_put_text(json, "file", symbol.file);
		if (symbol.line)
			json_put_number(json, "line", symbol.line);
		yajl_gen_map_close(json);
	}
	yajl_gen_array_close(json);
}

static void put_hint(yajl_gen json, const struct report *report, const struct refusal *refusal)
{
	static char storage[8 * EVENT_SLOT * EVENT_SLOTS_MAX];
	struct buf hint = BUF_ON(storage);

	report_write_hint(report, refusal, &hint);
	if (hint.len > 0)
		json_put_text(json, "to_allow", (struct text){hint.data, hint.len});
}

static void put_event(yajl_gen json, const struct report *report, const struct refusal *refusal)
{
	char storage[EVENT_ID_MAX];
	struct buf id = BUF_ON(storage);

	report_write_event(report, refusal, &id);
	json_put_text(json, "event", (struct text){id.data, id.len});
}

static void put_refusals(yajl_gen json, const struct report *report)
{
	struct table_entry **entries = report_refusals(report);

	json_key(json, "refused");
	yajl_gen_array_open(json);
	for (size_t i = 0; entries && i < report->summary->refusals.count && i < report->top; i++) {
		const struct refusal *refusal = (const struct refusal *)(const void *)entries[i];

		yajl_gen_map_open(json);
		json_put_number(json, "count", refusal->count);
		json_put_string(json, "operation", verb_table[refusal->verb].word);
		json_put_text(json, "object", refusal->object);
		if (refusal->host.len > 0)
			json_put_text(json, "host", refusal->host);
		if (refusal->argv.len > 0)
			put_words(json, "argv", refusal->argv);
		json_put_text(json, "program", refusal->exe);
		json_put_text(json, "call", refusal->call);
		json_put_number(json, "errno", (uint64_t)refusal->err);
		json_put_number(json, "pid", refusal->pid);
		json_put_bool(json, "audit", refusal->audit);
		json_put_time(json, "first", refusal->first_ns);
		put_event(json, report, refusal);
		put_source(json, refusal);
		put_native(json, refusal);
		put_rule(json, report, refusal->rule, refusal->verb);
		put_hint(json, report, refusal);
		yajl_gen_map_close(json);
	}
	yajl_gen_array_close(json);
	free(entries);
}

static void put_changes(yajl_gen json, const struct report *report)
{
	const struct table *changes = &report->summary->changes;

	json_key(json, "changed");
	yajl_gen_array_open(json);
	for (size_t i = 0; i < changes->count; i++) {
		const struct table_entry *entry = changes->items[i];
		const struct change *change = (const struct change *)(const void *)entry;
		enum change_kind kind = change_kind(report->summary, change);

		yajl_gen_map_open(json);
		json_put_string(json, "change", report_changes[kind]);
		json_put_text(json, "path", entry->key);
		if (change->other.len > 0)
			json_put_text(json, "other", change->other);
		yajl_gen_map_close(json);
	}
	yajl_gen_array_close(json);
}

static void put_contacts(yajl_gen json, const struct report *report)
{
	struct table_entry **entries = report_contacts(report);

	json_key(json, "contacted");
	yajl_gen_array_open(json);
	for (size_t i = 0; entries && i < report->summary->contacts.count && i < report->top; i++) {
		const struct contact *contact = (const struct contact *)(const void *)entries[i];

		yajl_gen_map_open(json);
		json_put_string(json, "operation", verb_table[contact->verb].word);
		json_put_text(json, "address", contact->address);
		if (contact->port)
			json_put_number(json, "port", contact->port);
		if (contact->host.len > 0)
			json_put_text(json, "host", contact->host);
		json_put_number(json, "count", contact->count);
		json_put_number(json, "failed", contact->failed);
		json_put_number(json, "refused", contact->refused);
		yajl_gen_map_close(json);
	}
	yajl_gen_array_close(json);
	free(entries);
}

static void put_labelled(yajl_gen json, const struct report *report)
{
	const struct table *objects = &report->summary->labelled;

	json_key(json, "labelled");
	yajl_gen_array_open(json);
	for (size_t i = 0; i < objects->count; i++) {
		const struct table_entry *entry = objects->items[i];
		const struct labelled *labelled = (const struct labelled *)(const void *)entry;

		yajl_gen_map_open(json);
		json_put_text(json, "object", entry->key);
		json_put_string(json, "operation", verb_table[labelled->verb].word);
		json_put_text(json, "program", labelled->exe);
		json_put_number(json, "count", labelled->count);
		yajl_gen_map_close(json);
	}
	yajl_gen_array_close(json);
}

static void put_programs(yajl_gen json, const struct program *program)
{
	yajl_gen_array_open(json);
	for (; program; program = program->next) {
		yajl_gen_map_open(json);
		json_put_text(json, "program", program->exe);
		put_words(json, "argv", program->argv);
		json_put_number(json, "pid", program->pid);
		json_put_number(json, "count", program->count);
		if (program->coverage != COVER_HOOKS)
			json_put_string(json, "not_covered", report_coverage[program->coverage]);
		json_put_number(json, "events_by_hooks", program->doors[DOOR_HOOK]);
		json_put_number(json, "events_by_kernel_door", program->doors[DOOR_KERNEL]);
		if (program->first) {
			json_key(json, "children");
			put_programs(json, program->first);
		}
		yajl_gen_map_close(json);
	}
	yajl_gen_array_close(json);
}

static void put_counts(yajl_gen json, const char *key, const struct report *report, const struct table *table,
		       struct table_entry **sorted)
{
	json_key(json, key);
	yajl_gen_array_open(json);
	for (size_t i = 0; i < table->count && i < report->top; i++) {
		yajl_gen_map_open(json);
		json_put_text(json, "path", sorted[i]->key);
		json_put_number(json, "count", ((const struct read_place *)(const void *)sorted[i])->count);
		yajl_gen_map_close(json);
	}
	yajl_gen_array_close(json);
	free(sorted);
}

static void put_followed(yajl_gen json, const struct summary *summary)
{
	json_key(json, "followed_labels");
	yajl_gen_map_open(json);
	for (enum verb verb = 0; verb < VERB_COUNT; verb++)
		if (summary->followed[verb])
			json_put_number(json, verb_table[verb].word, summary->followed[verb]);
	yajl_gen_map_close(json);
}

static void put_timeline(yajl_gen json, const struct timeline *timeline)
{
	json_key(json, "timeline");
	yajl_gen_array_open(json);
	for (size_t i = 0; i < timeline_count(timeline); i++) {
		yajl_gen_map_open(json);
		json_put_time(json, "from", timeline->start_ns + i * timeline->width_ns);
		json_put_number(json, "operations", timeline->spans[i].events);
		json_put_number(json, "refused", timeline->spans[i].refused);
		yajl_gen_map_close(json);
	}
	yajl_gen_array_close(json);
}

static void put_coverage(yajl_gen json, const struct report *report)
{
	const struct session_view *view = report->view;
	struct seal_glance seal;

	json_key(json, "coverage");
	yajl_gen_map_open(json);
	json_put_bool(json, "complete", report_is_complete(report));
	json_put_string(json, "level", view->info.level);
	json_put_string(json, "floor", view->info.floor);
	json_put_number(json, "hooked", report->summary->programs.started);
	json_put_number(json, "uncovered", report_has_door(report) ? 0 : report->summary->programs.uncovered);
	json_put_number(json, "kernel_only", report_has_door(report) ? report->summary->programs.uncovered : 0);
	json_put_number(json, "events_by_hooks", report->summary->doors[DOOR_HOOK]);
	json_put_number(json, "events_by_kernel_door", report->summary->doors[DOOR_KERNEL]);
	if (report_has_door(report)) {
		const struct share *share = &report->summary->share;

		json_put_number(json, "hooked_by_hooks", share->by_hooks);
		json_put_number(json, "hooked_by_kernel_door", share->by_kernel);
		json_put_number(json, "hooks_per_mille", share_of_hooks(share));
		json_put_number(json, "by_loaders", share->loading);
		json_put_number(json, "by_unhooked", share->unhooked);
	}
	json_put_number(json, "lost", view->counts.lost);
	json_put_number(json, "torn", report->damage.torn);
	json_put_number(json, "damaged", report->damage.bad);
	json_put_number(json, "cut", report->damage.cut);
	json_put_number(json, "missing_segments", report->damage.missing);
	json_put_number(json, "unreadable_segments", report->damage.unread);
	json_put_number(json, "short_segments", report->damage.short_of);
	json_put_number(json, "lines_not_shown", view->counts.muted);
	if (seal_look(view->info.directory, &seal)) {
		json_put_number(json, "sealed_blocks", seal.blocks);
		json_put_bool(json, "seal_ended", seal.ended);
		if (seal.blocks > 0)
			json_put_time(json, "sealed_at", seal.sealed_ns);
	}
	json_key(json, "degraded");
	yajl_gen_array_open(json);
	for (char *const *at = view->info.degraded; at && *at; at++)
		json_string(json, *at);
	yajl_gen_array_close(json);
	yajl_gen_map_close(json);
}

/* Records about objects that were too many to be told apart, by list; see table.h. */
static void put_not_kept(yajl_gen json, const struct summary *summary)
{
	json_key(json, "not_kept");
	yajl_gen_map_open(json);
	json_put_number(json, "refused", summary->refusals.refused);
	json_put_number(json, "changed", summary->changes.refused);
	json_put_number(json, "labelled", summary->labelled.refused);
	json_put_number(json, "contacted", summary->contacts.refused);
	json_put_number(json, "programs", summary->programs.table.refused);
	yajl_gen_map_close(json);
}

static void write_json(const struct report *report, struct output *output)
{
	const struct session_info *info = &report->view->info;
	const uint64_t *outcomes = report->summary->outcomes;
	yajl_gen json = yajl_gen_alloc(NULL);

	if (!json)
		return;
	yajl_gen_config(json, yajl_gen_beautify, 1);
	yajl_gen_config(json, yajl_gen_print_callback, put_output, output);
	yajl_gen_map_open(json);
	json_put_string(json, "session", info->id);
	json_put_string(json, "mode", info->mode);
	json_put_string(json, "policy", info->policy);
	json_put_string(json, "workspace", info->workspace);
	json_put_time(json, "started", info->started_ns);
	if (info->ended_ns) {
		json_put_time(json, "ended", info->ended_ns);
		json_put_number(json, "exit_code", (uint64_t)info->exit_code);
	}
	json_key(json, "verdict");
	yajl_gen_map_open(json);
	json_put_number(json, "refused", outcomes[OUTCOME_REFUSED]);
	json_put_number(json, "would_be_refused", outcomes[OUTCOME_WOULD] + outcomes[OUTCOME_WOULD_FAILED]);
	json_put_number(json, "allowed", outcomes[OUTCOME_DONE]);
	json_put_number(json, "failed", outcomes[OUTCOME_FAILED]);
	yajl_gen_map_close(json);
	put_coverage(json, report);
	put_not_kept(json, report->summary);
	put_refusals(json, report);
	put_changes(json, report);
	put_labelled(json, report);
	put_followed(json, report->summary);
	put_contacts(json, report);
	json_key(json, "programs");
	put_programs(json, report->summary->programs.first);
	put_counts(json, "files", report, &report->summary->files, report_files(report));
	put_counts(json, "read_below", report, &report->summary->reads, report_reads(report));
	put_timeline(json, &report->summary->timeline);
	yajl_gen_map_close(json);
	yajl_gen_free(json);
}

const struct report_format report_format_json = {
	.name = "json",
	.ascii = ASCII_JSON,
	.sentence = "one object for each session",
	.whole = true,
	.write = write_json,
};
