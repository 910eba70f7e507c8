/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/seal.h"

#include "libguard/record/segment.h"
#include "libguard/record/writer.h"
#include "tests/unit/suite.h"
#include "tools/seal_walk.h"
#include "tools/sealer.h"
#include "tools/verify.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char digits[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

static struct text text_of(const struct buf *buf)
{
	return (struct text){buf->data, buf->len};
}

static void hashes_are_sha256(void)
{
	char storage[SEAL_HASH_DIGITS + 1];
	struct buf out = BUF_ON(storage);
	struct seal_hash hash;
	struct seal_sum sum;

	seal_sum_begin(&sum);
	seal_sum_add(&sum, "a", 1);
	seal_sum_add(&sum, "bc", 2);
	seal_sum_end(&sum, &hash);
	seal_hash_write(&hash, &out);
	/* FIPS 180-2, appendix B.1. */
	CU_ASSERT_STRING_EQUAL(buf_cstr(&out), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void a_line_is_read_as_it_was_written(void)
{
	static const struct seal_entry entries[] = {
		{.kind = SEAL_START, .name = "20260102T030405-7", .time_ns = 1},
		{.kind = SEAL_FILE_COPY, .name = "policy.conf", .len = UINT64_MAX, .content = {{1, 2, 0xff}}, .time_ns = UINT64_MAX},
		{.kind = SEAL_BLOCK, .segment = 1, .first = 0, .count = 8192, .records = 4000, .content = {{9}}, .time_ns = 2},
		{.kind = SEAL_BLOCK, .segment = UINT32_MAX, .first = UINT32_MAX, .count = UINT32_MAX, .records = UINT32_MAX,
		 .time_ns = UINT64_MAX},
		{.kind = SEAL_HOLE, .segment = 2, .first = 3, .count = 4, .time_ns = 3},
		{.kind = SEAL_END, .survivors = 2, .time_ns = 4},
	};

	for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
		char storage[SEAL_LINE_MAX];
		struct buf line = BUF_ON(storage);
		struct seal_hash link, claimed, told;
		struct seal_entry back;

		seal_write(&entries[i], i ? &entries[1].content : NULL, &line, &link);
		CU_ASSERT_FALSE(line.overflow);
		CU_ASSERT_EQUAL(line.data[--line.len], '\n');
		CU_ASSERT_EQUAL(seal_read(text_of(&line), &back, &claimed), 0);
		CU_ASSERT(memcmp(&back, &entries[i], sizeof back) == 0);
		seal_link(text_of(&line), i ? &entries[1].content : NULL, &told);
		CU_ASSERT(seal_same(&link, &claimed) && seal_same(&link, &told));
		seal_link(text_of(&line), i ? NULL : &entries[1].content, &told);
		CU_ASSERT_FALSE(seal_same(&link, &told));
	}
}

static void what_would_be_written_otherwise_is_refused(void)
{
	/* Each is followed by a link. */
	static const char *const bad[] = {
		"", "x", "end", "end 0", "end 0 ", "end 0 1 2", "end  0 1", " end 0 1", "End 0 1", "end 00 1", "end 0 01", "end -1 1",
		"end +1 1", "end 0x1 1", "end 4294967296 1", "end 0 18446744073709551616", "end 99999999999999999999999 1",
		"start 1 a", "start 1  1", "start 01 a 1", "start 0 a 1", "start 1 a/b 1", "start 1 .. 1", "start 1 .a 1", "start 1 a\tb 1",
		"start 1 a234567890123456789012345678901234567890123456789012345678901234 1", "hole 1 2 3", "hole 1 2 3 4 5",
		"file a 1 1", "file a 1 00 1",
		"file a 1 0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF 1",
		"file ../a 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef 1",
		"block 1 2 3 4 5", "block 1 2 3 4 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde 1",
	};
	char line[SEAL_LINE_MAX];
	struct seal_entry entry;
	struct seal_hash link;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		snprintf(line, sizeof line, "%s %s", bad[i], digits);
		CU_ASSERT_EQUAL(seal_read((struct text){line, strlen(line)}, &entry, &link), -EINVAL);
	}
	snprintf(line, sizeof line, "end 0 1 %s", digits);
	CU_ASSERT_EQUAL(seal_read((struct text){line, strlen(line)}, &entry, &link), 0);
	CU_ASSERT_EQUAL(seal_read((struct text){line, strlen(line) - 1}, &entry, &link), -EINVAL);
	/* Nothing behind the length is looked at. */
	CU_ASSERT_EQUAL(seal_read((struct text){line, 3}, &entry, &link), -EINVAL);
	snprintf(line, sizeof line, "start 2 whatever comes then");
	CU_ASSERT_EQUAL(seal_read((struct text){line, strlen(line)}, &entry, &link), -EPROTONOSUPPORT);
}

