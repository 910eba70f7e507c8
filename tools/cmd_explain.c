/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guardctl explain: would this be allowed, and by which rule?
 */
#include "tools/cmd.h"
#include "tools/explain.h"
#include "tools/json.h"
#include "tools/options.h"
#include "tools/output.h"
#include "tools/recorded.h"
#include "tools/suggest.h"
#include "tools/symbols.h"
#include "tools/when.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const verdict_words[] = {[VERDICT_ALLOW] = "allow", [VERDICT_DENY] = "deny", [VERDICT_ASK] = "ask"};
static const char *const answer_words[] = {
	[VERDICT_ALLOW] = "allowed", [VERDICT_DENY] = "refused", [VERDICT_ASK] = "held"};

/* What the command line says. */
struct request {
	const char *file, *by;
	const char *log_directory;
	struct words after;
	bool json;
};

static const char *verb_words(struct arena *arena, verb_set verbs)
{
	struct words words = {0};

	for (unsigned v = 0; v < VERB_COUNT; v++)
		if (verbs & 1u << v)
			words_add(arena, &words, verb_table[v].word);
	return words_join(arena, &words, " and ");
}

static void write_rule(struct output *output, struct arena *arena, const struct explained_rule *rule)
{
	const struct rule_info *info = &rule->info;

	output_format(output, "  %-11s", rule->decides ? "decided by" : rule->bar == BAR_NONE ? "also" : "not now");
	output_text(output, info->id);
	output_string(output, " (");
	output_text(output, info->file);
	if (info->line)
		output_format(output, ":%u", info->line);
	output_format(output, "), %s %s", verdict_words[info->kind], verb_words(arena, info->verbs));
	if (info->reason.len > 0) {
		output_string(output, ": ");
		output_text(output, info->reason);
	}
	output_string(output, "\n");
	if (*rule->source) {
		output_format(output, "  %-11s", "");
		output_text(output, (struct text){rule->source, strlen(rule->source)});
		output_string(output, "\n");
	}
	if (rule->why)
		output_format(output, "  %-11s%s\n", "", rule->why);
}

static void write_line(struct output *output, const char *name, const char *text)
{
	if (!text || !*text)
		return;
	output_format(output, "  %-11s", name);
	output_text(output, (struct text){text, strlen(text)});
	output_string(output, "\n");
}

static const char differs[] = "asked again now the answer is another: a counter, or words of the command that are not "
			      "recorded, made it so";

static void write_object(struct output *output, struct arena *arena, const struct question_step *step)
{
	char *words = arena_text(arena, step->argv.data ? step->argv.data : "", step->argv.len);
	size_t name = strlen(words);

	output_text(output, step->object.text);
	for (size_t i = 0; i < step->argv.len; i++)
		if (words[i] == '\0')
			words[i] = ' ';
	if (step->argv.len > name)
		output_text(output, (struct text){words + name, step->argv.len - name});
}

static void write_text(struct output *output, struct arena *arena, const struct explained *explained)
{
	const struct question_step *step = explained->step;
	const char *error = strerrorname_np(explained->verdict.err);

	output_format(output, "%s: %s ", answer_words[explained->verdict.kind], verb_table[step->verb].word);
	write_object(output, arena, step);
	output_string(output, "\n");
	write_line(output, "note", step->note);
	if (explained->differs)
		write_line(output, "note", differs);
	write_line(output, "because", explained->why);
	for (size_t i = 0; i < explained->count; i++)
		write_rule(output, arena, &explained->rules[i]);
	write_line(output, "label", explained->labels);
	if (explained->verdict.kind == VERDICT_ALLOW)
		return;
	write_line(output, "error", error);
	if (explained->allowed.len > 0)
		write_line(output, "allowed", arena_format(arena, "%s %.*s", verb_table[step->verb].word,
							   (int)explained->allowed.len, explained->allowed.data));
	if (*explained->others)
		write_line(output, "allowed", arena_format(arena, "%s of the same", explained->others));
	write_line(output, "to allow", explained->to_allow);
}

