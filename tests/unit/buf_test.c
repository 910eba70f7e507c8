/* SPDX-License-Identifier: Apache-2.0 */
#include "libguard/core/buf.h"

#include "tests/unit/suite.h"

static void numbers_are_written_in_full(void)
{
	char storage[64];
	struct buf buf = BUF_ON(storage);

	buf_u64(&buf, UINT64_MAX);
	buf_char(&buf, ' ');
	buf_i64(&buf, INT64_MIN);
	buf_char(&buf, ' ');
	buf_hex(&buf, 0xbeef, 6);
	CU_ASSERT_STRING_EQUAL(buf_cstr(&buf), "18446744073709551615 -9223372036854775808 00beef");
	CU_ASSERT_FALSE(buf.overflow);
}

static void overflow_keeps_what_fits(void)
{
	char storage[8];
	struct buf buf = BUF_ON(storage);

	buf_str(&buf, "12345678");
	CU_ASSERT_FALSE(buf.overflow);
	buf_char(&buf, '9');
	CU_ASSERT_TRUE(buf.overflow);
	CU_ASSERT_STRING_EQUAL(buf_cstr(&buf), "1234567");
}

static const CU_TestInfo tests[] = {
	{"numbers_are_written_in_full", numbers_are_written_in_full},
	{"overflow_keeps_what_fits", overflow_keeps_what_fits},
	CU_TEST_INFO_NULL,
};

const struct suite buf_suite = {"buf", tests};
