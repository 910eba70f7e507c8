/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guardctl suggest: the policy that would have allowed what runs did, and not
 * much more.
 *
 * What it says is tried out: all runs are asked again under it, until nothing
 * that was wanted is refused.
 */
#include "tools/cmd.h"
#include "tools/draft.h"
#include "tools/explain.h"
#include "tools/judge.h"
#include "tools/options.h"
#include "tools/output.h"
#include "tools/session_view.h"
#include "tools/summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRIES 6 /* of a draft; each adds what the one before refused */

struct job {
	const char *log_directory, *ceiling;
	char *const *names;
	unsigned count;
	struct draft draft;
	struct judge ceilings[DRAFT_RUNS_MAX]; /* one for each run, where it was */
	const char *workspaces[DRAFT_RUNS_MAX], *homes[DRAFT_RUNS_MAX];
	uint64_t wanted, refused, kept_back; /* operations; KEPT_BACK: that the ceiling does not allow */
	unsigned tries;			     /* of the draft so far */
	uint64_t uncovered, reads_missing; /* runs with programs that were not seen, or whose reads were not recorded */
};

/* For each operation of a run, in the order of the log. */
struct pass {
	struct job *job;
	const struct session_view *view;
	struct draft_run run;
	struct judge *ceiling, *draft; /* or NULL */
	uint64_t missing;	       /* wanted, and the draft refuses it */
};

/* Deny rules of the ceiling hold as they are, with all their conditions; rules that label serve their `after`. */
static void copy_ceiling(struct draft *draft, const struct judge *ceiling)
{
	const struct policy *policy = &ceiling->replay.policy;
	struct rule_info info;

	for (uint32_t number = 0; policy_rule(policy, number, &info) == 0; number++) {
		const char *name = arena_text(&draft->arena, info.id.data, info.id.len), *text;
		const char *slash = strchr(name, '/');

		if (info.builtin)
			continue;
		if (slash) {
			words_add_new(&draft->arena, &draft->profiles,
				      arena_text(&draft->arena, name, (size_t)(slash - name)));
			continue;
		}
		text = explain_rule_text(&draft->arena, &ceiling->text, &info);
		if (info.kind != VERDICT_ALLOW || strstr(text, "label"))
			words_add_new(&draft->arena, &draft->copied,
				      arena_format(&draft->arena, "%s\n%s", section_words[info.section], text));
	}
}

/* Whether the policy allows it, whatever the session did before. */
static bool allows(const struct judge *judge, const struct replay_question *question, struct text exe,
		   char *const *argv, struct verdict *verdict)
{
	struct policy stateless = judge->replay.policy;
	struct object object = question->object;

	stateless.state = NULL;
	object.argv = argv;
	policy_decide(&stateless, question->verbs, &object, &(struct actor){.exe = exe}, verdict);
	return verdict->kind == VERDICT_ALLOW;
}

/* Does the ceiling allow it; to any program and with any words, or under which conditions? */
static bool ask_ceiling(struct judge *ceiling, const struct event *event, const struct replay_question *question,
			struct text exe, struct draft_grant *grant, struct verdict *verdict)
{
	const struct text nobody = {"", 0};
	bool commands = question->object.kind == OBJECT_PROGRAM;

	replay_decide(&ceiling->replay, event, question, exe, NULL, verdict);
	if (verdict->kind != VERDICT_ALLOW)
		return false;
	if (allows(ceiling, question, nobody, NULL, verdict))
		return true;
	grant->by = exe;
	if (allows(ceiling, question, exe, NULL, verdict))
		return true;
	if (!commands)
		return false;
	grant->argv = event_get(event, FIELD_ARGV);
	if (allows(ceiling, question, exe, question->object.argv, verdict)) {
		if (allows(ceiling, question, nobody, question->object.argv, verdict))
			grant->by = nobody;
		return true;
	}
	return false;
}

/* The draft refuses it: by a default it needs a rule; by a rule of a tool's profile that rule goes; by others it stays.
 */
