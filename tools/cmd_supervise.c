/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guardctl supervise: what the parent of a session's first process becomes
 * (libguard/session/start.c). Not for people.
 */
#include "tools/cmd.h"
#include "tools/supervise.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool read_number(const char *text, int *out)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(text, &end, 10);
	*out = (int)number;
	return errno == 0 && end != text && *end == '\0' && number > 0 && number == *out;
}

static int run(int argc, char **argv)
{
	struct session_request request = {0};
	struct supervise_before before;
	int ready;

	if (argc < 8 || strcmp(argv[1], "--child") || !read_number(argv[2], &request.child) ||
	    strcmp(argv[3], "--ready") || !read_number(argv[4], &ready) || strcmp(argv[5], "--library") ||
	    strcmp(argv[7], "--"))
		return fail_usage(&cmd_supervise, "libguard.so calls this; people want guardctl run");
	request.library = argv[6];
	request.argv = argv + 8;
	supervise_prepare(&before);
	/* The program's descriptors would be held by its guard as well: locks, ends of pipes. */
	close_range(STDERR_FILENO + 1, (unsigned)ready - 1, 0);
	close_range((unsigned)ready + 1, ~0u, 0);
	return supervise_session(&request, ready);
}

const struct command cmd_supervise = {
	.name = "supervise",
	.usage = "supervise --child PID --ready FD --library FILE -- ARGUMENT...",
	.summary = "stand in for a guarded program (internal: libguard.so calls it)",
	.help = "",
	.run = run,
};
