/* SPDX-License-Identifier: Apache-2.0 */
#include "libguard/core/script.h"

#include "tests/unit/suite.h"

#include <string.h>

static bool splits(const char *line, const char *interpreter, const char *argument)
{
	char head[64], *found, *found_argument;

	memset(head, 'x', sizeof head);
	memcpy(head, line, strlen(line));
	found = script_split(head, strlen(line), sizeof head, &found_argument);
	if (!found || !interpreter)
		return found == interpreter;
	return !strcmp(found, interpreter) && (found_argument && argument ? !strcmp(found_argument, argument)
									   : found_argument == argument);
}

static void a_line_is_split_as_the_kernel_does(void)
{
	CU_ASSERT_TRUE(splits("#!/bin/sh\n", "/bin/sh", NULL));
	CU_ASSERT_TRUE(splits("#! /bin/sh \t\n", "/bin/sh", NULL));
	CU_ASSERT_TRUE(splits("#!/usr/bin/env -S a  b \nrest", "/usr/bin/env", "-S a  b"));
	CU_ASSERT_TRUE(splits("#!/bin/sh", "/bin/sh", NULL));
	CU_ASSERT_TRUE(splits("#!\tsh\tx\n", "sh", "x"));
}

static void what_is_no_such_line_is_told(void)
{
	CU_ASSERT_TRUE(splits("", NULL, NULL));
	CU_ASSERT_TRUE(splits("#!", NULL, NULL));
	CU_ASSERT_TRUE(splits("#!\n", NULL, NULL));
	CU_ASSERT_TRUE(splits("#!  \t\n", NULL, NULL));
	CU_ASSERT_TRUE(splits("# /bin/sh\n", NULL, NULL));
	CU_ASSERT_TRUE(splits("\x7f" "ELF", NULL, NULL));
}

static void a_line_without_end_stays_inside_its_buffer(void)
{
	char head[8], *argument;

	memcpy(head, "#!/bin/s", sizeof head);
	CU_ASSERT_STRING_EQUAL(script_split(head, sizeof head, sizeof head, &argument), "/bin/");
	CU_ASSERT_PTR_NULL(argument);
}

static const CU_TestInfo tests[] = {
	{"a_line_is_split_as_the_kernel_does", a_line_is_split_as_the_kernel_does},
	{"what_is_no_such_line_is_told", what_is_no_such_line_is_told},
	{"a_line_without_end_stays_inside_its_buffer", a_line_without_end_stays_inside_its_buffer},
	CU_TEST_INFO_NULL,
};

const struct suite script_suite = {"script", tests};
