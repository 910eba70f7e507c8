/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs that a guest runs; see run.h.
 *
 * The kernel reads name and words once more after the decision. So a guest is
 * held by ptrace(2) for the moment in which it turns into the program: it stops
 * before that has run an instruction, and what it is can be seen.
 */
#include "libguard/door/run.h"

#include "libguard/core/path.h"
#include "libguard/core/sys.h"
#include "libguard/door/door.h"
#include "libguard/door/marshal.h"
#include "libguard/hooks/call.h"
#include "libguard/hooks/program.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIBRARY "libguard.so"

#ifndef PTRACE_EVENT_STOP
#define PTRACE_EVENT_STOP 128
#endif

/* Does the machine preload the library into every program? */
static bool is_preloaded(void)
{
	char list[4096];
	int fd = sys_open("/etc/ld.so.preload", O_RDONLY | O_CLOEXEC, 0);
	ssize_t len = fd < 0 ? -1 : sys_read(fd, list, sizeof list - 1);

	if (fd >= 0)
		sys_close(fd);
	list[len > 0 ? len : 0] = '\0';
	return strstr(list, LIBRARY) != NULL;
}

/* Will a program with this environment load the library, and find the session? */
static bool is_ours(const struct words *environment)
{
	bool library = false, session = false;

	for (char **at = environment->list; *at && !(library && session); at++) {
		library |= !strncmp(*at, "LD_PRELOAD=", 11) && strstr(*at, LIBRARY);
		session |= !strncmp(*at, SESSION_VARIABLE "=", sizeof SESSION_VARIABLE) &&
			   strstr(*at, guard.sessions[0].directory);
	}
	return session && (library || is_preloaded());
}

/* Is any program refused to anybody? Else there is nothing that a race could gain. */
static bool judges_programs(const struct policy *policy)
{
	static _Thread_local int known; /* 0: not asked yet */

	if (known == 0)
		known = policy_refuses(policy, VERB_SET(EXEC)) ? 1 : -1;
	return known > 0;
}

/* What the program is to get; the environment only where a rule asks for it. The thread's own. */
static _Thread_local struct words arguments, environment;

static int decide(struct run *run, int dir, const char *name, int at_flags, bool has_env)
{
	char *const *argv = arguments.list, *const *envp = run->environment ? run->environment->list : NULL;
	static _Thread_local char **interpreter_words;
	static _Thread_local size_t cap;
	const struct session *session = &guard.sessions[0];
	enum event_coverage coverage = COVER_HOOKS;
	size_t count = program_words(argv);
	const struct operand *last;
	struct call call;

	if (count > cap) {
		char **grown = realloc(interpreter_words, count * 2 * sizeof *grown);

		if (!grown)
			return -ENOMEM;
		interpreter_words = grown;
		cap = count * 2;
	}
	call_enter(&call, at_flags || dir != AT_FDCWD ? HOOK_execveat : HOOK_execve);
	if (!call.on)
		return (int)call.result;
	if (program_allowed(&call, dir, name, at_flags, argv, envp, interpreter_words, &coverage)) {
		if (coverage == COVER_HOOKS && !has_env)
			coverage = COVER_NO_ENV;
		program_record(&call, coverage, false);
		last = program_that_runs(&call);
		run->loads = last->verbs && coverage == COVER_HOOKS;
		run->judged = last->verbs && policy_mode(&session->policy) == MODE_ENFORCE && judges_programs(&session->policy);
		run->words = last->object.argv ? last->object.argv : argv;
		if (last->object.text.len < sizeof run->name) {
			memcpy(run->name, last->object.text.data, last->object.text.len);
			run->program = (struct text){run->name, last->object.text.len};
		}
		for (unsigned i = 0; i < call.count; i++)
			call.operands[i].recorded = true;
		call.result = 0;
	}
	return (int)call_finish(&call);
}

int run_decide(struct run *run)
{
	const struct calls_row *row = guest.row;
	const __u64 *args = guest.asked->data.args;
	bool at = row->name[sizeof "execve" - 1] == 'a';
	long dir = at ? (int)args[0] : AT_FDCWD, name = (long)args[at ? 1 : 0];
	int at_flags = at ? (int)args[4] : 0, result;
	bool has_env = guest.hooked; /* hooks see to it */
	char *copy;

	*run = (struct run){.judged = false};
	result = guest_text((uint64_t)name, PATH_NAME_CAP, &copy);
	if (result == 0)
		result = words_read(&arguments, args[at ? 2 : 1]);
	if (result == 0 && policy_asks_environment(&guard.sessions[0].policy)) {
		result = words_read(&environment, args[at ? 3 : 2]);
		run->environment = &environment;
	}
	if (result < 0)
		return result;
	if (!has_env) /* what cannot be read is the kernel's to refuse */
		has_env = (!run->environment && words_read(&environment, args[at ? 3 : 2]) < 0) || is_ours(&environment);
	if (copy[0] != '/') {
		if (dir == AT_FDCWD)
			result = guest_go_there();
		else
			result = (int)(dir = guest_place_fd((int)dir));
	}
	if (result < 0)
		return result;
	result = guest_dress();
	if (result == 0)
		result = decide(run, (int)dir, copy, at_flags, has_env);
	guest_undress();
	return result;
}

