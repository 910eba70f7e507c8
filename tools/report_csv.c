/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report as one table (RFC 4180): a row for each refusal, change, peer,
 * program and labelled object, for spreadsheets and databases.
 */
#include "tools/report.h"

#include "tools/escape.h"
#include "tools/rule_text.h"
#include "tools/when.h"

#include <stdlib.h>
#include <string.h>

#define CELL_MAX (16 * EVENT_SLOT * EVENT_SLOTS_MAX)

struct row {
	const char *list;
	uint64_t count;
	const char *operation;
	struct text object, other, rule, place, reason, program, source, allow, first, event;
};

static struct text text_of(const struct buf *buf)
{
	return (struct text){buf->data, buf->len};
}

static void put_cell(struct output *output, struct text text, const char *end)
{
	static char storage[CELL_MAX];
	struct buf cell = BUF_ON(storage);

	escape_csv(text, &cell);
	output_bytes(output, cell.data, cell.len);
	output_string(output, end);
}

static void put_row(const struct report *report, struct output *output, const struct row *row)
{
	const struct text cells[] = {row->object, row->other, row->rule, row->place, row->reason,
				     row->program, row->source, row->allow, row->first, row->event};
	const char *id = report->view->info.id;

	put_cell(output, (struct text){id, strlen(id)}, ",");
	output_format(output, "%s,%llu,%s,", row->list, (unsigned long long)row->count, row->operation);
	for (size_t i = 0; i < ARRAY_LEN(cells); i++)
		put_cell(output, cells[i], i + 1 < ARRAY_LEN(cells) ? "," : "\r\n");
}

static void put_refusal(const struct report *report, struct output *output, const struct refusal *refusal)
{
	static char objects[CELL_MAX], sources[CELL_MAX], hints[CELL_MAX];
	struct rule_text rule = rule_text_of(session_view_policy(report->view), refusal->rule, refusal->verb);
	char names[512], places[4096], times[WHEN_MAX], events[512];
	struct buf object = BUF_ON(objects), source = BUF_ON(sources), hint = BUF_ON(hints), name = BUF_ON(names);
	struct buf place = BUF_ON(places), first = BUF_ON(times), event = BUF_ON(events);

	report_write_object(refusal, &object);
	report_write_hint(report, refusal, &hint);
	rule_text_write_name(&rule, &name);
	rule_text_write_place(&rule, &place);
	report_write_event(report, refusal, &event);
	when_write_rfc3339(refusal->first_ns, &first);
	if (refusal->source.frame.file.len > 0)
		source_write(&refusal->source, report->summary->workspace, &source);
	put_row(report, output, &(struct row){
		.list = refusal->audit ? "would be refused" : "refused", .count = refusal->count,
		.operation = verb_table[refusal->verb].word, .object = text_of(&object), .other = refusal->other,
		.rule = text_of(&name), .place = text_of(&place), .reason = rule.reason, .program = refusal->exe,
		.source = text_of(&source), .allow = text_of(&hint), .first = text_of(&first), .event = text_of(&event)});
}

static void put_refusals(const struct report *report, struct output *output)
{
	struct table_entry **entries = report_refusals(report);

	for (size_t i = 0; i < report->summary->refusals.count && i < report->top; i++)
		put_refusal(report, output, (const struct refusal *)entries[i]);
	free(entries);
}

static void put_changes(const struct report *report, struct output *output)
{
	const struct table *changes = &report->summary->changes;

	for (size_t i = 0; i < changes->count && i < report->top; i++) {
		const struct change *change = (const struct change *)changes->items[i];

		put_row(report, output, &(struct row){
			.list = "changed", .operation = report_changes[change_kind(report->summary, change)],
			.count = change->created + change->written + change->deleted + change->attr,
			.object = change->entry.key, .other = change->other});
	}
}

static void put_contacts(const struct report *report, struct output *output)
{
	struct table_entry **entries = report_contacts(report);

	for (size_t i = 0; i < report->summary->contacts.count && i < report->top; i++) {
		const struct contact *contact = (const struct contact *)entries[i];
		char storage[512];
		struct buf object = BUF_ON(storage);

		report_write_peer(contact, &object);
		put_row(report, output, &(struct row){.list = "contacted", .count = contact->count,
			.operation = verb_table[contact->verb].word, .object = text_of(&object), .other = contact->host});
	}
	free(entries);
}

static void write_csv(const struct report *report, struct output *output)
{
	const struct summary *summary = report->summary;

	put_refusals(report, output);
	put_changes(report, output);
	for (size_t i = 0; i < summary->labelled.count && i < report->top; i++) {
		const struct labelled *labelled = (const struct labelled *)summary->labelled.items[i];

		put_row(report, output, &(struct row){.list = "labelled", .count = labelled->count,
			.operation = verb_table[labelled->verb].word, .object = labelled->entry.key,
			.program = labelled->exe});
	}
	put_contacts(report, output);
	for (size_t i = 0; i < summary->programs.table.count && i < report->top; i++) {
		static char words[CELL_MAX];
		const struct program *program = (const struct program *)summary->programs.table.items[i];
		struct buf argv = BUF_ON(words);

		report_write_words(program->argv, &argv);
		put_row(report, output, &(struct row){
			.list = program->coverage == COVER_HOOKS ? "program" : "program not covered",
			.count = program->count, .operation = "exec", .object = text_of(&argv), .program = program->exe});
	}
}

static void begin_csv(struct output *output)
{
	output_string(output, "session,list,count,operation,object,other,rule,place,reason,program,source,to_allow,first,"
			      "event\r\n");
}

const struct report_format report_format_csv = {
	.name = "csv",
	.ascii = ASCII_BRACES,
	.sentence = "one table, for spreadsheets",
	.whole = true,
	.begin = begin_csv,
	.write = write_csv,
};