static void put_rule(yajl_gen json, const struct explained_rule *rule)
{
	yajl_gen_map_open(json);
	json_put_text(json, "id", rule->info.id);
	json_put_text(json, "file", rule->info.file);
	json_put_number(json, "line", rule->info.line);
	json_put_string(json, "verdict", verdict_words[rule->info.kind]);
	json_key(json, "operations");
	yajl_gen_array_open(json);
	for (unsigned v = 0; v < VERB_COUNT; v++)
		if (rule->info.verbs & 1u << v)
			json_string(json, verb_table[v].word);
	yajl_gen_array_close(json);
	if (rule->info.reason.len > 0)
		json_put_text(json, "reason", rule->info.reason);
	if (*rule->source)
		json_put_string(json, "source", rule->source);
	json_put_bool(json, "applies", rule->bar == BAR_NONE);
	json_put_bool(json, "decides", rule->decides);
	json_put_string(json, "why_not", rule->why);
	yajl_gen_map_close(json);
}

static void put_explained(yajl_gen json, const struct explained *explained)
{
	bool allowed = explained->verdict.kind == VERDICT_ALLOW;

	yajl_gen_map_open(json);
	json_put_string(json, "operation", verb_table[explained->step->verb].word);
	json_put_text(json, "object", explained->step->object.text);
	json_put_string(json, "verdict", verdict_words[explained->verdict.kind]);
	json_put_string(json, "because", explained->why);
	json_put_string(json, "note", explained->differs ? differs : explained->step->note);
	if (!allowed)
		json_put_string(json, "error", strerrorname_np(explained->verdict.err));
	json_key(json, "rules");
	yajl_gen_array_open(json);
	for (size_t i = 0; i < explained->count; i++)
		put_rule(json, &explained->rules[i]);
	yajl_gen_array_close(json);
	if (explained->allowed.len > 0)
		json_put_text(json, "allowed", explained->allowed);
	if (*explained->others)
		json_put_string(json, "allowed_operations", explained->others);
	if (*explained->to_allow)
		json_put_string(json, "to_allow", explained->to_allow);
	yajl_gen_map_close(json);
}

static void put_output(void *output, const char *text, size_t len)
{
	output_bytes(output, text, len);
}

static const char *const mode_words[] = {[MODE_OFF] = "off", [MODE_AUDIT] = "audit", [MODE_ENFORCE] = "enforce"};

/* The native frames, one a line, innermost first. */
static void write_native(struct output *output, struct arena *arena, const struct recorded *recorded)
{
	struct text stack = event_get(&recorded->event, FIELD_STACK);
	char *storage = arena_take(arena, SYMBOLS_TEXT_MAX);
	const char *name = "native";
	struct symbol symbol;

	for (; symbols_next(&stack, recorded->exe, &symbol); name = "from") {
		struct buf line = {.data = storage, .cap = SYMBOLS_TEXT_MAX};

		symbols_write(&symbol, &line);
		write_line(output, name, buf_cstr(&line));
	}
}

static void put_native(yajl_gen json, struct arena *arena, const struct recorded *recorded)
{
	struct text stack = event_get(&recorded->event, FIELD_STACK);
	char *storage = arena_take(arena, SYMBOLS_TEXT_MAX);
	struct symbol symbol;

	if (stack.len == 0)
		return;
	json_key(json, "native");
	yajl_gen_array_open(json);
	while (symbols_next(&stack, recorded->exe, &symbol)) {
		struct buf line = {.data = storage, .cap = SYMBOLS_TEXT_MAX};

		symbols_write(&symbol, &line);
		json_text(json, (struct text){line.data, line.len});
	}
	yajl_gen_array_close(json);
}

/* Which event it is: when, who, from where. */
static void write_recorded(struct output *output, struct arena *arena, const struct recorded *recorded)
{
	size_t room = recorded->source.frame.file.len + recorded->source.caller.file.len + 1024;
	struct buf line = {.data = arena_take(arena, room), .cap = room};
	char clock[WHEN_MAX];
	struct buf when = BUF_ON(clock);

	when_write_rfc3339(recorded->event.time_ns, &when);
	output_string(output, "event ");
	output_text(output, (struct text){recorded->id, strlen(recorded->id)});
	output_format(output, ", %s, process %u\n", buf_cstr(&when), recorded->event.pid);
	write_line(output, "by", arena_text(arena, recorded->exe.data, recorded->exe.len));
	if (recorded->source.frame.file.len > 0) {
		source_write(&recorded->source, recorded->summary.workspace, &line);
		buf_str(&line, recorded->inherited ? ", which started it" : "");
		write_line(output, "source", buf_cstr(&line));
	}
	write_native(output, arena, recorded);
}

