/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guardctl events: one line for each event, or one JSON object.
 */
#include "tools/cmd.h"
#include "tools/fields.h"
#include "tools/options.h"
#include "tools/output.h"
#include "tools/rule_text.h"
#include "tools/selection.h"
#include "tools/session_view.h"
#include "tools/when.h"

#include <stdio.h>
#include <string.h>

static const char *what(const struct event *event)
{
	static const char *const words[] = {
		[EVENT_PROCESS] = "process", [EVENT_COVERAGE] = "uncovered", [EVENT_HOST] = "host",
		[EVENT_LABEL] = "label",     [EVENT_NOTE] = "note",
	};

	if (event->kind == EVENT_OPERATION)
		return event->verb < VERB_COUNT ? verb_table[event->verb].word : "?";
	return event->kind < ARRAY_LEN(words) && words[event->kind] ? words[event->kind] : "?";
}

static void write_line(struct output *output, const struct fields *fields, const struct event *event)
{
	struct rule_text rule = rule_text_of(fields->policy, event->rule, event->verb);
	bool operation = event->kind == EVENT_OPERATION;
	struct text object = event_get(event, event->kind == EVENT_PROCESS ? FIELD_EXE : FIELD_OBJECT);
	char clock[WHEN_MAX], name[256], place[32];
	struct buf when = BUF_ON(clock), rule_name = BUF_ON(name);

	when_write_clock(event->time_ns, &when);
	rule_text_write_name(&rule, &rule_name);
	snprintf(place, sizeof place, "%u.%u", event->segment, event->slot);
	output_format(output, "%s %7u %-5s %-9s %-8s ", buf_cstr(&when), event->pid,
		      operation && event->verdict < ARRAY_LEN(selection_verdicts) ? selection_verdicts[event->verdict] : "-",
		      what(event), place);
	output_text(output, object);
	if (operation && (event->verdict != VERDICT_ALLOW || event->rule < RULE_BROKEN)) {
		output_string(output, "  rule ");
		output_text(output, (struct text){name, rule_name.len});
	}
	if (event->err)
		output_format(output, "  %s", strerrorname_np(event->err) ? strerrorname_np(event->err) : "?");
	output_string(output, "\n");
}

static void write_json(struct output *output, const struct fields *fields, const struct event *event)
{
	static char line[FIELDS_JSON_MAX];
	struct buf buf = BUF_ON(line);

	fields_write_json(fields, event, &buf);
	output_bytes(output, buf.data, buf.len);
}

static int show(struct session_view *view, const struct selection *selection, bool as_json)
{
	struct output *output = output_open(COLOUR_NEVER);
	const struct fields fields = {session_view_policy(view), view->info.id};
	struct event event;

	while (!output->err && log_reader_next(view->reader, &event)) {
		if (!selection_covers(selection, &event))
			continue;
		if (as_json)
			write_json(output, &fields, &event);
		else
			write_line(output, &fields, &event);
	}
	return output_finish(output, EXIT_YES);
}

static int run_events(int argc, char **argv)
{
	static const struct option options[] = {
		{"log", required_argument, NULL, 'l'}, {"json", no_argument, NULL, 'j'}, SELECTION_OPTIONS, {NULL, 0, NULL, 0},
	};
	struct selection selection = SELECTION_ALL;
	const char *log_directory = NULL;
	struct session_view view;
	bool json = false;
	int code;

	opterr = 0;
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
		switch (option) {
		case 'l':
			log_directory = optarg;
			break;
		case 'j':
			json = true;
			break;
		case '?':
			return options_fail(&cmd_events, options, argv);
		default:
			code = selection_option(&cmd_events, option, optarg, &selection);
			if (code)
				return code;
		}
	if (optind + 1 < argc)
		return fail_usage(&cmd_events, "\"%s\" is one session too many", argv[optind + 1]);
	code = session_view_open(log_directory, argv[optind], &view);
	if (code)
		return code;
	code = show(&view, &selection, json);
	session_view_close(&view);
	return code;
}

const struct command cmd_events = {
	.name = "events",
	.usage = "events [--log DIR] " SELECTION_USAGE "\n"
		 "                       [--json] [SESSION]",
	.summary = "show what was recorded, event by event",
	.help = "  --log DIR         sessions below this directory (default: the usual places)\n"
		SELECTION_HELP
		"  --json            JSON Lines in the Elastic Common Schema\n"
		"\n"
		"SESSION is an id, the beginning of one, a directory, or last (the default).\n"
		"Exit status: 0; 1 no such session, 2 usage, 125 own failure.\n",
	.run = run_events,
};
