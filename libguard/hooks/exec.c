/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exec family: decide the program, carry the session into it.
 *
 * Often called in a vfork child, which shares its parent's memory: everything
 * lies on the stack, and the scratch is given back before the act, because a
 * call that succeeds never comes back to do it.
 */
#include "libguard/core/str.h"
#include "libguard/hooks/call.h"
#include "libguard/hooks/program.h"

#include <alloca.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>

static long act(int dir, const char *name, char *const *argv, char *const *envp, int at_flags)
{
	if (dir == AT_FDCWD && at_flags == 0)
		return gate(SYS_execve, GATE_PTR(name), GATE_PTR(argv), GATE_PTR(envp));
	return gate(SYS_execveat, dir, GATE_PTR(name), GATE_PTR(argv), GATE_PTR(envp), at_flags);
}

/* Returns -errno; on success not at all. */
static long run(enum hook hook, int dir, const char *name, char *const *argv, char *const *envp, int at_flags)
{
	struct call call;
	enum event_coverage coverage = COVER_HOOKS;
	char **words, **environment;
	struct buf text;

	call_enter(&call, hook);
	if (!call.on)
		return call.refused ? call.result : act(dir, name, argv, envp, at_flags);
	words = alloca(program_words(argv) * sizeof *words);
	environment = alloca((env_count(envp) + ENV_EXTRA) * sizeof *environment);
	text.cap = env_text_cap(&guard.carry, envp);
	text = (struct buf){.data = alloca(text.cap), .cap = text.cap};
	if (env_make(&guard.carry, envp, environment, &text) < 0) {
		call.result = -E2BIG;
		return call_finish(&call);
	}
	if (!program_allowed(&call, dir, name, at_flags, argv, environment, words, &coverage))
		return call_finish(&call);
	program_record(&call, coverage, false);
	scratch_abandon(call.scratch);
	call.result = act(dir, call.operands[0].last == name ? name : call.scratch->name[0], argv, environment, at_flags);
	return call_finish(&call);
}

EXPORT int execve(const char *name, char *const argv[], char *const envp[])
{
	return (int)call_errno(run(HOOK_execve, AT_FDCWD, name, argv, envp, 0));
}

EXPORT int execv(const char *name, char *const argv[])
{
	return (int)call_errno(run(HOOK_execv, AT_FDCWD, name, argv, environ, 0));
}

EXPORT int fexecve(int fd, char *const argv[], char *const envp[])
{
	if (fd < 0)
		return (int)call_errno(-EINVAL);
	return (int)call_errno(run(HOOK_fexecve, fd, "", argv, envp, AT_EMPTY_PATH));
}

#ifdef HAVE_EXECVEAT
EXPORT int execveat(int dir, const char *name, char *const argv[], char *const envp[], int flags)
{
	return (int)call_errno(run(HOOK_execveat, dir, name, argv, envp, flags));
}
#endif

/* A file that is no program is a script for the shell, as it was before there was `#!`. */
static long run_or_shell(enum hook hook, const char *name, char *const *argv, char *const *envp)
{
	static char shell[] = "/bin/sh";
	long result = run(hook, AT_FDCWD, name, argv, envp, 0);
	size_t count = env_count(argv), at = 0;
	char **words;

	if (result != -ENOEXEC)
		return result;
	words = alloca((count + 3) * sizeof *words);
	words[at++] = shell;
	words[at++] = (char *)(uintptr_t)name;
	for (size_t i = 1; i < count; i++)
		words[at++] = argv[i];
	words[at] = NULL;
	return run(hook, AT_FDCWD, shell, words, envp, 0);
}

static const char *search_path(void)
{
	for (char *const *at = environ; at && *at; at++)
		if (!strncmp(*at, "PATH=", 5))
			return *at + 5;
	return "/bin:/usr/bin"; /* glibc's _CS_PATH */
}

/* Source: execvp(3): which errors end the search. */
static long run_in_path(enum hook hook, const char *file, char *const *argv, char *const *envp)
{
	char name[PATH_NAME_CAP];
	bool no_access = false;
	long result = -ENOENT;

	if (!file || !*file)
		return -ENOENT;
	if (strchr(file, '/'))
		return run_or_shell(hook, file, argv, envp);
	for (const char *path = search_path(); path; path = strchr(path, ':') ? strchr(path, ':') + 1 : NULL) {
		struct buf buf = {.data = name, .cap = sizeof name};

		buf_bytes(&buf, path, str_until(path, ':'));
		if (buf.len > 0)
			buf_char(&buf, '/');
		buf_str(&buf, file);
		buf_cstr(&buf);
		if (buf.overflow)
			continue;
		result = run_or_shell(hook, name, argv, envp);
		if (result == -EACCES)
			no_access = true;
		else if (result != -ENOENT && result != -ESTALE && result != -ENOTDIR && result != -ENODEV &&
			 result != -ETIMEDOUT)
			return result;
	}
	return no_access ? -EACCES : result;
}

EXPORT int execvp(const char *file, char *const argv[])
{
	return (int)call_errno(run_in_path(HOOK_execvp, file, argv, environ));
}

EXPORT int execvpe(const char *file, char *const argv[], char *const envp[])
{
	return (int)call_errno(run_in_path(HOOK_execvpe, file, argv, envp));
}

/* The words of execl and its like as an array on the caller's stack; `rest` is left behind the NULL. */
#define COLLECT(argv, first, rest)                                                                                     \
	do {                                                                                                           \
		size_t count = 1;                                                                                      \
		va_start(rest, first);                                                                                 \
		while (va_arg(rest, char *))                                                                           \
			count++;                                                                                       \
		va_end(rest);                                                                                          \
		argv = alloca((count + 1) * sizeof *argv);                                                             \
		argv[0] = (char *)(uintptr_t)first;                                                                    \
		va_start(rest, first);                                                                                 \
		for (size_t i = 1; i <= count; i++)                                                                    \
			argv[i] = va_arg(rest, char *);                                                                \
	} while (0)

EXPORT int execl(const char *name, const char *first, ...)
{
	va_list rest;
	char **argv;

	COLLECT(argv, first, rest);
	va_end(rest);
	return (int)call_errno(run(HOOK_execl, AT_FDCWD, name, argv, environ, 0));
}

EXPORT int execlp(const char *file, const char *first, ...)
{
	va_list rest;
	char **argv;

	COLLECT(argv, first, rest);
	va_end(rest);
	return (int)call_errno(run_in_path(HOOK_execlp, file, argv, environ));
}

EXPORT int execle(const char *name, const char *first, ...)
{
	va_list rest;
	char **argv;
	char *const *envp;

	COLLECT(argv, first, rest);
	envp = va_arg(rest, char *const *);
	va_end(rest);
	return (int)call_errno(run(HOOK_execle, AT_FDCWD, name, argv, envp, 0));
}