/* Marks of a chunk's slots, and what is told of them from slot 0 on. */
static void only_what_is_finished_is_sealed(void)
{
	static const struct {
		uint32_t marks[6];
		uint32_t limit, slots; /* handed out; of the file */
		enum seal_found found;
		uint32_t count, records;
	} rows[] = {
		{{0}, 0, 6, SEAL_NOTHING, 0, 0},
		{{MARK_COMMITTED | 1, MARK_COMMITTED | 2, MARK_TAIL | 1}, 3, 6, SEAL_FINISHED, 3, 2},
		{{MARK_COMMITTED | 1, MARK_RESERVED | 2, MARK_TAIL | 1, MARK_COMMITTED | 1}, 4, 6, SEAL_FINISHED, 1, 1},
		{{MARK_RESERVED | 2, MARK_TAIL | 1, MARK_COMMITTED | 1}, 3, 6, SEAL_UNFINISHED, 2, 0},
		{{0, 0, MARK_TAIL | 2, MARK_COMMITTED | 1}, 4, 6, SEAL_UNFINISHED, 3, 0},
		{{0, 0, 0}, 2, 6, SEAL_UNFINISHED, 2, 0},
		/* The end of a segment, and marks that are none. */
		{{MARK_COMMITTED | 1, MARK_END}, 6, 6, SEAL_FINISHED, 6, 1},
		{{MARK_END, 0, 0}, 3, 1000, SEAL_FINISHED, 1, 0},
		{{MARK_COMMITTED, MARK_COMMITTED | 129, MARK_RESERVED, MARK_RESERVED | 129, 7, MARK_TAIL}, 6, 6, SEAL_FINISHED, 6, 2},
		{{MARK_COMMITTED | 7}, 1, 6, SEAL_FINISHED, 1, 1},
		/* A record that is not in memory as a whole. */
		{{MARK_COMMITTED | 1, MARK_COMMITTED | 1, MARK_COMMITTED | 1, MARK_COMMITTED | 1, MARK_COMMITTED | 3, MARK_TAIL | 1},
		 7, 1000, SEAL_FINISHED, 4, 4},
	};
	static struct chunk chunk;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct seal_span span;

		chunk.slots = rows[i].slots;
		chunk.first = 0;
		chunk.count = 6;
		memcpy(chunk.marks, rows[i].marks, sizeof rows[i].marks);
		span = seal_walk(&chunk, 0, rows[i].limit);
		CU_ASSERT_EQUAL(span.found, rows[i].found);
		CU_ASSERT_EQUAL(span.count, rows[i].count);
		CU_ASSERT_EQUAL(span.records, rows[i].records);
	}
}

/* A log with a sealer, without a session. */
struct log {
	char directory[64];
	struct log_state state;
	struct log_writer writer;
	struct sealer *sealer;
};

static void start(struct log *log)
{
	static const struct sealer_file nothing = {NULL, NULL, 0};

	*log = (struct log){.directory = "/tmp/libguard-seal-XXXXXX"};
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(log->directory));
	CU_ASSERT_EQUAL_FATAL(log_make_segment(log->directory, 1), 0);
	CU_ASSERT_EQUAL_FATAL(log_make_segment(log->directory, 2), 0);
	atomic_store(&log->state.ready, 2);
	CU_ASSERT_EQUAL_FATAL(log_attach(&log->writer, log->directory, &log->state), 0);
	CU_ASSERT_EQUAL_FATAL(sealer_make(log->directory, &nothing, &log->sealer), 0);
}

static void stop(struct log *log)
{
	char command[128];

	sealer_free(log->sealer);
	log_detach(&log->writer);
	snprintf(command, sizeof command, "rm -rf %s", log->directory);
	CU_ASSERT_EQUAL(system(command), 0);
}

static void write_records(struct log *log, unsigned count)
{
	static char long_name[3000];
	struct event event = {.kind = EVENT_OPERATION, .verb = VERB_READ, .verbs = VERB_SET(READ), .door = DOOR_HOOK, .time_ns = 5};

	memset(long_name, 'x', sizeof long_name);
	event_add(&event, FIELD_OBJECT, (struct text){long_name, count % 7 ? sizeof long_name : 10});
	while (count-- > 0)
		CU_ASSERT_EQUAL(log_write(&log->writer, &event), 0);
}

