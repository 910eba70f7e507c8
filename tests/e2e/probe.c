/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does one file operation after another, each by another libc function.
 *
 *     probe make BASE   for each case a directory BASE/CASE with the files it needs (to be run unguarded)
 *     probe run BASE    every case once; prints "CASE ok" or "CASE ERRNO"
 *     probe tmpfile     tmpfile(3), which has no directory to choose
 *     probe list        names of the cases, which are the names of the functions
 *
 * A case sees `file` (a file), `empty` (a directory), `link` (to file), `other` (a file) and the free name `new`.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <ftw.h>
#include <glob.h>
#include <limits.h>
#include <mntent.h>
#include <mqueue.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utime.h>

int __open_2(const char *name, int flags);
int __open64_2(const char *name, int flags);
int __openat_2(int dir, const char *name, int flags);
int __openat64_2(int dir, const char *name, int flags);
int __open(const char *name, int flags, ...);
int __open64(const char *name, int flags, ...);
FILE *_IO_fopen(const char *name, const char *mode);
FILE *__setmntent(const char *name, const char *mode);
mqd_t __mq_open_2(const char *name, int flags);
ssize_t __readlink_chk(const char *path, char *out, size_t size, size_t room);
ssize_t __readlinkat_chk(int dir, const char *path, char *out, size_t size, size_t room);
char *__realpath_chk(const char *name, char *resolved, size_t size);
int __xmknod(int version, const char *path, mode_t mode, dev_t *device);
int __xmknodat(int version, int dir, const char *path, mode_t mode, dev_t *device);

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

static char text[PATH_MAX];
static dev_t no_device;

/* "NAME" with one of each world's own, for what has no directory. */
static const char *shared(const char *name)
{
	static char names[2][256];
	static unsigned turn;
	char *out = names[turn++ % 2];
	const char *world = strrchr(base, '/');

	snprintf(out, sizeof names[0], "/libguard-%s-%s-%d", world ? world + 1 : "", name, (int)getppid());
	return out;
}

/* The names of temporary files are written into. */
static char *template_of(const char *name)
{
	return (char *)(uintptr_t)at(name);
}

static int filled(const char *expected, const void *found)
{
	return found && (!expected || !strncmp(text, expected, strlen(expected))) ? 0 : -1;
}

static int is_link(ssize_t len)
{
	return len == 4 && !memcmp(text, "file", 4) ? 0 : -1;
}

/* Not every file system has attributes, and nobody has set any. */
static int attribute(ssize_t result)
{
	return result >= 0 || errno == ENODATA || errno == EOPNOTSUPP ? 0 : -1;
}

static int closed_semaphore(sem_t *semaphore)
{
	return semaphore == SEM_FAILED ? -1 : sem_close(semaphore);
}

static int closed_queue(mqd_t queue)
{
	return queue < 0 ? -1 : mq_close(queue);
}

static int closed_mounts(FILE *file)
{
	return file && endmntent(file) == 1 ? 0 : -1;
}

/* "." and ".." are entries too. */
static int six(int count)
{
	if (count >= 0 && count != 6)
		errno = ERANGE;
	return count == 6 ? 0 : -1;
}

static int scanned(void)
{
	struct dirent **entries;

	return six(scandir(at(""), &entries, NULL, alphasort));
}

static int scanned64(void)
{
	struct dirent64 **entries;

	return six(scandir64(at(""), &entries, NULL, NULL));
}

static int scanned_at(void)
{
	struct dirent **entries;

	return six(scandirat(dir(), ".", &entries, NULL, NULL));
}

static int scanned_at64(void)
{
	struct dirent64 **entries;

	return six(scandirat64(dir(), ".", &entries, NULL, NULL));
}

static int glob_error;

static int glob_failed(const char *name, int error)
{
	(void)name;
	glob_error = error;
	return 1;
}

#define GLOBBED(function, type)                                                                                        \
	static int function##bed(void)                                                                                 \
	{                                                                                                              \
		type found = {0};                                                                                      \
                                                                                                                       \
		if (function(at("*"), GLOB_ERR, glob_failed, &found)) {                                                \
			errno = glob_error;                                                                            \
			return -1;                                                                                     \
		}                                                                                                      \
		return found.gl_pathc == 4 && !(found.gl_flags & GLOB_ALTDIRFUNC) ? 0 : -1;                            \
	}

