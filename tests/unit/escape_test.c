/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/escape.h"

#include "tests/unit/suite.h"

#include <stdio.h>
#include <string.h>

static char storage[1024];

static const char *terminal(const char *data, size_t len)
{
	struct buf buf = BUF_ON(storage);

	escape_terminal((struct text){data, len}, &buf);
	CU_ASSERT_FALSE(buf.overflow);
	CU_ASSERT(buf.len <= 4 * len);
	return buf_cstr(&buf);
}

static const char *json(const char *data, size_t len)
{
	struct buf buf = BUF_ON(storage);

	escape_json((struct text){data, len}, &buf);
	CU_ASSERT_FALSE(buf.overflow);
	CU_ASSERT(buf.len <= 6 * len + 2);
	return buf_cstr(&buf);
}

static const char *cut(const char *text, size_t columns)
{
	struct buf buf = BUF_ON(storage);

	escape_cut((struct text){text, strlen(text)}, columns, &buf);
	CU_ASSERT_FALSE(buf.overflow);
	CU_ASSERT(escape_columns((struct text){buf.data, buf.len}) <= columns);
	return buf_cstr(&buf);
}

#define TERMINAL(literal) terminal(literal, sizeof(literal) - 1)
#define JSON(literal) json(literal, sizeof(literal) - 1)

static void plain_names_stay_as_they_are(void)
{
	CU_ASSERT_STRING_EQUAL(TERMINAL("/home/u/a \"b\".txt"), "/home/u/a \"b\".txt");
	CU_ASSERT_STRING_EQUAL(TERMINAL("/tmp/größe-日本-😀"), "/tmp/größe-日本-😀");
	CU_ASSERT_STRING_EQUAL(TERMINAL(""), "");
}

static void nothing_reaches_the_terminal_that_acts(void)
{
	CU_ASSERT_STRING_EQUAL(TERMINAL("a\nb\tc\rd"), "a\\nb\\tc\\rd");
	CU_ASSERT_STRING_EQUAL(TERMINAL("\x1b[2J\x7f\0x"), "\\x1b[2J\\x7f\\x00x");
	CU_ASSERT_STRING_EQUAL(TERMINAL("\xc2\x9b" "2J"), "\\u{009b}2J");
	CU_ASSERT_STRING_EQUAL(TERMINAL("a\\nb"), "a\\\\nb");
}

static void text_that_runs_backwards_is_shown_as_numbers(void)
{
	CU_ASSERT_STRING_EQUAL(TERMINAL("gpj.\xe2\x80\xae" "exe"), "gpj.\\u{202e}exe");
	CU_ASSERT_STRING_EQUAL(TERMINAL("\xe2\x81\xa6x\xe2\x81\xa9"), "\\u{2066}x\\u{2069}");
	CU_ASSERT_STRING_EQUAL(TERMINAL("a\xe2\x80\x8b" "b\xef\xbb\xbf"), "a\\u{200b}b\\u{feff}");
	CU_ASSERT_STRING_EQUAL(TERMINAL("\xf3\xa0\x81\x81"), "\\u{e0041}");
}

