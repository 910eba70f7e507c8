/* SPDX-License-Identifier: Apache-2.0 */
#include "libguard/session/env.h"

#include "tests/unit/suite.h"

#include <errno.h>
#include <string.h>

#define LIBRARY "/opt/guard/libguard.so"
#define SESSIONS "/var/log/libguard/s1"
#define MAX 8

static const struct env_carry carry = {.library = LIBRARY, .sessions = SESSIONS};

struct row {
	const char *before[MAX];
	const char *after[MAX];
	int result;
};

/* Make the environment of a row in just the room that the contract asks for, and compare. */
static void check(const struct env_carry *with, const struct row *row, char *const *before)
{
	char storage[1024];
	char *out[MAX + ENV_EXTRA];
	struct buf text = {.data = storage, .cap = env_text_cap(with, before)};
	size_t count = env_count(before);
	size_t i;

	CU_ASSERT_TRUE_FATAL(text.cap <= sizeof storage);
	memset(out, 0xff, sizeof out);
	CU_ASSERT_EQUAL_FATAL(env_make(with, before, out, &text), row->result);
	for (i = 0; row->after[i]; i++) {
		CU_ASSERT_PTR_NOT_NULL_FATAL(out[i]);
		CU_ASSERT_STRING_EQUAL(out[i], row->after[i]);
	}
	CU_ASSERT_PTR_NULL(out[i]);
	CU_ASSERT_TRUE(i < count + ENV_EXTRA);
}

static void check_rows(const struct env_carry *with, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *before[MAX];

		memcpy(before, rows[i].before, sizeof before);
		check(with, &rows[i], before);
	}
}

static void an_empty_environment_gets_both(void)
{
	static const struct row row = {{NULL}, {"LD_PRELOAD=" LIBRARY, "GUARD_SESSION=" SESSIONS}, 1};

	check(&carry, &row, NULL);
	check_rows(&carry, &row, 1);
}

static void one_that_carries_us_is_left_alone(void)
{
	static const struct row rows[] = {
		{{"A=1", "LD_PRELOAD=" LIBRARY, "GUARD_SESSION=" SESSIONS, "B=2"},
		 {"A=1", "LD_PRELOAD=" LIBRARY, "GUARD_SESSION=" SESSIONS, "B=2"}, 0},
		{{"GUARD_SESSION=" SESSIONS, "LD_PRELOAD=: " LIBRARY ":other.so"},
		 {"GUARD_SESSION=" SESSIONS, "LD_PRELOAD=: " LIBRARY ":other.so"}, 0},
	};

	check_rows(&carry, rows, ARRAY_LEN(rows));
}

static void other_preloads_come_after_ours(void)
{
	static const struct row rows[] = {
		{{"LD_PRELOAD=a.so b.so", "GUARD_SESSION=" SESSIONS},
		 {"LD_PRELOAD=" LIBRARY ":a.so:b.so", "GUARD_SESSION=" SESSIONS}, 1},
		{{"LD_PRELOAD=a.so:" LIBRARY, "GUARD_SESSION=" SESSIONS},
		 {"LD_PRELOAD=" LIBRARY ":a.so", "GUARD_SESSION=" SESSIONS}, 1},
		{{"LD_PRELOAD=", "GUARD_SESSION=" SESSIONS}, {"LD_PRELOAD=" LIBRARY, "GUARD_SESSION=" SESSIONS}, 1},
	};

	check_rows(&carry, rows, ARRAY_LEN(rows));
}

static void another_copy_of_us_gives_way(void)
{
	static const struct row rows[] = {
		{{"LD_PRELOAD=libguard.so", "GUARD_SESSION=" SESSIONS},
		 {"LD_PRELOAD=" LIBRARY, "GUARD_SESSION=" SESSIONS}, 1},
		{{"LD_PRELOAD=" LIBRARY ":/tmp/libguard.so:mylibguard.so", "GUARD_SESSION=" SESSIONS},
		 {"LD_PRELOAD=" LIBRARY ":mylibguard.so", "GUARD_SESSION=" SESSIONS}, 1},
		{{"LD_PRELOAD=" LIBRARY ".1 ./libguard.so", "GUARD_SESSION=" SESSIONS},
		 {"LD_PRELOAD=" LIBRARY ":" LIBRARY ".1", "GUARD_SESSION=" SESSIONS}, 1},
	};

	check_rows(&carry, rows, ARRAY_LEN(rows));
}

static void a_second_variable_of_ours_cannot_hide_the_first(void)
{
	static const struct row rows[] = {
		{{"LD_PRELOAD=" LIBRARY, "A=1", "LD_PRELOAD=x.so", "GUARD_SESSION=" SESSIONS},
		 {"LD_PRELOAD=" LIBRARY ":x.so", "A=1", "GUARD_SESSION=" SESSIONS}, 1},
		{{"GUARD_SESSION=" SESSIONS ":/n", "LD_PRELOAD=" LIBRARY, "GUARD_SESSION=/else"},
		 {"GUARD_SESSION=" SESSIONS ":/n", "LD_PRELOAD=" LIBRARY}, 1},
		{{"GUARD_SESSION=/else", "LD_PRELOAD=" LIBRARY, "GUARD_SESSION=" SESSIONS},
		 {"GUARD_SESSION=" SESSIONS, "LD_PRELOAD=" LIBRARY}, 1},
	};

	check_rows(&carry, rows, ARRAY_LEN(rows));
}

