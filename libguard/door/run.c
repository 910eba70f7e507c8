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

#define WORDS_MAX 65536
#define LIBRARY "libguard.so"
#define WORD_BYTES (1u << 21)

#ifndef PTRACE_EVENT_STOP
#define PTRACE_EVENT_STOP 128
#endif

/* The thread's own; grows to the longest command line and stays. */
static _Thread_local char *text;
static _Thread_local size_t text_cap;
static _Thread_local char **pointers;
static _Thread_local size_t pointer_cap;

static bool room_for(size_t bytes, size_t count)
{
	if (bytes > text_cap) {
		char *grown = realloc(text, bytes * 2);

		if (!grown)
			return false;
		text = grown;
		text_cap = bytes * 2;
	}
	if (count > pointer_cap) {
		char **grown = realloc(pointers, count * 2 * sizeof *grown);

		if (!grown)
			return false;
		pointers = grown;
		pointer_cap = count * 2;
	}
	return true;
}

/* A window on the guest's memory, a page at a time: words mostly lie one behind the other. */
struct window {
	uint64_t at;
	bool filled;
	unsigned char bytes[4096];
};

static int look(struct window *window, uint64_t address)
{
	uint64_t page = address & ~UINT64_C(4095);
	int result = 0;

	if (!window->filled || window->at != page) {
		result = guest_read(page, window->bytes, sizeof window->bytes);
		window->at = page;
		window->filled = result == 0;
	}
	return result;
}

/* One word behind what TEXT holds already; its offsets stay right when it moves. */
static int read_word(struct window *window, uint64_t address, size_t *used)
{
	for (;;) {
		int result = look(window, address);
		size_t at = address & 4095, len;
		const unsigned char *end;

		if (result < 0)
			return result;
		end = memchr(window->bytes + at, '\0', sizeof window->bytes - at);
		len = end ? (size_t)(end - (window->bytes + at)) + 1 : sizeof window->bytes - at;
		if (*used + len > WORD_BYTES)
			return -E2BIG;
		if (!room_for(*used + len, 0))
			return -ENOMEM;
		memcpy(text + *used, window->bytes + at, len);
		*used += len;
		address += len;
		if (end)
			return 0;
	}
}

/* Copy the words of the program to be. */
static int read_words(uint64_t argv, char *const **out)
{
	static _Thread_local struct window words, list;
	size_t count = 0, used = 0;

	words.filled = list.filled = false;
	for (;; count++) {
		uint64_t address, entry = argv + count * sizeof(uint64_t);
		size_t start = used;
		int result;

		if (!argv)
			break;
		if (entry % sizeof(uint64_t)) {
			result = guest_read(entry, &address, sizeof address);
		} else {
			result = look(&list, entry);
			memcpy(&address, list.bytes + (entry & 4095), sizeof address);
		}
		if (result < 0)
			return result;
		if (!address)
			break;
		if (count >= WORDS_MAX)
			return -E2BIG;
		result = room_for(used, count + 2) ? read_word(&words, address, &used) : -ENOMEM;
		if (result < 0)
			return result;
		pointers[count] = (char *)start;
	}
	if (!room_for(1, count + 1))
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		pointers[i] = text + (size_t)pointers[i];
	pointers[count] = NULL;
	*out = pointers;
	return 0;
}

static bool is_in(const char *where, const char *word)
{
	return strstr(where, word) != NULL;
}

/* Does the machine preload the library into every program? */
static bool is_preloaded(void)
{
	char list[4096];
	int fd = sys_open("/etc/ld.so.preload", O_RDONLY | O_CLOEXEC, 0);
	ssize_t len = fd < 0 ? -1 : sys_read(fd, list, sizeof list - 1);

	if (fd >= 0)
		sys_close(fd);
	list[len > 0 ? len : 0] = '\0';
	return is_in(list, LIBRARY);
}

