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

enum { OPTION_LOG = 1, OPTION_FORMAT, OPTION_JSON, OPTION_TOP, OPTION_COLOR };

struct options {
	const char *log_directory;
	const struct report_format *format;
	struct selection selection;
	enum colour_choice colour;
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

static int read_format(const char *name, const struct report_format **out)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct words known = {0};
	const char *const *names;
	size_t count;

	*out = report_format_find(name);
	if (*out)
		return 0;
	names = report_format_names(&count);
	for (size_t i = 0; i < count; i++)
		words_add(&arena, &known, names[i]);
	return fail_usage(&cmd_report, "no format \"%s\": there are %s", name, words_join(&arena, &known, " and "));
}

static int take_option(struct options *out, int option)
{
	switch (option) {
	case OPTION_LOG:
		out->log_directory = optarg;
		return 0;
	case OPTION_FORMAT:
		return read_format(optarg, &out->format);
	case OPTION_JSON:
		out->format = &report_format_json;
		return 0;
	case OPTION_TOP:
		if (read_number(optarg, &out->top))
			return fail_usage(&cmd_report, "--top takes a number of rows, not \"%s\"", optarg);
		out->top_given = true;
		return 0;
	case OPTION_COLOR:
		if (output_read_colour(optarg, &out->colour))
			return fail_usage(&cmd_report, "--color is auto, always or never, not \"%s\"", optarg);
		return 0;
	}
	return selection_option(&cmd_report, option, optarg, &out->selection);
}

static int read_options(int argc, char **argv, struct options *out)
{
	static const struct option options[] = {
		{"log", required_argument, NULL, OPTION_LOG},
		{"format", required_argument, NULL, OPTION_FORMAT},
		{"json", no_argument, NULL, OPTION_JSON},
		{"top", required_argument, NULL, OPTION_TOP},
		{"color", required_argument, NULL, OPTION_COLOR},
		SELECTION_OPTIONS,
		{0},
	};
	int option, err;

	*out = (struct options){.format = &report_format_text, .selection = SELECTION_ALL, .top = TOP_DEFAULT};
	opterr = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		err = option == '?' ? options_fail(&cmd_report, options, argv) : take_option(out, option);
		if (err)
			return err;
	}
	if (out->top == 0 || (out->format->whole && !out->top_given))
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

static void read_events(const struct session_view *view, const struct selection *selection, struct summary *summary)
{
	time_t start = time(NULL), last = start;
	uint64_t records = 0;
	struct event event;

	while (log_reader_next(view->reader, &event)) {
		if (selection_covers(selection, &event))
			summary_add(summary, &event);
		else
			summary_pass(summary, &event);
		show_progress(view->reader, ++records, &last);
	}
	if (last != start)
		dprintf(STDERR_FILENO, "\r\x1b[K");
}

static int report_session(const struct options *options, const char *name, size_t number, struct output *output)
{
	struct session_view view;
	struct summary summary;
	struct report report;
	int err = session_view_open(options->log_directory, name, &view);

	if (err)
		return err;
	summary_init(&summary, view.info.workspace);
	read_events(&view, &options->selection, &summary);
	report = (struct report){.view = &view, .summary = &summary, .damage = log_reader_damage(view.reader),
				 .top = options->top, .number = number, .selection = &options->selection};
	options->format->write(&report, output);
	summary_free(&summary);
	session_view_close(&view);
	return 0;
}

static int run(int argc, char **argv)
{
	struct output *output;
	struct options options;
	size_t number = 0;
	int status = EXIT_YES;
	int err = read_options(argc, argv, &options);

	if (err)
		return err;
	output = output_open(options.colour);
	if (options.format->begin)
		options.format->begin(output);
	do {
		err = report_session(&options, argv[optind], number, output);
		if (err)
			status = err;
		else
			number++;
	} while (argv[optind] && argv[++optind] && !output->err);
	if (options.format->end)
		options.format->end(output);
	return output_finish(output, status);
}

const struct command cmd_report = {
	.name = "report",
	.usage = "report [--log DIR] [--format FORMAT] [--json] [--top N] [--color auto|always|never]\n"
		 "                       " SELECTION_USAGE "\n"
		 "                       [SESSION...]",
	.summary = "what a session did: what was refused and why, what changed, ran, was contacted",
	.help = "SESSION is an id, the beginning of one, a path, or \"last\"; without one it is the newest.\n"
		"\n"
		"  --log DIR         sessions are kept in DIR, not in the default places\n"
		"  --format FORMAT   text (the default), json\n"
		"  --json            the same as --format json: one object for each session\n"
		"  --top N           rows of each list, 0: all (default: 20, in forms for programs all)\n"
		"  --color WHEN      auto (on a terminal, unless NO_COLOR is set), always, never\n"
		SELECTION_HELP
		"\n"
		"Reading is no judgement: the exit status is 0 whatever was refused, 1 when there is no such session,\n"
		"125 when one cannot be read.\n"
		"\n"
		"  guardctl report\n"
		"  guardctl report --json last | jq .refused\n",
	.run = run,
};
