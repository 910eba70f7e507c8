/* SPDX-License-Identifier: Apache-2.0 */
#include "libguard/record/linetable.h"

#include "tests/unit/suite.h"

#include <stdlib.h>
#include <string.h>

/*
 * Tables that the versions made themselves, of:
 *
 *   10 def f(a):
 *   11     if a:
 *   12         for i in range(3):
 *   13             g(i,
 *   14               a)
 *   15     return [
 *   16         a,
 *   17     ]
 */
static const unsigned char lnotab_3_8[] = {0, 1, 4, 1, 12, 1, 4, 1, 2, 255, 6, 3, 2, 255};
static const unsigned char ranges_3_10[] = {4, 1, 12, 1, 4, 1, 2, 1, 6, 255, 2, 3, 4, 255};

static void check(enum linetable kind, const unsigned char *table, size_t len, const long (*rows)[2], size_t count)
{
	for (size_t i = 0; i < count; i++)
		CU_ASSERT_EQUAL(linetable_find(kind, table, len, 10, rows[i][0]), rows[i][1]);
}

static void old_tables_are_read(void)
{
	static const long rows[][2] = {{-2, 10}, {0, 11}, {2, 11}, {4, 12}, {15, 12}, {16, 13}, {20, 14}, {22, 13}, {27, 13},
				       {28, 16}, {30, 15}, {4000, 15}};

	check(LINES_LNOTAB, lnotab_3_8, sizeof lnotab_3_8, rows, ARRAY_LEN(rows));
}

static void a_function_on_one_line_has_an_empty_table(void)
{
	CU_ASSERT_EQUAL(linetable_find(LINES_LNOTAB, lnotab_3_8, 0, 10, 8), 10);
}

static void ranges_are_read(void)
{
	static const long rows[][2] = {{-1, 10}, {0, 11}, {2, 11}, {4, 12}, {16, 13}, {20, 14}, {22, 13}, {26, 13}, {28, 16},
				       {30, 15}, {32, 15}, {34, 0}};
	static const unsigned char no_line[] = {2, 1, 4, 128, 2, 1};

	check(LINES_RANGES, ranges_3_10, sizeof ranges_3_10, rows, ARRAY_LEN(rows));
	CU_ASSERT_EQUAL(linetable_find(LINES_RANGES, no_line, sizeof no_line, 10, 2), 0);
	CU_ASSERT_EQUAL(linetable_find(LINES_RANGES, no_line, sizeof no_line, 10, 6), 12);
}

/* Each kind of entry, one instruction long unless said otherwise. */
static void locations_are_read(void)
{
	static const unsigned char table[] = {
		0x80 | 0 << 3, 0x00,                               /* short form: the same line */
		0x80 | 11 << 3 | 1, 4, 9,                          /* one line further, two instructions */
		0x80 | 15 << 3,                                    /* none */
		0x80 | 13 << 3, 0x07,                              /* no columns: 3 lines back */
		0x80 | 14 << 3, 0x40 | 16, 0x01, 0x02, 0x01, 0x01, /* long form: 40 lines further, in two bytes */
		0x80 | 12 << 3, 0, 1,                              /* two lines further */
	};
	static const long rows[][2] = {{-2, 10}, {0, 10}, {2, 11}, {4, 11}, {6, 0}, {8, 8}, {10, 48}, {12, 50}, {14, 0}};

	check(LINES_LOCATIONS, table, sizeof table, rows, ARRAY_LEN(rows));
}

/* Nothing outside the table is read; the sanitizer watches. */
static void any_bytes_are_survived(void)
{
	srandom(1);
	for (int i = 0; i < 3000; i++) {
		size_t len = (size_t)random() % 40;
		unsigned char *table = malloc(len + 1);

		for (size_t at = 0; at < len; at++)
			table[at] = (unsigned char)random();
		table = realloc(table, len ? len : 1);
		for (int kind = LINES_LNOTAB; kind <= LINES_LOCATIONS; kind++)
			CU_ASSERT_TRUE(linetable_find((enum linetable)kind, table, len, random() % 100, random() % 500 - 5) >= 0);
		free(table);
	}
}

static const CU_TestInfo tests[] = {
	{"old_tables_are_read", old_tables_are_read},
	{"a_function_on_one_line_has_an_empty_table", a_function_on_one_line_has_an_empty_table},
	{"ranges_are_read", ranges_are_read},
	{"locations_are_read", locations_are_read},
	{"any_bytes_are_survived", any_bytes_are_survived},
	CU_TEST_INFO_NULL,
};

const struct suite linetable_suite = {"linetable", tests};