static void mend(struct pass *pass, const struct event *event, const struct verdict *verdict, struct draft_grant *grant)
{
	struct draft *draft = &pass->job->draft;
	struct rule_text rule = rule_text_of(&pass->draft->replay.policy, verdict->rule, event->verb);
	const char *name = arena_text(&draft->arena, rule.name.data, rule.name.len);

	if (verdict->rule == RULE_DEFAULT) {
		pass->missing++;
		grant->exact = true;
		draft_want(draft, &pass->run, event, grant);
	} else if (strchr(name, '/') && strncmp(name, "base/", 5) != 0) {
		pass->missing++;
		words_add_new(&draft->arena, &draft->without, name);
	} else if (pass->job->tries == 0) {
		pass->job->kept_back++;
		draft_refuse(draft, &pass->run, event, &rule);
	}
}

static void add_profile(struct draft *draft, struct text program)
{
	static const struct {
		const char *begin, *profile;
	} rows[] = {{"git", "git"}, {"python", "python"}, {"node", "node"}};
	const char *slash = memrchr(program.data, '/', program.len);
	struct text name = slash ? (struct text){slash + 1, (size_t)(program.data + program.len - slash - 1)} : program;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (name.len >= strlen(rows[i].begin) && !memcmp(name.data, rows[i].begin, strlen(rows[i].begin)))
			words_add_new(&draft->arena, &draft->profiles, rows[i].profile);
}

/* An operation that worked, or would have, if the world had been otherwise: it was not the guard that stopped it. */
static void judge_wanted(struct pass *pass, const struct event *event, const struct replay_question *question,
			 struct text exe)
{
	struct job *job = pass->job;
	struct draft_grant grant = {0};
	struct verdict verdict;

	if (pass->ceiling && !ask_ceiling(pass->ceiling, event, question, exe, &grant, &verdict)) {
		struct rule_text rule = rule_text_of(&pass->ceiling->replay.policy, verdict.rule, event->verb);

		if (!pass->draft) {
			job->kept_back++;
			draft_refuse(&job->draft, &pass->run, event, &rule);
		}
		return;
	}
	if (!pass->draft) {
		job->wanted++;
		if (event->verb == VERB_EXEC && !job->ceiling)
			add_profile(&job->draft, event_get(event, FIELD_OBJECT));
		draft_want(&job->draft, &pass->run, event, &grant);
		return;
	}
	replay_decide(&pass->draft->replay, event, question, exe, NULL, &verdict);
	if (verdict.kind != VERDICT_ALLOW)
		mend(pass, event, &verdict, &grant);
}

static void judge_event(struct pass *pass, const struct summary *summary, const struct event *event)
{
	static struct replay_question question;

	stable_add(&pass->run.stable, event);
	if (!replay_read(event, &question))
		return;
	if (outcome_refuses(outcome_of(event))) {
		struct rule_text rule = rule_text_of(session_view_policy(pass->view), event->rule, event->verb);

		if (!pass->draft) {
			pass->job->refused++;
			draft_refuse(&pass->job->draft, &pass->run, event, &rule);
		}
		return;
	}
	judge_wanted(pass, event, &question, summary_exe(summary, event));
}

static void note_gaps(struct pass *pass, const struct summary *summary)
{
	struct policy_log log;

	if (pass->draft)
		return;
	pass->job->uncovered += summary->programs.uncovered > 0 || pass->view->counts.uncovered > 0;
	if (!pass->view->has_policy)
		return;
	log = policy_log(&pass->view->policy);
	pass->job->reads_missing += log.reads != READS_ALL;
}

/* One run: with DRAFT the file that is tried out, else the evidence is collected. */
static int read_run(struct job *job, unsigned number, const char *draft, uint64_t *missing)
{
	struct session_view view;
	struct summary summary;
	struct judge *ceiling = &job->ceilings[number], tried = {0};
	struct pass pass = {.job = job, .view = &view};
	struct event event;
	int err = session_view_open(job->log_directory, job->names[number], &view);

	if (err)
		return err;
	if (job->ceiling) {
		judge_close(ceiling);
		err = judge_open(job->ceiling, &view.info, NULL, ceiling);
		pass.ceiling = ceiling;
	}
	if (!err && draft) {
		err = judge_open(draft, &view.info, NULL, &tried);
		pass.draft = &tried;
	}
	if (!err) {
		draft_begin(&job->draft, view.info.directory, view.info.workspace, view.info.home, &pass.run);
		pass.run.number = number;
		job->draft.runs = job->count;
		job->workspaces[number] =
			arena_text(&job->draft.arena, view.info.workspace, strlen(view.info.workspace));
		job->homes[number] = arena_text(&job->draft.arena, view.info.home, strlen(view.info.home));
		if (job->ceiling && !draft && number == 0)
			copy_ceiling(&job->draft, ceiling);
		summary_init(&summary, view.info.workspace);
		while (log_reader_next(view.reader, &event)) {
			summary_pass(&summary, &event);
			judge_event(&pass, &summary, &event);
		}
		note_gaps(&pass, &summary);
		summary_free(&summary);
		stable_free(&pass.run.stable);
		stable_free(&pass.run.plain);
		*missing += pass.missing;
	}
	judge_close(&tried);
	session_view_close(&view);
	return err;
}