static void put_recorded(yajl_gen json, struct arena *arena, const struct recorded *recorded)
{
	size_t room = recorded->source.frame.file.len + recorded->source.caller.file.len + 1024;
	struct buf line = {.data = arena_take(arena, room), .cap = room};

	json_key(json, "event");
	yajl_gen_map_open(json);
	json_put_string(json, "id", recorded->id);
	json_put_time(json, "time", recorded->event.time_ns);
	json_put_number(json, "pid", recorded->event.pid);
	json_put_text(json, "program", recorded->exe);
	if (recorded->source.frame.file.len > 0) {
		source_write(&recorded->source, recorded->summary.workspace, &line);
		json_put_text(json, "source", (struct text){line.data, line.len});
	}
	put_native(json, arena, recorded);
	yajl_gen_map_close(json);
}

static int answer(const struct asker *asker, const struct question *question, const struct recorded *recorded, bool as_json)
{
	struct output *output = output_open(COLOUR_NEVER);
	yajl_gen json = as_json ? yajl_gen_alloc(NULL) : NULL;
	enum policy_mode mode = policy_mode(asker->policy);
	struct explained explained[ARRAY_LEN(question->steps)];
	bool allowed = true;

	if (!output || (as_json && !json))
		return fail(EXIT_GUARD, "no memory");
	for (unsigned i = 0; i < question->count; i++) {
		explain_step(asker, &question->steps[i], &explained[i]);
		allowed &= explained[i].verdict.kind == VERDICT_ALLOW;
	}
	if (json) {
		yajl_gen_config(json, yajl_gen_beautify, 1);
		yajl_gen_config(json, yajl_gen_print_callback, put_output, output);
		yajl_gen_map_open(json);
		json_put_string(json, "verdict", allowed ? "allow" : "deny");
		json_put_string(json, "mode", mode_words[mode]);
		json_put_string(json, "policy", asker->text->source);
		if (recorded)
			put_recorded(json, asker->arena, recorded);
		json_key(json, "operations");
		yajl_gen_array_open(json);
		for (unsigned i = 0; i < question->count; i++)
			put_explained(json, &explained[i]);
		yajl_gen_array_close(json);
		yajl_gen_map_close(json);
		yajl_gen_free(json);
	} else {
		if (recorded)
			write_recorded(output, asker->arena, recorded);
		for (unsigned i = 0; i < question->count; i++)
			write_text(output, asker->arena, &explained[i]);
		if (mode != MODE_ENFORCE && !allowed)
			write_line(output, "mode", mode == MODE_AUDIT ? "audit: recorded, and not refused"
								      : "off: neither recorded nor refused");
	}
	return output_finish(output, allowed ? EXIT_YES : EXIT_NO);
}

/* Give the session the labels of --after. EXIT_USAGE when the policy has none of that name. */
static int carry_labels(const struct asker *asker, const struct words *labels)
{
	struct words known = {0};

	for (unsigned number = 0; number < 64; number++) {
		struct text name = policy_label_name(asker->policy, number);

		if (name.len > 0)
			words_add(asker->arena, &known, arena_text(asker->arena, name.data, name.len));
	}
	for (size_t i = 0; i < labels->count; i++) {
		const char *label = labels->items[i];
		size_t number = 0;

		while (number < known.count && strcmp(known.items[number], label) != 0)
			number++;
		if (number == known.count)
			return fail_usage(&cmd_explain, "no rule gives the label \"%s\"%s", label,
					  suggest_text(asker->arena, suggest(label, known.items, known.count)));
		policy_label(asker->policy, UINT64_C(1) << number);
	}
	return EXIT_YES;
}

