/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standing in for the first process of a session; see supervise.h.
 *
 * All signals are blocked and taken one by one with sigwaitinfo: nothing is
 * interrupted, and signals of default action reach even a process 1.
 */
#include "tools/supervise.h"

#include "libguard/kernel/floor.h"
#include "libguard/session/start.h"
#include "tools/cmd.h"
#include "tools/floor.h"
#include "tools/kernel_door.h"
#include "tools/sealer.h"
#include "tools/session_make.h"
#include "tools/tree.h"
#include "tools/witness.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

struct stand_in {
	pid_t child;
	struct witness witness;
	struct made_session *session; /* NULL: unguarded */
	siginfo_t end;                /* how the child ended */
};

/*
 * What the supervisor must do in spite of the program's limits, for it works for all programs of the session. SIGXFSZ and
 * SIGXCPU are blocked.
 */
#define FILES_WANTED 65536
static const int raised[] = {RLIMIT_FSIZE, RLIMIT_NOFILE, RLIMIT_NPROC, RLIMIT_AS, RLIMIT_DATA, RLIMIT_CPU};
_Static_assert(ARRAY_LEN(raised) == SUPERVISE_LIMITS, "every limit has its place");

static void raise_limit(int resource, struct rlimit *before)
{
	rlim_t wanted = resource == RLIMIT_NOFILE ? FILES_WANTED : RLIM_INFINITY;

	getrlimit(resource, before);
	/* Without rights the hard limit stays. */
	setrlimit(resource, &(struct rlimit){before->rlim_max, before->rlim_max});
	if (before->rlim_max < wanted)
		setrlimit(resource, &(struct rlimit){wanted, wanted});
}

void supervise_prepare(struct supervise_before *before)
{
	struct sigaction normal = {.sa_handler = SIG_DFL};
	sigset_t all;
	int fd;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before->mask);
	/* The actions of other signals are the child's to inherit; blocked ones are queued whatever they say. */
	sigaction(SIGCHLD, &normal, &before->child_action);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (unsigned i = 0; i < SUPERVISE_LIMITS; i++)
		raise_limit(raised[i], &before->limits[i]);
	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		before->closed[fd] = fcntl(fd, F_GETFD) < 0;
	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

void supervise_undo(const struct supervise_before *before)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (before->closed[fd])
			close(fd);
	for (unsigned i = 0; i < SUPERVISE_LIMITS; i++)
		setrlimit(raised[i], &before->limits[i]);
	sigaction(SIGCHLD, &before->child_action, NULL);
	sigprocmask(SIG_SETMASK, &before->mask, NULL);
}

/* End as a wait status tells: with its exit code, or by its signal. */
static void __attribute__((noreturn)) end_like(int code, int status)
{
	const struct rlimit no_core = {0, 0};
	sigset_t one;

	if (code == CLD_EXITED)
		_exit(status);
	setrlimit(RLIMIT_CORE, &no_core);
	/* A core handler behind a pipe does not ask for the limit. */
	prctl(PR_SET_DUMPABLE, 0);
	signal(status, SIG_DFL);
	kill(getpid(), status);
	sigemptyset(&one);
	sigaddset(&one, status);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	/* Process 1 cannot die by its own signal. */
	_exit(128 + status);
}

/*
 * What the kernel sends to us for the program's sake: the terminal's hang-up goes to the leader of the terminal's
 * session alone, which the program would have been; an alarm that was set before the program's exec ("perl -e 'alarm 9;
 * exec ...'") stays with the process and is not inherited by fork.
 */
static bool came_in_place_of_child(const siginfo_t *info)
{
	if (info->si_signo == SIGALRM)
		return info->si_code == SI_KERNEL;
	return (info->si_signo == SIGHUP || info->si_signo == SIGCONT) && getsid(0) == getpid();
}

static void forward(struct stand_in *self, const siginfo_t *info)
{
	/* What goes to the whole group (Ctrl-C, Ctrl-Z, kill of a job) the child has got itself, if it is still in it. */
	bool has_it = witness_saw(&self->witness, info->si_signo) && getpgid(self->child) == getpgrp();

	if ((has_it || info->si_code > 0) && !came_in_place_of_child(info))
		return;
	/* What the tree itself sends to its supervisor is no message to the program. */
	if (info->si_code <= 0 && info->si_pid > 0 && tree_descends(info->si_pid, getpid()))
		return;
	if (info->si_code == SI_QUEUE)
		sigqueue(self->child, info->si_signo, info->si_value);
	else
		kill(self->child, info->si_signo);
}

