/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session while it runs and when it ends: segments ahead of need, records of
 * the supervisor's own, old sessions removed; see session_make.h.
 */
#include "tools/session_make.h"

#include "libguard/core/sys.h"
#include "libguard/door/door.h"
#include "libguard/record/writer.h"
#include "tools/sealer.h"
#include "tools/session_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A supervisor that nobody wakes looks this often all the same. */
#define IDLE_MS 60000
/* And after a failure this often. */
#define RETRY_MS 1000
/* Who serves those that outlive the first process looks this often whether any is left. */
#define LEFT_MS 2000
/* A log that grows is sealed this often. */
#define SEAL_MS 1000

/* A session that has no session.json yet is being made, unless it is older than this. */
#define MAKING_S 60

#define DAY_S 86400

/* Make the next segment and let the writers know. */
static int make_next(struct made_session *session)
{
	struct log_state *log = &session->state->log;
	uint32_t next = atomic_load(&log->ready) + 1;
	int result = log_make_segment(session->directory, next);

	if (result == 0 && session->shared)
		result = session_files_share(session->directory, next);
	if (result == 0) {
		atomic_store(&log->ready, next);
		sys_futex_wake(&log->ready);
		return 0;
	}
	atomic_store(&log->stuck, next);
	if (!session->complained) {
		session->complained = true;
		fprintf(stderr, "libguard: the log of %s cannot grow: %s; records are lost until it can\n",
			session->directory, strerror(-result));
	}
	return result;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static bool is_behind(struct made_session *session)
{
	bool behind;

	if (!atomic_load(&session->sealing))
		return false;
	pthread_mutex_lock(&session->making);
	behind = sealer_is_behind(session->sealer);
	pthread_mutex_unlock(&session->making);
	return behind;
}

/* All is sealed: wait until somebody writes, or asks for a segment. */
static void sleep_sealed(struct made_session *session, unsigned idle_ms)
{
	struct log_state *log = &session->state->log;

	atomic_store(&log->asleep, 1);
	/* Looked at once more: whoever wrote before that does not wake us. */
	if (!is_behind(session) && atomic_load(&log->wanted) <= atomic_load(&log->ready))
		sys_futex_wait(&log->asleep, 1, idle_ms);
	atomic_store(&log->asleep, 0);
	if (is_behind(session))
		session->seal_at_ns = now_ns() + SEAL_MS * 1000000u;
}

/* Seal a piece, or wait for the time to, or for somebody to ask for a segment. */
static void seal_or_wait(struct made_session *session, uint32_t wanted, unsigned idle_ms)
{
	uint64_t now = now_ns(), left_ms;
	bool more;

	if (session->seal_at_ns == 0) {
		sleep_sealed(session, idle_ms);
		return;
	}
	if (now < session->seal_at_ns) {
		left_ms = (session->seal_at_ns - now) / 1000000u + 1;
		sys_futex_wait(&session->state->log.wanted, wanted, left_ms < idle_ms ? (unsigned)left_ms : idle_ms);
		return;
	}
	pthread_mutex_lock(&session->making);
	more = sealer_step(session->sealer);
	pthread_mutex_unlock(&session->making);
	if (!more)
		session->seal_at_ns = is_behind(session) ? now + SEAL_MS * 1000000u : 0;
}

void session_seal(struct made_session *session)
{
	struct log_state *log = &session->state->log;

	atomic_store(&session->sealing, true);
	if (atomic_exchange(&log->asleep, 0))
		sys_futex_wake(&log->asleep);
}

/* Make what is asked for now, or wait for somebody to ask, IDLE_MS at most; and seal the log meanwhile. */
static void serve_once(struct made_session *session, unsigned idle_ms)
{
	struct log_state *log = &session->state->log;
	uint32_t wanted = atomic_load(&log->wanted);
	int result;

	if (wanted <= atomic_load(&log->ready)) {
		seal_or_wait(session, wanted, idle_ms);
		return;
	}
	pthread_mutex_lock(&session->making);
	result = make_next(session);
	pthread_mutex_unlock(&session->making);
	if (result < 0)
		sys_futex_wait(&log->wanted, wanted, RETRY_MS);
}

static void *serve(void *argument)
{
	for (;;)
		serve_once(argument, IDLE_MS);
	return NULL;
}

int session_serve(struct made_session *session)
{
	pthread_t thread;

	return -pthread_create(&thread, NULL, serve, session);
}

void session_make_ahead(struct made_session *session)
{
	struct log_state *log = &session->state->log;

	pthread_mutex_lock(&session->making);
	/* One beyond the one in use is there; a hostile guest that says otherwise gets no more than one at a time. */
	if (atomic_load(&log->ready) <= atomic_load(&log->filling))
		make_next(session);
	pthread_mutex_unlock(&session->making);
}

int session_record(const struct made_session *session, struct event *event)
{
	struct log_writer writer;
	int result = log_attach(&writer, session->directory, &session->state->log);

	if (result < 0)
		return result;
	event->door = DOOR_SUPERVISOR;
	event->time_ns = sys_now_ns();
	result = log_write(&writer, event);
	log_detach(&writer);
	return result;
}

/* Whether a session other than ours may go; KEPT newer ones stay. */
static bool is_expired(const struct made_session *session, const char *directory, unsigned kept)
{
	uint64_t now_s = session->state->started_ns / 1000000000u, end_s;
	struct session_info info;
	struct stat status;

	if (session_info_read(directory, &info) == 0) {
		bool running = info.running || session_files_joined(directory);

		end_s = (info.ended_ns ? info.ended_ns : info.started_ns) / 1000000000u;
		session_info_free(&info);
		if (running)
			return false;
	} else {
		if (stat(directory, &status) < 0)
			return false;
		end_s = (uint64_t)status.st_mtime;
		if (end_s + MAKING_S > now_s)
			return false;
	}
	return (session->keep_sessions > 0 && kept >= session->keep_sessions) ||
	       (session->keep_days > 0 && end_s + session->keep_days * (uint64_t)DAY_S < now_s);
}

void session_expire(const struct made_session *session)
{
	size_t place_len = (size_t)(strrchr(session->directory, '/') - session->directory), count;
	char place[sizeof session->directory], **list;
	unsigned kept = 1;

	if (session->keep_days == 0 && session->keep_sessions == 0)
		return;
	memcpy(place, session->directory, place_len);
	place[place_len] = '\0';
	if (session_list(place, &list, &count) < 0)
		return;
	for (size_t i = 0; i < count; i++) {
		/* A link leads to a session of another place, where another policy rules. */
		bool here = strncmp(list[i], place, place_len) == 0 && strrchr(list[i], '/') == list[i] + place_len;

		if (!here || strcmp(list[i], session->directory) == 0)
			continue;
		if (is_expired(session, list[i], kept))
			session_files_remove(list[i]);
		else
			kept++;
	}
	session_list_free(list, count);
}

/* Map the state by a descriptor of its own, for session_files_in_use. The descriptor or -errno. */
static int map_anew(struct made_session *session)
{
	struct session_state *state = session->state, *fresh;
	size_t size = state->size;
	int fd = session_files_open_state(session->directory);

	if (fd < 0)
		return fd;
	fresh = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fresh == MAP_FAILED)
		return -errno;
	session->state = fresh;
	munmap(state, size);
	return fd;
}

