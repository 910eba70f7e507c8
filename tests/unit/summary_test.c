/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/summary.h"

#include "tests/unit/suite.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>

#define MANY 300000

static struct event touch(enum verb verb, const char *path)
{
	struct event event = {.kind = EVENT_OPERATION, .verb = verb, .verbs = 1u << verb, .door = DOOR_HOOK,
			      .rule = RULE_DEFAULT, .pid = 1, .tid = 1, .time_ns = 1};

	event_add(&event, FIELD_OBJECT, (struct text){path, strlen(path)});
	event_add(&event, FIELD_CALL, TEXT("open"));
	return event;
}

static void add_many(struct summary *summary, enum verb verb, unsigned from, unsigned to)
{
	char path[64];

	for (unsigned i = from; i < to; i++) {
		struct event event;

		snprintf(path, sizeof path, "/work/directory-%u/file-%u", i / 40, i);
		event = touch(verb, path);
		summary_add(summary, &event);
	}
}

static void counters_stay_exact_when_names_are_too_many(void)
{
	static struct summary summary;

	summary_init(&summary, "/work");
	add_many(&summary, VERB_WRITE, 0, MANY);
	CU_ASSERT_EQUAL(summary.records, MANY);
	CU_ASSERT_EQUAL(summary.outcomes[OUTCOME_DONE], MANY);
	CU_ASSERT_EQUAL(summary.verbs[VERB_WRITE][OUTCOME_DONE], MANY);
	CU_ASSERT(summary.changes.count < MANY);
	CU_ASSERT_EQUAL(summary.changes.refused, MANY - summary.changes.count);
	summary_free(&summary);
}

static void memory_does_not_grow_with_names_beyond_the_cap(void)
{
	static struct summary summary;
	size_t full, later;

	summary_init(&summary, "/work");
	add_many(&summary, VERB_WRITE, 0, MANY / 2);
	full = mallinfo2().uordblks + mallinfo2().hblkhd;
	add_many(&summary, VERB_WRITE, MANY / 2, MANY);
	later = mallinfo2().uordblks + mallinfo2().hblkhd;
	CU_ASSERT_EQUAL(later, full);
	summary_free(&summary);
}

static void a_name_that_is_kept_goes_on_being_counted(void)
{
	static struct summary summary;
	struct event event = touch(VERB_WRITE, "/work/first");
	const struct change *first;

	summary_init(&summary, "/work");
	summary_add(&summary, &event);
	add_many(&summary, VERB_WRITE, 0, MANY / 2);
	summary_add(&summary, &event);
	first = table_find(&summary.changes, TEXT("/work/first"));
	CU_ASSERT_PTR_NOT_NULL_FATAL(first);
	CU_ASSERT_EQUAL(first->written, 2);
	summary_free(&summary);
}

static void a_timeline_counts_each_event_however_long_it_gets(void)
{
	static const uint64_t times[] = {5000000000, 5000000001, 69000000000, 1, UINT64_MAX};
	struct timeline timeline = {0};
	uint64_t events = 0, refused = 0;

	for (size_t i = 0; i < ARRAY_LEN(times); i++)
		timeline_add(&timeline, times[i], i == 2);
	for (size_t i = 0; i < timeline_count(&timeline); i++) {
		events += timeline.spans[i].events;
		refused += timeline.spans[i].refused;
	}
	CU_ASSERT_EQUAL(events, ARRAY_LEN(times));
	CU_ASSERT_EQUAL(refused, 1);
	CU_ASSERT_EQUAL(timeline.spans[timeline_count(&timeline) - 1].events, 1);
}

static struct event of_process(enum event_kind kind, uint32_t pid, uint32_t ppid, const char *exe)
{
	struct event event = {.kind = kind, .verb = VERB_EXEC, .verbs = VERB_SET(EXEC), .door = DOOR_HOOK,
			      .coverage = kind == EVENT_PROCESS ? COVER_HOOKS : COVER_STATIC, .pid = pid, .tid = pid, .ppid = ppid,
			      .time_ns = 1};

	event_add(&event, FIELD_EXE, (struct text){exe, strlen(exe)});
	return event;
}

static struct event start_of(uint32_t pid, uint32_t origin, const char *call)
{
	struct event event = touch(VERB_EXEC, "/bin/program");

	event.values[1].text = (struct text){call, strlen(call)};
	event.pid = event.tid = pid;
	event.ppid = origin;
	return event;
}

