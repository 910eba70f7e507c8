/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints what libc's functions make of a tree, right and wrong arguments alike:
 * guarded it must print what it prints unguarded.
 *
 *     alike TREE
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <ftw.h>
#include <glob.h>
#include <limits.h>
#include <mqueue.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

static const char *error(long result)
{
	return result < 0 ? strerrorname_np(errno) : "ok";
}

static int action;

static int meet(const char *name, const struct stat *status, int flag, struct FTW *place)
{
	char cwd[PATH_MAX];

	printf("  %d %s base %d level %d mode %o in %s\n", flag, name, place->base, place->level,
	       flag == FTW_NS ? 0 : status->st_mode & S_IFMT, getcwd(cwd, sizeof cwd));
	if (action && strstr(name, "deep"))
		return action;
	return 0;
}

static int meet_old(const char *name, const struct stat *status, int flag)
{
	(void)status;
	printf("  %d %s\n", flag, name);
	return 0;
}

static void walk(const char *root)
{
	static const int flags[] = {0, FTW_PHYS, FTW_DEPTH, FTW_CHDIR, FTW_CHDIR | FTW_DEPTH | FTW_PHYS, FTW_MOUNT, FTW_ACTIONRETVAL,
				    FTW_ACTIONRETVAL | FTW_CHDIR, 1 << 20};
	static const int actions[] = {0, FTW_SKIP_SUBTREE, FTW_SKIP_SIBLINGS, FTW_STOP, 77};

	for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
		for (size_t k = 0; k < sizeof actions / sizeof actions[0]; k++)
			for (int streams = 0; streams < 4; streams += 3) {
				char cwd[PATH_MAX];
				int result;

				action = actions[k];
				printf("nftw %s flags %d action %d streams %d\n", root, flags[i], action, streams);
				result = nftw(root, meet, streams, flags[i]);
				printf("= %d %s in %s\n", result, error(result), getcwd(cwd, sizeof cwd));
			}
	printf("ftw %s\n", root);
	printf("= %s\n", error(ftw(root, meet_old, 2)));
}

static int by_name(const FTSENT **left, const FTSENT **right)
{
	return strcmp((*left)->fts_name, (*right)->fts_name);
}

static void step(char *root, int options, bool children)
{
	char *roots[] = {root, NULL};
	FTS *walk = fts_open(roots, options, by_name);
	FTSENT *entry;

	printf("fts %s options %d children %d\n", root, options, children);
	while (walk && (entry = fts_read(walk))) {
		printf("  %d %s acc %s level %d errno %d\n", entry->fts_info, entry->fts_path,
		       entry->fts_info == FTS_DP ? "" : entry->fts_accpath, entry->fts_level, entry->fts_errno);
		if (children && entry->fts_info == FTS_D)
			for (FTSENT *child = fts_children(walk, 0); child; child = child->fts_link)
				printf("    child %s\n", child->fts_name);
		if (!strcmp(entry->fts_name, "skipped"))
			fts_set(walk, entry, FTS_SKIP);
		if (entry->fts_info == FTS_SL && !strcmp(entry->fts_name, "to_dir"))
			fts_set(walk, entry, FTS_FOLLOW);
	}
	printf("= %s\n", walk ? error(fts_close(walk)) : "none");
}

static void match(const char *pattern, int flags)
{
	glob_t found = {0};
	int result = glob(pattern, flags, NULL, &found);

	printf("glob %s flags %d = %d count %zu flags %d\n", pattern, flags, result, found.gl_pathc, found.gl_flags);
	for (size_t i = 0; result == 0 && i < found.gl_pathc; i++)
		printf("  %s\n", found.gl_pathv[i]);
	globfree(&found);
}

static void resolve(const char *name)
{
	char out[PATH_MAX] = "untouched", *result;

	errno = 0;
	result = realpath(name, out);
	printf("realpath %.100s = %s %s\n", name, result ? result : strerrorname_np(errno),
	       errno == ENOENT || errno == EACCES ? out : "");
	result = realpath(name, NULL);
	printf("  %s\n", result ? result : "NULL");
	free(result);
}

static void names(const char *dir)
{
	struct dirent **entries;
	int count = scandir(dir, &entries, NULL, alphasort);

	printf("scandir %s = %d %s\n", dir, count, error(count));
	for (int i = 0; i < count; i++)
		printf("  %s\n", entries[i]->d_name);
}

static void link_of(const char *name)
{
	char out[PATH_MAX];
	ssize_t len = readlink(name, out, sizeof out);

	printf("readlink %s = %zd %s\n", name, len, error(len));
	len = readlinkat(open(name, O_PATH | O_NOFOLLOW), "", out, 2);
	printf("readlinkat %s = %zd %s\n", name, len, error(len));
}