/* Was the child, which had stopped, continued since? Asks no /proc, which may be missing or another namespace's. */
static bool was_continued(pid_t child)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)child, &info, WCONTINUED | WNOHANG) == 0 && info.si_pid == child;
}

/* The child's own group, while it has the terminal; else 0. */
static pid_t group_at_terminal(int terminal, pid_t child)
{
	pid_t group = getpgid(child);

	return group != getpgrp() && tcgetpgrp(terminal) == group ? group : 0;
}

/*
 * Stop as the child did, so that the shell sees it; come back when somebody continues us.
 *
 * A program that leads a group (an interactive shell) expects to have the terminal again when it goes on, but the
 * shell that brings it to the foreground knows of our group alone.
 */
static void stop_with(pid_t child, int signal_number)
{
	struct sigaction normal = {.sa_handler = SIG_DFL}, before;
	int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	pid_t group = terminal >= 0 ? group_at_terminal(terminal, child) : 0;
	sigset_t one;

	sigemptyset(&one);
	sigaddset(&one, signal_number);
	sigaction(signal_number, &normal, &before);
	kill(getpid(), signal_number);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	/* Here we are stopped, except as process 1, which cannot be. */
	sigprocmask(SIG_BLOCK, &one, NULL);
	sigaction(signal_number, &before, NULL);
	/* SIGTTOU is blocked: this does not stop us. In the background there is nothing to hand on. */
	if (group > 0 && tcgetpgrp(terminal) == getpgrp())
		tcsetpgrp(terminal, group);
	if (terminal >= 0)
		close(terminal);
	/* A shell continues the whole group. Who continued us alone means the child. */
	if (getpid() != 1 && !was_continued(child))
		kill(child, SIGCONT);
}

static void child_stopped(struct stand_in *self, int signal_number)
{
	/* The rest of the tree may run on while nobody serves it. */
	if (self->session)
		session_make_ahead(self->session);
	/* Unless it was continued in the meantime. */
	if (!was_continued(self->child))
		stop_with(self->child, signal_number);
}

/* Take what children have to say; true once the first process has ended. *stopped: the signal by which it has stopped. */
static bool take_news(struct stand_in *self, int *stopped)
{
	bool ended = false;
	siginfo_t info;

	for (;;) {
		info.si_pid = 0;
		if (waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WNOHANG | __WNOTHREAD) < 0 || info.si_pid == 0)
			return ended;
		if (info.si_pid == self->witness.pid && info.si_code != CLD_STOPPED)
			witness_start(&self->witness);
		if (info.si_pid != self->child || info.si_code == CLD_TRAPPED)
			continue;
		if (info.si_code == CLD_STOPPED) {
			*stopped = info.si_status;
		} else {
			self->end = info;
			ended = true;
		}
	}
}

static bool reap(struct stand_in *self)
{
	int stopped = 0;
	bool ended;

	door_wait_begin();
	ended = take_news(self, &stopped);
	door_wait_end();
	if (!ended && stopped)
		child_stopped(self, stopped);
	return ended;
}

static void stand_in(struct stand_in *self)
{
	siginfo_t info;
	sigset_t all;

	sigfillset(&all);
	while (!reap(self)) {
		if (sigwaitinfo(&all, &info) < 0)
			continue;
		if (info.si_signo != SIGCHLD || info.si_code <= 0)
			forward(self, &info);
	}
	witness_end(&self->witness);
}

/* Hold nothing that others could wait for: ends of pipes, locks, a mounted directory. But for those to KEEP, or -1. */
static void let_go(const int *keep, size_t count)
{
	int null = open("/dev/null", O_RDWR);
	unsigned from = STDERR_FILENO + 1, next;

	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
	}
	for (; from < UINT_MAX; from = next + 1) {
		next = UINT_MAX;
		for (size_t i = 0; i < count; i++)
			if (keep[i] >= (int)from && (unsigned)keep[i] < next)
				next = (unsigned)keep[i];
		if (next == UINT_MAX)
			break;
		if (next > from)
			close_range(from, next - 1, 0);
	}
	close_range(from, ~0u, 0);
	/* A directory that has gone is as good. */
	(void)!chdir("/");
}

