/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/when.h"

#include "tests/unit/suite.h"

#include <stdlib.h>
#include <time.h>

#define NOW 1767323045678901234ull /* 2026-01-02T03:04:05.678901234Z */

static void points_in_time_are_read_in_every_form(void)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} rows[] = {
		{"2026-01-02T03:04:05Z", 1767323045000000000ull},
		{"2026-01-02T03:04:05.678901234Z", NOW},
		{"2026-01-02 05:04:05+02:00", 1767323045000000000ull},
		{"2026-01-02T02:34-00:30", 1767323040000000000ull},
		{"2026-01-02T03:04:05", 1767323045000000000ull},
		{"2026-01-02", 1767312000000000000ull},
		{"1767323045", 1767323045000000000ull},
		{"1767323045.5", 1767323045500000000ull},
		{"5m", NOW - 300000000000ull},
		{"1.5s", NOW - 1500000000ull},
		{"2h", NOW - 7200000000000ull},
		{"1d", NOW - 86400000000000ull},
		{"99999w", 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t ns = 1;

		CU_ASSERT_EQUAL(when_read(rows[i].text, NOW, &ns), 0);
		CU_ASSERT_EQUAL(ns, rows[i].ns);
	}
}

static void what_is_no_point_in_time_is_refused(void)
{
	static const char *const rows[] = {"", "m", "-5m", "5x", "5 m", "2026-13-01", "2026-02-30", "2026-01-02T25:00",
					   "2026-01-02T03:04:05+2", "2026-01-02T03:04:05Zx", "99999999999999999999",
					   "yesterday", "1969-12-31"};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t ns;

		CU_ASSERT(when_read(rows[i], NOW, &ns) < 0);
	}
}

static void times_are_written(void)
{
	char storage[WHEN_MAX];
	struct buf buf = BUF_ON(storage);

	when_write_rfc3339(NOW, &buf);
	CU_ASSERT_STRING_EQUAL(buf_cstr(&buf), "2026-01-02T03:04:05.678901234Z");
	buf.len = 0;
	when_write_clock(NOW, &buf);
	CU_ASSERT_STRING_EQUAL(buf_cstr(&buf), "03:04:05.678901");
	buf.len = 0;
	when_write_local(NOW, &buf);
	CU_ASSERT_STRING_EQUAL(buf_cstr(&buf), "2026-01-02 03:04:05");
}

static void durations_are_written_with_two_units(void)
{
	static const struct {
		uint64_t ms;
		const char *text;
	} rows[] = {{0, "0.0 s"},	    {1250, "1.2 s"},	   {59999, "59 s"},
		    {185000, "3 min 5 s"}, {7800000, "2 h 10 min"}, {90000000, "1 d 1 h"}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char storage[WHEN_MAX];
		struct buf buf = BUF_ON(storage);

		when_write_duration(rows[i].ms * 1000000, &buf);
		CU_ASSERT_STRING_EQUAL(buf_cstr(&buf), rows[i].text);
	}
}

static void in_utc(void (*test)(void))
{
	const char *before = getenv("TZ");

	setenv("TZ", "UTC0", 1);
	tzset();
	test();
	if (before)
		setenv("TZ", before, 1);
	else
		unsetenv("TZ");
	tzset();
}

static void points_in_time_are_read_in_every_form_utc(void)
{
	in_utc(points_in_time_are_read_in_every_form);
}

static void times_are_written_utc(void)
{
	in_utc(times_are_written);
}

static const CU_TestInfo tests[] = {
	{"points_in_time_are_read_in_every_form", points_in_time_are_read_in_every_form_utc},
	{"what_is_no_point_in_time_is_refused", what_is_no_point_in_time_is_refused},
	{"times_are_written", times_are_written_utc},
	{"durations_are_written_with_two_units", durations_are_written_with_two_units},
	CU_TEST_INFO_NULL,
};

const struct suite when_suite = {"when", tests};