/* A name that PATTERN covers: WORD for each "*". */
static const char *fill_in(struct arena *arena, const char *pattern, const char *word, const char *workspace,
			   const char *home)
{
	static const char variable[] = "${WORKSPACE}";
	const char *name = "";

	if (!strncmp(pattern, variable, strlen(variable))) {
		name = workspace;
		pattern += strlen(variable);
	} else if (*pattern == '~') {
		name = home;
		pattern++;
	}
	for (; *pattern; pattern++) {
		if (*pattern == '\\' && pattern[1])
			name = arena_format(arena, "%s%c", name, *++pattern);
		else if (pattern[0] == '*' && pattern[1] == '*')
			name = arena_format(arena, "%s%s/%s", name, word, word), pattern++;
		else if (*pattern == '*')
			name = arena_format(arena, "%s%s", name, word);
		else
			name = arena_format(arena, "%s%c", name, *pattern);
	}
	return name;
}

/*
 * Does the ceiling allow all that a pattern covers? Its own rules that refuse hold beside the draft; so only where its
 * default refuses, what it allows must be as wide. That is tried with words as different as can be: a rule that allows
 * them all there has a "*" of its own.
 */
static bool ceiling_allows(void *context, const struct draft_item *item, const char *pattern)
{
	static const char *const words[] = {"a",
					    "Z",
					    "0",
					    ".x",
					    "-",
					    "~ \xc3\xa9",
					    "abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789"};
	struct job *job = context;

	for (unsigned run = 0; job->ceiling && run < job->count; run++)
		for (size_t i = 0; i < ARRAY_LEN(words); i++) {
			CLEANUP(arena_free) struct arena arena = {0};
			const char *name = fill_in(&arena, pattern, words[i], job->workspaces[run], job->homes[run]);
			struct replay_question question = {.verbs = item->verbs, .object.text = {name, strlen(name)}};
			struct text by = {item->by, strlen(item->by)};
			struct verdict verdict;

			question.object.kind = item->section == SECTION_FILES	   ? OBJECT_PATH
					       : item->section == SECTION_COMMANDS ? OBJECT_PROGRAM
					       : item->section == SECTION_PROCESS  ? OBJECT_PROCESS
										   : OBJECT_ADDRESS;
			question.addr.family = ADDR_UNIX;
			question.object.addr = item->section == SECTION_NETWORK ? &question.addr : NULL;
			if (!allows(&job->ceilings[run], &question, by, NULL, &verdict) && verdict.rule == RULE_DEFAULT)
				return false;
		}
	return true;
}

static const char *head_of(struct job *job)
{
	struct arena *arena = &job->draft.arena;
	const char *head =
		arena_format(arena,
			     "# What %u run%s did, by guardctl suggest (" PACKAGE_STRING "): %llu operations that were "
			     "wanted, all allowed here.\n",
			     job->count, job->count == 1 ? "" : "s", (unsigned long long)job->wanted);

	if (job->refused + job->kept_back)
		head = arena_format(
			arena, "%s# %llu that were refused%s stay so: below each section, as rules behind a \"#\".\n",
			head, (unsigned long long)(job->refused + job->kept_back),
			job->ceiling ? ", or are beyond the ceiling," : "");
	if (job->uncovered)
		head = arena_format(arena,
				    "%s# In %llu of the runs programs were not covered: what they did is not here.\n",
				    head, (unsigned long long)job->uncovered);
	if (job->reads_missing)
		head = arena_format(
			arena,
			"%s# In %llu of the runs not all reads were recorded (log.reads): this policy refuses them.\n",
			head, (unsigned long long)job->reads_missing);
	if (job->count == 1)
		head = arena_format(
			arena, "%s# One run shows little of what changes: give guardctl suggest more of them.\n", head);
	return arena_format(arena,
			    "%s# \"*\" stands where names changed from run to run, or many were read. Look at what may "
			    "be written.\n",
			    head);
}

