/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guardctl events: one line for each event, or one JSON object.
 */
#include "tools/cmd.h"
#include "tools/fields.h"
#include "tools/options.h"
#include "tools/output.h"
#include "tools/rule_text.h"
#include "tools/session_view.h"
#include "tools/suggest.h"
#include "tools/when.h"

#include "libguard/core/glob.h"
#include "libguard/core/sys.h"

#include <stdlib.h>
#include <string.h>

struct selection {
	uint32_t pid;       /* 0: any */
	verb_set verbs;     /* 0: any */
	int verdict;        /* -1: any */
	const char *path;   /* glob, or NULL */
	uint64_t since_ns;
};

static const char *const verdict_words[] = {[VERDICT_ALLOW] = "allow", [VERDICT_DENY] = "deny", [VERDICT_ASK] = "ask"};

static bool selects(const struct selection *selection, const struct event *event)
{
	bool operation = event->kind == EVENT_OPERATION;

	if (selection->pid && event->pid != selection->pid)
		return false;
	if (selection->verbs && !(operation && event->verb < VERB_COUNT && (selection->verbs & 1u << event->verb)))
		return false;
	if (selection->verdict >= 0 && !(operation && event->verdict == selection->verdict))
		return false;
	if (event->time_ns < selection->since_ns)
		return false;
	return !selection->path || glob_match((struct text){selection->path, strlen(selection->path)},
					      event_get(event, FIELD_OBJECT));
}

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

static void write_line(struct output *output, const struct event *event, const struct policy *policy)
{
	struct rule_text rule = rule_text_of(policy, event->rule, event->verb);
	bool operation = event->kind == EVENT_OPERATION;
	struct text object = event_get(event, event->kind == EVENT_PROCESS ? FIELD_EXE : FIELD_OBJECT);
	char clock[WHEN_MAX], name[256];
	struct buf when = BUF_ON(clock), rule_name = BUF_ON(name);

	when_write_clock(event->time_ns, &when);
	rule_text_write_name(&rule, &rule_name);
	output_format(output, "%s %7u %-5s %-9s ", buf_cstr(&when), event->pid,
		      operation && event->verdict < ARRAY_LEN(verdict_words) ? verdict_words[event->verdict] : "-",
		      what(event));
	output_text(output, object);
	if (operation && (event->verdict != VERDICT_ALLOW || event->rule < RULE_BROKEN)) {
		output_string(output, "  rule ");
		output_text(output, (struct text){name, rule_name.len});
	}
	if (event->err)
		output_format(output, "  %s", strerrorname_np(event->err) ? strerrorname_np(event->err) : "?");
	output_string(output, "\n");
}

static void write_json(struct output *output, const struct event *event, const struct policy *policy)
{
	static char line[FIELDS_JSON_MAX];
	struct buf buf = BUF_ON(line);

	fields_write_json(event, policy, &buf);
	output_bytes(output, buf.data, buf.len);
}

static int show(struct session_view *view, const struct selection *selection, bool as_json)
{
	struct output *output = output_open(COLOUR_NEVER);
	const struct policy *policy = session_view_policy(view);
	struct event event;

	while (!output->err && log_reader_next(view->reader, &event)) {
		if (!selects(selection, &event))
			continue;
		if (as_json)
			write_json(output, &event, policy);
		else
			write_line(output, &event, policy);
	}
	return output_finish(output, EXIT_YES);
}

/* "delete,write" as a set. False after saying which word is unknown. */
static bool read_verbs(const char *list, verb_set *out)
{
	const char *known[VERB_COUNT];
	char word[32];

	for (int i = 0; i < VERB_COUNT; i++)
		known[i] = verb_table[i].word;
	for (*out = 0; *list; list += strcspn(list, ","), list += *list == ',') {
		size_t len = strcspn(list, ",");
		const char *near;
		int verb = 0;

		if (len >= sizeof word)
			len = sizeof word - 1;
		memcpy(word, list, len);
		word[len] = '\0';
		while (verb < VERB_COUNT && strcmp(known[verb], word) != 0)
			verb++;
		near = verb == VERB_COUNT ? suggest(word, known, VERB_COUNT) : NULL;
		if (verb == VERB_COUNT) {
			fail(EXIT_USAGE, "no operation \"%s\"%s%s%s", word, near ? " (did you mean \"" : "", near ? near : "",
			     near ? "\"?)" : "; read, write, create, delete, ... are some");
			return false;
		}
		*out |= 1u << verb;
	}
	return true;
}

static int read_verdict(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(verdict_words); i++)
		if (!strcmp(word, verdict_words[i]))
			return (int)i;
	return -1;
}

static int run_events(int argc, char **argv)
{
	static const struct option options[] = {
		{"log", required_argument, NULL, 'l'},     {"pid", required_argument, NULL, 'p'},
		{"operation", required_argument, NULL, 'o'}, {"verdict", required_argument, NULL, 'v'},
		{"path", required_argument, NULL, 'g'},    {"since", required_argument, NULL, 's'},
		{"json", no_argument, NULL, 'j'},          {NULL, 0, NULL, 0},
	};
	struct selection selection = {.verdict = -1};
	const char *log_directory = NULL;
	struct session_view view;
	bool json = false;
	char *end;
	int code;

	opterr = 0;
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
		switch (option) {
		case 'l':
			log_directory = optarg;
			break;
		case 'p':
			selection.pid = (uint32_t)strtoul(optarg, &end, 10);
			if (*end || !selection.pid)
				return fail_usage(&cmd_events, "\"%s\" is no pid", optarg);
			break;
		case 'o':
			if (!read_verbs(optarg, &selection.verbs))
				return EXIT_USAGE;
			break;
		case 'v':
			selection.verdict = read_verdict(optarg);
			if (selection.verdict < 0)
				return fail_usage(&cmd_events, "no verdict \"%s\": allow, deny or ask", optarg);
			break;
		case 'g':
			selection.path = optarg;
			break;
		case 's':
			if (when_read(optarg, sys_now_ns(), &selection.since_ns))
				return fail_usage(&cmd_events, "\"%s\" is no time: 5m, 2026-01-02T03:04:05Z or seconds", optarg);
			break;
		case 'j':
			json = true;
			break;
		default:
			return options_fail(&cmd_events, options, argv);
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
	.usage = "events [--log DIR] [--pid N] [--operation WORD[,WORD...]] [--verdict WORD] [--path GLOB] [--since TIME]\n"
		 "                       [--json] [SESSION]",
	.summary = "show what was recorded, event by event",
	.help = "  --log DIR         sessions below this directory (default: the usual places)\n"
		"  --pid N           events of this process\n"
		"  --operation WORD  events of these operations: read, write, delete, exec, connect, ...\n"
		"  --verdict WORD    allow, deny or ask\n"
		"  --path GLOB       events whose object this pattern covers\n"
		"  --since TIME      not older than 5m, 2h, 2026-01-02T03:04:05Z, or seconds since 1970\n"
		"  --json            JSON Lines in the Elastic Common Schema\n"
		"\n"
		"SESSION is an id, the beginning of one, a directory, or last (the default).\n"
		"Exit status: 0; 1 no such session, 2 usage, 125 own failure.\n",
	.run = run_events,
};
