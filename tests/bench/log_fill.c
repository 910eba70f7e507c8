/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fill a directory with the log of a long session: events of many processes on
 * many objects, some refused. Then read it and say how long that took.
 *
 * Usage: log_fill DIRECTORY [EVENTS [OBJECTS]]   (default: 10000000 200000)
 *
 * The same numbers give the same log, but for the times.
 */
#include "libguard/record/reader.h"
#include "tests/log_rig.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROCESSES 2000
#define FIRST_PID 1000

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A small generator: the log must not depend on the libc. */
static uint32_t draw(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

/* The name of object NUMBER, about 60 bytes: directories of 40 files each. */
static struct text object_name(uint32_t number, char *out, size_t cap)
{
	static const char *const roots[] = {"/home/user/project/src", "/home/user/project/node_modules/package",
					    "/usr/lib/python3/dist-packages", "/tmp/build"};
	int len = snprintf(out, cap, "%s/module-%05u/part/file-%02u.%s", roots[number / 40 % 4], number / 40,
			   number % 40, number % 3 ? "py" : "json");

	return (struct text){out, (size_t)len};
}

static struct event process_event(uint32_t pid)
{
	struct event event = {
		.kind = EVENT_PROCESS,
		.verb = VERB_EXEC,
		.door = DOOR_HOOK,
		.coverage = COVER_HOOKS,
		.pid = pid,
		.tid = pid,
		.ppid = pid > FIRST_PID ? FIRST_PID + (pid - FIRST_PID) / 4 : 1,
		.uid = 1000,
	};

	event_add(&event, FIELD_EXE, pid % 2 ? TEXT("/usr/bin/python3.11") : TEXT("/usr/bin/git"));
	event_add(&event, FIELD_ARGV, TEXT("python3\0-m\0build\0--wheel"));
	event_add(&event, FIELD_CWD, TEXT("/home/user/project"));
	return event;
}

/* One in eight writes, one in 64 deletes, one in 1000 refused, one in 50 connects. */
static struct event object_event(uint64_t *seed, uint32_t pid, uint32_t objects, char *name, size_t cap)
{
	uint32_t chance = draw(seed);
	struct event event = {
		.kind = EVENT_OPERATION,
		.verb = chance % 64 == 0 ? VERB_DELETE : chance % 8 == 0 ? VERB_WRITE : VERB_READ,
		.verdict = chance % 1000 == 1,
		.door = DOOR_HOOK,
		.rule = chance % 1000 == 1 ? chance % 20 : 0xffffffffu,
		.pid = pid,
		.tid = pid,
	};

	event.err = event.verdict ? EACCES : 0;
	if (chance % 50 == 2) {
		int len = snprintf(name, cap, "10.0.%u.%u:443", draw(seed) % 4, draw(seed) % 250);

		event.verb = VERB_CONNECT;
		event.bytes = 443;
		event_add(&event, FIELD_OBJECT, (struct text){name, (size_t)len});
		event_add(&event, FIELD_HOST, TEXT("registry.example.org"));
		event_add(&event, FIELD_CALL, TEXT("connect"));
	} else {
		/* Few objects are refused, and often: a log ten times as long tells of no more of them. */
		if (event.verdict)
			objects = objects / 1000 + 1;
		event_add(&event, FIELD_OBJECT, object_name(draw(seed) % objects, name, cap));
		event_add(&event, FIELD_CALL, event.verb == VERB_DELETE ? TEXT("unlink") : TEXT("openat"));
	}
	event.verbs = 1u << event.verb;
	return event;
}

static void write_event(struct log_rig *rig, struct event *event, uint64_t time_ns)
{
	event->time_ns = time_ns;
	/* A segment that comes late is no loss here. */
	while (log_write(&rig->writer, event) != 0 && !atomic_load(&rig->state->finished))
		atomic_store(&rig->state->stuck, 0);
}

static void fill(struct log_rig *rig, uint64_t events, uint32_t objects)
{
	uint64_t each = events / PROCESSES + 1, seed = 1, start = (uint64_t)time(NULL) * 1000000000u;
	char name[128];

	for (uint64_t i = 0; i < events; i++) {
		uint32_t pid = FIRST_PID + (uint32_t)(i / each);
		struct event event = i % each == 0
					     ? process_event(pid)
					     : object_event(&seed, pid, objects, name, sizeof name);

		write_event(rig, &event, start + i * 1000);
	}
}

/* In a process of its own: what stays mapped there does not count as the reader's memory. */
static bool fill_apart(struct log_rig *rig, uint64_t events, uint32_t objects)
{
	pid_t child = fork();

	if (child == 0) {
		fill(rig, events, objects);
		_exit(0);
	}
	return child > 0 && waitpid(child, NULL, 0) == child && !atomic_load(&rig->state->finished);
}

static int read_back(const char *directory, uint64_t expected)
{
	double start = now_s();
	struct log_reader *reader;
	struct rusage usage;
	struct event event;
	uint64_t count = 0;
	int error = log_reader_open(directory, &reader);

	if (error) {
		fprintf(stderr, "cannot read the log in %s: %s\n", directory, strerror(-error));
		return 1;
	}
	while (log_reader_next(reader, &event))
		count++;
	log_reader_close(reader);
	getrusage(RUSAGE_SELF, &usage);
	printf("read %llu events in %.2f s, at most %ld KiB resident\n", (unsigned long long)count, now_s() - start,
	       usage.ru_maxrss);
	return count != expected;
}

int main(int argc, char **argv)
{
	uint64_t events = argc > 2 ? strtoull(argv[2], NULL, 10) : 10000000;
	uint32_t objects = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 200000;
	struct log_rig rig;
	double start = now_s();

	if (argc < 2 || argc > 4 || events == 0 || objects == 0) {
		fprintf(stderr, "usage: log_fill DIRECTORY [EVENTS [OBJECTS]]\n");
		return 2;
	}
	if (mkdir(argv[1], 0700) != 0 && errno != EEXIST) {
		fprintf(stderr, "cannot make %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	if (!rig_start(&rig, NULL, argv[1]))
		return 1;
	if (!fill_apart(&rig, events, objects)) {
		fprintf(stderr, "no room for the log in %s\n", argv[1]);
		return 1;
	}
	rig_finish(&rig);
	printf("wrote %llu events in %.2f s\n", (unsigned long long)events, now_s() - start);
	return read_back(argv[1], events);
}