/* What runs now. The thread's own. */
struct found {
	char exe[4096];
	struct words arguments, environment;
	bool known; /* all of it could be read */
};

/* Look at the program that the guest has become. A file that may be run and not read hides what it was given. */
static void find(const struct run *run, struct found *found)
{
	ssize_t len = sys_readlinkat(AT_FDCWD, guest_proc("exe").text, found->exe, sizeof found->exe - 1);

	found->exe[len > 0 ? len : 0] = '\0';
	found->known = len > 0 && words_read_file(&found->arguments, guest_proc("cmdline").text) == 0 &&
		       (!run->environment || words_read_file(&found->environment, guest_proc("environ").text) == 0);
}

static bool is_as_judged(const struct run *run, const struct found *found)
{
	char *const *words = found->arguments.list;

	if (!found->known || strlen(found->exe) != run->program.len ||
	    memcmp(found->exe, run->program.data, run->program.len) != 0 ||
	    (run->environment && !words_are(&found->environment, run->environment->list)))
		return false;
	/* Without words the kernel makes an empty one. */
	return words_are(&found->arguments, run->words) || (!run->words[0] && words[0] && !*words[0] && !words[1]);
}

/* Judge what runs as what it is. False: refused. */
static bool may_run(const struct run *run, const struct found *found)
{
	struct object object = {.kind = OBJECT_PROGRAM, .text = {found->exe, strlen(found->exe)}};
	struct operand *operand;
	struct call call;
	bool allowed;

	if (found->known) {
		object.argv = found->arguments.list;
		object.envp = run->environment ? found->environment.list : NULL;
	}
	call_enter(&call, HOOK_execve);
	operand = call_object(&call, &object, VERB_SET(EXEC));
	operand->unknown = !found->known;
	allowed = call_allowed(&call);
	call_finish(&call);
	return allowed;
}

/* False: it was killed. */
static bool look_at(const struct run *run)
{
	static _Thread_local struct found found;
	bool hooked = guest.hooked, allowed;

	find(run, &found);
	if (is_as_judged(run, &found))
		return true;
	guest.hooked = false;
	allowed = may_run(run, &found);
	if (!allowed)
		kill(guest.tid, SIGKILL);
	guest.hooked = hooked;
	return allowed;
}

/*
 * What has ended in our hands is let go to its parent by waiting for it; unless we are its parent: then the thread that
 * waits for children learns of it.
 */
static void let_go(pid_t pid)
{
	char stat[512], *behind;
	siginfo_t info;
	ssize_t len;
	int parent = 0, fd;

	guest.tid = pid;
	fd = sys_open(guest_proc("stat").text, O_RDONLY | O_CLOEXEC, 0);
	len = fd < 0 ? -1 : sys_read(fd, stat, sizeof stat - 1);
	if (fd >= 0)
		sys_close(fd);
	stat[len > 0 ? len : 0] = '\0';
	behind = strrchr(stat, ')');
	if (!behind || sscanf(behind + 1, " %*c %d", &parent) != 1 || parent == getpid())
		return;
	while (waitid(P_PID, (id_t)pid, &info, WEXITED | __WALL | __WNOTHREAD) < 0 && errno == EINTR)
		;
}

/*
 * To the kernel the threads of a process are one parent: whoever waits for children is told of what another thread
 * holds, and takes it away from that. So both never do it at the same time.
 */
static pthread_rwlock_t holding = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;

void door_wait_begin(void)
{
	pthread_rwlock_wrlock(&holding);
}

void door_wait_end(void)
{
	pthread_rwlock_unlock(&holding);
}

/* From when it is let go on until it is a program, or has failed to become one. What has ended is the parent's to reap. */
static void hold(const struct run *run)
{
	siginfo_t info = {0};

	for (;;) {
		int event;

		if (waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WNOWAIT | __WALL | __WNOTHREAD) < 0) {
			if (errno == EINTR)
				continue;
			return;
		}
		if (info.si_code != CLD_TRAPPED && info.si_code != CLD_STOPPED) {
			let_go(info.si_pid);
			return;
		}
		event = info.si_status >> 8;
		if (event == PTRACE_EVENT_EXEC) {
			/* A thread that was not the first one has the first one's number now. */
			guest.tid = info.si_pid;
			if (!look_at(run)) {
				let_go(info.si_pid);
				return;
			}
		} else if (event != PTRACE_EVENT_STOP) {
			ptrace(PTRACE_CONT, info.si_pid, 0, event ? 0 : info.si_status);
			continue;
		}
		ptrace(PTRACE_DETACH, info.si_pid, 0, 0);
		return;
	}
}

void run_watch(const struct run *run, void (*go_on)(void))
{
	if (!run->judged) {
		go_on();
		return;
	}
	(void)guest_exe(); /* what is judged later is still this program's doing */
	pthread_rwlock_rdlock(&holding);
	if (ptrace(PTRACE_SEIZE, guest.tid, 0, PTRACE_O_TRACEEXEC) < 0) {
		go_on();
	} else {
		go_on();
		/* Should it not become a program, it stops on its way back. */
		ptrace(PTRACE_INTERRUPT, guest.tid, 0, 0);
		hold(run);
	}
	pthread_rwlock_unlock(&holding);
}
