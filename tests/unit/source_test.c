/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/origins.h"
#include "tools/source.h"

#include "tests/unit/suite.h"

#include "libguard/policy/policy.h"

#include <stdio.h>
#include <string.h>

static void check(struct text stack, const char *expected)
{
	char storage[512];
	struct buf out = BUF_ON(storage);
	struct source_line line;

	if (source_of(stack, &line))
		source_write(&line, TEXT("/work"), &out);
	if (out.len != strlen(expected) || memcmp(out.data, expected, out.len) != 0)
		printf("# expected %s, found %.*s\n", expected, (int)out.len, out.data);
	CU_ASSERT_TRUE(out.len == strlen(expected) && !memcmp(out.data, expected, out.len));
}

static void the_programs_own_line_is_found(void)
{
	check(TEXT("/work/agent.py:42 cleanup\0/work/agent.py:60 <module>"), "agent.py:42 in cleanup");
	check(TEXT("/usr/lib/python3.11/shutil.py:7 rmtree\0/work/sub/a.py:3 f"), "sub/a.py:3 in f");
	check(TEXT("/root/.pyenv/versions/3.13.0/lib/python3.13t/os.py:1 f\0a.py:3 f"), "a.py:3 in f");
	check(TEXT("/usr/lib/python311.zip/os.py:1 f\0/other/a.py:3 f"), "/other/a.py:3 in f");
	check(TEXT("<frozen importlib._bootstrap>:1 f\0/x/site-packages/tool/a.py:2 g\0/work/a.py:3 f"), "a.py:3 in f");
	check(TEXT("/x/site-packages/tool/a.py:2 g\0/usr/lib/python3.11/os.py:3 f"), "/x/site-packages/tool/a.py:2 in g");
	check(TEXT("/usr/lib/python3.11/os.py:3 f\0/usr/lib/python3.11/os.py:9 g"), "/usr/lib/python3.11/os.py:3 in f");
	check(TEXT("/work/lib/python3ish/a.py:3 f"), "lib/python3ish/a.py:3 in f");
}

static void code_in_no_file_is_told_with_its_caller(void)
{
	check(TEXT("<string>:1 <module>\0/usr/lib/python3.11/runpy.py:3 run\0/work/a.py:4 g\0/work/a.py:9 h"),
	      "<string>:1 in <module>, from a.py:4 in g");
	check(TEXT("<string>:1 <module>"), "<string>:1 in <module>");
}

static void odd_stacks_are_read(void)
{
	check(TEXT("/work/with blank: 7.py:42 f"), "with blank: 7.py:42 in f");
	check(TEXT("/work/a.py:0 f"), "a.py in f");
	check(TEXT("nonsense\0\0:1 f\0a.py:x f\0a.py:1 \0a.py:99999999999999999999 f\0/work/a.py:1 f"), "a.py:1 in f");
	check(TEXT("nonsense"), "");
	check(TEXT(""), "");
}

/* What a log tells, one event after the other. */
static struct origins origins;

static struct event event_of(enum event_kind kind, uint32_t pid, uint32_t ppid)
{
	return (struct event){.kind = kind, .verb = VERB_EXEC, .verbs = VERB_SET(EXEC), .verdict = VERDICT_ALLOW, .pid = pid,
			      .ppid = ppid};
}

static void process(uint32_t pid, uint32_t ppid)
{
	struct event event = event_of(EVENT_PROCESS, pid, ppid);

	origins_add(&origins, &event);
}

static void start(uint32_t pid, uint32_t program, const char *call, const char *stack)
{
	struct event event = event_of(EVENT_OPERATION, pid, program);

	event_add(&event, FIELD_CALL, (struct text){call, strlen(call)});
	event_add(&event, FIELD_SOURCE, (struct text){stack, strlen(stack)});
	origins_add(&origins, &event);
}

static bool goes_back_to(uint32_t pid, uint32_t program, const char *stack)
{
	struct event event = event_of(EVENT_OPERATION, pid, program);
	bool inherited;
	struct text found = origins_of(&origins, &event, &inherited);

	return found.len == strlen(stack) && !memcmp(found.data, stack, found.len) && inherited == (found.len > 0);
}

static void what_a_program_does_goes_back_to_the_line_that_started_it(void)
{
	struct arena arena = {0};

	origins_init(&origins, &arena);
	process(10, 1);
	start(11, 10, "execve", "a.py:1 f");
	process(11, 10);
	CU_ASSERT_TRUE(goes_back_to(11, 0, "a.py:1 f"));
	/* a shell's own children, subshells without a program among them */
	start(13, 11, "execve", "");
	process(13, 12);
	CU_ASSERT_TRUE(goes_back_to(13, 0, "a.py:1 f"));
	CU_ASSERT_TRUE(goes_back_to(14, 13, "a.py:1 f"));
	/* a program that goes on as another one */
	start(13, 0, "execv", "");
	process(13, 12);
	CU_ASSERT_TRUE(goes_back_to(13, 0, "a.py:1 f"));
	/* started by libc: the child says who its parent is */
	start(10, 0, "posix_spawn", "a.py:2 g");
	process(15, 10);
	CU_ASSERT_TRUE(goes_back_to(15, 0, "a.py:2 g"));
	/* a pid that is used again */
	process(11, 1);
	CU_ASSERT_TRUE(goes_back_to(11, 0, ""));
	CU_ASSERT_TRUE(goes_back_to(99, 0, ""));
	CU_ASSERT_TRUE(goes_back_to(0, 0, ""));
	origins_free(&origins);
	arena_free(&arena);
}

static void no_loop_of_parents_is_endless(void)
{
	struct arena arena = {0};

	origins_init(&origins, &arena);
	process(20, 21);
	process(21, 20);
	CU_ASSERT_TRUE(goes_back_to(20, 0, ""));
	origins_free(&origins);
	arena_free(&arena);
}

static const CU_TestInfo tests[] = {
	{"the_programs_own_line_is_found", the_programs_own_line_is_found},
	{"code_in_no_file_is_told_with_its_caller", code_in_no_file_is_told_with_its_caller},
	{"odd_stacks_are_read", odd_stacks_are_read},
	{"what_a_program_does_goes_back_to_the_line_that_started_it", what_a_program_does_goes_back_to_the_line_that_started_it},
	{"no_loop_of_parents_is_endless", no_loop_of_parents_is_endless},
	CU_TEST_INFO_NULL,
};

const struct suite source_suite = {"source", tests};
