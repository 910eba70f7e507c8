/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting programs through libc: posix_spawn, system, popen, wordexp. libc runs
 * them by code of its own that no hook sees, so everything is decided
 * beforehand.
 */
#include "libguard/hooks/actions.h"
#include "libguard/hooks/call.h"
#include "libguard/hooks/next.h"
#include "libguard/hooks/process.h"
#include "libguard/hooks/program.h"

#include "libguard/core/script.h"
#include "libguard/core/sys.h"

#include <alloca.h>
#include <errno.h>
#include <string.h>
#include <wordexp.h>

typedef int spawn_function(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *,
			   char *const[], char *const[]);

/* The first file in PATH that could be run; FILE itself when there is none. */
static const char *find_in_path(const char *file, char name[PATH_NAME_CAP])
{
	const char *path = "/bin:/usr/bin";

	if (strchr(file, '/'))
		return file;
	for (char *const *at = environ; at && *at; at++)
		if (!strncmp(*at, "PATH=", 5))
			path = *at + 5;
	for (; path; path = strchr(path, ':') ? strchr(path, ':') + 1 : NULL) {
		struct buf buf = {.data = name, .cap = PATH_NAME_CAP};

		buf_bytes(&buf, path, strcspn(path, ":"));
		if (buf.len > 0)
			buf_char(&buf, '/');
		buf_str(&buf, file);
		if (sys_faccessat(AT_FDCWD, buf_cstr(&buf), X_OK) == 0)
			return name;
	}
	return file;
}

static int spawn_in(enum hook hook, spawn_function *next, struct actions *place, pid_t *pid, const char *name,
		    const char *decided, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes,
		    char *const argv[], char *const envp[])
{
	struct call call;
	enum event_coverage coverage = COVER_HOOKS;
	char **words, **environment;
	struct buf text;

	call_enter(&call, hook);
	if (!call.on)
		return call.refused ? (int)-call.result : next(pid, name, actions, attributes, argv, envp);
	words = alloca(program_words(argv) * sizeof *words);
	environment = alloca((env_count(envp) + ENV_EXTRA) * sizeof *environment);
	text.cap = env_text_cap(&guard.carry, envp);
	text = (struct buf){.data = alloca(text.cap), .cap = text.cap};
	if (env_make(&guard.carry, envp, environment, &text) < 0) {
		call_finish(&call);
		return E2BIG;
	}
	if (!program_allowed(&call, place->dir, decided, 0, argv, environment, words, &coverage) && call.refused)
		return (int)-call_finish(&call);
	call.result = 0;
	program_record(&call, coverage, true);
	notes_add(&place->notes, &call);
	call.result = -next(pid, name, actions, attributes, argv, environment);
	return (int)-call_finish(&call);
}

static int spawn(enum hook hook, spawn_function *next, pid_t *pid, const char *name, const char *decided,
		 const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes, char *const argv[],
		 char *const envp[])
{
	struct actions place;
	int error = (int)-actions_ask(hook, actions, &place);

	if (!error)
		error = spawn_in(hook, next, &place, pid, name, decided, actions, attributes, argv, envp);
	actions_end(&place);
	return error;
}

EXPORT int posix_spawn(pid_t *pid, const char *name, const posix_spawn_file_actions_t *actions,
		       const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
	return spawn(HOOK_posix_spawn, NEXT_OF(posix_spawn), pid, name, name, actions, attributes, argv, envp);
}

EXPORT int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
			const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
	char name[PATH_NAME_CAP];

	return spawn(HOOK_posix_spawnp, NEXT_OF(posix_spawnp), pid, file, find_in_path(file, name), actions, attributes, argv,
		     envp);
}

/* Decide a shell for COMMAND. False with errno set when it is refused. */
static bool shell_allowed(enum hook hook, const char *command, struct notes *notes)
{
	static char shell[] = "sh", option[] = "-c";
	char *argv[] = {shell, option, (char *)(uintptr_t)command, NULL};
	char *words[3 + 2 * SCRIPT_LEVELS + 2];
	enum event_coverage coverage = COVER_HOOKS;
	struct call call;

	call_enter(&call, hook);
	if (!call.on)
		return !call.refused || call_leave(&call) >= 0;
	process_carry();
	if (program_allowed(&call, AT_FDCWD, "/bin/sh", 0, argv, environ, words, &coverage)) {
		program_record(&call, coverage, true);
		notes_add(notes, &call);
	}
	return call_leave(&call) >= 0;
}

static int system_hook(enum hook hook, int (*next)(const char *), const char *command)
{
	struct notes notes = NOTES_NONE;
	int result;

	if (command && !shell_allowed(hook, command, &notes))
		return -1;
	result = next(command);
	notes_end(&notes);
	return result;
}

EXPORT int system(const char *command)
{
	return system_hook(HOOK_system, NEXT_OF(system), command);
}

EXPORT int __libc_system(const char *command)
{
	return system_hook(HOOK___libc_system, NEXT_OF(__libc_system), command);
}

EXPORT FILE *popen(const char *command, const char *mode)
{
	struct notes notes = NOTES_NONE;
	FILE *result;

	if (!shell_allowed(HOOK_popen, command, &notes))
		return NULL;
	result = NEXT_OF(popen)(command, mode);
	notes_end(&notes);
	return result;
}

EXPORT FILE *_IO_popen(const char *command, const char *mode)
{
	struct notes notes = NOTES_NONE;
	FILE *result;

	if (!shell_allowed(HOOK__IO_popen, command, &notes))
		return NULL;
	result = NEXT_OF(_IO_popen)(command, mode);
	notes_end(&notes);
	return result;
}

EXPORT FILE *_IO_proc_open(FILE *stream, const char *command, const char *mode)
{
	struct notes notes = NOTES_NONE;
	FILE *result;

	if (!shell_allowed(HOOK__IO_proc_open, command, &notes))
		return NULL;
	result = NEXT_OF(_IO_proc_open)(stream, command, mode);
	notes_end(&notes);
	return result;
}

/* A command within words runs in a shell. Which words are commands only libc's parser knows: the shell is asked for all. */
EXPORT int wordexp(const char *words, wordexp_t *out, int flags)
{
	struct notes notes = NOTES_NONE;
	bool runs = !(flags & WRDE_NOCMD) && (strstr(words, "$(") || strchr(words, '`'));
	int result;

	if (runs && !shell_allowed(HOOK_wordexp, words, &notes))
		return WRDE_CMDSUB;
	result = NEXT_OF(wordexp)(words, out, flags);
	notes_end(&notes);
	return result;
}
