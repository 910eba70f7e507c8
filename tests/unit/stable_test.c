/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/stable.h"

#include "tests/unit/suite.h"

#include <stdio.h>
#include <string.h>

static struct text text_of(const char *string)
{
	return (struct text){string, strlen(string)};
}

static void check_paths(const char *const (*rows)[2], size_t count, const char *const words[STABLE_PART_COUNT])
{
	struct arena arena = {0};
	struct stable stable;
	struct event event = {.pid = 4711, .tid = 4712, .ppid = 59};

	stable_init(&stable, &arena, words);
	stable.session = TEXT("/var/log/libguard/unlisted/20260102T030405-1");
	stable.workspace = TEXT("/home/u/work");
	stable.home = TEXT("/home/u");
	stable_add(&stable, &event);
	for (size_t i = 0; i < count; i++) {
		char storage[512];
		struct buf buf = BUF_ON(storage);

		stable_write_path(&stable, text_of(rows[i][0]), &buf);
		CU_ASSERT_STRING_EQUAL(buf_cstr(&buf), rows[i][1]);
		if (strcmp(storage, rows[i][1]) != 0)
			printf("# %s became %s, not %s\n", rows[i][0], storage, rows[i][1]);
	}
	stable_free(&stable);
	arena_free(&arena);
}

static void what_changes_by_itself_is_replaced(void)
{
	static const char *const rows[][2] = {
		{"/home/u/work/a.c", "<workspace>/a.c"},
		{"/home/u/.cache/x", "~/.cache/x"},
		{"/home/u", "~"},
		{"/var/log/libguard/unlisted/20260102T030405-1/state", "<session>/state"},
		{"/proc/4711/fd/3", "/proc/<pid>/fd/3"},
		{"/proc/1/task/77/stat", "/proc/<pid>/task/<pid>/stat"},
		{"/tmp/x.4711", "/tmp/x.<pid>"},
		{"/home/u/work/index.lock.4712", "<workspace>/index.lock.<pid>"},
		{"/tmp/tmp.kNGSnoH521", "/tmp/tmp.<random>"},
		{"/tmp/tmpab_d3f9x/file", "/tmp/tmp<random>/file"},
		{"/tmp/rvul44ea", "/tmp/<random>"},
		{"/tmp/npm-a1B2c3", "/tmp/npm-<random>"},
		{"/tmp/ccAbCdEf.s", "/tmp/cc<random>.s"},
		{"/w/.git/t7Jm0WN", "/w/.git/t<random>"},
		{"/w/.git/objects/ab/0123456789abcdef0123456789abcdef012345", "/w/.git/objects/<hash>/<hash>"},
		{"/w/.git/objects/ab/tmp_obj_Xy12zW", "/w/.git/objects/<hash>/tmp_obj_<random>"},
		{"/w/objects/tmp_objdir-incoming-KxlMtu/2b/tmp_obj_hbAAnb",
		 "/w/objects/tmp_objdir-incoming-<random>/<hash>/tmp_obj_<random>"},
		{"/w/.git/objects/ab", "/w/.git/objects/<hash>"},
		{"/c/pack-0123456789abcdef0123456789abcdef01234567.pack", "/c/pack-<hash>.pack"},
		{"/c/550e8400-e29b-41d4-a716-446655440000.json", "/c/<hash>.json"},
		{"/c/x.pyc.140234234234", "/c/x.pyc.<number>"},
		{"/l/session-2026-11-25T13-38-cd191bfb.jsonl", "/l/session-<time>-<hash>.jsonl"},
		{"/l/error-2026-11-25T13-38-32-578Z.json", "/l/error-<time>.json"},
		{"/l/session-2026-11-25T13-38-12345678.jsonl", "/l/session-<time>-<number>.jsonl"},
		{"/l/20261125/x", "/l/<number>/x"},
		{"/l/2026-11-25.log", "/l/<time>.log"},
		{"/l/2026-11-25T13:38:32.123Z", "/l/<time>"},
		{"/l/20261125T133832-62", "/l/<time>-62"},
		{"/usr/lib/python3.11/os.py", "/usr/lib/python<version>/os.py"},
		{"/usr/lib/libx.so.1.2.3", "/usr/lib/libx.so.<version>"},
	};

	check_paths(rows, ARRAY_LEN(rows), stable_words);
}