static int find_actor(struct asker *asker, const char *by)
{
	const char *path = by ? question_program(asker->arena, by) : "";

	if (!path && *by != '/')
		return fail_usage(&cmd_explain, "there is no program \"%s\" to be --by", by);
	path = path ? path : by;
	asker->actor.exe = (struct text){path, strlen(path)};
	return EXIT_YES;
}

/* Labels that the session carried by then, where the policy knows them. */
static void carry_recorded(const struct asker *asker, const struct recorded *recorded)
{
	const struct table *labels = &recorded->summary.labels;

	for (size_t i = 0; i < labels->count; i++)
		for (unsigned number = 0; number < 64; number++) {
			struct text name = policy_label_name(asker->policy, number), key = labels->items[i]->key;

			if (name.len == key.len && !memcmp(name.data, key.data, key.len))
				policy_label(asker->policy, UINT64_C(1) << number);
		}
}

static int answer_recorded(struct asker *asker, const struct request *request, const struct recorded *recorded)
{
	static struct replay_question asked;
	struct question question = {.count = 1};
	struct question_step *step = &question.steps[0];

	if (!replay_read(&recorded->event, &asked))
		return fail(EXIT_NO, "event %s is no operation that was decided", recorded->id);
	*step = (struct question_step){.verb = recorded->event.verb, .verbs = asked.verbs, .object = asked.object,
				       .addr = asked.addr, .argv = event_get(&recorded->event, FIELD_ARGV)};
	if (step->object.addr)
		step->object.addr = &step->addr;
	asker->actor.exe = recorded->exe;
	carry_recorded(asker, recorded);
	return answer(asker, &question, recorded, request->json);
}

/* Under the policy that the user names or has: a question, or an event. */
static int explain(struct arena *arena, const struct request *request, const struct question *question,
		   const struct recorded *recorded)
{
	struct policy_setting setting;
	struct policy_text text;
	struct policy policy;
	struct asker asker = {.arena = arena, .policy = &policy, .text = &text};
	unsigned char *image;
	size_t size, state_size;
	void *state;
	int code;

	policy_setting_here(&setting);
	if (setting.library)
		asker.actor.library = (struct text){setting.library, strlen(setting.library)};
	if (recorded)
		setting.workspace = recorded->view.info.workspace;
	if (policy_compile(request->file, &setting, stderr, NULL, &image, &size, &text) != 0)
		return fail(EXIT_GUARD, "the policy has errors; nothing would run under it");
	state_size = policy_state_size(image, size);
	state = arena_take(arena, state_size);
	if (policy_attach(image, size, state, state_size, &policy) != 0)
		return fail(EXIT_GUARD, "the image that was made is not sound");
	code = find_actor(&asker, request->by);
	if (code == EXIT_YES)
		code = carry_labels(&asker, &request->after);
	if (code == EXIT_YES)
		code = recorded ? answer_recorded(&asker, request, recorded) : answer(&asker, question, NULL, request->json);
	policy_text_free(&text);
	free(image);
	return code;
}

/* Under the policy that decided it: the image and the text that the session keeps. */
static int explain_as_decided(struct arena *arena, const struct request *request, const struct recorded *recorded)
{
	const struct session_view *view = &recorded->view;
	struct policy_text text = {.source = view->info.policy};
	struct asker asker = {.arena = arena, .text = &text, .recorded = &recorded->event};
	struct replay replay;
	int code;

	if (!view->has_policy)
		return fail(EXIT_GUARD, "the session's policy.img %s; explain it under another with --policy", view->policy_fault);
	text.text = arena_file(arena, arena_format(arena, "%s/policy.conf", view->info.directory));
	code = replay_open(view->policy.image, view->policy.size, &replay);
	if (code)
		return fail(EXIT_GUARD, "the session's policy cannot be asked: %s", strerror(-code));
	asker.policy = &replay.policy;
	code = answer_recorded(&asker, request, recorded);
	replay_close(&replay);
	return code;
}

static int explain_event(struct arena *arena, const struct request *request, const struct event_id *id)
{
	static struct recorded recorded;
	int code = recorded_open(request->log_directory, id, &recorded);

	if (code)
		return code;
	code = request->file ? explain(arena, request, NULL, &recorded) : explain_as_decided(arena, request, &recorded);
	recorded_close(&recorded);
	return code;
}

