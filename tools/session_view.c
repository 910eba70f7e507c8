/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening a session for reading; see session_view.h.
 */
#include "tools/session_view.h"

#include "libguard/session/session.h"
#include "tools/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define IMAGE_MAX (1ull << 30) /* bytes; a policy of 100 000 rules takes some tens of MiB */

/* Up to CAP bytes of a regular file of the session. The length, or -errno. */
static ssize_t read_at_start(const char *directory, const char *name, void *out, size_t cap)
{
	char path[PATH_MAX];
	size_t len = 0;
	ssize_t got;
	int fd;

	if ((size_t)snprintf(path, sizeof path, "%s/%s", directory, name) >= sizeof path)
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	do {
		got = read(fd, (char *)out + len, cap - len);
		if (got > 0)
			len += (size_t)got;
	} while (got > 0 && len < cap);
	close(fd);
	return got < 0 ? -errno : (ssize_t)len;
}

static void read_counts(const char *directory, struct session_counts *out)
{
	/* All before the hosts is the same in every version. */
	const size_t counters = offsetof(struct session_state, hosts);
	struct session_state *state = malloc(sizeof *state);

	*out = (struct session_counts){0};
	if (state && read_at_start(directory, "state", state, counters) == (ssize_t)counters &&
	    state->magic == SESSION_STATE_MAGIC && state->version >= 1 && state->version <= SESSION_STATE_VERSION)
		*out = (struct session_counts){
			.known = true,
			.lost = atomic_load(&state->log.lost),
			.muted = atomic_load(&state->lines_muted),
			.uncovered = atomic_load(&state->uncovered),
		};
	free(state);
}

/* A copy and no mapping: a file that is cut short under a mapping is SIGBUS. */
static const char *read_policy(struct session_view *view)
{
	char path[PATH_MAX];
	struct stat st;
	ssize_t len;

	if ((size_t)snprintf(path, sizeof path, "%s/policy.img", view->info.directory) >= sizeof path)
		return "its path is too long";
	if (stat(path, &st) < 0)
		return errno == ENOENT ? "is missing" : "cannot be read";
	if (!S_ISREG(st.st_mode) || st.st_size <= 0 || (uint64_t)st.st_size > IMAGE_MAX)
		return "is damaged";
	view->image = aligned_alloc(64, ((size_t)st.st_size + 63) & ~(size_t)63);
	if (!view->image)
		return "does not fit into memory";
	len = read_at_start(view->info.directory, "policy.img", view->image, (size_t)st.st_size);
	if (len < 0)
		return "cannot be read";
	if (policy_attach(view->image, (size_t)len, NULL, 0, &view->policy) != 0)
		return "is damaged or of another version of libguard";
	if (policy_verify(&view->policy) != 0)
		return "is damaged";
	view->has_policy = true;
	return NULL;
}

static int say_unreadable(const char *directory, int err)
{
	if (err == -ENOENT)
		return fail(EXIT_GUARD, "%s has no session.json: not a session, or one that is just being made; "
				        "\"guardctl sessions\" lists what there is", directory);
	if (err == -EPROTONOSUPPORT)
		return fail(EXIT_GUARD, "%s/session.json was written by a newer libguard; use the guardctl that came with it",
			    directory);
	if (err == -EINVAL)
		return fail(EXIT_GUARD, "%s/session.json is damaged; without it the session cannot be told, restore the "
				        "file or name another session", directory);
	if (err == -EACCES)
		return fail(EXIT_GUARD, "cannot read %s/session.json: %s; sessions are open to their user and root only",
			    directory, strerror(-err));
	return fail(EXIT_GUARD, "cannot read %s/session.json: %s", directory, strerror(-err));
}

static int say_no_log(const char *directory, int err)
{
	if (err == -ENOENT)
		return fail(EXIT_GUARD, "%s has no event log (events-0001.log): it was removed, or nothing was ever recorded",
			    directory);
	if (err == -EPROTONOSUPPORT)
		return fail(EXIT_GUARD, "the event log in %s was written by a newer libguard or on a machine of the other "
				        "byte order; use the guardctl that came with it", directory);
	if (err == -EINVAL)
		return fail(EXIT_GUARD, "the event log in %s is damaged: no file of it is a segment", directory);
	return fail(EXIT_GUARD, "cannot read the event log in %s: %s", directory, strerror(-err));
}

int session_view_open(const char *log_directory, const char *name, struct session_view *out)
{
	char *directory = session_find(log_directory, name);
	int err;

	*out = (struct session_view){0};
	if (!directory)
		return EXIT_NO;
	err = session_info_read(directory, &out->info);
	if (err) {
		err = say_unreadable(directory, err);
	} else {
		read_counts(directory, &out->counts);
		out->policy_fault = read_policy(out);
		err = log_reader_open(directory, &out->reader);
		if (err)
			err = say_no_log(directory, err);
	}
	free(directory);
	if (err)
		session_view_close(out);
	return err;
}

void session_view_close(struct session_view *view)
{
	log_reader_close(view->reader);
	session_info_free(&view->info);
	free(view->image);
	*view = (struct session_view){0};
}

const struct policy *session_view_policy(const struct session_view *view)
{
	return view->has_policy ? &view->policy : NULL;
}

void session_view_write_end(const struct session_info *info, struct buf *out)
{
	if (info->running) {
		buf_str(out, "running");
	} else if (info->ended_ns == 0) {
		buf_str(out, "ended unexpectedly: its supervisor is gone");
	} else {
		buf_str(out, "exit status ");
		buf_i64(out, info->exit_code);
		/* As the shell tells it, so a program may say it, too. */
		if (info->exit_code > 128 && info->exit_code <= 128 + SIGRTMAX) {
			buf_str(out, " (signal ");
			buf_i64(out, info->exit_code - 128);
			buf_char(out, ')');
		}
	}
}

uint64_t session_view_duration(const struct session_info *info, uint64_t last_ns)
{
	struct timespec now;
	uint64_t end = info->ended_ns ? info->ended_ns : last_ns;

	if (info->running) {
		clock_gettime(CLOCK_REALTIME, &now);
		end = (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
	}
	return end > info->started_ns ? end - info->started_ns : 0;
}
