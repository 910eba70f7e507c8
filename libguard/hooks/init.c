/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Becoming a guarded process: find the session or make one, map it, say so.
 *
 * Runs once, as a constructor or at the first hooked call if that comes
 * earlier. All that needs dlsym, getauxval or the environment happens here and
 * never in a hook.
 */
#include "libguard/core/path.h"
#include "libguard/core/str.h"
#include "libguard/core/sys.h"
#include "libguard/hooks/call.h"
#include "libguard/hooks/exe.h"
#include "libguard/hooks/origin.h"
#include "libguard/hooks/process.h"
#include "libguard/session/start.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define EXIT_REFUSED 126

FRONT struct guard guard;

static FRONT bool has_stderr; /* when the program started: a later file of that number is not ours to write to */
static char root_name[PATH_NAME_CAP];

#define SESSION_NAMES_CAP (SESSION_NESTED_MAX * 256)

_Static_assert(SELF_KEPT_CAP >= 2 * PATH_NAME_CAP + SESSION_NAMES_CAP, "the library, the program, the sessions");

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
	root_name[len] = '\0';
	guard.root = (struct text){root_name, len == 1 ? 0 : len};
	guard.carry.root = guard.root.len > 0 ? root_name : NULL;
}

static struct text keep(const char *text, size_t len)
{
	return (struct text){self_keep(text, len), len};
}

static const char *find_variable(char *const *envp, const char *name)
{
	size_t len = strlen(name);

	for (; envp && *envp; envp++)
		if (str_starts(*envp, name, len) && (*envp)[len] == '=')
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
	struct dl_find_object own;
	const char *name;

	/* dladdr would look through all symbols, too. */
	if (_dl_find_object(&guard, &own) != 0 || own.dlfo_link_map->l_name[0] == '\0')
		give_up("the library cannot find its own file", 0);
	name = own.dlfo_link_map->l_name;
	if (!first && name[0] == '/' && strlen(name) < PATH_NAME_CAP) {
		guard.actor.library = keep(name, strlen(name));
		guard.carry.library = guard.actor.library.data;
		return;
	}
	if (path_resolve(AT_FDCWD, name, true, rest, &path) != 0 || path.len >= PATH_NAME_CAP)
		give_up("the name of the library's own file cannot be resolved", 0);
	guard.actor.library = keep(path.text, path.len);
	guard.carry.library = guard.actor.library.data;
}

static void find_self(void)
{
	struct scratch *scratch = scratch_take();
	struct stat status;
	size_t len;

	if (!scratch)
		give_up("no memory", 0);
	has_stderr = sys_fstat(2, &status) == 0;
	guard.has_proc = sys_has_proc();
	guard.euid = (uid_t)SYS_0(SYS_geteuid);
	_Static_assert(sizeof scratch->name >= PATH_CAP, "a name can be looked for in those");
	len = exe_find((char *)scratch->name, scratch->rest);
	if (len > 0 && len < PATH_NAME_CAP)
		guard.actor.exe = keep((char *)scratch->name, len);
	scratch_give(scratch);
}

/* The filter is the outermost session's: it was there first, and there is but one. Without its gate all is asked. */
static void enter_gate(const char *names)
{
	size_t len = str_until(names, ':');
	char directory[256];

	if (len >= sizeof directory)
		return;
	memcpy(directory, names, len);
	directory[len] = '\0';
	gate_enter(directory);
}

/* What chroots before our exec have put before every name: /proc/self/root says "/" from inside. */
static void find_root(char *const *envp)
{
	const char *root = find_variable(envp, ROOT_VARIABLE);

	if (root && root[0] == '/' && strlen(root) < sizeof root_name)
		guard_set_root((struct text){root, strlen(root)});
}

/* Map every session that NAMES lists, outermost first. */
static int join(const char *names)
{
	while (*names) {
		size_t len = str_until(names, ':');
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
	char directory[256] = "";
	int status = session_start(guard.carry.library, argv, envp, directory);

	if (status < 0)
		sys_exit(EXIT_REFUSED); /* session_start or the supervisor has said why */
	atomic_store(&guard.starter, (uint32_t)sys_gettid()); /* a child of the one that began */
	guard.carry.sessions = keep(directory, strnlen(directory, sizeof directory - 1)).data;
	enter_gate(directory);
	return status == 0;
}

static void become_guarded(int argc, char *const *argv, char *const *envp)
{
	const char *names = find_variable(envp, SESSION_VARIABLE);
	bool first = !names || !*names;
	int error;

	(void)argc;
	/* What follows opens files. */
	if (!first)
		enter_gate(names);
	self_start();
	find_self();
	find_library(first);
	if (!first) {
		if (strlen(names) >= SESSION_NAMES_CAP)
			give_up(SESSION_VARIABLE " is too long", 0);
		guard.carry.sessions = keep(names, strlen(names)).data;
	} else if (!start(argv, envp)) {
		atomic_store(&guard.phase, GUARD_OFF);
		return;
	}
	if (!first)
		find_root(envp);
	error = join(guard.carry.sessions);
	if (error)
		give_up("the session in " SESSION_VARIABLE " cannot be joined", error);
	for (unsigned i = 0; i < guard.session_count; i++)
		guard.hides |= policy_hides(&guard.sessions[i].policy);
	guard.pid = (uint32_t)sys_getpid();
	origin_find();
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

/* Where the kernel put the number of words and the words; the loader exports it. */
extern void *__libc_stack_end;

/* Another object's constructor called us before ours ran; libc has its environment by then. */
static bool start_early(void)
{
	const long *words = __libc_stack_end;

	if (!environ)
		return false;
	init((int)*words, (char *const *)(words + 1), environ);
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
