/* SPDX-License-Identifier: Apache-2.0 */
#include "libguard/core/glob.h"

#include "tests/unit/suite.h"

#include <string.h>

static const struct {
	const char *pattern, *text;
	bool covers;
} rows[] = {
	{"a", "a", true},
	{"a", "b", false},
	{"", "", true},
	{"*", "", true},
	{"*", "a", true},
	{"*", "a/b", false},
	{"?", "", false},
	{"?", "/", false},
	{"*a*b", "xaxxb", true},
	{"/a*b/c", "/axxb/c", true},
	{"/a*b/c", "/ax/b/c", false},
	/* ** as a component: any number of components, also none */
	{"**", "a/b", true},
	{"/**", "/", true},
	{"/a/**", "/a", true},
	{"/a/**", "/a/b/c", true},
	{"/a/**", "/ab", false},
	{"/a/**/b", "/a/b", true},
	{"/a/**/b", "/a/x/y/b", true},
	{"/a/**/b", "/a/xb", false},
	{"/a/**/b/**/c", "/a/b/b/q/c", true},
	{"/a/**/b*/c", "/a/bx/q/by/c", true},
	{"/x/*/**", "/x", false},
	{"/x/*/**", "/x/y", true},
	{"**/x", "/x", true},
	{"**/x", "/a/x", true},
	{"**/x", "/a/yx", false},
	{"**/*.pem", "/etc/a.pem", true},
	{"**/*.pem", "/etc/a.pem/b", false},
	{"**/a/*/c", "/a/x/a/b/c", true},
	{"**/.env.*", "/w/.env.local", true},
	/* ** within a component: any run of bytes */
	{"a**b", "axx/yb", true},
	{"a**b", "axx/y", false},
	/* classes and escapes */
	{"[a-c]", "b", true},
	{"[a-c]", "d", false},
	{"[!a-c]", "b", false},
	{"[!a-c]", "d", true},
	{"[!a-c]", "/", false},
	{"[]]", "]", true},
	{"[", "[", true},
	{"[a", "[a", true},
	{"\\*", "*", true},
	{"\\*", "a", false},
	{"a\\", "a\\", true},
	{"\xff*", "\xff\xfe", true},
};

static void patterns_cover_what_they_say(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct text pattern = {rows[i].pattern, strlen(rows[i].pattern)};
		struct text text = {rows[i].text, strlen(rows[i].text)};

		if (glob_match(pattern, text) != rows[i].covers)
			CU_FAIL(rows[i].pattern);
	}
}

static void many_stars_take_no_exponential_time(void)
{
	static char text[4096];

	memset(text, 'a', sizeof text);
	CU_ASSERT_FALSE(glob_match(TEXT("**a**a**a**a**a**a**a**a**b"), (struct text){text, sizeof text}));
	CU_ASSERT_FALSE(glob_match(TEXT("*a*a*a*a*a*a*a*a*b"), (struct text){text, sizeof text}));
}

/* A star that fails before a slash lets `**` go on behind it, and not too far. */
static void stars_go_on_behind_the_slash_that_stopped_one(void)
{
	CU_ASSERT_TRUE(glob_match(TEXT("**a*c"), TEXT("ab/abc")));
	CU_ASSERT_TRUE(glob_match(TEXT("**/a*c"), TEXT("ab/abb/ac")));
	CU_ASSERT_TRUE(glob_match(TEXT("**/x/a*c"), TEXT("x/ab/x/abc")));
	CU_ASSERT_TRUE(glob_match(TEXT("**b/a*c"), TEXT("b/ab/abc")));
	CU_ASSERT_FALSE(glob_match(TEXT("**a*c"), TEXT("ab/ab/c")));
}

static void text_need_not_end_in_nul(void)
{
	CU_ASSERT_TRUE(glob_match((struct text){"abX", 2}, (struct text){"abY", 2}));
}

static void literals_are_known(void)
{
	CU_ASSERT_TRUE(glob_is_literal(TEXT("/a/b.c")));
	CU_ASSERT_FALSE(glob_is_literal(TEXT("/a/*")));
	CU_ASSERT_FALSE(glob_is_literal(TEXT("/a/[b]")));
}

static const CU_TestInfo tests[] = {
	{"patterns_cover_what_they_say", patterns_cover_what_they_say},
	{"many_stars_take_no_exponential_time", many_stars_take_no_exponential_time},
	{"stars_go_on_behind_the_slash_that_stopped_one", stars_go_on_behind_the_slash_that_stopped_one},
	{"text_need_not_end_in_nul", text_need_not_end_in_nul},
	{"literals_are_known", literals_are_known},
	CU_TEST_INFO_NULL,
};

const struct suite glob_suite = {"glob", tests};
