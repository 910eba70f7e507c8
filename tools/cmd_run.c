/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guardctl run: open a session and start a program in it. Inside a session the
 * new one is nested: both decide.
 */
#include "libguard/session/session.h"
#include "libguard/session/start.h"
#include "tools/cmd.h"
#include "tools/options.h"
#include "tools/place.h"
#include "tools/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Name the library first, keep the rest. 0 or -ENOMEM. */
static int set_preload(const char *library)
{
	const char *before = getenv("LD_PRELOAD");
	size_t len = strlen(library);
	char *value;
	int result;

	if (before && strncmp(before, library, len) == 0 && (before[len] == '\0' || strchr(": ", before[len])))
		return 0;
	if (asprintf(&value, "%s%s%s", library, before && *before ? ":" : "", before ? before : "") < 0)
		return -ENOMEM;
	result = setenv("LD_PRELOAD", value, 1) < 0 ? -errno : 0;
	free(value);
	return result;
}

/* Let the child be of this session and of those around it. */
static int set_session(const char *directory)
{
	const char *outer = getenv(SESSION_VARIABLE);
	char *value;
	int result;

	if (asprintf(&value, "%s%s%s", outer ? outer : "", outer && *outer ? ":" : "", directory) < 0)
		return -ENOMEM;
	result = setenv(SESSION_VARIABLE, value, 1) < 0 ? -errno : 0;
	free(value);
	return result;
}

/* The forked child: waits for its session, then becomes the program. */
static void __attribute__((noreturn)) become_program(int ready, pid_t parent, const char *library,
						     char *const *argv, const struct supervise_before *before)
{
	struct start_answer answer;
	int error;

	if (start_await(ready, parent, &answer) < 0 || start_kernel(ready, &answer) < 0)
		_exit(EXIT_REFUSED);
	if (answer.status == START_GUARDED && (set_preload(library) < 0 || set_session(answer.directory) < 0))
		_exit(fail(EXIT_GUARD, "out of memory"));
	close(ready);
	supervise_undo(before);
	execvp(argv[0], argv);
	error = errno;
	_exit(fail(error == ENOENT ? EXIT_NOT_FOUND : EXIT_REFUSED, "%s: %s", argv[0], strerror(error)));
}

static unsigned count_sessions(void)
{
	const char *outer = getenv(SESSION_VARIABLE);
	unsigned count = outer && *outer;

	for (; outer && *outer; outer++)
		count += *outer == ':';
	return count;
}

static int start(struct session_request *request)
{
	struct supervise_before before;
	char library[PLACE_MAX];
	pid_t parent = getpid();
	int ends[2], result;

	if (place_library(library) < 0)
		return fail(EXIT_GUARD, "no libguard.so beside guardctl or in " LIBDIR "; install both together");
	if (count_sessions() >= SESSION_NESTED_MAX)
		return fail(EXIT_GUARD, "%u sessions are around this one already; no more are possible",
			    (unsigned)SESSION_NESTED_MAX);
	request->library = library;
	supervise_prepare(&before);
	result = start_socket(ends);
	if (result < 0)
		return fail(EXIT_GUARD, "no socket: %s", strerror(-result));
	request->child = fork();
	if (request->child < 0)
		return fail(EXIT_GUARD, "cannot fork: %s", strerror(errno));
	if (request->child == 0) {
		close(ends[1]);
		become_program(ends[0], parent, library, request->argv, &before);
	}
	close(ends[0]);
	request->launches = true;
	return supervise_session(request, ends[1]);
}

/* The supervisor leaves this directory, so that a relative name would lose its meaning. */
static const char *absolute(const char *path, char storage[PATH_MAX])
{
	char here[PATH_MAX];

	if (path[0] == '/' || !getcwd(here, sizeof here) ||
	    (size_t)snprintf(storage, PATH_MAX, "%s/%s", here, path) >= PATH_MAX)
		return path;
	return storage;
}

static int run(int argc, char **argv)
{
	static const struct option options[] = {
		{"policy", required_argument, NULL, 'p'},
		{"log", required_argument, NULL, 'l'},
		{NULL, 0, NULL, 0},
	};
	struct session_request request = {0};
	char log_directory[PATH_MAX];
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (option == 'p')
			request.policy = optarg;
		else if (option == 'l')
			request.log_directory = absolute(optarg, log_directory);
		else
			return options_fail(&cmd_run, options, argv);
	}
	if (optind == argc)
		return fail_usage(&cmd_run, "run needs a command");
	request.argv = argv + optind;
	return start(&request);
}

const struct command cmd_run = {
	.name = "run",
	.usage = "run [--policy FILE] [--log DIR] [--] COMMAND [ARGUMENT...]",
	.summary = "run a program, and all it starts, in a guarded session",
	.help = "  --policy FILE   the policy, instead of $GUARD_POLICY or /etc/libguard/guard.conf\n"
		"  --log DIR       where to keep the session's record, instead of log.directory of the policy\n"
		"\n"
		"Ends as COMMAND ends: with its exit status, or by its signal. 126: the policy does not\n"
		"compile, no session can be kept, or COMMAND cannot be run; 127: there is no COMMAND.\n"
		"\n"
		"  guardctl run -- python3 agent.py\n"
		"  guardctl run --policy ci.conf --log /tmp/sessions -- make test\n",
	.run = run,
};