static void temporary(const char *template, int suffix)
{
	char copy[256];
	int fd;

	snprintf(copy, sizeof copy, "%s", template);
	fd = mkstemps(copy, suffix);
	/* Where openat2 is missing, files are opened with O_NOFOLLOW, and that shows. */
	printf("mkstemps %s %d = %s flags %x same %d\n", template, suffix, error(fd),
	       fd < 0 ? 0 : fcntl(fd, F_GETFL) & ~O_NOFOLLOW, !strcmp(copy, template));
	if (fd >= 0)
		unlink(copy);
	snprintf(copy, sizeof copy, "%s", template);
	printf("mkdtemp %s = %s\n", template, mkdtemp(copy) ? "ok" : strerrorname_np(errno));
	rmdir(copy);
}

static void reopened(const char *name, const char *mode)
{
	FILE *stream = fopen("/dev/null", "r"), *result = freopen(name, mode, stream);
	int fd;

	printf("freopen %s %s = %s same %d", name, mode, result ? "ok" : strerrorname_np(errno), result == stream);
	if (result) {
		fd = fileno(result);
		printf(" fd flags %x status %x", fcntl(fd, F_GETFD), fcntl(fd, F_GETFL));
		fclose(result);
	}
	printf("\n");
}

static void shared(const char *name)
{
	printf("shm_open %.20s %s", name, error(shm_open(name, O_RDONLY, 0)));
	printf(" shm_unlink %s", error(shm_unlink(name)));
	printf(" sem_unlink %s", error(sem_unlink(name)));
	printf(" sem_open %s", sem_open(name, 0) == SEM_FAILED ? strerrorname_np(errno) : "ok");
	printf(" mq_open %s", error(mq_open(name, O_RDONLY)));
	printf(" mq_unlink %s\n", error(mq_unlink(name)));
}

static void raw(void)
{
	char out[16];

	printf("syscall getpid %d", syscall(SYS_getpid) == getpid());
	printf(" openat %s", error(syscall(SYS_openat, AT_FDCWD, "nothing", O_RDONLY)));
	printf(" readlinkat %ld", syscall(SYS_readlinkat, AT_FDCWD, "to_file", out, sizeof out));
	printf(" mmap %d", syscall(SYS_mmap, NULL, 4096L, PROT_READ | PROT_EXEC, MAP_PRIVATE, open("/bin/true", O_RDONLY), 4096L) != -1);
	printf(" unknown %s", error(syscall(9999)));
	printf(" unlink %s\n", error(syscall(SYS_unlinkat, AT_FDCWD, "nothing", 0)));
}

int main(int argc, char **argv)
{
	static char dot[] = ".", tree[] = "tree", missing[] = "missing", file[] = "file", to_dir[] = "to_dir";
	static char slashes[] = "tree//", longer[400];

	if (argc != 2 || chdir(argv[1]))
		return 2;
	walk("tree");
	walk("to_dir");
	walk("./tree/");
	walk("file");
	walk("dangling");
	walk("missing");
	walk("");
	for (int children = 0; children < 2; children++) {
		step(dot, FTS_PHYSICAL, children);
		step(tree, FTS_PHYSICAL | FTS_NOCHDIR, children);
		step(tree, FTS_LOGICAL, children);
		step(slashes, FTS_PHYSICAL | FTS_SEEDOT, children);
		step(to_dir, FTS_PHYSICAL | FTS_COMFOLLOW, children);
		step(missing, FTS_PHYSICAL, children);
		step(file, FTS_PHYSICAL | FTS_NOSTAT, children);
	}
	match("*", 0);
	match("tree/*/*", GLOB_MARK);
	match("none*", 0);
	match("none*", GLOB_NOCHECK);
	match("{file,tree/d*}", GLOB_BRACE);
	match("dang*", 0);
	match("*", GLOB_ONLYDIR);
	match("missing/*", GLOB_ERR);
	match("closed/*", GLOB_ERR);
	for (const char *const *at = (const char *const[]){"tree", "file", "file/", "file/.", "to_file", "to_dir/..", "dangling", "loop",
							   "missing", "missing/x", "tree/../tree/./deep", "/", "//", "", ".", "/proc/self/cwd/tree",
							   "closed/x", "to_dir/", "dangling/", NULL};
	     *at; at++) {
		resolve(*at);
		names(*at);
		link_of(*at);
	}
	memset(longer, 'n', sizeof longer - 1);
	resolve(longer);
	temporary("XXXXXX", 0);
	temporary("aXXXXXX.c", 2);
	temporary("aXXXXX", 0);
	temporary("missing/XXXXXX", 0);
	temporary("XXXXXX", 1);
	reopened("file", "r");
	reopened("file", "r+e");
	reopened("new", "w");
	reopened("new", "ax");
	reopened("newer", "wx");
	reopened("missing/x", "r");
	reopened("file", "z");
	reopened("tree", "w");
	shared("/libguard-none");
	shared("libguard-none");
	shared("/");
	shared("");
	shared("/a/b");
	shared(longer);
	raw();
	return 0;
}
