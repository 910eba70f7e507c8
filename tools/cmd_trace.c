/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guardctl trace: a session for trace viewers and flame graphs.
 */
#include "tools/cmd.h"
#include "tools/options.h"
#include "tools/selection.h"
#include "tools/trace.h"

#include <string.h>

static const struct trace_format *const formats[] = {
#define TRACE_FORMAT(name) &trace_format_##name,
#include "tools/trace_formats.def"
#undef TRACE_FORMAT
};

struct text trace_base_name(struct text path)
{
	const char *slash = memrchr(path.data, '/', path.len);
	size_t skip = slash ? (size_t)(slash - path.data) + 1 : 0;

	return (struct text){path.data + skip, path.len - skip};
}

static int show(const struct trace_format *format, const struct selection *selection, struct session_view *view)
{
	static struct trace trace;
	struct event event;
	void *state;

	trace.view = view;
	trace.output = output_open(COLOUR_NEVER);
	summary_init(&trace.summary, view->info.workspace);
	state = format->begin(&trace);
	while (!trace.output->err && log_reader_next(view->reader, &event)) {
		summary_pass(&trace.summary, &event);
		format->event(&trace, state, &event, selection_covers(selection, &event));
	}
	format->end(&trace, state);
	summary_free(&trace.summary);
	return output_finish(trace.output, EXIT_YES);
}

static const struct trace_format *find(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(formats); i++)
		if (!strcmp(word, formats[i]->name))
			return formats[i];
	fail_usage(&cmd_trace, "no format \"%s\": json or folded", word);
	return NULL;
}

static int run_trace(int argc, char **argv)
{
	static const struct option options[] = {
		{"log", required_argument, NULL, 'l'}, {"format", required_argument, NULL, 'f'}, SELECTION_OPTIONS,
		{NULL, 0, NULL, 0},
	};
	const struct trace_format *format = formats[0];
	struct selection selection = SELECTION_ALL;
	const char *log_directory = NULL;
	struct session_view view;
	int code = 0;

	opterr = 0;
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (option == 'l')
			log_directory = optarg;
		else if (option == 'f')
			code = (format = find(optarg)) ? 0 : EXIT_USAGE;
		else if (option == '?')
			code = options_fail(&cmd_trace, options, argv);
		else
			code = selection_option(&cmd_trace, option, optarg, &selection);
		if (code)
			return code;
	}
	if (optind + 1 < argc)
		return fail_usage(&cmd_trace, "\"%s\" is one session too many", argv[optind + 1]);
	code = session_view_open(log_directory, argv[optind], &view);
	if (code)
		return code;
	code = show(format, &selection, &view);
	session_view_close(&view);
	return code;
}

const struct command cmd_trace = {
	.name = "trace",
	.usage = "trace [--log DIR] " SELECTION_USAGE "\n"
		 "                      [--format FORMAT] [SESSION]",
	.summary = "write a session for trace viewers (Perfetto, Chrome) or flame graphs",
	.help = "  --log DIR         sessions below this directory (default: the usual places)\n"
		SELECTION_HELP
		"  --format FORMAT   json (the default): trace events, for ui.perfetto.dev and chrome://tracing;\n"
		"                    folded: programs, source lines and operation with a count, for flamegraph.pl and its kin\n"
		"\n"
		"In json the programs of processes are told whatever is selected. SESSION is an id, the beginning of one, a\n"
		"directory, or last (the default).\n"
		"\n"
		"  guardctl trace >run.json                       open it in a trace viewer\n"
		"  guardctl trace --format folded | flamegraph.pl >run.svg\n"
		"\n"
		"Exit status: 0; 1 no such session, 2 usage, 125 own failure.\n",
	.run = run_trace,
};
