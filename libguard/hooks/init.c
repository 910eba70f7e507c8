/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Becoming a guarded process: find the session or make one, map it, say so.
 *
 * Runs once, as a constructor or at the first hooked call if that comes
 * earlier. All that needs dlsym, getauxval or the environment happens here and
 * never in a hook.
 */
#include "libguard/core/path.h"
#include "libguard/core/sys.h"
#include "libguard/hooks/call.h"
#include "libguard/hooks/process.h"
#include "libguard/session/start.h"

#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define EXIT_REFUSED 126

struct guard guard;

/* Storage for what struct guard points to; written once. */
static char exe_name[PATH_NAME_CAP];
static char library_name[PATH_NAME_CAP];
static char session_names[SESSION_NESTED_MAX * 256];
static char root_name[PATH_NAME_CAP];

/* What stderr was when the program started: a later file of that number is not ours to write to. */
static bool has_stderr;

static void __attribute__((noreturn)) give_up(const char *why, int error)
{
	char storage[512];
	struct buf line = BUF_ON(storage);

	buf_str(&line, "libguard: refused to run this program: ");
	buf_str(&line, why);
	if (error) {
		buf_str(&line, " (errno ");
		buf_i64(&line, -error);
		buf_char(&line, ')');
	}
	buf_char(&line, '\n');
	guard_say(storage, line.len);
	sys_exit(EXIT_REFUSED);
}

void guard_say(const char *line, size_t len)
{
	struct pollfd descriptor = {.fd = 2, .events = POLLOUT};
	uint64_t block = UINT64_C(1) << (SIGPIPE - 1), before = 0;
	struct timespec now = {0, 0};

	/* A pipe with room takes a line of PIPE_BUF whole; one without readers would raise SIGPIPE in the guest. */
	if (!has_stderr || SYS_5(SYS_ppoll, &descriptor, 1, &now, NULL, 0) != 1 || !(descriptor.revents & POLLOUT) ||
	    (descriptor.revents & POLLERR))
		return;
	SYS_4(SYS_rt_sigprocmask, SIG_BLOCK, &block, &before, sizeof block);
	if (sys_write(2, line, len) == -EPIPE && !(before & block))
		SYS_4(SYS_rt_sigtimedwait, &block, NULL, &now, sizeof block);
	SYS_4(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof before);
}

void guard_set_root(struct text root)
{
	size_t len = root.len < sizeof root_name ? root.len : sizeof root_name - 1;

	memcpy(root_name, root.data, len);
	guard.root = (struct text){root_name, len == 1 ? 0 : len};
}

static const char *find_variable(char *const *envp, const char *name)
{
	size_t len = strlen(name);

	for (; envp && *envp; envp++)
		if (!strncmp(*envp, name, len) && (*envp)[len] == '=')
			return *envp + len + 1;
	return NULL;
}

/*
 * Our own file's absolute name, which children need whatever their working directory is. In a child the loader was
 * given the name that its parent had resolved.
 */
static void find_library(bool first)
{
	static char canonical[PATH_CAP], rest[PATH_CAP];
	struct path path = {canonical, 0};
	Dl_info info;

	if (!dladdr(&guard, &info) || !info.dli_fname)
		give_up("the library cannot find its own file", 0);
	if (!first && info.dli_fname[0] == '/' && strlen(info.dli_fname) < sizeof library_name) {
		memcpy(library_name, info.dli_fname, strlen(info.dli_fname) + 1);
		return;
	}
	if (path_resolve(AT_FDCWD, info.dli_fname, true, rest, &path) != 0 || path.len >= sizeof library_name)
		give_up("the name of the library's own file cannot be resolved", 0);
	memcpy(library_name, path.text, path.len + 1);
}

