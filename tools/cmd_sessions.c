/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guardctl sessions: what has been recorded, newest first.
 */
#include "tools/cmd.h"
#include "tools/escape.h"
#include "tools/options.h"
#include "tools/output.h"
#include "tools/session_view.h"
#include "tools/when.h"

#include <stdlib.h>
#include <string.h>

/* A name made safe to show, and blanks up to WIDTH. */
static void put_column(struct output *output, const char *name, unsigned width)
{
	char storage[512];
	struct buf safe = BUF_ON(storage);

	escape_terminal((struct text){name, strlen(name)}, &safe);
	output_format(output, "%-*s", (int)width, buf_cstr(&safe));
}

static void write_row(struct output *output, const char *directory)
{
	struct session_info info;
	char when[WHEN_MAX], end[128];
	struct buf started = BUF_ON(when), ended = BUF_ON(end);
	int error = session_info_read(directory, &info);

	if (error) {
		const char *slash = strrchr(directory, '/');

		put_column(output, slash ? slash + 1 : directory, 44);
		output_format(output, "  (session.json cannot be read: %s)\n", strerror(-error));
		return;
	}
	when_write_local(info.started_ns, &started);
	session_view_write_end(&info, &ended);
	put_column(output, info.id, 44);
	output_format(output, "  %s  ", buf_cstr(&started));
	put_column(output, info.mode, 8);
	output_format(output, " %-16s ", buf_cstr(&ended));
	for (char **word = info.argv; word && *word; word++) {
		output_string(output, " ");
		output_text(output, (struct text){*word, strlen(*word)});
	}
	output_string(output, "\n");
	session_info_free(&info);
}

static int run_sessions(int argc, char **argv)
{
	static const struct option options[] = {{"log", required_argument, NULL, 'l'}, {NULL, 0, NULL, 0}};
	const char *log_directory = NULL;
	struct output *output;
	char **sessions;
	size_t count;
	int error;

	opterr = 0;
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (option != 'l')
			return options_fail(&cmd_sessions, options, argv);
		log_directory = optarg;
	}
	if (optind < argc)
		return fail_usage(&cmd_sessions, "\"%s\" is one argument too many", argv[optind]);
	error = session_list(log_directory, &sessions, &count);
	if (error)
		return fail(EXIT_NO, "%s: %s", log_directory ? log_directory : "the places where sessions are kept",
			    strerror(-error));
	output = output_open(COLOUR_NEVER);
	if (!output)
		return fail(EXIT_GUARD, "no memory");
	for (size_t i = 0; i < count; i++) {
		write_row(output, sessions[i]);
		free(sessions[i]);
	}
	free(sessions);
	return output_finish(output, EXIT_YES);
}

const struct command cmd_sessions = {
	.name = "sessions",
	.usage = "sessions [--log DIR]",
	.summary = "list the recorded sessions, newest first",
	.help = "  --log DIR  sessions below this directory (default: the usual places)\n"
		"\n"
		"Exit status: 0; 1 when the directory cannot be read, 2 usage, 125 own failure.\n",
	.run = run_sessions,
};