/* A child that has gone meanwhile is reaped like any other. */
static void answer_child(int ready, int status, const char *directory, const struct floor *floor, const struct kernel_door *door)
{
	struct start_answer answer = {.status = status};

	if (status == START_GUARDED) {
		snprintf(answer.directory, sizeof answer.directory, "%s", directory);
		answer.floor = floor->ruleset >= 0;
		answer.filter = (uint32_t)door->count;
	}
	/* A message is whole or not there. SIGPIPE is blocked. */
	(void)!write(ready, &answer, sizeof answer);
	if (answer.floor)
		(void)!floor_send(ready, floor->ruleset);
	if (answer.filter > 0)
		(void)!write(ready, door->filter, answer.filter * sizeof door->filter[0]);
}

/* Hear of the floor, take the listener, answer, and let the child go on. Below 0: it was told not to. */
static int open_door(struct floor *floor, struct kernel_door *door, struct made_session *session,
		     const struct session_request *request, int ready)
{
	int32_t status = floor_confirm(floor, session, ready);
	int listener = kernel_door_receive(door, session, ready);
	int keep[2 + SEALER_FILES];
	bool awaited = floor->ruleset >= 0 || door->count > 0;

	if (listener < -1)
		status = listener;

	/* Nobody will answer: what the child still asks must not wait for it. */
	if (listener >= 0 && status < 0) {
		close(listener);
		listener = -1;
	}
	keep[0] = ready;
	keep[1] = listener;
	sealer_files(session->sealer, keep + 2);
	let_go(keep, ARRAY_LEN(keep));
	if (listener >= 0)
		status = kernel_door_serve(door, session, listener, request->launches ? request->child : 0);
	if (listener >= 0 && status < 0)
		close(listener);
	(void)!session_info_write(&session->info);
	if (awaited)
		(void)!write(ready, &status, sizeof status);
	return status;
}

static unsigned count_survivors(void)
{
	siginfo_t info = {0};
	unsigned count;

	/* Without children at all there is no tree to search. */
	if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
		return 0;
	count = tree_count(getpid());
	/* A child that has not ended is there, whatever /proc tells. */
	return count == 0 && info.si_pid == 0 ? 1 : count;
}

/* The session cannot be: whatever was made of it ends. */
static int give_up(const struct session_request *request, struct made_session *session)
{
	if (session)
		session_close(session, EXIT_REFUSED, 0);
	waitpid(request->child, NULL, 0);
	return EXIT_REFUSED;
}

int supervise_session(const struct session_request *request, int ready)
{
	static struct kernel_door door;
	struct floor floor = {.ruleset = -1};
	struct stand_in self = {.child = request->child};
	struct made_session session;
	int status = session_make(request, &session);
	bool exited;

	if (status == START_GUARDED) {
		self.session = &session;
		status = session_serve(&session);
		if (status < 0)
			fail(EXIT_REFUSED, "no thread to keep the log: %s; raise the limit on processes or memory (ulimit -u, -v)",
			     strerror(-status));
		else
			status = kernel_door_prepare(&door, &session);
		if (status == 0)
			status = floor_prepare(&floor, &session);
	}
	if (status >= 0)
		witness_start(&self.witness);
	answer_child(ready, status, session.directory, &floor, &door);
	if (status < 0) {
		close(ready);
		return give_up(request, self.session);
	}
	if (self.session) {
		status = open_door(&floor, &door, &session, request, ready);
		close(ready);
		if (status < 0)
			return give_up(request, &session);
		session_seal(self.session);
		session_expire(self.session);
	} else {
		close(ready);
		let_go(NULL, 0);
	}
	stand_in(&self);
	exited = self.end.si_code == CLD_EXITED;
	if (self.session)
		session_close(self.session, exited ? self.end.si_status : 128 + self.end.si_status, count_survivors());
	end_like(self.end.si_code, self.end.si_status);
}
