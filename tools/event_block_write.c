/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A block of events as columns, packed; see event_block.h for their form.
 */
#include "tools/event_block_rows.h"

#include "tools/packer.h"

#include <string.h>

/* The sections of the columns that hold names, in the order of theirs. */
static const char *const name_columns[NAME_COLUMNS] = {"object", "detail", "source", "rule", "call", "error"};

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
	for (const struct block_chunk *chunk_ = (block)->first; chunk_; chunk_ = chunk_->next) \
		for (const struct block_row *row = chunk_->rows; row < chunk_->rows + chunk_->count; row++)

static const struct program *program_at(const struct event_block *block, size_t number)
{
	return (const struct program *)block->programs.table.items[number];
}

static int64_t step_of(const struct block_row *row, bool time, uint64_t *before)
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
		[OUTCOME_WOULD] = "would be refused", [OUTCOME_WOULD_FAILED] = "would be refused (failed)",
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