/* Will a program with this environment load the library, and find the session? What cannot be read is the kernel's to refuse. */
static bool env_is_ours(uint64_t envp)
{
	static _Thread_local struct window words, list;
	bool library = false, session = false;

	words.filled = list.filled = false;
	for (size_t i = 0; envp && i < WORDS_MAX && !(library && session); i++) {
		uint64_t address, entry = envp + i * sizeof(uint64_t);
		size_t used = 0;

		if (entry % sizeof(uint64_t) || look(&list, entry) < 0)
			return true;
		memcpy(&address, list.bytes + (entry & 4095), sizeof address);
		if (!address)
			break;
		if (read_word(&words, address, &used) < 0)
			return true;
		library |= !strncmp(text, "LD_PRELOAD=", 11) && is_in(text, LIBRARY);
		session |= !strncmp(text, SESSION_VARIABLE "=", sizeof SESSION_VARIABLE) && is_in(text, guard.sessions[0].directory);
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

static int decide(struct run *run, int dir, const char *name, int at_flags, char *const *argv, bool has_env)
{
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
	if (program_allowed(&call, dir, name, at_flags, argv, interpreter_words, &coverage)) {
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
	char *const *argv = NULL;
	char *copy;
	bool has_env;

	*run = (struct run){.judged = false};
	/* Hooks see to it. */
	has_env = guest.hooked || env_is_ours(args[at ? 3 : 2]);
	result = guest_text((uint64_t)name, PATH_NAME_CAP, &copy);
	if (result == 0)
		result = read_words(args[at ? 2 : 1], &argv);
	if (result < 0)
		return result;
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
		result = decide(run, (int)dir, copy, at_flags, argv, has_env);
	guest_undress();
	return result;
}

/* What runs now: its file and its words. */
static bool is_as_judged(const struct run *run, char *exe, size_t cap, char *words, ssize_t *words_len)
{
	ssize_t len = sys_readlinkat(AT_FDCWD, guest_proc("exe").text, exe, cap - 1);
	char *const *word = run->words;
	ssize_t at = 0;
	int fd;

	*words_len = 0;
	exe[len > 0 ? len : 0] = '\0';
	fd = sys_open(guest_proc("cmdline").text, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return false;
	while (*words_len < (ssize_t)WORD_BYTES - 1) {
		ssize_t got = sys_read(fd, words + *words_len, WORD_BYTES - 1 - (size_t)*words_len);

		if (got <= 0)
			break;
		*words_len += got;
	}
	sys_close(fd);
	words[*words_len] = '\0';
	if (len <= 0 || (size_t)len != run->program.len || memcmp(exe, run->program.data, (size_t)len) != 0)
		return false;
	/* The first word is the program's own affair, unless a script's interpreter gets it. */
	for (; word && *word; word++) {
		size_t bytes = strlen(*word) + 1;

		if ((size_t)(*words_len - at) < bytes || memcmp(words + at, *word, bytes) != 0)
			return false;
		at += (ssize_t)bytes;
	}
	/* Without words the kernel makes an empty one. */
	return at == *words_len || (at == 0 && *words_len == 1);
}

/* Judge what runs as what it is. False: refused. */
static bool may_run(const char *exe, char *words, ssize_t words_len)
{
	size_t count = 0;
	char **argv;
	struct object object = {.kind = OBJECT_PROGRAM, .text = {exe, strlen(exe)}};
	struct operand *operand;
	struct call call;
	bool allowed;

	for (ssize_t at = 0; at < words_len; at++)
		count += words[at] == '\0';
	argv = calloc(count + 1, sizeof *argv);
	if (!argv)
		return false;
	for (size_t i = 0; i < count; i++) {
		argv[i] = words;
		words += strlen(words) + 1;
	}
	call_enter(&call, HOOK_execve);
	object.argv = argv;
	operand = call_object(&call, &object, VERB_SET(EXEC));
	operand->unknown = object.text.len == 0;
	allowed = call_allowed(&call);
	call_finish(&call);
	free(argv);
	return allowed;
}

/* False: it was killed. */
static bool look_at(const struct run *run)
{
	static _Thread_local char *words;
	char exe[4096];
	ssize_t len = 0;
	bool hooked = guest.hooked, allowed;

	if (!words)
		words = malloc(WORD_BYTES);
	if (words && is_as_judged(run, exe, sizeof exe, words, &len))
		return true;
	guest.hooked = false;
	allowed = words && may_run(exe, words, len);
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
