/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fuzzers begin with, made from what the project's own writers write: one directory a fuzzer.
 *
 * Usage: seeds SOURCE DIRECTORY
 *
 * SOURCE is the top of the source tree, whose policies are the seeds of those who read policies.
 */
#include "libguard/record/segment.h"
#include "libguard/record/writer.h"
#include "tests/fuzz/fuzz.h"
#include "tools/policy_load.h"
#include "tools/sealer.h"
#include "tools/session_info.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *target;

static void demand(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "seeds: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void seed(const char *fuzzer, const char *name, const void *data, size_t len)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", target, fuzzer);
	demand(mkdir(path, 0700) == 0 || errno == EEXIST, path);
	snprintf(path, sizeof path, "%s/%s/seed-%s", target, fuzzer, name);
	file = fopen(path, "w");
	demand(file && fwrite(data, 1, len, file) == len && fclose(file) == 0, path);
}

static char *read_all(const char *path, size_t *len)
{
	static char bytes[1 << 20];
	FILE *file = fopen(path, "r");

	demand(file != NULL, path);
	*len = fread(bytes, 1, sizeof bytes, file);
	fclose(file);
	return bytes;
}

/* Policies: their text, and what it compiles to. */
static void seed_policies(const char *source)
{
	const struct policy_setting setting = {.workspace = "/home/user/project", .home = "/home/user"};
	static const char *const patterns[] = {"conf/*.conf", "conf/profiles/*.conf"};
	glob_t found = {0};

	for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
		char pattern[512];

		snprintf(pattern, sizeof pattern, "%s/%s", source, patterns[i]);
		glob(pattern, i ? GLOB_APPEND : 0, NULL, &found);
	}
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *path = found.gl_pathv[i], *name = strrchr(path, '/') + 1;
		unsigned char *image;
		size_t len, size;
		const char *text = read_all(path, &len);

		seed("policy_text", name, text, len);
		if (policy_compile(path, &setting, stderr, NULL, &image, &size, NULL) == 0) {
			seed("policy_image", name, image, size);
			free(image);
		}
	}
	demand(found.gl_pathc > 0, source);
	globfree(&found);
}

static void write_kinds(struct log_writer *writer)
{
	static const struct {
		enum event_kind kind;
		enum verb verb;
		uint8_t verdict, coverage;
	} rows[] = {
		{EVENT_PROCESS, VERB_EXEC, 0, COVER_HOOKS},  {EVENT_OPERATION, VERB_READ, 0, 0},
		{EVENT_OPERATION, VERB_WRITE, 1, 0},         {EVENT_OPERATION, VERB_CREATE, 0, 0},
		{EVENT_OPERATION, VERB_DELETE, 1, 0},        {EVENT_OPERATION, VERB_CONNECT, 1, 0},
		{EVENT_OPERATION, VERB_BIND, 0, 0},          {EVENT_OPERATION, VERB_RESOLVE, 0, 0},
		{EVENT_HOST, VERB_RESOLVE, 0, 0},            {EVENT_OPERATION, VERB_EXEC, 1, 0},
		{EVENT_COVERAGE, VERB_EXEC, 0, COVER_STATIC}, {EVENT_LABEL, VERB_READ, 0, 0},
		{EVENT_NOTE, VERB_READ, 0, 0},               {EVENT_OPERATION, VERB_SIGNAL, 0, 0},
	};

	for (uint32_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct event event = {.kind = rows[i].kind, .verb = rows[i].verb, .verbs = 1u << rows[i].verb,
				      .verdict = rows[i].verdict, .coverage = rows[i].coverage, .door = DOOR_HOOK,
				      .err = rows[i].verdict ? EACCES : 0, .rule = i, .pid = 100 + i, .tid = 100 + i,
				      .ppid = 99, .uid = 1000, .time_ns = 1767323045000000000u + i, .bytes = i % 2 ? 443 : 0};

		event_add(&event, FIELD_OBJECT, i % 3 ? TEXT("/home/user/project/src/a.py") : TEXT("[fd00::1]:443"));
		event_add(&event, FIELD_OTHER, TEXT("/home/user/project/src/b.py"));
		event_add(&event, FIELD_HOST, TEXT("api.example.com"));
		event_add(&event, FIELD_ARGV, TEXT("git\0push\0--force"));
		event_add(&event, FIELD_EXE, TEXT("/usr/bin/git"));
		event_add(&event, FIELD_CALL, i % 2 ? TEXT("rename") : TEXT("openat"));
		event_add(&event, FIELD_SOURCE, TEXT("agent.py:42 cleanup"));
		event_add(&event, FIELD_LABEL, TEXT("secret"));
		event_add(&event, FIELD_ENV, TEXT("LD_PRELOAD=/tmp/x.so"));
		event_add(&event, FIELD_REASON, TEXT("something was noted"));
		demand(log_write(writer, &event) == 0, "log_write");
	}
}