/* Go on making segments for those that are left, then end. Holds nothing that anybody could wait for. */
static void __attribute__((noreturn)) serve_survivors(struct made_session *session)
{
	int fd, null = open("/dev/null", O_RDWR);

	prctl(PR_SET_CHILD_SUBREAPER, 0);
	setsid();
	for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++)
		dup2(null, i);
	fd = map_anew(session);
	/* Behind the kernel door is everybody; without one the mapping tells. Where nobody can answer, nobody waits either. */
	if (door_open_again() == 0)
		while (door_is_there() ? !door_is_empty() : fd >= 0 && session_files_in_use(fd))
			serve_once(session, LEFT_MS);
	sealer_finish(session->sealer, 0);
	atomic_store(&session->state->log.finished, 1);
	sys_futex_wake(&session->state->log.ready);
	_exit(0);
}

/* False when nobody will serve the survivors. The end of process 1 is the end of all. */
static bool leave_server(struct made_session *session)
{
	pid_t pid = -1;

	door_rest();
	if (getpid() != 1)
		pid = fork();

	if (pid == 0) {
		pthread_mutex_unlock(&session->making);
		serve_survivors(session);
	}
	return pid > 0;
}

void session_close(struct made_session *session, int exit_code, unsigned survivors)
{
	struct session_state *state = session->state;
	int result;

	/* Held until the process ends: no segment is begun that nobody would finish. */
	if (survivors > 0)
		session_make_ahead(session);
	pthread_mutex_lock(&session->making);
	session->info.ended_ns = sys_now_ns();
	session->info.exit_code = exit_code;
	session->info.survivors = survivors;
	result = session_info_write(&session->info);
	if (result < 0)
		fprintf(stderr, "libguard: the end of the session cannot be written to %s/session.json: %s\n",
			session->directory, strerror(-result));
	else
		(void)sealer_add_file(session->sealer, "session.json");
	if (survivors == 0 || !leave_server(session)) {
		sealer_finish(session->sealer, survivors);
		atomic_store(&state->log.finished, 1);
		sys_futex_wake(&state->log.ready);
	}
	atomic_store(&state->supervisor, 0);
}
