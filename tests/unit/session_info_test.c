/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/session_info.h"

#include "tests/unit/suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char place[] = "/tmp/libguard-unit-XXXXXX";

static void make_place(void)
{
	strcpy(place + sizeof place - 7, "XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(place));
}

static char *inside(const char *name)
{
	static char path[512];

	snprintf(path, sizeof path, "%s/%s", place, name);
	return path;
}

static void remove_place(void)
{
	char command[64];

	snprintf(command, sizeof command, "rm -rf %s", place);
	CU_ASSERT_EQUAL(system(command), 0);
}

static void put(const char *text)
{
	FILE *file = fopen(inside("session.json"), "w");

	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	fputs(text, file);
	fclose(file);
}

static void what_is_written_is_read_back(void)
{
	char *argv[] = {(char[]){"python3"}, (char[]){"a b\n\"c\".py"}, NULL};
	char *degraded[] = {(char[]){"no Landlock"}, NULL};
	struct session_info info = {
		.user = (char[]){"u"}, .mode = (char[]){"enforce"}, .argv = argv, .degraded = degraded,
		.started_ns = 1767323045678901234ull, .ended_ns = 1767323046000000000ull, .pid = 7, .supervisor = 6,
		.exit_code = 143, .survivors = 2,
	};
	struct session_info back;

	make_place();
	info.directory = place;
	CU_ASSERT_EQUAL(session_info_write(&info), 0);
	CU_ASSERT_EQUAL_FATAL(session_info_read(place, &back), 0);
	CU_ASSERT_STRING_EQUAL(back.id, strrchr(place, '/') + 1);
	CU_ASSERT_STRING_EQUAL(back.user, "u");
	CU_ASSERT_STRING_EQUAL(back.policy, "");
	CU_ASSERT_STRING_EQUAL(back.argv[1], "a b\n\"c\".py");
	CU_ASSERT_PTR_NULL(back.argv[2]);
	CU_ASSERT_STRING_EQUAL(back.degraded[0], "no Landlock");
	CU_ASSERT_EQUAL(back.started_ns, info.started_ns);
	CU_ASSERT_EQUAL(back.ended_ns, info.ended_ns);
	CU_ASSERT_EQUAL(back.pid, 7);
	CU_ASSERT_EQUAL(back.exit_code, 143);
	CU_ASSERT_EQUAL(back.survivors, 2);
	CU_ASSERT_FALSE(back.running);
	CU_ASSERT(access(inside("session.json.new"), F_OK) < 0);
	session_info_free(&back);
	remove_place();
}

static void bytes_that_are_no_utf8_do_not_spoil_the_file(void)
{
	struct session_info info = {.user = (char[]){"a\xff" "b"}, .started_ns = 1};
	struct session_info back;

	make_place();
	info.directory = place;
	CU_ASSERT_EQUAL(session_info_write(&info), 0);
	CU_ASSERT_EQUAL_FATAL(session_info_read(place, &back), 0);
	CU_ASSERT_STRING_EQUAL(back.user, "a\xef\xbf\xbd" "b");
	session_info_free(&back);
	remove_place();
}

static void damaged_files_are_refused(void)
{
	static const struct {
		const char *text;
		int err;
	} rows[] = {
		{"", -EINVAL},
		{"{", -EINVAL},
		{"[]", -EINVAL},
		{"7", -EINVAL},
		{"{}", -EINVAL},
		{"{\"format\": 1", -EINVAL},
		{"{\"format\": \"1\"}", -EINVAL},
		{"{\"format\": 1, \"user\": 7}", -EINVAL},
		{"{\"format\": 1, \"user\": [\"x\"]}", -EINVAL},
		{"{\"format\": 1, \"user\": \"a\\u0000b\"}", -EINVAL},
		{"{\"format\": 1, \"argv\": \"x\"}", -EINVAL},
		{"{\"format\": 1, \"argv\": [\"x\", 7]}", -EINVAL},
		{"{\"format\": 1, \"argv\": [[\"x\"]]}", -EINVAL},
		{"{\"format\": 1, \"pid\": 99999999999}", -EINVAL},
		{"{\"format\": 1, \"started_ns\": -1}", -EINVAL},
		{"{\"format\": 1, \"started_ns\": 99999999999999999999}", -EINVAL},
		{"{\"format\": 1, \"user\": \"\xff\"}", -EINVAL},
		{"{\"format\": 2, \"user\": 7}", -EPROTONOSUPPORT},
		{"{\"format\": 1, \"user\": \"a\", \"user\": \"b\", \"argv\": [\"x\"], \"argv\": [\"y\", \"z\"]}", 0},
		{"{\"format\": 1, \"later\": {\"user\": [1, {\"pid\": null}]}, \"also\": true}", 0},
	};

	make_place();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct session_info info;
		int err;

		put(rows[i].text);
		err = session_info_read(place, &info);
		if (err != rows[i].err)
			printf("# %s: %d\n", rows[i].text, err);
		CU_ASSERT_EQUAL(err, rows[i].err);
		if (!err)
			session_info_free(&info);
	}
	CU_ASSERT_EQUAL(unlink(inside("session.json")), 0);
	CU_ASSERT_EQUAL(session_info_read(place, &(struct session_info){0}), -ENOENT);
	CU_ASSERT_EQUAL(mkfifo(inside("session.json"), 0600), 0);
	CU_ASSERT_EQUAL(session_info_read(place, &(struct session_info){0}), -EINVAL);
	remove_place();
}