/* The slots that are in use, twice: one segment, and two with the second's number in its head. */
static void seed_log(void)
{
	struct log_state state = {.ready = 1};
	struct log_writer writer;
	unsigned char *data;
	struct segment_head second;
	uint64_t reserved;
	size_t len, used;
	char path[128];

	demand(log_make_segment(fuzz_directory(), 1) == 0, "log_make_segment");
	demand(log_attach(&writer, fuzz_directory(), &state) == 0, "log_attach");
	write_kinds(&writer);
	log_detach(&writer);
	snprintf(path, sizeof path, "%s/events-0001.log", fuzz_directory());
	data = (unsigned char *)read_all(path, &len);
	memcpy(&reserved, data + offsetof(struct segment_head, reserved), sizeof reserved);
	used = (reserved + 1) * EVENT_SLOT;
	demand(2 * used + 2 <= len, "the log is short");
	memmove(data + 2, data, used);
	data[0] = data[1] = 0xff;
	seed("event_log", "one", data, used + 2);
	data[0] = (unsigned char)used;
	data[1] = (unsigned char)(used >> 8);
	memcpy(&second, data + 2, sizeof second);
	second.number = 2;
	memcpy(data + 2 + used, data + 2, used);
	memcpy(data + 2 + used, &second, sizeof second);
	seed("event_log", "two", data, 2 * used + 2);
}

/* Put the file NAME behind what DATA has already. */
static size_t add_file(unsigned char *data, size_t at, const char *name, size_t most)
{
	char path[128];
	const char *text;
	size_t len;

	snprintf(path, sizeof path, "%s/%s", fuzz_directory(), name);
	text = read_all(path, &len);
	len = len < most ? len : most;
	memcpy(data + at, text, len);
	return at + len;
}

/* The log of seed_log, sealed: flags, length of the seal, seal, segment; the second half is sealed as a later block. */
static void seed_seal(void)
{
	const struct sealer_file files[] = {{"policy.conf", "version = 1;", 12}, {NULL, NULL, 0}};
	struct log_state state = {.ready = 1};
	static unsigned char data[1 << 16];
	struct log_writer writer;
	struct sealer *sealer;
	size_t len;

	demand(sealer_make(fuzz_directory(), files, &sealer) == 0, "sealer_make");
	while (sealer_step(sealer))
		;
	demand(log_attach(&writer, fuzz_directory(), &state) == 0, "log_attach");
	write_kinds(&writer);
	/* Nobody finishes this one. */
	atomic_fetch_add(&writer.first.head->reserved, 2);
	log_detach(&writer);
	sealer_finish(sealer, 1);
	sealer_free(sealer);
	len = add_file(data, 3, "seal", 1 << 14);
	data[1] = (unsigned char)(len - 3);
	data[2] = (unsigned char)((len - 3) >> 8);
	len = add_file(data, len, "events-0001.log", 1 << 14);
	seed("seal", "whole", data, len);
	data[0] = 1;
	seed("seal", "mended", data, len);
	data[0] = 3;
	seed("seal", "running", data, len);
}

static void seed_globs(void)
{
	static const char *const rows[] = {"/a/**/b*/c\n/a/bx/q/by/c", "**/*.pem\n/etc/a.pem", "[!a-c]]x?\nd]xz",
					   "/x/*/**\n/x/y", "a**b\naxx/yb", "\\*[]-]\n*]", "/home/*/.ssh/id_*\n/home/u/.ssh/id_x"};
	char name[8];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(name, sizeof name, "%zu", i);
		seed("glob", name, rows[i], strlen(rows[i]));
	}
}

/* The first byte is the size of the buffer that they are written to. */
#define WORDS(string) {string, sizeof(string) - 1}

static void seed_words(void)
{
	static const struct text rows[] = {
		WORDS("\100curl\0-H\0Authorization: Bearer abc.def\0https://u:p@h/"),
		WORDS("\377git clone https://x:ghp_0123456789abcdef0123456789abcdef01234567@github.com/a"),
		WORDS("\010mysql\0--password=hunter2\0-e\0select 1"),
		WORDS("\100{\"api_key\": \"sk-proj-abcdEFGH0123456789xyz\", \"max_tokens\": 5}"),
		WORDS("\377-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----"),
	};
	char name[8];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(name, sizeof name, "%zu", i);
		seed("redact", name, rows[i].data, rows[i].len);
	}
}

static void seed_session(void)
{
	char *argv[] = {(char[]){"python3"}, (char[]){"agent.py"}, NULL};
	char *degraded[] = {(char[]){"no Landlock here"}, NULL};
	struct session_info info = {.id = (char[]){"20260102T030405-7"}, .user = (char[]){"user"}, .host = (char[]){"host"},
				    .workspace = (char[]){"/w"}, .policy = (char[]){"p"}, .mode = (char[]){"audit"},
				    .level = (char[]){"hooks"}, .floor = (char[]){"none: no Landlock here"}, .argv = argv, .degraded = degraded, .pid = 7,
				    .started_ns = 1767323045678901234u, .ended_ns = 1767323046000000000u, .exit_code = 143};
	char directory[64], path[128];
	const char *text;
	size_t len;

	snprintf(directory, sizeof directory, "%s", fuzz_directory());
	info.directory = directory;
	demand(session_info_write(&info) == 0, "session_info_write");
	snprintf(path, sizeof path, "%s/session.json", directory);
	text = read_all(path, &len);
	seed("session_info", "whole", text, len);
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: seeds SOURCE DIRECTORY\n");
		return 2;
	}
	target = argv[2];
	demand(mkdir(target, 0700) == 0 || errno == EEXIST, target);
	seed_policies(argv[1]);
	seed_log();
	seed_seal();
	seed_globs();
	seed_words();
	seed_session();
	return 0;
}
