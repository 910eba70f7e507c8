/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/unused.h"

#include "tools/judge.h"
#include "tools/output.h"
#include "tools/rule_text.h"
#include "tools/session_view.h"
#include "tools/summary.h"

#include <stdlib.h>

struct use {
	bool *used; /* by number of rule */
	uint32_t count;
	uint64_t operations;
	size_t quiet; /* runs whose reads were not all recorded */
};

static void hear(void *context, uint32_t rule, verb_set verbs, enum rule_bar bar)
{
	struct use *use = context;

	(void)verbs;
	if (rule < use->count && (bar == BAR_NONE || bar == BAR_OVER))
		use->used[rule] = true;
}

static void read_run(struct judge *judge, const struct session_view *view, struct use *use)
{
	static struct replay_question question;
	const struct policy_listener listener = {hear, use};
	struct summary summary;
	struct event event;
	struct verdict verdict;

	summary_init(&summary, view->info.workspace);
	while (log_reader_next(view->reader, &event)) {
		summary_pass(&summary, &event);
		if (!replay_read(&event, &question))
			continue;
		use->operations++;
		replay_decide(&judge->replay, &event, &question, summary_exe(&summary, &event), &listener, &verdict);
	}
	summary_free(&summary);
	use->quiet += view->has_policy && policy_log(&view->policy).reads != READS_ALL;
}

static uint32_t print_rules(struct output *output, const struct policy *policy, const struct use *use)
{
	struct rule_info info;
	uint32_t unused = 0;

	for (uint32_t number = 0; policy_rule(policy, number, &info) == 0; number++) {
		if (info.builtin || use->used[number])
			continue;
		unused++;
		output_text(output, info.file);
		output_format(output, ":%u: rule ", info.line);
		output_text(output, info.id);
		output_string(output, " is not used\n");
	}
	return unused;
}

static int print(const struct judge *judge, const struct use *use, size_t runs, bool strict)
{
	struct output *output = output_open(COLOUR_NEVER);
	uint32_t unused = print_rules(output, &judge->replay.policy, use);

	output_text(output, (struct text){judge->text.source, __builtin_strlen(judge->text.source)});
	output_format(output, ": %u of %u rules are not used by %llu operations in %zu run%s\n", unused, use->count,
		      (unsigned long long)use->operations, runs, runs == 1 ? "" : "s");
	if (use->quiet)
		output_format(
			output,
			"in %zu of the runs not all reads were recorded (log.reads): rules about those look unused\n",
			use->quiet);
	return output_finish(output, strict && unused ? EXIT_NO : EXIT_YES);
}

int unused_print(const char *file, const char *log_directory, char *const *names, size_t count, bool strict)
{
	struct use use = {0};
	int code = EXIT_YES;

	for (size_t i = 0; i < count && code == EXIT_YES; i++) {
		struct session_view view;
		struct judge judge;

		if (session_view_open(log_directory, names[i], &view)) {
			code = EXIT_GUARD;
			break;
		}
		/* The same errors would be said for every run. */
		if (judge_open(file, &view.info, NULL, &judge))
			code = EXIT_NO;
		if (code == EXIT_YES && !use.used) {
			use.count = policy_rule_count(&judge.replay.policy);
			use.used = calloc(use.count + 1, sizeof *use.used);
		}
		if (code == EXIT_YES && !use.used)
			code = fail(EXIT_GUARD, "no memory");
		if (code == EXIT_YES) {
			read_run(&judge, &view, &use);
			if (i + 1 == count)
				code = print(&judge, &use, count, strict);
		}
		judge_close(&judge);
		session_view_close(&view);
	}
	free(use.used);
	return code;
}
