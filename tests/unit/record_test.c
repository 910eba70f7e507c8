/* SPDX-License-Identifier: Apache-2.0 */
#include "libguard/record/reader.h"
#include "libguard/record/segment.h"
#include "libguard/record/writer.h"

#include "tests/unit/suite.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A log of its own for each test. */
struct log {
	char directory[64];
	struct log_state state;
	struct log_writer writer;
};

static void start(struct log *log)
{
	*log = (struct log){.directory = "/tmp/libguard-record-XXXXXX"};
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(log->directory));
	CU_ASSERT_EQUAL_FATAL(log_make_segment(log->directory, 1), 0);
	atomic_store(&log->state.ready, 1);
	CU_ASSERT_EQUAL_FATAL(log_attach(&log->writer, log->directory, &log->state), 0);
}

static void stop(struct log *log)
{
	DIR *stream = opendir(log->directory);
	struct dirent *entry;

	log_detach(&log->writer);
	while (stream && (entry = readdir(stream)))
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(stream), entry->d_name, 0);
	if (stream)
		closedir(stream);
	rmdir(log->directory);
}

static struct event path_event(const char *path)
{
	struct event event = {
		.kind = EVENT_OPERATION,
		.verb = VERB_WRITE,
		.verbs = VERB_SET(WRITE) | VERB_SET(READ),
		.door = DOOR_HOOK,
		.rule = 7,
		.pid = 100,
		.tid = 101,
		.time_ns = 1234567890123456789u,
	};

	event_add(&event, FIELD_OBJECT, (struct text){path, strlen(path)});
	event_add(&event, FIELD_CALL, TEXT("openat"));
	return event;
}

static bool text_is(struct text text, const char *expected)
{
	return text.len == strlen(expected) && memcmp(text.data, expected, text.len) == 0;
}

static void what_is_written_is_read(void)
{
	struct log log;
	struct log_reader *reader;
	struct event in = path_event("/home/user/work/file.txt"), out;

	start(&log);
	in.flags = EVENT_FAILED | EVENT_REPLACED;
	in.err = EACCES;
	in.verdict = 1;
	in.coverage = COVER_STATIC;
	in.ppid = 99;
	in.uid = 1000;
	in.bytes = 65535;
	event_add(&in, FIELD_OTHER, TEXT("/other"));
	CU_ASSERT_EQUAL(log_write(&log.writer, &in), 0);
	CU_ASSERT_EQUAL_FATAL(log_reader_open(log.directory, &reader), 0);
	CU_ASSERT_EQUAL_FATAL(log_reader_next(reader, &out), 1);
	CU_ASSERT_EQUAL(out.kind, EVENT_OPERATION);
	CU_ASSERT_EQUAL(out.verb, VERB_WRITE);
	CU_ASSERT_EQUAL(out.verbs, in.verbs);
	CU_ASSERT_EQUAL(out.verdict, 1);
	CU_ASSERT_EQUAL(out.door, DOOR_HOOK);
	CU_ASSERT_EQUAL(out.flags, in.flags);
	CU_ASSERT_EQUAL(out.coverage, COVER_STATIC);
	CU_ASSERT_EQUAL(out.err, EACCES);
	CU_ASSERT_EQUAL(out.rule, 7);
	CU_ASSERT_EQUAL(out.pid, 100);
	CU_ASSERT_EQUAL(out.tid, 101);
	CU_ASSERT_EQUAL(out.ppid, 99);
	CU_ASSERT_EQUAL(out.uid, 1000);
	CU_ASSERT_EQUAL(out.time_ns, in.time_ns);
	CU_ASSERT_EQUAL(out.bytes, 65535);
	CU_ASSERT_EQUAL(out.count, 3);
	CU_ASSERT_TRUE(text_is(event_get(&out, FIELD_OBJECT), "/home/user/work/file.txt"));
	CU_ASSERT_TRUE(text_is(event_get(&out, FIELD_CALL), "openat"));
	CU_ASSERT_TRUE(text_is(event_get(&out, FIELD_OTHER), "/other"));
	CU_ASSERT_EQUAL(log_reader_next(reader, &out), 0);
	log_reader_close(reader);
	stop(&log);
}

static const CU_TestInfo tests[] = {
	{"what_is_written_is_read", what_is_written_is_read},
	CU_TEST_INFO_NULL,
};

const struct suite record_suite = {"record", tests};
