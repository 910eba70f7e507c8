/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events as columns of small numbers; see event_block.h.
 */
#include "tools/event_block.h"

#include "tools/escape.h"
#include "tools/packer.h"
#include "tools/rule_text.h"

#include <stdlib.h>
#include <string.h>

#define NAMES_MAX (1u << 20)
#define TEXT_MAX (8 * EVENT_SLOT * EVENT_SLOTS_MAX)
#define CHUNK 16384 /* rows that are allocated at a time */
#define NO_ROOM UINT32_MAX

/* The columns that hold names; also their sections, in this order. */
enum { OBJECT, DETAIL, SOURCE, RULE, CALL, ERROR, NAME_COLUMNS };
static const char *const name_columns[NAME_COLUMNS] = {"object", "detail", "source", "rule", "call", "error"};

struct row {
	uint64_t time_us;
	uint32_t pid, program;
	uint32_t names[NAME_COLUMNS]; /* in the order in which they came */
	uint8_t what, outcome;
};

struct chunk {
	struct chunk *next;
	size_t count;
	struct row rows[CHUNK];
};

struct name {
	struct table_entry entry;
	uint32_t came; /* how many came before it */
};

struct event_block {
	const struct report *report;
	bool ascii;
	struct arena arena;
	struct table names;
	struct programs programs;
	struct origins origins;
	uint32_t *program_names; /* two for each program: exe, argv */
	struct table_entry **sorted; /* names */
	uint32_t *ranks;             /* where among the sorted ones a name stands, in the order in which they came */
	struct chunk *first, *last;
	uint64_t count, cut;
	char raw[TEXT_MAX], safe[TEXT_MAX], plain[3 * TEXT_MAX];
};

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
	struct name *name;

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
static bool fill(struct event_block *block, const struct event *event, struct row *row)
{
	bool operation = event->kind == EVENT_OPERATION;
	const struct program *program = programs_of(&block->programs, event);

	*row = (struct row){.time_us = event->time_ns / 1000, .pid = event->pid, .program = program ? program->number + 1 : 0,
			    .what = (uint8_t)(operation ? event->verb : VERB_COUNT - 2 + event->kind),
			    .outcome = operation ? (uint8_t)outcome_of(event) : OUTCOME_DONE};
	row->names[OBJECT] = name_of(block, event_get(event, event->kind == EVENT_PROCESS ? FIELD_EXE : FIELD_OBJECT));
	row->names[DETAIL] = detail_of(block, event);
	row->names[SOURCE] = source_of_event(block, event);
	row->names[RULE] = rule_of(block, event);
	row->names[CALL] = name_of(block, event_get(event, FIELD_CALL));
	row->names[ERROR] = error_of(block, event);
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
	struct row row;

	if (block->count >= (matters(event) ? room + room / 10 : room) || !fill(block, event, &row)) {
		block->cut++;
		return;
	}
	if (!block->last || block->last->count == CHUNK) {
		struct chunk *chunk = arena_take(&block->arena, sizeof *chunk);

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
		block->ranks[((const struct name *)block->sorted[i])->came] = (uint32_t)i;
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
	table_init(&block->names, &block->arena, sizeof(struct name), NAMES_MAX);
	programs_init(&block->programs, &block->arena);
	origins_init(&block->origins, &block->arena);
	(void)!table_at(&block->names, (struct text){"", 0});
	/* A session that goes on has more by now; the lists have it not. */
	while (block->count + block->cut < report->summary->records && log_reader_next(reader, &event)) {
		origins_add(&block->origins, &event);
		if (event.kind == EVENT_PROCESS || event.kind == EVENT_COVERAGE)
			programs_add(&block->programs, &event);
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

static void begin_section(struct packer *packer, const char *name, size_t len)
{
	packer_byte(packer, (unsigned char)strlen(name));
	packer_bytes(packer, name, strlen(name));
	for (int shift = 0; shift < 32; shift += 8)
		packer_byte(packer, (unsigned char)(len >> shift));
}

static void put_section(struct packer *packer, const char *name, const struct buf *buf)
{
	begin_section(packer, name, buf->len);
	packer_bytes(packer, buf->data, buf->len);
}

static size_t number_len(int64_t number)
{
	uint64_t left = (uint64_t)number << 1 ^ (uint64_t)(number >> 63);
	size_t len = 1;

	while (left >>= 7)
		len++;
	return len;
}

static void put_number(struct packer *packer, int64_t number)
{
	uint64_t left = (uint64_t)number << 1 ^ (uint64_t)(number >> 63);

	for (; left > 127; left >>= 7)
		packer_byte(packer, (unsigned char)(left | 128));
	packer_byte(packer, (unsigned char)left);
}

#define EACH_ROW(block, row) \
	for (const struct chunk *chunk_ = (block)->first; chunk_; chunk_ = chunk_->next) \
		for (const struct row *row = chunk_->rows; row < chunk_->rows + chunk_->count; row++)

static const struct program *program_at(const struct event_block *block, size_t number)
{
	return (const struct program *)block->programs.table.items[number];
}

static int64_t step_of(const struct row *row, bool time, uint64_t *before)
{
	uint64_t value = time ? row->time_us : row->pid;
	uint64_t step = value - *before;

	*before = value;
	return (int64_t)step;
}

/* The column of times or pids, each as the difference to the one before. */
static void put_steps(const struct event_block *block, struct packer *packer, const char *name, bool time, uint64_t start)
{
	uint64_t before = start;
	size_t len = 0;

	EACH_ROW(block, row)
		len += number_len(step_of(row, time, &before));
	begin_section(packer, name, len);
	before = start;
	EACH_ROW(block, row)
		put_number(packer, step_of(row, time, &before));
}

/* All lowest bytes, then the others. */
static void put_row_names(const struct event_block *block, struct packer *packer, int column)
{
	begin_section(packer, name_columns[column], 3 * block->count);
	for (int shift = 0; shift < 24; shift += 8)
		EACH_ROW(block, row)
			packer_byte(packer, (unsigned char)(block->ranks[row->names[column]] >> shift));
}

static void put_columns(const struct event_block *block, struct packer *packer, uint64_t start_us)
{
	put_steps(block, packer, "time", true, start_us);
	put_steps(block, packer, "pid", false, 0);
	begin_section(packer, "what", block->count);
	EACH_ROW(block, row)
		packer_byte(packer, row->what);
	begin_section(packer, "outcome", block->count);
	EACH_ROW(block, row)
		packer_byte(packer, row->outcome);
	begin_section(packer, "program", 3 * block->count);
	for (int shift = 0; shift < 24; shift += 8)
		EACH_ROW(block, row)
			packer_byte(packer, (unsigned char)(row->program >> shift));
	for (int column = 0; column < NAME_COLUMNS; column++)
		put_row_names(block, packer, column);
}

/* The column of programs' names: 0 exe, 1 argv. */
static void put_program_names(const struct event_block *block, struct packer *packer, const char *section, size_t which)
{
	size_t count = block->programs.table.count;

	begin_section(packer, section, 3 * count);
	for (int shift = 0; shift < 24; shift += 8)
		for (size_t i = 0; i < count; i++)
			packer_byte(packer, (unsigned char)(block->ranks[block->program_names[2 * i + which]] >> shift));
}

static void put_program_numbers(const struct event_block *block, struct packer *packer, const char *section,
				int64_t (*get)(const struct program *))
{
	size_t count = block->programs.table.count, len = 0;

	for (size_t i = 0; i < count; i++)
		len += number_len(get(program_at(block, i)));
	begin_section(packer, section, len);
	for (size_t i = 0; i < count; i++)
		put_number(packer, get(program_at(block, i)));
}

static int64_t get_runs(const struct program *program)
{
	return (int64_t)program->count;
}

static int64_t get_first_pid(const struct program *program)
{
	return program->pid;
}

static int64_t get_uid(const struct program *program)
{
	return program->uid;
}

static void put_programs(const struct event_block *block, struct packer *packer)
{
	size_t count = block->programs.table.count;

	begin_section(packer, "parent", 3 * count);
	for (int shift = 0; shift < 24; shift += 8)
		for (size_t i = 0; i < count; i++) {
			const struct program *parent = program_at(block, i)->parent;

			packer_byte(packer, (unsigned char)((parent ? parent->number + 1 : 0) >> shift));
		}
	put_program_names(block, packer, "exe", 0);
	put_program_names(block, packer, "argv", 1);
	put_program_numbers(block, packer, "runs", get_runs);
	put_program_numbers(block, packer, "first_pid", get_first_pid);
	put_program_numbers(block, packer, "uid", get_uid);
	begin_section(packer, "coverage", count);
	for (size_t i = 0; i < count; i++)
		packer_byte(packer, program_at(block, i)->coverage);
}

static void put_line(struct buf *out, const char *line)
{
	if (out->len > 0)
		buf_char(out, '\n');
	buf_str(out, line);
}

static void put_words(struct packer *packer)
{
	static const char *const kinds[] = {"process", "uncovered", "host", "label", "note"};
	static const char *const outcomes[OUTCOME_COUNT] = {
		[OUTCOME_DONE] = "done", [OUTCOME_FAILED] = "failed", [OUTCOME_REFUSED] = "refused",
		[OUTCOME_WOULD] = "would be refused", [OUTCOME_WOULD_FAILED] = "would be refused, failed",
	};
	char storage[2048];
	struct buf words = BUF_ON(storage);

	for (enum verb verb = 0; verb < VERB_COUNT; verb++)
		put_line(&words, verb_table[verb].word);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		put_line(&words, kinds[i]);
	put_section(packer, "whats", &words);
	words.len = 0;
	for (size_t i = 0; i < OUTCOME_COUNT; i++)
		put_line(&words, outcomes[i]);
	put_section(packer, "outcomes", &words);
	words.len = 0;
	for (size_t i = 0; i <= EVENT_COVERAGE_LAST; i++)
		put_line(&words, report_coverage[i]);
	put_section(packer, "coverages", &words);
}

static void put_meta(const struct event_block *block, struct packer *packer, uint64_t start_us)
{
	const struct {
		const char *word;
		uint64_t number;
	} lines[] = {{"version ", 1}, {"events ", block->count}, {"cut ", block->cut}, {"start_us ", start_us},
		     {"programs ", block->programs.table.count}};
	char storage[256];
	struct buf meta = BUF_ON(storage);

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		put_line(&meta, lines[i].word);
		buf_u64(&meta, lines[i].number);
	}
	put_section(packer, "meta", &meta);
}

static void put_dictionary(const struct event_block *block, struct packer *packer)
{
	size_t count = block->names.count, len = count - 1;

	for (size_t i = 0; i < count; i++)
		len += block->sorted[i]->key.len;
	begin_section(packer, "names", len);
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			packer_byte(packer, '\n');
		packer_bytes(packer, block->sorted[i]->key.data, block->sorted[i]->key.len);
	}
}

void event_block_write(const struct event_block *block, struct output *output)
{
	static struct packer packer;
	uint64_t start_us = block->first ? block->first->rows[0].time_us : 0;

	packer_begin(&packer, output);
	put_meta(block, &packer, start_us);
	put_words(&packer);
	put_dictionary(block, &packer);
	put_columns(block, &packer, start_us);
	put_programs(block, &packer);
	packer_end(&packer);
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