static int write_file(struct job *job, const char *path)
{
	FILE *file = fopen(path, "we");

	if (!file)
		return fail(EXIT_GUARD, "cannot write %s", path);
	draft_write(&job->draft, head_of(job), file);
	return fclose(file) == 0 ? 0 : fail(EXIT_GUARD, "cannot write %s", path);
}

/* Try the draft out until it refuses nothing that is wanted. */
static int settle(struct job *job, const char *path)
{
	for (; job->tries < TRIES; job->tries++) {
		uint64_t missing = 0;
		int err = write_file(job, path);

		for (unsigned i = 0; i < job->count && !err; i++)
			err = read_run(job, i, path, &missing);
		if (err)
			return err;
		if (missing == 0)
			return write_file(job, path);
	}
	return fail(EXIT_GUARD, "no policy was found that allows all that was wanted: an operation on something that "
				"rules cannot name");
}

static int print(const char *path)
{
	struct output *output = output_open(COLOUR_NEVER);
	FILE *file = fopen(path, "re");
	char piece[4096];

	if (!file)
		return fail(EXIT_GUARD, "cannot read %s", path);
	for (size_t len; (len = fread(piece, 1, sizeof piece, file)) > 0;)
		output_bytes(output, piece, len);
	fclose(file);
	return output_finish(output, EXIT_YES);
}

static int suggest_policy(struct job *job)
{
	const char *place = getenv("TMPDIR");
	char path[4096];
	uint64_t missing = 0;
	int err = 0, fd;

	draft_init(&job->draft);
	for (unsigned i = 0; i < job->count && !err; i++)
		err = read_run(job, i, NULL, &missing);
	if (!err && job->draft.lost)
		err = fail(EXIT_GUARD, "too many different names: %llu operations cannot be kept",
			   (unsigned long long)job->draft.lost);
	if (!err) {
		draft_spread(&job->draft, &(struct draft_limit){ceiling_allows, job, !job->ceiling});
		snprintf(path, sizeof path, "%s/guard-suggest.XXXXXX", place && *place ? place : "/tmp");
		fd = mkstemp(path);
		if (fd < 0)
			err = fail(EXIT_GUARD, "cannot make a file in %s", place && *place ? place : "/tmp");
		else
			close(fd);
		if (!err) {
			err = settle(job, path);
			err = err ? err : print(path);
			unlink(path);
		}
	}
	for (unsigned i = 0; i < job->count; i++)
		judge_close(&job->ceilings[i]);
	draft_free(&job->draft);
	return err;
}

static int run_suggest(int argc, char **argv)
{
	static const struct option options[] = {
		{"log", required_argument, NULL, 'l'},
		{"ceiling", required_argument, NULL, 'c'},
		{NULL, 0, NULL, 0},
	};
	static char last[] = "last";
	static char *const newest[] = {last};
	static struct job job;

	opterr = 0;
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
		switch (option) {
		case 'l':
			job.log_directory = optarg;
			break;
		case 'c':
			job.ceiling = optarg;
			break;
		default:
			return options_fail(&cmd_suggest, options, argv);
		}
	if (argc - optind > DRAFT_RUNS_MAX)
		return fail_usage(&cmd_suggest, "%d runs are too many: %d at most", argc - optind, DRAFT_RUNS_MAX);
	job.names = optind < argc ? argv + optind : newest;
	job.count = optind < argc ? (unsigned)(argc - optind) : 1;
	return suggest_policy(&job);
}

const struct command cmd_suggest = {
	.name = "suggest",
	.usage = "suggest [--log DIR] [--ceiling POLICY] [RUN...]",
	.summary = "write the policy that would have allowed what runs did",
	.help = "  --log DIR         sessions below this directory (default: the usual places)\n"
		"  --ceiling POLICY  never allow what this policy does not: its rules that refuse come along\n"
		"\n"
		"RUN is a session: an id, the beginning of one, a path, or last (the default). Several runs of one "
		"job\n"
		"show which names change. Whatever runs did, the profile base stays in force; what was refused, and "
		"what\n"
		"is beyond the ceiling, is written as rules behind a \"#\", with the reason.\n"
		"\n"
		"  guardctl suggest 20260102T0304 20260102T0310 20260102T0315 >guard.conf\n"
		"\n"
		"Exit status: 0; 1 no such session, 2 usage, 125 own failure.\n",
	.run = run_suggest,
};
