/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log without a session; see log_rig.h.
 */
#include "tests/log_rig.h"

#include "libguard/core/sys.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a supervisor does for the log. */
static void make_segments(const struct log_rig *rig)
{
	struct log_state *state = rig->state;

	for (;;) {
		uint32_t wanted = atomic_load(&state->wanted), ready = atomic_load(&state->ready);

		if (wanted <= ready) {
			sys_futex_wait(&state->wanted, wanted, 1000);
			continue;
		}
		if (log_make_segment(rig->directory, ready + 1) != 0) {
			atomic_store(&state->finished, 1);
			return;
		}
		atomic_store(&state->ready, ready + 1);
		sys_futex_wake(&state->ready);
	}
}

static bool start_maker(struct log_rig *rig)
{
	pid_t parent = getpid();

	rig->maker = fork();
	if (rig->maker == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() == parent)
			make_segments(rig);
		_exit(0);
	}
	return rig->maker > 0;
}

bool rig_start(struct log_rig *rig, const char *parent, const char *directory)
{
	int error;

	*rig = (struct log_rig){0};
	if (directory)
		snprintf(rig->directory, sizeof rig->directory, "%s", directory);
	else
		snprintf(rig->directory, sizeof rig->directory, "%s/libguard-log-XXXXXX", parent);
	rig->state = mmap(NULL, sizeof *rig->state, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	error = rig->state == MAP_FAILED || (!directory && !mkdtemp(rig->directory)) ? -errno : 0;
	if (!error)
		error = log_make_segment(rig->directory, 1);
	if (!error) {
		atomic_store(&rig->state->ready, 1);
		error = log_attach(&rig->writer, rig->directory, rig->state);
	}
	if (!error && !start_maker(rig))
		error = -errno;
	if (error)
		fprintf(stderr, "cannot make a log in %s: %s\n", rig->directory, strerror(-error));
	return !error;
}

void rig_finish(struct log_rig *rig)
{
	atomic_store(&rig->state->finished, 1);
	if (rig->maker > 0) {
		kill(rig->maker, SIGKILL);
		waitpid(rig->maker, NULL, 0);
	}
	rig->maker = 0;
}

void rig_remove(struct log_rig *rig)
{
	DIR *stream = opendir(rig->directory);
	struct dirent *entry;

	rig_finish(rig);
	log_detach(&rig->writer);
	munmap(rig->state, sizeof *rig->state);
	if (!stream)
		return;
	while ((entry = readdir(stream)))
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(stream), entry->d_name, 0);
	closedir(stream);
	rmdir(rig->directory);
}

const char *rig_parent(void)
{
	const char *parent = getenv("TMPDIR");

	return parent && *parent ? parent : "/tmp";
}

struct event rig_event(const char *path, uint32_t pid)
{
	struct event event = {
		.kind = EVENT_OPERATION,
		.verb = VERB_READ,
		.verbs = VERB_SET(READ),
		.door = DOOR_HOOK,
		.rule = 12,
		.pid = pid,
		.tid = pid,
		.time_ns = sys_now_ns(),
	};

	event_add(&event, FIELD_OBJECT, (struct text){path, strlen(path)});
	event_add(&event, FIELD_CALL, TEXT("openat"));
	return event;
}