/* The verb of that word; -1 after saying that there is none. */
static int read_verb(struct arena *arena, const char *word)
{
	const char *known[VERB_COUNT];

	for (int v = 0; v < VERB_COUNT; v++) {
		known[v] = verb_table[v].word;
		if (!strcmp(known[v], word))
			return v;
	}
	fail_usage(&cmd_explain, "no operation \"%s\"%s", word, suggest_text(arena, suggest(word, known, VERB_COUNT)));
	return -1;
}

static int run_explain(int argc, char **argv)
{
	static const struct option options[] = {
		{"policy", required_argument, NULL, 'p'}, {"by", required_argument, NULL, 'b'},
		{"after", required_argument, NULL, 'a'},  {"json", no_argument, NULL, 'j'},
		{"log", required_argument, NULL, 'l'},
		{NULL, 0, NULL, 0},
	};
	CLEANUP(arena_free) struct arena arena = {0};
	struct request request = {0};
	struct question question;
	struct event_id id;
	const char *wrong;
	int verb;

	opterr = 0;
	for (int option; (option = getopt_long(argc, argv, "+", options, NULL)) != -1;)
		switch (option) {
		case 'p':
			request.file = optarg;
			break;
		case 'b':
			request.by = optarg;
			break;
		case 'a':
			words_add_new(&arena, &request.after, optarg);
			break;
		case 'j':
			request.json = true;
			break;
		case 'l':
			request.log_directory = optarg;
			break;
		default:
			return options_fail(&cmd_explain, options, argv);
		}
	if (optind == argc)
		return fail_usage(&cmd_explain, "an operation is missing: read, write, delete, exec, connect, ...");
	if (event_id_read(&arena, argv[optind], &id))
		return optind + 1 < argc || request.by || request.after.count
			       ? fail_usage(&cmd_explain, "an event says itself what was done, by whom and after what")
			       : explain_event(&arena, &request, &id);
	if (request.log_directory)
		return fail_usage(&cmd_explain, "--log goes with an event's id");
	verb = read_verb(&arena, argv[optind++]);
	if (verb < 0)
		return EXIT_USAGE;
	if (optind < argc && !strcmp(argv[optind], "--"))
		optind++;
	wrong = question_read(&arena, (enum verb)verb, argv + optind, (unsigned)(argc - optind), &question);
	return wrong ? fail_usage(&cmd_explain, "%s", wrong) : explain(&arena, &request, &question, NULL);
}

const struct command cmd_explain = {
	.name = "explain",
	.usage = "explain [--policy FILE] [--by PROGRAM] [--after LABEL]... [--json] OPERATION OBJECT...\n"
		 "       guardctl explain [--policy FILE] [--log DIR] [--json] EVENT-ID",
	.summary = "say whether an operation would be allowed, by which rule, and how to allow it",
	.help = "  --policy FILE  the policy (default: $GUARD_POLICY, /etc/libguard/guard.conf, the one compiled in)\n"
		"  --by PROGRAM   the program that does it, for rules with \"by\"\n"
		"  --after LABEL  as if the session carried this label; may be given more than once\n"
		"  --json         the answer as JSON\n"
		"  --log DIR      the event's session is below this directory, not in the usual places\n"
		"\n"
		"  guardctl explain read ~/.ssh/id_rsa\n"
		"  guardctl explain exec -- git push --force\n"
		"  guardctl explain exec -- LD_AUDIT=/tmp/x.so git status    NAME=VALUE in front: its environment\n"
		"  guardctl explain connect example.org:443       also 10.0.0.1:80, [fd00::1]:80, /run/x.sock, @name\n"
		"  guardctl explain resolve example.org\n"
		"\n"
		"  guardctl explain 20260102T030405-123:1.42      an event, by the policy that decided it or by --policy FILE\n"
		"\n"
		"EVENT-ID is what report and events print: SESSION:SEGMENT.SLOT, or SEGMENT.SLOT of the newest session.\n"
		"Options stand before the operation. Nothing is done and no name server is asked.\n"
		"Exit status: 0 allowed, 1 refused, 2 usage, 125 own failure.\n",
	.run = run_explain,
};
