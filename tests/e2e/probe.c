/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does one file operation after another, each by another libc function.
 *
 *     probe make BASE   for each case a directory BASE/CASE with the files it needs (to be run unguarded)
 *     probe run BASE    every case once; prints "CASE ok" or "CASE ERRNO"
 *     probe list        names of the cases, which are the names of the functions
 *
 * A case sees `file` (a file), `empty` (a directory), `link` (to file), `other` (a file) and the free name `new`.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>
#include <utime.h>

int __open_2(const char *name, int flags);
int __open64_2(const char *name, int flags);
int __openat_2(int dir, const char *name, int flags);
int __openat64_2(int dir, const char *name, int flags);

static const char *base, *name_of_case;

/* BASE/CASE/NAME, on one of four buffers in turn. */
static const char *at(const char *name)
{
	static char names[4][4096];
	static unsigned turn;
	char *out = names[turn++ % 4];

	snprintf(out, sizeof names[0], "%s/%s/%s", base, name_of_case, name);
	return out;
}

/* A descriptor of the case's directory that needs no right to read it. */
static int dir(void)
{
	return open(at("."), O_PATH | O_DIRECTORY);
}

/* A descriptor of `file`, by which at least its name is known. */
static int file_fd(void)
{
	int fd = open(at("file"), O_RDONLY);

	return fd >= 0 ? fd : open(at("file"), O_PATH);
}

static int closed(int fd)
{
	return fd < 0 ? -1 : close(fd);
}

static int fclosed(FILE *file)
{
	return file ? fclose(file) : -1;
}

static int closeddir(DIR *directory)
{
	return directory ? closedir(directory) : -1;
}

static const struct timeval now_us[2] = {{1000000, 1}, {1000000, 1}};
static const struct timespec now_ns[2] = {{1000000, 1}, {1000000, 1}};
static const struct utimbuf now_s = {1000000, 1000000};

#define CASES                                                                                                          \
	CASE(open, closed(open(at("file"), O_RDONLY)))                                                                 \
	CASE(open64, closed(open64(at("new"), O_RDWR | O_CREAT, 0600)))                                                \
	CASE(openat, closed(openat(dir(), "file", O_WRONLY | O_TRUNC)))                                                \
	CASE(openat64, closed(openat64(dir(), "link", O_RDONLY)))                                                      \
	CASE(creat, closed(creat(at("new"), 0600)))                                                                    \
	CASE(creat64, closed(creat64(at("file"), 0600)))                                                               \
	CASE(__open_2, closed(__open_2(at("file"), O_RDONLY)))                                                         \
	CASE(__open64_2, closed(__open64_2(at("file"), O_RDWR)))                                                       \
	CASE(__openat_2, closed(__openat_2(dir(), "file", O_RDONLY)))                                                  \
	CASE(__openat64_2, closed(__openat64_2(dir(), "file", O_RDONLY)))                                              \
	CASE(fopen, fclosed(fopen(at("file"), "r")))                                                                   \
	CASE(fopen64, fclosed(fopen64(at("new"), "we")))                                                               \
	CASE(opendir, closeddir(opendir(at("empty"))))                                                                 \
	CASE(unlink, unlink(at("file")))                                                                               \
	CASE(unlinkat, unlinkat(dir(), "empty", AT_REMOVEDIR))                                                         \
	CASE(rmdir, rmdir(at("empty")))                                                                                \
	CASE(remove, remove(at("empty")))                                                                              \
	CASE(rename, rename(at("file"), at("other")))                                                                  \
	CASE(renameat, renameat(dir(), "file", AT_FDCWD, at("new")))                                                   \
	CASE(renameat2, renameat2(dir(), "file", dir(), "other", RENAME_EXCHANGE))                                     \
	CASE(link, link(at("file"), at("new")))                                                                        \
	CASE(linkat, linkat(dir(), "link", dir(), "new", AT_SYMLINK_FOLLOW))                                           \
	CASE(symlink, symlink("file", at("new")))                                                                      \
	CASE(symlinkat, symlinkat("file", dir(), "new"))                                                               \
	CASE(mkdir, mkdir(at("new/"), 0700))                                                                           \
	CASE(mkdirat, mkdirat(dir(), "new", 0700))                                                                     \
	CASE(mknod, mknod(at("new"), S_IFREG | 0600, 0))                                                               \
	CASE(mknodat, mknodat(dir(), "new", S_IFIFO | 0600, 0))                                                        \
	CASE(mkfifo, mkfifo(at("new"), 0600))                                                                          \
	CASE(mkfifoat, mkfifoat(dir(), "new", 0600))                                                                   \
	CASE(chmod, chmod(at("link"), 0640))                                                                           \
	CASE(lchmod, lchmod(at("file"), 0640))                                                                         \
	CASE(fchmodat, fchmodat(dir(), "file", 0640, 0))                                                               \
	CASE(fchmod, fchmod(file_fd(), 0640))                                                                          \
	CASE(chown, chown(at("file"), getuid(), getgid()))                                                             \
	CASE(lchown, lchown(at("link"), getuid(), getgid()))                                                           \
	CASE(fchownat, fchownat(dir(), "link", getuid(), getgid(), AT_SYMLINK_NOFOLLOW))                               \
	CASE(fchown, fchown(file_fd(), getuid(), getgid()))                                                            \
	CASE(utime, utime(at("file"), &now_s))                                                                         \
	CASE(utimes, utimes(at("file"), now_us))                                                                       \
	CASE(lutimes, lutimes(at("link"), now_us))                                                                     \
	CASE(futimesat, futimesat(dir(), "file", now_us))                                                              \
	CASE(utimensat, utimensat(dir(), "file", now_ns, 0))                                                           \
	CASE(futimes, futimes(file_fd(), now_us))                                                                      \
	CASE(futimens, futimens(file_fd(), now_ns))                                                                    \
	CASE(truncate, truncate(at("file"), 1))                                                                        \
	CASE(truncate64, truncate64(at("link"), 1))

#define CASE(name, expression)                                                                                         \
	static int case_##name(void)                                                                                   \
	{                                                                                                              \
		return expression;                                                                                     \
	}
CASES
#undef CASE

static const struct {
	const char *name;
	int (*run)(void);
} cases[] = {
#define CASE(name, expression) {#name, case_##name},
	CASES
#undef CASE
};

static void make(void)
{
	int fd;

	if (mkdir(at(""), 0755) || mkdir(at("empty"), 0755) || symlink("file", at("link")))
		exit(99);
	fd = open(at("file"), O_WRONLY | O_CREAT, 0644);
	if (fd < 0 || write(fd, "secret\n", 7) != 7 || close(fd) || link(at("file"), at("other")))
		exit(99);
	/* Renaming a file onto its own second name does nothing: it has to be another. */
	if (unlink(at("other")) || close(creat(at("other"), 0644)))
		exit(99);
}

int main(int argc, char **argv)
{
	const char *todo = argc > 1 ? argv[1] : "";

	base = argc > 2 ? argv[2] : "";
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		name_of_case = cases[i].name;
		if (!strcmp(todo, "list"))
			puts(name_of_case);
		else if (!strcmp(todo, "make"))
			make();
		else if (!strcmp(todo, "run"))
			printf("%s %s\n", name_of_case, cases[i].run() == 0 ? "ok" : strerrorname_np(errno));
	}
	return 0;
}