static void a_program_that_a_subshell_started_hangs_below_the_shell(void)
{
	static struct summary summary;
	const struct event events[] = {
		of_process(EVENT_PROCESS, 10, 1, "/bin/shell"),
		start_of(12, 10, "execve"), /* 12 is a child of 11, a subshell of 10 */
		of_process(EVENT_PROCESS, 12, 11, "/bin/one"),
		start_of(11, 10, "posix_spawn"),
		of_process(EVENT_PROCESS, 13, 11, "/bin/two"),
	};

	summary_init(&summary, "/work");
	for (size_t i = 0; i < ARRAY_LEN(events); i++)
		summary_add(&summary, &events[i]);
	CU_ASSERT_PTR_NOT_NULL_FATAL(summary.programs.first);
	CU_ASSERT_PTR_NULL(summary.programs.first->next);
	CU_ASSERT_PTR_NOT_NULL_FATAL(summary.programs.first->first);
	CU_ASSERT_STRING_EQUAL(summary.programs.first->first->exe.data, "/bin/one");
	CU_ASSERT_PTR_NOT_NULL_FATAL(summary.programs.first->first->next);
	CU_ASSERT_STRING_EQUAL(summary.programs.first->first->next->exe.data, "/bin/two");
	summary_free(&summary);
}

static void a_program_without_hooks_is_counted_once_by_name(void)
{
	static struct summary summary;
	const struct event events[] = {
		of_process(EVENT_PROCESS, 10, 1, "/bin/shell"),
		of_process(EVENT_COVERAGE, 11, 10, "/bin/static"),
		of_process(EVENT_COVERAGE, 12, 11, "/bin/static"), /* elsewhere in the tree */
		of_process(EVENT_COVERAGE, 13, 10, "/bin/another"),
	};
	const struct unhooked *first;

	summary_init(&summary, "/work");
	for (size_t i = 0; i < ARRAY_LEN(events); i++)
		summary_add(&summary, &events[i]);
	CU_ASSERT_EQUAL_FATAL(summary.programs.unhooked.count, 2);
	first = (const struct unhooked *)summary.programs.unhooked.items[0];
	CU_ASSERT_EQUAL(first->count, 2);
	CU_ASSERT_EQUAL(first->coverage, COVER_STATIC);
	CU_ASSERT_EQUAL(first->exe.len, strlen("/bin/static"));
	CU_ASSERT_EQUAL(memcmp(first->exe.data, "/bin/static", first->exe.len), 0);
	CU_ASSERT_EQUAL(summary.programs.uncovered, 3);
	summary_free(&summary);
}

static void the_share_of_hooks_leaves_loaders_and_unhooked_programs_out(void)
{
	static struct summary summary;
	struct event event, kernel = touch(VERB_READ, "/work/file"), hook = kernel;

	kernel.door = DOOR_KERNEL;
	summary_init(&summary, "/work");
	summary_add(&summary, &kernel); /* the loader's */
	event = of_process(EVENT_PROCESS, 1, 0, "/bin/shell");
	summary_add(&summary, &event);
	for (int i = 0; i < 3; i++)
		summary_add(&summary, &hook);
	summary_add(&summary, &kernel);
	kernel.pid = 2; /* a child of which nothing is known yet, and then that it has no hooks */
	summary_add(&summary, &kernel);
	event = of_process(EVENT_COVERAGE, 2, 1, "/bin/static");
	event.door = DOOR_KERNEL;
	summary_add(&summary, &event);
	summary_add(&summary, &kernel);
	CU_ASSERT_EQUAL(summary.share.by_hooks, 3);
	CU_ASSERT_EQUAL(summary.share.by_kernel, 1);
	CU_ASSERT_EQUAL(summary.share.loading, 1);
	CU_ASSERT_EQUAL(summary.share.unhooked, 2);
	CU_ASSERT_EQUAL(share_of_hooks(&summary.share), 750);
	summary_free(&summary);
}

static const CU_TestInfo tests[] = {
	{"a_program_that_a_subshell_started_hangs_below_the_shell", a_program_that_a_subshell_started_hangs_below_the_shell},
	{"a_program_without_hooks_is_counted_once_by_name", a_program_without_hooks_is_counted_once_by_name},
	{"the_share_of_hooks_leaves_loaders_and_unhooked_programs_out", the_share_of_hooks_leaves_loaders_and_unhooked_programs_out},
	{"counters_stay_exact_when_names_are_too_many", counters_stay_exact_when_names_are_too_many},
	{"memory_does_not_grow_with_names_beyond_the_cap", memory_does_not_grow_with_names_beyond_the_cap},
	{"a_name_that_is_kept_goes_on_being_counted", a_name_that_is_kept_goes_on_being_counted},
	{"a_timeline_counts_each_event_however_long_it_gets", a_timeline_counts_each_event_however_long_it_gets},
	CU_TEST_INFO_NULL,
};

const struct suite summary_suite = {"summary", tests};