static void a_session_is_ours_or_goes_on_from_ours(void)
{
	static const struct row rows[] = {
		{{"LD_PRELOAD=" LIBRARY, "GUARD_SESSION=" SESSIONS ":/var/log/libguard/s2"},
		 {"LD_PRELOAD=" LIBRARY, "GUARD_SESSION=" SESSIONS ":/var/log/libguard/s2"}, 0},
		{{"LD_PRELOAD=" LIBRARY, "GUARD_SESSION=" SESSIONS "2"},
		 {"LD_PRELOAD=" LIBRARY, "GUARD_SESSION=" SESSIONS}, 1},
		{{"LD_PRELOAD=" LIBRARY, "GUARD_SESSION=" SESSIONS ":"},
		 {"LD_PRELOAD=" LIBRARY, "GUARD_SESSION=" SESSIONS}, 1},
		{{"LD_PRELOAD=" LIBRARY, "GUARD_SESSION="}, {"LD_PRELOAD=" LIBRARY, "GUARD_SESSION=" SESSIONS}, 1},
	};

	check_rows(&carry, rows, ARRAY_LEN(rows));
}

static void names_that_only_begin_like_ours_stay(void)
{
	static const struct row rows[] = {
		{{"LD_PRELOAD", "LD_PRELOAD_X=1", "GUARD_SESSION_X=1", "noequals", ""},
		 {"LD_PRELOAD", "LD_PRELOAD_X=1", "GUARD_SESSION_X=1", "noequals", "", "LD_PRELOAD=" LIBRARY,
		  "GUARD_SESSION=" SESSIONS}, 1},
	};

	check_rows(&carry, rows, ARRAY_LEN(rows));
}

static void without_a_library_ours_is_taken_out(void)
{
	static const struct env_carry bare = {.sessions = SESSIONS};
	static const struct row rows[] = {
		{{"LD_PRELOAD=" LIBRARY, "GUARD_SESSION=" SESSIONS}, {"GUARD_SESSION=" SESSIONS}, 1},
		{{"LD_PRELOAD=" LIBRARY " a.so", "GUARD_SESSION=" SESSIONS},
		 {"LD_PRELOAD=a.so", "GUARD_SESSION=" SESSIONS}, 1},
		{{"LD_PRELOAD=a.so", "GUARD_SESSION=" SESSIONS}, {"LD_PRELOAD=a.so", "GUARD_SESSION=" SESSIONS}, 0},
		{{"A=1"}, {"A=1", "GUARD_SESSION=" SESSIONS}, 1},
	};

	check_rows(&bare, rows, ARRAY_LEN(rows));
}

static void a_root_is_ours_alone(void)
{
	static const struct env_carry below = {.library = LIBRARY, .sessions = SESSIONS, .root = "/srv"};
	static const struct row outside[] = {
		{{"GUARD_ROOT=/a", "LD_PRELOAD=" LIBRARY, "GUARD_SESSION=" SESSIONS, "GUARD_ROOT=/b"},
		 {"LD_PRELOAD=" LIBRARY, "GUARD_SESSION=" SESSIONS}, 1},
	};
	static const struct row inside[] = {
		{{NULL}, {"LD_PRELOAD=" LIBRARY, "GUARD_SESSION=" SESSIONS, "GUARD_ROOT=/srv"}, 1},
		{{"LD_PRELOAD=" LIBRARY, "GUARD_SESSION=" SESSIONS, "GUARD_ROOT=/srv"},
		 {"LD_PRELOAD=" LIBRARY, "GUARD_SESSION=" SESSIONS, "GUARD_ROOT=/srv"}, 0},
		{{"GUARD_ROOT=", "A=1", "GUARD_ROOT=/srv"},
		 {"GUARD_ROOT=/srv", "A=1", "LD_PRELOAD=" LIBRARY, "GUARD_SESSION=" SESSIONS}, 1},
	};

	check_rows(&carry, outside, ARRAY_LEN(outside));
	check_rows(&below, inside, ARRAY_LEN(inside));
}

static void text_without_room_is_told(void)
{
	char *before[] = {(char[]){"A=1"}, NULL};
	char storage[16];
	char *out[MAX];
	struct buf text = BUF_ON(storage);

	CU_ASSERT_EQUAL(env_make(&carry, before, out, &text), -E2BIG);
}

static const CU_TestInfo tests[] = {
	{"an_empty_environment_gets_both", an_empty_environment_gets_both},
	{"one_that_carries_us_is_left_alone", one_that_carries_us_is_left_alone},
	{"other_preloads_come_after_ours", other_preloads_come_after_ours},
	{"another_copy_of_us_gives_way", another_copy_of_us_gives_way},
	{"a_second_variable_of_ours_cannot_hide_the_first", a_second_variable_of_ours_cannot_hide_the_first},
	{"a_session_is_ours_or_goes_on_from_ours", a_session_is_ours_or_goes_on_from_ours},
	{"names_that_only_begin_like_ours_stay", names_that_only_begin_like_ours_stay},
	{"without_a_library_ours_is_taken_out", without_a_library_ours_is_taken_out},
	{"a_root_is_ours_alone", a_root_is_ours_alone},
	{"text_without_room_is_told", text_without_room_is_told},
	CU_TEST_INFO_NULL,
};

const struct suite env_suite = {"env", tests};
