/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guardctl report: what sessions did.
 */
#include "tools/cmd.h"
#include "tools/drift.h"
#include "tools/event_block.h"
#include "tools/options.h"
#include "tools/progress.h"
#include "tools/report_groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TOP_DEFAULT 20

enum {
	OPTION_LOG = 1,
	OPTION_FORMAT,
	OPTION_JSON,
	OPTION_TOP,
	OPTION_COLOR,
	OPTION_GROUP_BY,
	OPTION_FAIL_ON,
	OPTION_BASE,
	OPTION_ALL,
	OPTION_ESCAPE,
	OPTION_EVENTS
};

struct options {
	const char *log_directory;
	const char *base; /* session to compare with, or NULL */
	const struct report_format *format;
	struct selection selection;
	enum colour_choice colour;
	enum report_group_by group_by;
	unsigned fail_on; /* set of 1 << enum finding */
	bool all, ascii;
	bool top_given;
	size_t top, events;
};

/* What a pipeline may fail on. */
enum finding { FINDING_REFUSED, FINDING_LOST, FINDING_UNCOVERED, FINDING_DRIFT, FINDING_COUNT };

static const char *const finding_words[FINDING_COUNT] = {"refused", "lost", "uncovered", "drift"};

/* "refused,lost" as a set. */
static int read_fail_on(const char *list, unsigned *out)
{
	for (; *list; list += strcspn(list, ","), list += *list == ',') {
		size_t len = strcspn(list, ",");
		int finding = 0;

		while (finding < FINDING_COUNT && (strlen(finding_words[finding]) != len ||
						   memcmp(finding_words[finding], list, len) != 0))
			finding++;
		if (finding == FINDING_COUNT)
			return fail_usage(&cmd_report, "--fail-on takes refused, lost, uncovered and drift, not \"%.*s\"", (int)len, list);
		*out |= 1u << finding;
	}
	return *out ? 0 : fail_usage(&cmd_report, "--fail-on needs a word: refused, lost, uncovered, drift");
}

/* How much the session does otherwise than the one to compare with; 0 unless that is asked for. Or -1: not known. */
static int64_t count_drift(const struct options *options, const struct session_view *view)
{
	static struct drift drift;
	int64_t count;

	if (!(options->fail_on & 1u << FINDING_DRIFT))
		return 0;
	if (drift_open(options->log_directory, options->base, view->info.directory, &drift))
		return -1;
	count = (int64_t)drift.count + (drift.ignored > 0);
	drift_close(&drift);
	return count;
}

/* Say what was found of what the user fails on; whether there was any. */
static bool say_findings(const struct report *report, unsigned fail_on, int64_t drift)
{
	const uint64_t *outcomes = report->summary->outcomes;
	const uint64_t numbers[FINDING_COUNT] = {
		[FINDING_REFUSED] = outcomes[OUTCOME_REFUSED] + outcomes[OUTCOME_WOULD] + outcomes[OUTCOME_WOULD_FAILED],
		[FINDING_LOST] = report_lost(report),
		[FINDING_UNCOVERED] = report_uncovered(report),
		[FINDING_DRIFT] = (uint64_t)drift,
	};
	bool any = false;

	for (int finding = 0; finding < FINDING_COUNT; finding++) {
		if (!(fail_on & 1u << finding) || numbers[finding] == 0)
			continue;
		any = true;
		fail(EXIT_NO, "session %s: %llu %s%s", report->view->info.id, (unsigned long long)numbers[finding],
		     finding_words[finding], finding == FINDING_DRIFT ? "; guardctl diff shows it" : "");
	}
	return any;
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
		if (options_number(optarg, &out->top))
			return fail_usage(&cmd_report, "--top takes a number of rows, not \"%s\"", optarg);
		out->top_given = true;
		return 0;
	case OPTION_EVENTS:
		if (options_number(optarg, &out->events) || out->events > EVENT_BLOCK_MAX)
			return fail_usage(&cmd_report, "--events takes a number of events up to %d, not \"%s\"", EVENT_BLOCK_MAX, optarg);
		return 0;
	case OPTION_COLOR:
		if (output_read_colour(optarg, &out->colour))
			return fail_usage(&cmd_report, "--color is auto, always or never, not \"%s\"", optarg);
		return 0;
	case OPTION_GROUP_BY:
		if (report_read_group_by(optarg, &out->group_by))
			return fail_usage(&cmd_report, "--group-by is rule, program, object, operation or source, not \"%s\"", optarg);
		return 0;
	case OPTION_FAIL_ON:
		return read_fail_on(optarg, &out->fail_on);
	case OPTION_BASE:
		out->base = optarg;
		return 0;
	case OPTION_ESCAPE:
		out->ascii = !strcmp(optarg, "ascii");
		if (!out->ascii && strcmp(optarg, "safe") != 0)
			return fail_usage(&cmd_report, "--escape is safe or ascii, not \"%s\"", optarg);
		return 0;
	case OPTION_ALL:
		out->all = true;
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
		{"events", required_argument, NULL, OPTION_EVENTS},
		{"color", required_argument, NULL, OPTION_COLOR},
		{"group-by", required_argument, NULL, OPTION_GROUP_BY},
		{"fail-on", required_argument, NULL, OPTION_FAIL_ON},
		{"base", required_argument, NULL, OPTION_BASE},
		{"escape", required_argument, NULL, OPTION_ESCAPE},
		{"all", no_argument, NULL, OPTION_ALL},
		SELECTION_OPTIONS,
		{0},
	};
	int option, err;

	*out = (struct options){.format = &report_format_text, .selection = SELECTION_ALL, .top = TOP_DEFAULT,
				.events = EVENT_BLOCK_MAX};
	opterr = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		err = option == '?' ? options_fail(&cmd_report, options, argv) : take_option(out, option);
		if (err)
			return err;
	}
	if (!out->base != !(out->fail_on & 1u << FINDING_DRIFT))
		return fail_usage(&cmd_report, "--fail-on drift and --base SESSION go together");
	if (out->top == 0 || (out->format->whole && !out->top_given))
		out->top = SIZE_MAX;
	return 0;
}

