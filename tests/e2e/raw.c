/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helper of door.sh: system calls that no hook sees. Built statically, too.
 *
 *   raw open|unlink|mkdir|readlink|chmod|truncate|exec NAME    "ok", or the errno; open and readlink print what they got
 *   raw rename FROM TO
 *   raw deep DIR               make `ok` and `denied.key` below DIR, deeper than PATH_MAX
 *   raw connect PORT           to 127.0.0.1
 *   raw ring                   io_uring_setup
 *   raw old NAME               open by the 32-bit entry of x86-64
 *   raw rewrite ONE OTHER N    open one of two names of equal length, N times, while a thread exchanges them
 *   raw again N                open /etc/hostname N times; prints nanoseconds for one, the best of many batches
 */
#if defined(__x86_64__)
#include "libguard/core/sys_x86_64.h"
#else
#include "libguard/core/sys_aarch64.h"
#endif

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static char name[4096];
static const char *names[2];
static _Atomic int done;

/* By an instruction of our own: syscall(2) has a hook. */
static long call(long number, long a, long b, long c, long d, long e)
{
	long result = sys_call(number, a, b, c, d, e, 0);

	if (result >= 0)
		return result;
	errno = (int)-result;
	return -1;
}

#define CALL_5(number, a, b, c, d, e, ...) call(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e))
#define CALL(...) CALL_5(__VA_ARGS__, 0, 0, 0, 0, 0)

static int tell(long result)
{
	puts(result < 0 ? strerrorname_np(errno) : "ok");
	return result < 0;
}

static int show(int fd)
{
	char text[64] = "";
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

	if (fd < 0)
		return tell(fd);
	text[len > 0 ? len : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	puts(text);
	close(fd);
	return 0;
}

static void *rewrite(void *nothing)
{
	while (!done) {
		memcpy(name, names[0], strlen(names[0]));
		memcpy(name, names[1], strlen(names[1]));
	}
	return nothing;
}

/* What begins with "d" is denied. */
static int race(long count)
{
	long allowed = 0, denied = 0, refused = 0;
	pthread_t thread;

	memcpy(name, names[0], strlen(names[0]) + 1);
	pthread_create(&thread, NULL, rewrite, NULL);
	for (long i = 0; i < count; i++) {
		char first = 0;
		int fd = (int)CALL(SYS_openat, AT_FDCWD, name, O_RDONLY);

		if (fd < 0 || read(fd, &first, 1) != 1)
			refused++;
		else if (first == 'd')
			denied++;
		else
			allowed++;
		if (fd >= 0)
			close(fd);
	}
	done = 1;
	pthread_join(thread, NULL);
	printf("allowed %ld refused %ld denied %ld\n", allowed, refused, denied);
	return denied > 0;
}

static double batch(int count)
{
	struct timespec from, to;

	clock_gettime(CLOCK_MONOTONIC, &from);
	for (int i = 0; i < count; i++)
		close((int)CALL(SYS_openat, AT_FDCWD, "/etc/hostname", O_RDONLY));
	clock_gettime(CLOCK_MONOTONIC, &to);
	return ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) / count;
}

static int again(int batches)
{
	double best = 1e12;

	for (int i = 0; i < batches; i++) {
		double now = batch(50);

		best = now < best ? now : best;
	}
	printf("%.0f\n", best);
	return 0;
}

static int dial(const char *port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	return tell(CALL(SYS_connect, socket(AF_INET, SOCK_STREAM, 0), &to, sizeof to));
}

static int old_entry(const char *file)
{
#ifdef __x86_64__
	char *low = mmap((void *)0x10000000, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	long result;

	strcpy(low, file);
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(5), "b"(low), "c"(0), "d"(0) : "memory");
	errno = result < 0 ? (int)-result : 0;
	return result < 0 ? tell(-1) : show((int)result);
#else
	(void)file;
	return 77;
#endif
}

static int deep(const char *dir)
{
	memset(name, 'd', 200);
	if (chdir(dir) < 0)
		return 2;
	for (int i = 0; i < 25; i++)
		if (CALL(SYS_mkdirat, AT_FDCWD, name, 0755) < 0 || chdir(name) < 0)
			return tell(-1);
	if (CALL(SYS_openat, AT_FDCWD, "ok", O_WRONLY | O_CREAT, 0644) < 0)
		return tell(-1);
	return !tell(CALL(SYS_openat, AT_FDCWD, "denied.key", O_WRONLY | O_CREAT, 0644));
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "", *file = argc > 2 ? argv[2] : "";
	char *words[] = {argc > 2 ? argv[2] : NULL, NULL};

	if (!strcmp(what, "open"))
		return show((int)CALL(SYS_openat, AT_FDCWD, file, O_RDONLY));
	if (!strcmp(what, "unlink"))
		return tell(CALL(SYS_unlinkat, AT_FDCWD, file, 0));
	if (!strcmp(what, "mkdir"))
		return tell(CALL(SYS_mkdirat, AT_FDCWD, file, 0777));
	if (!strcmp(what, "chmod"))
		return tell(CALL(SYS_fchmodat, AT_FDCWD, file, 0600));
	if (!strcmp(what, "truncate"))
		return tell(CALL(SYS_truncate, file, 0));
	if (!strcmp(what, "deep"))
		return deep(file);
	if (!strcmp(what, "exec"))
		return tell(CALL(SYS_execve, file, words, words + 1));
	if (!strcmp(what, "rename") && argc > 3)
		return tell(CALL(SYS_renameat2, AT_FDCWD, file, AT_FDCWD, argv[3], 0));
	if (!strcmp(what, "readlink")) {
		ssize_t len = CALL(SYS_readlinkat, AT_FDCWD, file, name, sizeof name - 1);

		return len < 0 ? tell(len) : puts(name) < 0;
	}
	if (!strcmp(what, "connect"))
		return dial(file);
	if (!strcmp(what, "ring"))
		return tell(CALL(SYS_io_uring_setup, 4, name));
	if (!strcmp(what, "old"))
		return old_entry(file);
	if (!strcmp(what, "again"))
		return again(atoi(file));
	if (!strcmp(what, "rewrite") && argc > 4) {
		names[0] = file;
		names[1] = argv[3];
		return race(atol(argv[4]));
	}
	return 2;
}