static void find_self(void)
{
	ssize_t len = sys_readlinkat(AT_FDCWD, "/proc/self/exe", exe_name, sizeof exe_name - 1);
	struct stat status;

	guard.has_proc = len > 0;
	guard.euid = (uid_t)SYS_0(SYS_geteuid);
	if (len > 0)
		guard.actor.exe = (struct text){exe_name, (size_t)len};
	len = sys_readlinkat(AT_FDCWD, "/proc/self/root", root_name, sizeof root_name - 1);
	guard.root = (struct text){root_name, len > 1 ? (size_t)len : 0};
	has_stderr = sys_fstat(2, &status) == 0;
}

/* Map every session that NAMES lists, outermost first. */
static int join(const char *names)
{
	while (*names) {
		size_t len = strcspn(names, ":");
		char directory[256];
		int error;

		if (guard.session_count == SESSION_NESTED_MAX || len >= sizeof directory)
			return -E2BIG;
		memcpy(directory, names, len);
		directory[len] = '\0';
		error = session_join(directory, &guard.sessions[guard.session_count]);
		if (error)
			return error;
		guard.session_count++;
		names += len;
		names += *names == ':';
	}
	return guard.session_count > 0 ? 0 : -EINVAL;
}

/* The session's directory for a first process. Does not return in the process that becomes its supervisor. */
static bool start(char *const *argv, char *const *envp)
{
	int status = session_start(library_name, argv, envp, session_names);

	if (status < 0)
		sys_exit(EXIT_REFUSED); /* session_start or the supervisor has said why */
	return status == 0;
}

static void become_guarded(int argc, char *const *argv, char *const *envp)
{
	const char *names = find_variable(envp, SESSION_VARIABLE);
	bool first = !names || !*names;
	int error;

	(void)argc;
	find_self();
	find_library(first);
	if (!first) {
		if (strlen(names) >= sizeof session_names)
			give_up(SESSION_VARIABLE " is too long", 0);
		memcpy(session_names, names, strlen(names) + 1);
	} else if (!start(argv, envp)) {
		atomic_store(&guard.phase, GUARD_OFF);
		return;
	}
	self_start();
	guard.carry = (struct env_carry){library_name, session_names};
	error = join(session_names);
	if (error)
		give_up("the session in " SESSION_VARIABLE " cannot be joined", error);
	for (unsigned i = 0; i < guard.session_count; i++)
		guard.hides |= policy_hides(&guard.sessions[i].policy);
	process_started(argv, first);
	atomic_store(&guard.phase, GUARD_ON);
}

static void init(int argc, char *const *argv, char *const *envp)
{
	uint32_t expected = GUARD_NEW;

	if (!atomic_compare_exchange_strong(&guard.phase, &expected, GUARD_STARTING))
		return;
	/* A program with more rights than its caller: the caller's policy must not rule it. */
	if (getauxval(AT_SECURE)) {
			atomic_store(&guard.phase, GUARD_OFF);
		return;
	}
	atomic_store(&guard.starter, (uint32_t)sys_gettid());
	become_guarded(argc, argv, envp);
}

static void __attribute__((constructor(101))) constructor(int argc, char **argv, char **envp)
{
	init(argc, argv, envp);
}

/* Another object's constructor called us before ours ran; libc has its environment by then. */
static bool start_early(void)
{
	static char *no_words[] = {NULL};

	if (!environ)
		return false;
	init(0, no_words, environ);
	return atomic_load(&guard.phase) == GUARD_ON;
}

bool guard_ready(void)
{
	uint32_t phase = atomic_load_explicit(&guard.phase, memory_order_acquire);

	if (LIKELY(phase == GUARD_ON))
		return true;
	if (phase == GUARD_OFF)
		return false;
	if (phase == GUARD_NEW)
		return start_early();
	/* Starting: our own thread's calls pass; another's wait until it is known what may be done. */
	while (atomic_load(&guard.phase) == GUARD_STARTING) {
		if ((uint32_t)sys_gettid() == atomic_load(&guard.starter))
			return false;
		SYS_0(SYS_sched_yield);
	}
	return atomic_load(&guard.phase) == GUARD_ON;
}
