/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events as rows of small numbers; see event_block.h.
 */
#include "tools/event_block_rows.h"

#include "tools/escape.h"
#include "tools/rule_text.h"

#include <stdlib.h>
#include <string.h>

#define NAMES_MAX (1u << 20)
#define NO_ROOM UINT32_MAX

/* Beyond ASCII, as output.h writes it in braces. */
static struct text to_ascii(struct event_block *block, struct text text)
{
	struct buf out = BUF_ON(block->plain);

	while (text.len > 0) {
		uint32_t code = 0xfffd;
		size_t len = utf8_read(text, &code);

		len += len == 0;
		if (code < 0x80) {
			buf_char(&out, (char)code);
		} else {
			unsigned digits = 2;

			while (code >> 4 * digits)
				digits++;
			buf_str(&out, "\\u{");
			buf_hex(&out, code, digits);
			buf_char(&out, '}');
		}
		text = (struct text){text.data + len, text.len - len};
	}
	return (struct text){out.data, out.len};
}

/* The number of TEXT among the names, or NO_ROOM. */
static uint32_t name_of(struct event_block *block, struct text text)
{
	struct buf safe = BUF_ON(block->safe);
	struct text key;
	struct block_name *name;

	if (text.len == 0)
		return 0;
	escape_terminal(text, &safe);
	key = (struct text){safe.data, safe.len};
	name = table_at(&block->names, block->ascii ? to_ascii(block, key) : key);
	if (!name)
		return NO_ROOM;
	if (name->came == 0)
		name->came = (uint32_t)block->names.count - 1;
	return name->came;
}

static uint32_t raw_name(struct event_block *block, const struct buf *raw)
{
	return name_of(block, (struct text){raw->data, raw->len});
}

static uint32_t detail_of(struct event_block *block, const struct event *event)
{
	static const enum event_field fields[] = {FIELD_OTHER, FIELD_HOST, FIELD_REASON, FIELD_LABEL, FIELD_CWD};
	struct text argv = event_get(event, FIELD_ARGV);
	struct buf raw = BUF_ON(block->raw);

	if (argv.len > 0) {
		report_write_words(argv, &raw);
		return raw_name(block, &raw);
	}
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		struct text text = event_get(event, fields[i]);

		if (text.len > 0)
			return name_of(block, text);
	}
	return 0;
}

static uint32_t rule_of(struct event_block *block, const struct event *event)
{
	struct buf raw = BUF_ON(block->raw);
	struct rule_text rule;

	if (event->kind != EVENT_OPERATION || (event->verdict == VERDICT_ALLOW && event->rule >= RULE_BROKEN))
		return 0;
	rule = rule_text_of(session_view_policy(block->report->view), event->rule, event->verb);
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
	return raw_name(block, &raw);
}

/* Where there is one for certain: of refusals and starts. */
static uint32_t source_of_event(struct event_block *block, const struct event *event)
{
	struct buf raw = BUF_ON(block->raw);
	struct source_line source;
	bool inherited;

	if (event->kind != EVENT_OPERATION || (!outcome_refuses(outcome_of(event)) && event->verb != VERB_EXEC))
		return 0;
	if (!source_of(origins_of(&block->origins, event, &inherited), &source))
		return 0;
	source_write(&source, block->report->summary->workspace, &raw);
	buf_str(&raw, inherited ? ", which started it" : "");
	return raw_name(block, &raw);
}

static uint32_t error_of(struct event_block *block, const struct event *event)
{
	const char *word = event->err ? strerrorname_np(event->err) : NULL;
	struct buf raw = BUF_ON(block->raw);

	if (word)
		buf_str(&raw, word);
	else if (event->err)
		buf_i64(&raw, event->err);
	return raw_name(block, &raw);
}

/* Does it have all names that it needs? */
static bool fill(struct event_block *block, const struct event *event, struct block_row *row)
{
	bool operation = event->kind == EVENT_OPERATION;
	const struct program *program = programs_of(&block->programs, event);

	*row = (struct block_row){.time_us = event->time_ns / 1000, .pid = event->pid, .program = program ? program->number + 1 : 0,
			    .what = (uint8_t)(operation ? event->verb : VERB_COUNT - 2 + event->kind),
			    .outcome = operation ? (uint8_t)outcome_of(event) : OUTCOME_DONE};
	row->names[NAME_OBJECT] = name_of(block, event_get(event, event->kind == EVENT_PROCESS ? FIELD_EXE : FIELD_OBJECT));
	row->names[NAME_DETAIL] = detail_of(block, event);
	row->names[NAME_SOURCE] = source_of_event(block, event);
	row->names[NAME_RULE] = rule_of(block, event);
	row->names[NAME_CALL] = name_of(block, event_get(event, FIELD_CALL));
	row->names[NAME_ERROR] = error_of(block, event);
	for (int i = 0; i < NAME_COLUMNS; i++)
		if (row->names[i] == NO_ROOM)
			return false;
	return true;
}