static unsigned met;

static int meet(const char *name, const struct stat *status, int flag)
{
	(void)name;
	(void)status;
	met++;
	if (flag == FTW_DNR)
		errno = EACCES;
	return flag == FTW_DNR ? -1 : 0;
}

static int meet64(const char *name, const struct stat64 *status, int flag)
{
	(void)status;
	return meet(name, NULL, flag);
}

static int nmeet(const char *name, const struct stat *status, int flag, struct FTW *place)
{
	(void)place;
	return meet(name, status, flag);
}

static int nmeet64(const char *name, const struct stat64 *status, int flag, struct FTW *place)
{
	(void)place;
	return meet64(name, status, flag);
}

static int walked(int result)
{
	unsigned all = met;

	met = 0;
	return result ? result : (all == 5 ? 0 : (errno = ERANGE, -1));
}

#define STEPPED(name, walk_type, entry_type, open_walk, next, close_walk)                                              \
	static int name(void)                                                                                          \
	{                                                                                                              \
		char *roots[] = {template_of("."), NULL};                                                              \
		walk_type *walk = open_walk(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);                                  \
		entry_type *entry;                                                                                     \
		int result = -1;                                                                                       \
                                                                                                                       \
		while (walk && (entry = next) && result) {                                                             \
			if (entry->fts_info == FTS_F)                                                                  \
				result = 0;                                                                            \
			if (entry->fts_info == FTS_DNR) {                                                              \
				errno = entry->fts_errno;                                                              \
				return -1;                                                                             \
			}                                                                                              \
		}                                                                                                      \
		return walk && result == 0 ? close_walk(walk) : -1;                                                    \
	}

GLOBBED(glob, glob_t)
GLOBBED(glob64, glob64_t)
STEPPED(stepped, FTS, FTSENT, fts_open, fts_read(walk), fts_close)
STEPPED(stepped64, FTS64, FTSENT64, fts64_open, fts64_read(walk), fts64_close)
STEPPED(children, FTS, FTSENT, fts_open, fts_read(walk) && walk->fts_cur->fts_info == FTS_D ? fts_children(walk, 0) : NULL,
	fts_close)
