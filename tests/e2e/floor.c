/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helper of floor.sh: native code that has found the gate and the session's cookie in its own memory, and uses them.
 *
 *   floor make|unlink NAME          "ok", or the errno
 *   floor rename FROM TO
 *   floor connect PORT              to 127.0.0.1
 *   floor abstract NAME             connect to an abstract socket
 *   floor signal PID
 *   floor cost DIR                  by libc: nanoseconds of open for reading and close, the same for writing, and of
 *                                   making and removing a file, each the best of many batches
 */
#include "libguard/kernel/gate.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define BATCHES 200
#define BATCH 20

/* The mapping of a file that is called as the gate is; NULL: there is none. */
static const struct gate_page *find_gate(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[4352];
	void *at;

	while (maps && fgets(line, sizeof line, maps)) {
		size_t len = strcspn(line, "\n");

		line[len] = '\0';
		if (len > sizeof GATE_FILE && !strcmp(line + len - sizeof GATE_FILE, "/" GATE_FILE) && sscanf(line, "%p", &at) == 1)
			return at;
	}
	return NULL;
}

/* As sys_gated does it, with what the page says. Without a gate (no filter), from here. */
static long through(long number, long a, long b, long c, long d, long e)
{
	const struct gate_page *gate = find_gate();
	long result;

#if defined(__x86_64__)
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = gate ? (long)gate->cookie : 0;
	register const void *entry __asm__("r12") = gate ? (const void *)gate->code : NULL;

	if (!gate)
		__asm__ volatile("syscall"
				 : "=a"(result)
				 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
				 : "rcx", "r11", "memory");
	else
		__asm__ volatile("subq $128, %%rsp\ncall *%[entry]\naddq $128, %%rsp"
				 : "=a"(result)
				 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9), [entry] "r"(entry)
				 : "rcx", "r11", "memory");
#else
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = gate ? (long)gate->cookie : 0;
	register long x8 __asm__("x8") = number;
	register const void *entry __asm__("x16") = gate ? (const void *)gate->code : NULL;

	if (!gate)
		__asm__ volatile("svc #0" : "+r"(x0) : "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x8) : "memory");
	else
		__asm__ volatile("blr x16"
				 : "+r"(x0)
				 : "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5), "r"(x8), "r"(entry)
				 : "x30", "memory");
	result = x0;
#endif
	return result;
}

static int tell(long result)
{
	puts(result < 0 ? strerrorname_np((int)-result) : "ok");
	return result < 0;
}

static int dial(const char *port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	return tell(through(SYS_connect, socket(AF_INET, SOCK_STREAM, 0), (long)&to, sizeof to, 0, 0));
}

static int dial_abstract(const char *name)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t len = strnlen(name, sizeof to.sun_path - 1);

	memcpy(to.sun_path + 1, name, len);
	return tell(through(SYS_connect, socket(AF_UNIX, SOCK_STREAM, 0), (long)&to,
			    (long)(offsetof(struct sockaddr_un, sun_path) + 1 + len), 0, 0));
}

static double since(const struct timespec *from)
{
	struct timespec to;

	clock_gettime(CLOCK_MONOTONIC, &to);
	return ((double)(to.tv_sec - from->tv_sec) * 1e9 + (double)(to.tv_nsec - from->tv_nsec)) / BATCH;
}

static int cost(const char *directory)
{
	double looked = 1e12, opened = 1e12, made = 1e12, now;
	struct timespec from;
	char kept[4096], fresh[4096];

	snprintf(kept, sizeof kept, "%s/kept", directory);
	snprintf(fresh, sizeof fresh, "%s/fresh", directory);
	close(open(kept, O_WRONLY | O_CREAT, 0644));
	for (int i = 0; i < BATCHES; i++) {
		clock_gettime(CLOCK_MONOTONIC, &from);
		for (int k = 0; k < BATCH; k++)
			close(open(kept, O_RDONLY));
		now = since(&from);
		looked = now < looked ? now : looked;
		clock_gettime(CLOCK_MONOTONIC, &from);
		for (int k = 0; k < BATCH; k++)
			close(open(kept, O_WRONLY));
		now = since(&from);
		opened = now < opened ? now : opened;
		clock_gettime(CLOCK_MONOTONIC, &from);
		for (int k = 0; k < BATCH; k++) {
			close(open(fresh, O_WRONLY | O_CREAT | O_EXCL, 0644));
			unlink(fresh);
		}
		now = since(&from);
		made = now < made ? now : made;
	}
	printf("%.0f %.0f %.0f\n", looked, opened, made);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "", *name = argc > 2 ? argv[2] : "";

	if (!strcmp(what, "make"))
		return tell(through(SYS_openat, AT_FDCWD, (long)name, O_WRONLY | O_CREAT, 0644, 0));
	if (!strcmp(what, "unlink"))
		return tell(through(SYS_unlinkat, AT_FDCWD, (long)name, 0, 0, 0));
	if (!strcmp(what, "rename") && argc > 3)
		return tell(through(SYS_renameat2, AT_FDCWD, (long)name, AT_FDCWD, (long)argv[3], 0));
	if (!strcmp(what, "connect"))
		return dial(name);
	if (!strcmp(what, "abstract"))
		return dial_abstract(name);
	if (!strcmp(what, "signal"))
		return tell(through(SYS_kill, atoi(name), SIGUSR1, 0, 0, 0));
	if (!strcmp(what, "cost"))
		return cost(name);
	return 2;
}