static void seal_all(struct log *log)
{
	while (sealer_step(log->sealer))
		;
}

static struct verify_result result_of(struct log *log, bool goes_on)
{
	static struct verify_result result;

	CU_ASSERT_EQUAL(verify_session(log->directory, goes_on, NULL, &result), 0);
	return result;
}

static void a_log_is_sealed_as_it_grows(void)
{
	struct verify_result result;
	struct log log;

	start(&log);
	CU_ASSERT_FALSE(sealer_is_behind(log.sealer));
	write_records(&log, 7);
	CU_ASSERT(sealer_is_behind(log.sealer));
	seal_all(&log);
	CU_ASSERT_FALSE(sealer_is_behind(log.sealer));
	write_records(&log, 3);
	result = result_of(&log, true);
	CU_ASSERT(result.found == 0 && result.records == 7 && result.unsealed == 3 && !result.ended);
	/* Into the second segment. */
	write_records(&log, 400);
	sealer_finish(log.sealer, 0);
	result = result_of(&log, false);
	CU_ASSERT(result.found == 0 && result.records == 410 && result.unsealed == 0 && result.ended && result.holes == 0);
	CU_ASSERT(result.blocks >= 4);
	stop(&log);
}

static void an_empty_log_is_sealed(void)
{
	struct verify_result result;
	struct log log;

	start(&log);
	sealer_finish(log.sealer, 0);
	result = result_of(&log, false);
	CU_ASSERT(result.found == 0 && result.blocks == 0 && result.ended);
	stop(&log);
}

static void an_unfinished_record_is_left_out(void)
{
	struct verify_result result;
	struct log log;

	start(&log);
	/* Nobody ever finishes these, the very first and one in the middle. */
	atomic_fetch_add(&log.writer.first.head->reserved, 3);
	write_records(&log, 2);
	atomic_fetch_add(&log.writer.first.head->reserved, 1);
	write_records(&log, 2);
	seal_all(&log);
	result = result_of(&log, true);
	CU_ASSERT(result.found == 0 && result.records == 0 && result.holes == 0 && result.unsealed == 4);
	sealer_finish(log.sealer, 0);
	result = result_of(&log, false);
	CU_ASSERT(result.found == 0 && result.records == 4 && result.holes == 2 && result.unsealed == 0);
	/* One is finished after all. */
	atomic_store(&log.writer.first.slots[0].head.mark, MARK_COMMITTED | 1);
	result = result_of(&log, false);
	CU_ASSERT(result.found == 0 && result.late == 1);
	stop(&log);
}

static void what_follows_the_end_is_found(void)
{
	struct verify_result result;
	struct log log;

	start(&log);
	write_records(&log, 5);
	sealer_finish(log.sealer, 0);
	write_records(&log, 2);
	result = result_of(&log, false);
	CU_ASSERT(result.found == 1 && result.findings[0].kind == VERIFY_ADDED && result.findings[0].records == 2);
	stop(&log);
	start(&log);
	write_records(&log, 5);
	sealer_finish(log.sealer, 1);
	write_records(&log, 2);
	result = result_of(&log, false);
	CU_ASSERT(result.found == 0 && result.unsealed == 2 && result.survivors == 1);
	stop(&log);
}

static void nothing_is_sealed_into_a_seal_of_somebody_else(void)
{
	static const struct sealer_file nothing = {NULL, NULL, 0};
	struct sealer *other;
	struct log log;

	start(&log);
	CU_ASSERT_EQUAL(sealer_make(log.directory, &nothing, &other), -EEXIST);
	stop(&log);
}

static const CU_TestInfo tests[] = {
	{"hashes_are_sha256", hashes_are_sha256},
	{"a_line_is_read_as_it_was_written", a_line_is_read_as_it_was_written},
	{"what_would_be_written_otherwise_is_refused", what_would_be_written_otherwise_is_refused},
	{"only_what_is_finished_is_sealed", only_what_is_finished_is_sealed},
	{"a_log_is_sealed_as_it_grows", a_log_is_sealed_as_it_grows},
	{"an_empty_log_is_sealed", an_empty_log_is_sealed},
	{"an_unfinished_record_is_left_out", an_unfinished_record_is_left_out},
	{"what_follows_the_end_is_found", what_follows_the_end_is_found},
	{"nothing_is_sealed_into_a_seal_of_somebody_else", nothing_is_sealed_into_a_seal_of_somebody_else},
	CU_TEST_INFO_NULL,
};

const struct suite seal_suite = {"seal", tests};