static void nesting_without_end_is_survived(void)
{
	FILE *file;

	make_place();
	file = fopen(inside("session.json"), "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	fputs("{\"format\": 1, \"later\": ", file);
	for (int i = 0; i < 500000; i++)
		fputc('[', file);
	fclose(file);
	CU_ASSERT_EQUAL(session_info_read(place, &(struct session_info){0}), -EINVAL);
	remove_place();
}

static void a_supervisor_that_is_alive_makes_it_running(void)
{
	struct session_info info = {.supervisor = getpid()};
	struct session_info back;
	struct timespec now;

	make_place();
	info.directory = place;
	clock_gettime(CLOCK_REALTIME, &now);
	info.started_ns = (uint64_t)now.tv_sec * 1000000000ull;
	CU_ASSERT_EQUAL(session_info_write(&info), 0);
	CU_ASSERT_EQUAL_FATAL(session_info_read(place, &back), 0);
	CU_ASSERT_TRUE(back.running);
	session_info_free(&back);
	/* The same number, but the process began a day after the session: another one. */
	info.started_ns -= 86400000000000ull;
	CU_ASSERT_EQUAL(session_info_write(&info), 0);
	CU_ASSERT_EQUAL_FATAL(session_info_read(place, &back), 0);
	CU_ASSERT_FALSE(back.running);
	session_info_free(&back);
	remove_place();
}

static void make_session(const char *name, uint64_t started_ns)
{
	struct session_info info = {.started_ns = started_ns, .directory = inside(name)};

	CU_ASSERT_EQUAL(mkdir(info.directory, 0700), 0);
	if (started_ns)
		CU_ASSERT_EQUAL(session_info_write(&info), 0);
}

static void sessions_are_listed_newest_first(void)
{
	static const char *const order[] = {"20260103T000000-9", "20260102T000000-5", "20260102T000000-12", "own-name"};
	char **list;
	size_t count;
	char *found;

	make_place();
	make_session("20260102T000000-12", 1767312000100000000ull);
	make_session("20260102T000000-5", 1767312000200000000ull);
	make_session("20260103T000000-9", 0); /* no session.json yet, or no more */
	make_session("own-name", 5);
	CU_ASSERT_EQUAL(mkdir(inside("lost+found"), 0700), 0);
	CU_ASSERT_EQUAL(symlink("gone", inside("20260104T000000-1")), 0);
	CU_ASSERT_EQUAL_FATAL(session_list(place, &list, &count), 0);
	CU_ASSERT_EQUAL_FATAL(count, ARRAY_LEN(order));
	for (size_t i = 0; i < count; i++)
		CU_ASSERT_STRING_EQUAL(strrchr(list[i], '/') + 1, order[i]);
	session_list_free(list, count);

	found = session_find(place, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(found);
	CU_ASSERT_STRING_EQUAL(found, inside("20260103T000000-9"));
	free(found);
	found = session_find(place, "20260102T000000-1");
	CU_ASSERT_PTR_NOT_NULL_FATAL(found);
	CU_ASSERT_STRING_EQUAL(found, inside("20260102T000000-12"));
	free(found);
	found = session_find(inside("own-name"), "last");
	CU_ASSERT_PTR_NOT_NULL_FATAL(found);
	CU_ASSERT_STRING_EQUAL(found, inside("own-name"));
	free(found);
	remove_place();
}

static const CU_TestInfo tests[] = {
	{"what_is_written_is_read_back", what_is_written_is_read_back},
	{"bytes_that_are_no_utf8_do_not_spoil_the_file", bytes_that_are_no_utf8_do_not_spoil_the_file},
	{"damaged_files_are_refused", damaged_files_are_refused},
	{"nesting_without_end_is_survived", nesting_without_end_is_survived},
	{"a_supervisor_that_is_alive_makes_it_running", a_supervisor_that_is_alive_makes_it_running},
	{"sessions_are_listed_newest_first", sessions_are_listed_newest_first},
	CU_TEST_INFO_NULL,
};

const struct suite session_info_suite = {"session_info", tests};