static void what_people_write_stays(void)
{
	static const char *const rows[][2] = {
		{"/home/username/x", "/home/username/x"},
		{"/home/u/work2/x", "~/work2/x"},
		{"/usr/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/x86_64-linux-gnu/libc.so.6"},
		{"/data/c4711.csv", "/data/c4711.csv"},
		{"/data/4711.csv", "/data/4711.csv"},
		{"/tmp/x.59", "/tmp/x.59"},
		{"/w/ReadMe.txt", "/w/ReadMe.txt"},
		{"/w/a-README.md", "/w/a-README.md"},
		{"/w/Makefile", "/w/Makefile"},
		{"/w/test_slug.py", "/w/test_slug.py"},
		{"/w/2026010/deadbeef", "/w/2026010/deadbeef"},
		{"/w/2026-11-25x", "/w/2026-11-25x"},
		{"/w/1026-11-25", "/w/1026-11-25"},
		{"/w/objects/ab/cd", "/w/objects/ab/cd"},
		{"/", "/"},
		{"relative", "relative"},
		{"", ""},
	};

	check_paths(rows, ARRAY_LEN(rows), stable_words);
}

static void what_has_no_word_stays(void)
{
	static const char *const none[STABLE_PART_COUNT] = {[STABLE_HOME] = "H"};
	static const char *const rows[][2] = {
		{"/home/u/x", "H/x"},
		{"/proc/4711/fd", "/proc/4711/fd"},
		{"/tmp/tmp.kNGSnoH521", "/tmp/tmp.kNGSnoH521"},
		{"/tmp/rvul44ea", "/tmp/rvul44ea"},
		{"/usr/lib/python3.11/1.2", "/usr/lib/python3.11/1.2"},
	};

	check_paths(rows, ARRAY_LEN(rows), none);
}

static void peers_are_told_by_name_and_port(void)
{
	struct arena arena = {0};
	struct stable stable;
	char storage[256];
	struct buf buf = BUF_ON(storage);

	stable_init(&stable, &arena, stable_words);
	stable_write_peer(&stable, TEXT("a.example"), TEXT("192.0.2.1"), 443, &buf);
	buf_char(&buf, ' ');
	stable_write_peer(&stable, TEXT(""), TEXT("fd00::1"), 80, &buf);
	buf_char(&buf, ' ');
	stable_write_peer(&stable, TEXT(""), TEXT("127.0.0.1"), 45678, &buf);
	buf_char(&buf, ' ');
	stable_write_peer(&stable, TEXT(""), TEXT("192.0.2.1"), 45678, &buf);
	buf_char(&buf, ' ');
	stable_write_peer(&stable, TEXT(""), TEXT("/tmp/ssh-a1B2c3/agent"), 0, &buf);
	CU_ASSERT_STRING_EQUAL(buf_cstr(&buf),
			       "a.example:443 [fd00::1]:80 127.0.0.1:<port> 192.0.2.1:45678 /tmp/ssh-<random>/agent");
	stable_free(&stable);
	arena_free(&arena);
}

static const CU_TestInfo tests[] = {
	{"what_changes_by_itself_is_replaced", what_changes_by_itself_is_replaced},
	{"what_people_write_stays", what_people_write_stays},
	{"what_has_no_word_stays", what_has_no_word_stays},
	{"peers_are_told_by_name_and_port", peers_are_told_by_name_and_port},
	CU_TEST_INFO_NULL,
};

const struct suite stable_suite = {"stable", tests};
