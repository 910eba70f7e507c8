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
#include "tools/session_files.h"
#include "tools/session_view.h"
#include "tools/when.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

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
	static char large[FIELDS_ROOM_MAX];
	size_t room = fields_room(event);
	char *place = output_room(output, room);
	struct buf line = {.data = place ? place : large, .cap = place ? room : sizeof large};

	fields_write(fields, event, &line);
	if (place)
		output->len += line.len;
	else
		output_bytes(output, line.data, line.len);
}

/* What the command line says. */
struct request {
	struct selection selection;
	const char *log_directory;
	int form; /* enum fields_form, or -1: text */
	bool follow, keys;
};

static void show_new(const struct request *request, struct session_view *view, const struct fields *fields,
		     struct output *output)
{
	bool all = selection_is_all(&request->selection);
	struct event event;

	while (!output->err && log_reader_next(view->reader, &event)) {
		if (!all && !selection_covers(&request->selection, &event))
			continue;
		if (request->form >= 0)
			write_json(output, fields, &event);
		else
			write_line(output, fields, &event);
	}
}

/* Whether anybody may still write to the log. */
static bool goes_on(const struct session_view *view)
{
	struct session_info info;
	bool running;

	if (session_info_read(view->info.directory, &info) != 0)
		return false;
	running = info.running;
	session_info_free(&info);
	return running || session_files_joined(view->info.directory);
}

#define WAIT_NS 50000000 /* between two looks at the log */
#define LOOKS 20         /* at the log for each at the session itself */

static void follow(const struct request *request, struct session_view *view, const struct fields *fields,
		   struct output *output)
{
	const struct timespec wait = {.tv_nsec = WAIT_NS};
	bool running = true;

	for (unsigned look = 0; running && output_flush(output); look++) {
		/* Asked first: what was written before the end is shown. */
		if (look % LOOKS == 0)
			running = goes_on(view);
		show_new(request, view, fields, output);
		output_flush(output);
		if (running)
			nanosleep(&wait, NULL);
	}
}

static int show(const struct request *request, struct session_view *view)
{
	enum fields_form form = request->form >= 0 ? (enum fields_form)request->form : FIELDS_ECS;
	struct output *output = output_open(COLOUR_NEVER);
	struct fields fields;

	fields_open(form, session_view_policy(view), view->info.id, view->info.host, &fields);
	show_new(request, view, &fields, output);
	if (request->follow)
		follow(request, view, &fields, output);
	fields_close(&fields);
	return output_finish(output, EXIT_YES);
}

/* The names of a form's fields. */
static int show_keys(const struct request *request)
{
	struct output *output = output_open(COLOUR_NEVER);
	const char *const *names;
	struct fields fields;
	size_t count;

	fields_open(request->form >= 0 ? (enum fields_form)request->form : FIELDS_ECS, NULL, "", "", &fields);
	names = fields_names(&fields, &count);
	for (size_t i = 0; i < count; i++)
		output_format(output, "%s\n", names[i]);
	fields_close(&fields);
	return output_finish(output, EXIT_YES);
}

static int read_form(const char *word, int *out)
{
	for (*out = 0; *out < FIELDS_FORMS; ++*out)
		if (!strcmp(word, fields_words[*out]))
			return 0;
	*out = -1;
	return strcmp(word, "text") == 0 ? 0 : fail_usage(&cmd_events, "no format \"%s\": text, json, ocsf or otlp", word);
}

static int take_option(struct request *request, int option)
{
	switch (option) {
	case 'l':
		request->log_directory = optarg;
		return 0;
	case 'j':
		request->form = FIELDS_ECS;
		return 0;
	case 'f':
		return read_form(optarg, &request->form);
	case 'F':
		request->follow = true;
		return 0;
	case 'k':
		request->keys = true;
		return 0;
	}
	return selection_option(&cmd_events, option, optarg, &request->selection);
}

static int run_events(int argc, char **argv)
{
	static const struct option options[] = {
		{"log", required_argument, NULL, 'l'}, {"json", no_argument, NULL, 'j'}, {"format", required_argument, NULL, 'f'},
		{"follow", no_argument, NULL, 'F'},    {"keys", no_argument, NULL, 'k'}, SELECTION_OPTIONS, {NULL, 0, NULL, 0},
	};
	struct request request = {.selection = SELECTION_ALL, .form = -1};
	struct session_view view;
	int code;

	opterr = 0;
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		code = option == '?' ? options_fail(&cmd_events, options, argv) : take_option(&request, option);
		if (code)
			return code;
	}
	if (optind + 1 < argc)
		return fail_usage(&cmd_events, "\"%s\" is one session too many", argv[optind + 1]);
	if (request.keys)
		return optind < argc || request.follow ? fail_usage(&cmd_events, "--keys looks at no session") : show_keys(&request);
	code = session_view_open(request.log_directory, argv[optind], &view);
	if (code)
		return code;
	code = show(&request, &view);
	session_view_close(&view);
	return code;
}

const struct command cmd_events = {
	.name = "events",
	.usage = "events [--log DIR] " SELECTION_USAGE "\n"
		 "                       [--follow] [--format FORMAT] [--json] [SESSION]\n"
		 "       guardctl events --keys [--format FORMAT]",
	.summary = "show what was recorded, event by event",
	.help = "  --log DIR         sessions below this directory (default: the usual places)\n"
		SELECTION_HELP
		"  --follow          go on until the session ends, and show each event as it comes\n"
		"  --format FORMAT   text (the default); one JSON object a line: json in the Elastic Common Schema, ocsf, otlp\n"
		"  --json            the same as --format json\n"
		"  --keys            the names of FORMAT's fields, one a line\n"
		"\n"
		"SESSION is an id, the beginning of one, a directory, or last (the default).\n"
		"Exit status: 0; 1 no such session, 2 usage, 125 own failure.\n",
	.run = run_events,
};
