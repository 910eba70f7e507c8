/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guardctl report: what sessions did.
 */
#include "tools/cmd.h"
#include "tools/options.h"
#include "tools/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <stdio.h>
#include <unistd.h>

#define TOP_DEFAULT 20

struct options {
	const char *log_directory;
	enum colour_choice colour;
	bool json;
	bool top_given;
	size_t top;
};

static int read_number(const char *text, size_t *out)
{
	unsigned long long number;
	char *end;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno || end == text || *end || text[0] == '-' || number > SIZE_MAX)
		return -EINVAL;
	*out = (size_t)number;
	return 0;
}

static int read_options(int argc, char **argv, struct options *out)
{
	enum { OPTION_LOG = 1, OPTION_JSON, OPTION_TOP, OPTION_COLOR };
	static const struct option options[] = {
		{"log", required_argument, NULL, OPTION_LOG},
		{"json", no_argument, NULL, OPTION_JSON},
		{"top", required_argument, NULL, OPTION_TOP},
		{"color", required_argument, NULL, OPTION_COLOR},
		{0},
	};
	int option;

	*out = (struct options){.top = TOP_DEFAULT};
	opterr = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (option) {
		case OPTION_LOG:
			out->log_directory = optarg;
			break;
		case OPTION_JSON:
			out->json = true;
			break;
		case OPTION_TOP:
			if (read_number(optarg, &out->top))
				return fail_usage(&cmd_report, "--top takes a number of rows, not \"%s\"", optarg);
			out->top_given = true;
			break;
		case OPTION_COLOR:
			if (output_read_colour(optarg, &out->colour))
				return fail_usage(&cmd_report, "--color is auto, always or never, not \"%s\"", optarg);
			break;
		default:
			return options_fail(&cmd_report, options, argv);
		}
	if (out->top == 0 || (out->json && !out->top_given))
		out->top = SIZE_MAX;
	return 0;
}

/* On a terminal, and only when it takes a while. */
static void show_progress(const struct log_reader *reader, uint64_t records, time_t *last)
{
	uint64_t done, all;
	time_t now;

	if (records % 262144 || !isatty(STDERR_FILENO))
		return;
	now = time(NULL);
	if (now == *last)
		return;
	*last = now;
	log_reader_progress(reader, &done, &all);
	if (all)
		dprintf(STDERR_FILENO, "\rreading the log: %llu %%", (unsigned long long)(done * 100 / all));
}

static void read_events(const struct session_view *view, struct summary *summary)
{
	time_t start = time(NULL), last = start;
	struct event event;

	while (log_reader_next(view->reader, &event)) {
		summary_add(summary, &event);
		show_progress(view->reader, summary->records, &last);
	}
	if (last != start)
		dprintf(STDERR_FILENO, "\r\x1b[K");
}

static int report_session(const struct options *options, const char *name, struct output *output)
{
	struct session_view view;
	struct summary summary;
	struct report report;
	int err = session_view_open(options->log_directory, name, &view);

	if (err)
		return err;
	summary_init(&summary, view.info.workspace);
	read_events(&view, &summary);
	report = (struct report){&view, &summary, log_reader_damage(view.reader), options->top};
	if (options->json)
		report_json(&report, output);
	else
		report_text(&report, output);
	summary_free(&summary);
	session_view_close(&view);
	return 0;
}

static int run(int argc, char **argv)
{
	struct output *output;
	struct options options;
	int status = EXIT_YES;
	int err = read_options(argc, argv, &options);

	if (err)
		return err;
	output = output_open(options.colour);
	if (optind == argc)
		status = report_session(&options, NULL, output);
	for (int i = optind; i < argc && !output->err; i++) {
		if (i > optind && !options.json)
			output_string(output, "\n\n");
		err = report_session(&options, argv[i], output);
		if (err)
			status = err;
	}
	return output_finish(output, status);
}

const struct command cmd_report = {
	.name = "report",
	.usage = "report [--log DIR] [--json] [--top N] [--color auto|always|never] [SESSION...]",
	.summary = "what a session did: what was refused and why, what changed, ran, was contacted",
	.help = "SESSION is an id, the beginning of one, a path, or \"last\"; without one it is the newest.\n"
		"\n"
		"  --log DIR    sessions are kept in DIR, not in the default places\n"
		"  --json       one JSON object for each session\n"
		"  --top N      rows of each list, 0: all (default: 20, with --json all)\n"
		"  --color WHEN auto (on a terminal, unless NO_COLOR is set), always, never\n"
		"\n"
		"Reading is no judgement: the exit status is 0 whatever was refused, 1 when there is no such session,\n"
		"125 when one cannot be read.\n"
		"\n"
		"  guardctl report\n"
		"  guardctl report --json last | jq .refused\n",
	.run = run,
};
