/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The work that `make bench` measures: one kind of operation, many times.
 *
 *   work KIND PATH
 *
 * Prints one line a batch, nanoseconds per operation; `memory` prints kilobytes
 * instead. Times only itself, so that neither its own start nor that of a guard
 * around it counts. Knows nothing of guards: bench.py runs the same program
 * bare and below each of them.
 *
 * An operation that fails ends it with a sentence and status 1, for a number
 * from calls that did nothing is worse than none.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <netinet/in.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

struct work {
	const char *name;
	const char *path;    /* what PATH is to it */
	unsigned batches;
	unsigned operations; /* in a batch */
	void (*prepare)(void);
	void (*once)(void);
	void (*settle)(void); /* after each batch, not timed */
};

static char *path;
static int listener = -1;
static struct sockaddr_in loopback;

static void die(const char *what)
{
	fprintf(stderr, "work: %s %s: %s\n", what, path, strerror(errno));
	exit(1);
}

static void nothing(void)
{
}

static void open_close(void)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die("open");
	close(fd);
}

/* From here on the same file is named relative to its directory. */
static void enter_directory(void)
{
	char *copy = strdup(path);

	if (!copy || chdir(dirname(copy)) < 0)
		die("chdir to the directory of");
	path = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	free(copy);
}

static void create_unlink(void)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		die("create");
	close(fd);
	if (unlink(path) < 0)
		die("unlink");
}

static void await(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child || status != 0)
		die("child did not succeed:");
}

static void fork_exec(void)
{
	char *const argv[] = {path, NULL};
	pid_t child = fork();

	if (child < 0)
		die("fork for");
	if (child == 0) {
		execv(path, argv);
		_exit(127);
	}
	await(child);
}

static void spawn(void)
{
	char *const argv[] = {path, NULL};
	pid_t child;

	errno = posix_spawn(&child, path, NULL, NULL, argv, environ);
	if (errno != 0)
		die("spawn");
	await(child);
}

static void open_listener(void)
{
	socklen_t len = sizeof(loopback);

	loopback = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&loopback, len) < 0 || listen(listener, 128) < 0 ||
	    getsockname(listener, (struct sockaddr *)&loopback, &len) < 0)
		die("listen");
}

/* The kernel completes the connection by itself; the listener's side is cleared away by accept_all. */
static void connect_close(void)
{
	static const struct linger reset = {.l_onoff = 1}; /* or TIME_WAIT would soon hold every port */
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&loopback, sizeof(loopback)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) < 0)
		die("connect");
	close(fd);
}

static void accept_all(void)
{
	int fd;

	if (fcntl(listener, F_SETFL, O_NONBLOCK) < 0)
		die("fcntl");
	while ((fd = accept(listener, NULL, NULL)) >= 0)
		close(fd);
}

/* A call that no guard mediates: what its mere presence costs. */
static void unmediated(void)
{
	if (syscall(SYS_getppid) < 0)
		die("getppid");
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void time_batch(const struct work *work)
{
	uint64_t start = now_ns();

	for (unsigned i = 0; i < work->operations; i++)
		work->once();
	printf("%.1f\n", (double)(now_ns() - start) / work->operations);
	work->settle();
}

/* Kilobytes of this process, after it has opened a file: resident, and those that are its alone. */
static void print_memory(void)
{
	char line[128];
	unsigned long rss = 0, own = 0, kb;

	for (int i = 0; i < 100; i++)
		open_close();
	FILE *file = fopen("/proc/self/smaps_rollup", "re");
	if (!file)
		die("/proc/self/smaps_rollup after");
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "Rss: %lu", &kb) == 1)
			rss = kb;
		else if (sscanf(line, "Private_Clean: %lu", &kb) == 1 || sscanf(line, "Private_Dirty: %lu", &kb) == 1)
			own += kb;
	}
	fclose(file);
	printf("%lu\n%lu\n", rss, own);
}

static const struct work works[] = {
	{"open", "a file to read", 60, 200, nothing, open_close, nothing},
	{"open-relative", "a file to read", 60, 200, enter_directory, open_close, nothing},
	{"create", "a name in a directory of the file system to measure", 40, 50, nothing, create_unlink, nothing},
	{"exec", "a small program", 30, 5, nothing, fork_exec, nothing},
	{"spawn", "a small program", 30, 5, nothing, spawn, nothing},
	{"connect", "any word", 40, 40, open_listener, connect_close, accept_all},
	{"unmediated", "any word", 60, 1000, nothing, unmediated, nothing},
	{"memory", "a file to read", 1, 0, nothing, print_memory, nothing},
};

static int usage(void)
{
	fputs("usage: work KIND PATH\n", stderr);
	for (size_t i = 0; i < sizeof(works) / sizeof(*works); i++)
		fprintf(stderr, "  %-14s PATH is %s\n", works[i].name, works[i].path);
	return 2;
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return usage();
	for (size_t i = 0; i < sizeof(works) / sizeof(*works); i++) {
		const struct work *work = &works[i];

		if (strcmp(work->name, argv[1]) != 0)
			continue;
		path = argv[2];
		work->prepare();
		if (work->operations == 0)
			work->once();
		else
			for (unsigned batch = 0; batch < work->batches; batch++)
				time_batch(work);
		return fflush(stdout) == 0 ? 0 : 1;
	}
	return usage();
}
