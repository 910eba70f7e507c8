/* SPDX-License-Identifier: Apache-2.0 */
#include "libguard/core/path.h"

#include "tests/unit/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char text[PATH_CAP], rest[PATH_CAP];
static struct path path = {text, 0};

static void names_are_normalised_as_text(void)
{
	static const struct {
		const char *name, *normal;
	} rows[] = {
		{"/", "/"},
		{"//", "/"},
		{"/..", "/"},
		{"/a/b", "/a/b"},
		{"//a//./b/", "/a/b"},
		{"/a/../b", "/b"},
		{"/a/../../b/.", "/b"},
		{"/a/b/..", "/a"},
		{"/..a/...", "/..a/..."},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CU_ASSERT_EQUAL(path_lexical(AT_FDCWD, rows[i].name, &path), 0);
		CU_ASSERT_STRING_EQUAL(path.text, rows[i].normal);
		CU_ASSERT_EQUAL(path.len, strlen(rows[i].normal));
	}
}

static void last_name_keeps_its_slashes(void)
{
	static const struct {
		const char *name, *last;
	} rows[] = {{"a", "a"}, {"a/b", "b"}, {"/a", "a"}, {"a/b//", "b//"}, {"/", "/"}, {"//", "//"}, {"..", ".."}};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		CU_ASSERT_STRING_EQUAL(rows[i].name + path_last(rows[i].name), rows[i].last);
	CU_ASSERT_TRUE(path_is_dots("..") && path_is_dots("./") && path_is_dots("/"));
	CU_ASSERT_FALSE(path_is_dots("...") || path_is_dots("a") || path_is_dots(".a/"));
}

/* A tree with links, in a directory of its own: top/{dir/file, to_dir -> dir, loop -> loop, away -> missing/x} */
static char top[PATH_CAP];

static void in_tree(const char *name, char *out)
{
	snprintf(out, PATH_NAME_CAP, "%.2000s/%s", top, name);
}

static void make_tree(void)
{
	char name[PATH_NAME_CAP];
	char made[] = "/tmp/libguard-path-XXXXXX";
	int fd;

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(made));
	CU_ASSERT_PTR_NOT_NULL_FATAL(realpath(made, top));
	in_tree("dir", name);
	CU_ASSERT_EQUAL_FATAL(mkdir(name, 0700), 0);
	in_tree("dir/file", name);
	fd = open(name, O_CREAT | O_WRONLY, 0600);
	CU_ASSERT_TRUE_FATAL(fd >= 0);
	close(fd);
	in_tree("to_dir", name);
	CU_ASSERT_EQUAL_FATAL(symlink("dir", name), 0);
	in_tree("loop", name);
	CU_ASSERT_EQUAL_FATAL(symlink("loop", name), 0);
	in_tree("away", name);
	CU_ASSERT_EQUAL_FATAL(symlink("missing/x", name), 0);
	in_tree("chain", name);
	CU_ASSERT_EQUAL_FATAL(symlink("to_dir", name), 0);
}

static void remove_tree(void)
{
	static const char *const names[] = {"dir/file", "dir", "to_dir", "loop", "away", "chain", ""};
	char name[PATH_NAME_CAP];

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		in_tree(names[i], name);
		CU_ASSERT_EQUAL(remove(name), 0);
	}
}

static void resolves_to(const char *name, bool follow, int status, const char *expected)
{
	char given[PATH_NAME_CAP], wanted[PATH_NAME_CAP];

	in_tree(name, given);
	CU_ASSERT_EQUAL(path_resolve(AT_FDCWD, given, follow, rest, &path), status);
	if (!expected)
		return;
	in_tree(expected, wanted);
	CU_ASSERT_STRING_EQUAL(path.text, wanted);
}

static void links_are_followed_where_the_kernel_would(void)
{
	make_tree();
	resolves_to("to_dir/file", true, 0, "dir/file");
	resolves_to("to_dir", true, 0, "dir");
	resolves_to("to_dir", false, 0, "to_dir");
	resolves_to("to_dir/", false, 0, "dir");
	/* ".." after a link leaves the directory that the link leads to */
	resolves_to("to_dir/../dir", true, 0, "dir");
	resolves_to("away", true, 0, "missing/x");
	resolves_to("missing/x/y", true, 0, "missing/x/y");
	resolves_to("loop", true, -ELOOP, NULL);
	resolves_to("loop", false, 0, "loop");
	remove_tree();
}