static bool matters(const struct event *event)
{
	return event->kind != EVENT_OPERATION || outcome_refuses(outcome_of(event));
}

static void add(struct event_block *block, const struct event *event)
{
	size_t room = block->report->events;
	struct block_row row;

	if (block->count >= (matters(event) ? room + room / 10 : room) || !fill(block, event, &row)) {
		block->cut++;
		return;
	}
	if (!block->last || block->last->count == BLOCK_CHUNK) {
		struct block_chunk *chunk = arena_take(&block->arena, sizeof *chunk);

		*(block->last ? &block->last->next : &block->first) = chunk;
		block->last = chunk;
	}
	block->last->rows[block->last->count++] = row;
	block->count++;
}

static void name_programs(struct event_block *block)
{
	const struct table *table = &block->programs.table;

	block->program_names = arena_take(&block->arena, (table->count + 1) * 2 * sizeof *block->program_names);
	for (size_t i = 0; i < table->count; i++) {
		const struct program *program = (const struct program *)table->items[i];
		struct buf raw = BUF_ON(block->raw);
		uint32_t *names = block->program_names + 2 * i;

		names[0] = name_of(block, program->exe);
		report_write_words(program->argv, &raw);
		names[1] = raw_name(block, &raw);
		for (int k = 0; k < 2; k++)
			names[k] = names[k] == NO_ROOM ? 0 : names[k];
	}
}

static int compare_names(const void *left, const void *right)
{
	struct text a = (*(const struct table_entry *const *)left)->key, b = (*(const struct table_entry *const *)right)->key;
	int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);

	return order ? order : a.len < b.len ? -1 : a.len > b.len;
}

/* Neighbours have much in common, and the script sorts by numbers. */
static void sort_names(struct event_block *block)
{
	size_t count = block->names.count;

	block->sorted = table_copy(&block->names);
	block->ranks = arena_take(&block->arena, count * sizeof *block->ranks);
	qsort(block->sorted, count, sizeof(struct table_entry *), compare_names);
	for (size_t i = 0; i < count; i++)
		block->ranks[((const struct block_name *)block->sorted[i])->came] = (uint32_t)i;
}

struct event_block *event_block_make(const struct report *report, bool ascii)
{
	struct arena arena = {0};
	struct event_block *block = arena_take(&arena, sizeof *block);
	struct log_reader *reader;
	struct event event;

	if (log_reader_open(report->view->info.directory, &reader) != 0) {
		arena_free(&arena);
		return NULL;
	}
	block->arena = arena;
	block->report = report;
	block->ascii = ascii;
	table_init(&block->names, &block->arena, sizeof(struct block_name), NAMES_MAX);
	programs_init(&block->programs, &block->arena);
	origins_init(&block->origins, &block->arena);
	(void)!table_at(&block->names, (struct text){"", 0});
	/* A session that goes on has more by now; the lists have it not. */
	while (block->count + block->cut < report->summary->records && log_reader_next(reader, &event)) {
		origins_add(&block->origins, &event);
		if (event.kind == EVENT_PROCESS || event.kind == EVENT_COVERAGE)
			programs_add(&block->programs, &event);
		else if (event.kind == EVENT_OPERATION)
			programs_add_operation(&block->programs, &event);
		if (selection_covers(report->selection, &event))
			add(block, &event);
	}
	log_reader_close(reader);
	name_programs(block);
	sort_names(block);
	return block;
}

uint64_t event_block_count(const struct event_block *block)
{
	return block->count;
}

uint64_t event_block_cut(const struct event_block *block)
{
	return block->cut;
}

void event_block_free(struct event_block *block)
{
	struct arena arena = block->arena;

	free(block->sorted);
	table_free(&block->names);
	programs_free(&block->programs);
	origins_free(&block->origins);
	arena_free(&arena);
}