STEPPED(children64, FTS64, FTSENT64, fts64_open,
	fts64_read(walk) && walk->fts_cur->fts_info == FTS_D ? fts64_children(walk, 0) : NULL, fts64_close)

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
	CASE(__open, closed(__open(at("file"), O_RDONLY)))                                                             \
	CASE(__open64, closed(__open64(at("new"), O_RDWR | O_CREAT, 0600)))                                            \
	CASE(_IO_fopen, fclosed(_IO_fopen(at("file"), "r+")))                                                          \
	CASE(freopen, fclosed(freopen(at("new"), "wx", fopen("/dev/null", "r"))))                                                    \
	CASE(freopen64, fclosed(freopen64(at("link"), "r", fopen("/dev/null", "r"))))                                                \
	CASE(setmntent, closed_mounts(setmntent(at("file"), "r")))                                                     \
	CASE(__setmntent, closed_mounts(__setmntent(at("file"), "r")))                                                 \
	CASE(mkstemp, closed(mkstemp(template_of("XXXXXX"))))                                                          \
	CASE(mkstemp64, closed(mkstemp64(template_of("aXXXXXX"))))                                                     \
	CASE(mkstemps, closed(mkstemps(template_of("XXXXXX.c"), 2)))                                                   \
	CASE(mkstemps64, closed(mkstemps64(template_of("XXXXXX.c"), 2)))                                               \
	CASE(mkostemp, closed(mkostemp(template_of("XXXXXX"), O_CLOEXEC)))                                             \
	CASE(mkostemp64, closed(mkostemp64(template_of("XXXXXX"), O_APPEND)))                                          \
	CASE(mkostemps, closed(mkostemps(template_of("XXXXXX.c"), 2, O_CLOEXEC)))                                      \
	CASE(mkostemps64, closed(mkostemps64(template_of("XXXXXX.c"), 2, O_CLOEXEC)))                                  \
	CASE(mkdtemp, filled(NULL, mkdtemp(template_of("XXXXXX"))))                                                    \
	CASE(shm_open, closed(shm_open(shared("shm"), O_RDWR | O_CREAT, 0600)))                                        \
	CASE(shm_unlink, shm_unlink(shared("shm")))                                                                    \
	CASE(sem_open, closed_semaphore(sem_open(shared("sem"), O_CREAT, 0600, 1)))                                    \
	CASE(sem_unlink, sem_unlink(shared("sem")))                                                                    \
	CASE(mq_open, closed_queue(mq_open(shared("mq"), O_RDWR | O_CREAT, 0600, NULL)))                               \
	CASE(__mq_open_2, closed_queue(__mq_open_2(shared("mq"), O_RDWR)))                                             \
	CASE(mq_unlink, mq_unlink(shared("mq")))                                                                       \
	CASE(scandir, scanned())                                                                                       \
	CASE(scandir64, scanned64())                                                                                   \
	CASE(scandirat, scanned_at())                                                                                  \
	CASE(scandirat64, scanned_at64())                                                                              \
	CASE(glob, globbed())                                                                                          \
	CASE(glob64, glob64bed())                                                                                      \
	CASE(ftw, walked(ftw(at(""), meet, 2)))                                                                        \
	CASE(ftw64, walked(ftw64(at(""), meet64, 1)))                                                                  \
	CASE(nftw, walked(nftw(at(""), nmeet, 3, FTW_PHYS)))                                                           \
	CASE(nftw64, walked(nftw64(at(""), nmeet64, 1, FTW_CHDIR | FTW_DEPTH)))                                        \
	CASE(fts_read, stepped())                                                                                      \
	CASE(fts64_read, stepped64())                                                                                  \
	CASE(fts_children, children())                                                                                 \
	CASE(fts64_children, children64())                                                                             \
	CASE(inotify_add_watch, inotify_add_watch(inotify_init(), at("empty"), IN_CREATE) == 1 ? 0 : -1)               \
	CASE(readlink, is_link(readlink(at("link"), text, sizeof text)))                                               \
	CASE(readlinkat, is_link(readlinkat(dir(), "link", text, sizeof text)))                                        \
	CASE(__readlink_chk, is_link(__readlink_chk(at("link"), text, 100, sizeof text)))                              \
	CASE(__readlinkat_chk, is_link(__readlinkat_chk(dir(), "link", text, 100, sizeof text)))                       \
	CASE(realpath, filled(base, realpath(at("link"), text)))                                                       \
	CASE(__realpath_chk, filled(base, __realpath_chk(at("link"), text, sizeof text)))                              \
	CASE(canonicalize_file_name, filled(NULL, canonicalize_file_name(at("link"))))                                 \
	CASE(getxattr, attribute(getxattr(at("link"), "user.probe", text, sizeof text)))                               \
	CASE(lgetxattr, attribute(lgetxattr(at("file"), "user.probe", text, sizeof text)))                             \
	CASE(fgetxattr, attribute(fgetxattr(file_fd(), "user.probe", text, sizeof text)))                              \
	CASE(listxattr, attribute(listxattr(at("link"), text, sizeof text)))                                           \
	CASE(llistxattr, attribute(llistxattr(at("link"), text, sizeof text)))                                         \
	CASE(flistxattr, attribute(flistxattr(file_fd(), text, sizeof text)))                                          \
	CASE(setxattr, attribute(setxattr(at("link"), "user.probe", "1", 1, 0)))                                       \
	CASE(lsetxattr, attribute(lsetxattr(at("file"), "user.probe", "1", 1, 0)))                                     \
	CASE(fsetxattr, attribute(fsetxattr(file_fd(), "user.probe", "1", 1, 0)))                                      \
	CASE(removexattr, attribute(removexattr(at("link"), "user.probe")))                                            \
	CASE(lremovexattr, attribute(lremovexattr(at("file"), "user.probe")))                                          \
	CASE(fremovexattr, attribute(fremovexattr(file_fd(), "user.probe")))                                           \
	CASE(__xmknod, __xmknod(0, at("new"), S_IFREG | 0600, &no_device))                                             \
	CASE(__xmknodat, __xmknodat(0, dir(), "new", S_IFIFO | 0600, &no_device))                                      \
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
	if (!strcmp(todo, "tmpfile")) {
		printf("tmpfile %s\n", fclosed(tmpfile()) == 0 ? "ok" : strerrorname_np(errno));
		return 0;
	}
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