/* What path_follow answers one after the other. */
static void is_followed(const char *name, const char *one, const char *two, int status, const char *all)
{
	enum path_links links = PATH_AS_GIVEN;
	char given[PATH_NAME_CAP], wanted[PATH_NAME_CAP];

	in_tree(name, given);
	CU_ASSERT_EQUAL(path_follow(&links, AT_FDCWD, given, true, rest, &path), 0);
	in_tree(one, wanted);
	CU_ASSERT_STRING_EQUAL(path.text, wanted);
	CU_ASSERT_EQUAL(path_follow(&links, AT_FDCWD, given, true, rest, &path), 0);
	in_tree(two, wanted);
	CU_ASSERT_STRING_EQUAL(path.text, wanted);
	CU_ASSERT_EQUAL(path_follow(&links, AT_FDCWD, given, true, rest, &path), status);
	in_tree(all, wanted);
	if (status == 0)
		CU_ASSERT_STRING_EQUAL(path.text, wanted);
	CU_ASSERT_EQUAL(links, PATH_RESOLVED);
}

static void links_are_followed_one_by_one(void)
{
	make_tree();
	is_followed("to_dir/away", "dir/away", "dir/away", 0, "dir/away");
	is_followed("away/file", "missing/x/file", "missing/x/file", 0, "missing/x/file");
	/* what climbs behind a link is no text */
	is_followed("to_dir/../to_dir/file", "to_dir/file", "dir/file", 0, "dir/file");
	is_followed("to_dir/../away", "away", "missing/x", 0, "missing/x");
	is_followed("loop/file", "loop/file", "loop/file", -ELOOP, "");
	is_followed("chain/file", "to_dir/file", "dir/file", 0, "dir/file");
	remove_tree();
}

static void relative_names_start_at_the_descriptor(void)
{
	char name[PATH_NAME_CAP];
	int fd;

	make_tree();
	in_tree("dir", name);
	fd = open(name, O_PATH | O_DIRECTORY);
	CU_ASSERT_TRUE_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(path_lexical(fd, "../to_dir/x", &path), 0);
	in_tree("to_dir/x", name);
	CU_ASSERT_STRING_EQUAL(path.text, name);
	CU_ASSERT_EQUAL(path_resolve(fd, "../to_dir/x", true, rest, &path), 0);
	in_tree("dir/x", name);
	CU_ASSERT_STRING_EQUAL(path.text, name);
	close(fd);
	CU_ASSERT_EQUAL(path_of_directory(fd, &path), -EBADF);
	remove_tree();
}

static void links_of_open_files_are_told_apart(void)
{
	int ends[2];
	char name[64];

	CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
	snprintf(name, sizeof name, "/proc/self/fd/%d", ends[0]);
	CU_ASSERT_EQUAL(path_resolve(AT_FDCWD, name, true, rest, &path), PATH_MAGIC);
	CU_ASSERT_EQUAL(path_resolve(AT_FDCWD, name, false, rest, &path), 0);
	CU_ASSERT_EQUAL(path_of_directory(ends[0], &path), -ENOTDIR);
	CU_ASSERT_EQUAL(path_resolve(AT_FDCWD, "/proc/self/root/etc", true, rest, &path), 0);
	CU_ASSERT_STRING_EQUAL(path.text, "/etc");
	close(ends[0]);
	close(ends[1]);
}

static void names_that_are_too_long_are_refused(void)
{
	static char name[PATH_CAP + 1];

	memset(name, 'a', PATH_CAP);
	name[0] = '/';
	CU_ASSERT_EQUAL(path_lexical(AT_FDCWD, name, &path), -ENAMETOOLONG);
	CU_ASSERT_EQUAL(path_resolve(AT_FDCWD, name, true, rest, &path), -ENAMETOOLONG);
}

static const CU_TestInfo tests[] = {
	{"names_are_normalised_as_text", names_are_normalised_as_text},
	{"last_name_keeps_its_slashes", last_name_keeps_its_slashes},
	{"links_are_followed_where_the_kernel_would", links_are_followed_where_the_kernel_would},
	{"links_are_followed_one_by_one", links_are_followed_one_by_one},
	{"relative_names_start_at_the_descriptor", relative_names_start_at_the_descriptor},
	{"links_of_open_files_are_told_apart", links_of_open_files_are_told_apart},
	{"names_that_are_too_long_are_refused", names_that_are_too_long_are_refused},
	CU_TEST_INFO_NULL,
};

const struct suite path_suite = {"path", tests};