static void bytes_that_are_no_utf8_are_shown_as_bytes(void)
{
	CU_ASSERT_STRING_EQUAL(TERMINAL("\xff\xfe"), "\\xff\\xfe");
	CU_ASSERT_STRING_EQUAL(TERMINAL("\xc0\xaf"), "\\xc0\\xaf");         /* overlong '/' */
	CU_ASSERT_STRING_EQUAL(TERMINAL("\xed\xa0\x80"), "\\xed\\xa0\\x80"); /* surrogate */
	CU_ASSERT_STRING_EQUAL(TERMINAL("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
	CU_ASSERT_STRING_EQUAL(TERMINAL("\xe2\x82"), "\\xe2\\x82"); /* cut short */
}

static void json_strings_are_valid_whatever_the_bytes(void)
{
	CU_ASSERT_STRING_EQUAL(JSON("a\"b\\c\n\x01\x7f"), "\"a\\\"b\\\\c\\n\\u0001\\u007f\"");
	CU_ASSERT_STRING_EQUAL(JSON("x\xff\xc3"), "\"x\xef\xbf\xbd\xef\xbf\xbd\"");
	CU_ASSERT_STRING_EQUAL(JSON("größe"), "\"größe\"");
	CU_ASSERT_STRING_EQUAL(JSON("\0"), "\"\\u0000\"");
}

static void the_first_byte_that_is_no_utf8_is_found(void)
{
	CU_ASSERT_EQUAL(utf8_find_broken(TEXT("")), 0);
	CU_ASSERT_EQUAL(utf8_find_broken(TEXT("größe")), 7);
	CU_ASSERT_EQUAL(utf8_find_broken(TEXT("ab\xff" "c")), 2);
	CU_ASSERT_EQUAL(utf8_find_broken(TEXT("gr\xc3")), 2);
	CU_ASSERT_EQUAL(utf8_find_broken(TEXT("\xc0\x80")), 0);
}

static void long_names_keep_both_ends(void)
{
	CU_ASSERT_STRING_EQUAL(cut("/home/user/project/file.c", 80), "/home/user/project/file.c");
	CU_ASSERT_STRING_EQUAL(cut("/home/user/project/file.c", 16), "/home/…ct/file.c");
	CU_ASSERT_STRING_EQUAL(cut("abcdef", 2), "ab");
	CU_ASSERT_STRING_EQUAL(cut("日本日本日本日本", 9), "日…本日本");
	CU_ASSERT_STRING_EQUAL(cut("", 0), "");
}

static void columns_count_wide_and_combining_characters(void)
{
	CU_ASSERT_EQUAL(escape_columns(TEXT("abc")), 3);
	CU_ASSERT_EQUAL(escape_columns(TEXT("日本")), 4);
	CU_ASSERT_EQUAL(escape_columns(TEXT("e\xcc\x81")), 1);
}

static const char *form(void (*escape)(struct text, struct buf *), const char *text)
{
	struct buf buf = BUF_ON(storage);

	escape((struct text){text, strlen(text)}, &buf);
	CU_ASSERT_FALSE(buf.overflow);
	return buf_cstr(&buf);
}

static void a_cell_is_no_formula(void)
{
	CU_ASSERT_STRING_EQUAL(form(escape_csv, "/a b"), "\"/a b\"");
	CU_ASSERT_STRING_EQUAL(form(escape_csv, "=1+1"), "\"'=1+1\"");
	CU_ASSERT_STRING_EQUAL(form(escape_csv, "-rf"), "\"'-rf\"");
	CU_ASSERT_STRING_EQUAL(form(escape_csv, "\uff1d1"), "\"'\uff1d1\"");
	CU_ASSERT_STRING_EQUAL(form(escape_csv, "a,\"b\"\n"), "\"a,\"\"b\"\"\\n\"");
}

static void xml_has_no_tag_of_a_name(void)
{
	CU_ASSERT_STRING_EQUAL(form(escape_xml, "<a b=\"c\">&"), "&lt;a b=&quot;c&quot;&gt;&amp;");
	CU_ASSERT_STRING_EQUAL(form(escape_xml, "]]>\x1b"), "]]&gt;\\x1b");
	CU_ASSERT_PTR_NULL(strstr(form(escape_xml, "\xef\xbf\xbf"), "\xef\xbf\xbf"));
}

static void markdown_has_no_markup_of_a_name(void)
{
	CU_ASSERT_STRING_EQUAL(form(escape_markdown, "/a/b-c.d 1"), "/a/b-c.d 1");
	CU_ASSERT_STRING_EQUAL(form(escape_markdown, "|<`"), "&#124;&#60;&#96;");
	CU_ASSERT_STRING_EQUAL(form(escape_markdown, "WWW.x"), "WWW&#46;x");
}

static void a_workflow_command_has_one_line_and_its_own_properties(void)
{
	struct buf buf = BUF_ON(storage);

	escape_github(TEXT("a:b,c%0A\n"), true, &buf);
	CU_ASSERT_STRING_EQUAL(buf_cstr(&buf), "a%3Ab%2Cc%250A\\n");
}

static void a_uri_keeps_every_byte(void)
{
	CU_ASSERT_STRING_EQUAL(form(escape_uri, "/a b/\xff%#?"), "/a%20b/%FF%25%23%3F");
}

static const CU_TestInfo tests[] = {
	{"plain_names_stay_as_they_are", plain_names_stay_as_they_are},
	{"nothing_reaches_the_terminal_that_acts", nothing_reaches_the_terminal_that_acts},
	{"text_that_runs_backwards_is_shown_as_numbers", text_that_runs_backwards_is_shown_as_numbers},
	{"bytes_that_are_no_utf8_are_shown_as_bytes", bytes_that_are_no_utf8_are_shown_as_bytes},
	{"json_strings_are_valid_whatever_the_bytes", json_strings_are_valid_whatever_the_bytes},
	{"the_first_byte_that_is_no_utf8_is_found", the_first_byte_that_is_no_utf8_is_found},
	{"long_names_keep_both_ends", long_names_keep_both_ends},
	{"columns_count_wide_and_combining_characters", columns_count_wide_and_combining_characters},
	{"a_cell_is_no_formula", a_cell_is_no_formula},
	{"xml_has_no_tag_of_a_name", xml_has_no_tag_of_a_name},
	{"markdown_has_no_markup_of_a_name", markdown_has_no_markup_of_a_name},
	{"a_workflow_command_has_one_line_and_its_own_properties", a_workflow_command_has_one_line_and_its_own_properties},
	{"a_uri_keeps_every_byte", a_uri_keeps_every_byte},
	CU_TEST_INFO_NULL,
};

const struct suite escape_suite = {"escape", tests};