static void read_events(const struct session_view *view, const struct selection *selection, struct summary *summary)
{
	struct progress progress;
	struct event event;

	progress_begin(&progress);
	while (log_reader_next(view->reader, &event)) {
		if (selection_covers(selection, &event))
			summary_add(summary, &event);
		else
			summary_pass(summary, &event);
		progress_step(&progress, view->reader);
	}
	progress_end(&progress);
}

static int report_session(const struct options *options, const char *name, size_t *number, struct output *output)
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
				 .top = options->top, .events = options->events, .number = (*number)++, .group_by = options->group_by, .selection = &options->selection};
	options->format->write(&report, output);
	/* The report comes before what is said of it. */
	if (options->fail_on && output_flush(output)) {
		int64_t drift = count_drift(options, &view);

		if (drift < 0)
			err = EXIT_GUARD;
		else if (say_findings(&report, options->fail_on, drift))
			err = EXIT_NO;
	}
	summary_free(&summary);
	session_view_close(&view);
	return err;
}

/* A session that cannot be judged must not look like one in which something was found, nor like a good one. */
static int worse(const struct options *options, int status, int err, bool read)
{
	if (err && !read && options->fail_on)
		err = EXIT_GUARD;
	return err > status ? err : status;
}

static int report_all(const struct options *options, char *const *names, size_t count, struct output *output)
{
	size_t number = 0;
	int status = EXIT_YES;

	if (options->format->begin)
		options->format->begin(output);
	for (size_t i = 0; i < count && !output->err; i++) {
		size_t before = number;
		int err = report_session(options, names[i], &number, output);

		status = worse(options, status, err, number > before);
	}
	if (options->format->end)
		options->format->end(output);
	return status;
}

static int run(int argc, char **argv)
{
	static char *const newest[] = {NULL};
	struct output *output;
	struct options options;
	char **list = NULL;
	size_t count = 0;
	int status;
	int err = read_options(argc, argv, &options);

	if (err)
		return err;
	if (options.all && optind < argc)
		return fail_usage(&cmd_report, "--all and \"%s\" exclude each other", argv[optind]);
	if (options.all) {
		err = session_list(options.log_directory, &list, &count);
		if (err || count == 0)
			return fail(options.fail_on ? EXIT_GUARD : EXIT_NO, "no session in %s%s%s",
				    options.log_directory ? options.log_directory : "the usual places", err ? ": " : "",
				    err ? strerror(-err) : "");
	}
	output = output_open(options.colour);
	if (options.ascii)
		output->ascii = options.format->ascii;
	if (options.all)
		status = report_all(&options, list, count, output);
	else if (optind < argc)
		status = report_all(&options, argv + optind, (size_t)(argc - optind), output);
	else
		status = report_all(&options, newest, 1, output);
	session_list_free(list, count);
	return output_finish(output, status);
}

const struct command cmd_report = {
	.name = "report",
	.usage = "report [--log DIR] [--format FORMAT] [--json] [--top N] [--group-by WHAT] [--fail-on WHAT[,WHAT...]]\n"
		 "                       [--base SESSION] [--events N] [--escape safe|ascii] [--all] [--color auto|always|never]\n"
		 "                       " SELECTION_USAGE "\n"
		 "                       [SESSION...]",
	.summary = "what a session did: what was refused and why, what changed, ran, was contacted",
	.help = "SESSION is an id, the beginning of one, a path, or \"last\"; without one it is the newest.\n"
		"\n"
		"  --log DIR         sessions are kept in DIR, not in the default places\n"
		"  --format FORMAT   text (the default), json, html, markdown, sarif, junit, csv, github\n"
		"  --json            the same as --format json: one object for each session\n"
		"  --top N           rows of each list, 0: all (default: 20, in forms for programs all)\n"
		"  --events N        an HTML page has the first N events (default and most: 1000000; 0: none), and of later\n"
		"                    ones refusals and starts\n"
		"  --group-by WHAT   tell refusals together by rule, program, object, operation or source\n"
		"  --fail-on WHAT    exit with 1 when something was refused (or would have been), lost, uncovered, drift\n"
		"  --base SESSION    for --fail-on drift: what the sessions are compared with, as by guardctl diff\n"
		"  --escape HOW      safe (the default): nothing of a name acts; ascii: nor does it look like another\n"
		"  --all             every session, newest first\n"
		"  --color WHEN      auto (on a terminal, unless NO_COLOR is set), always, never\n"
		SELECTION_HELP
		"\n"
		"Reading is no judgement: the exit status is 0 whatever was refused, 1 when there is no such session,\n"
		"125 when one cannot be read. With --fail-on: 1 when something of it was found, 125 when a session is\n"
		"not there or cannot be read.\n"
		"\n"
		"  guardctl report\n"
		"  guardctl report --json last | jq .refused\n",
	.run = run,
};
