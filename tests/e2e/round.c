/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helper of round.sh: one way round the guard for each word. Built statically, too. Calls are made by syscall(2), which is
 * hooked in a program that has hooks.
 *
 *   round WORD [ARGUMENT...]   prints "ok", or the errno
 *   round jail DIR COMMAND...  run a command that may change nothing but what is below DIR (Landlock)
 */
#include <arpa/inet.h>
#include <asm/sockios.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/perf_event.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timex.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char **words; /* behind the first */
static _Atomic int done;

static int tell(long result)
{
	puts(result < 0 ? strerrorname_np(errno) : "ok");
	return result < 0;
}

static long number(int n)
{
	return words[n] ? atol(words[n]) : 0;
}

static struct sockaddr_in address(sa_family_t family)
{
	struct sockaddr_in in = {.sin_family = family, .sin_port = htons((uint16_t)number(1))};

	inet_pton(AF_INET, words[0], &in.sin_addr);
	return in;
}

/* ---- the network ---- */

static long message(int fd, struct sockaddr_in *to, void *control, size_t len, int flags)
{
	struct iovec part = {"data", 4};
	struct msghdr head = {.msg_name = to, .msg_namelen = to ? sizeof *to : 0, .msg_iov = &part, .msg_iovlen = 1,
			      .msg_control = control, .msg_controllen = len};

	return syscall(SYS_sendmsg, fd, &head, flags);
}

static int unspec_send(void)
{
	struct sockaddr_in to = address(AF_UNSPEC);

	return tell(syscall(SYS_sendto, socket(AF_INET, SOCK_DGRAM, 0), "data", 4, 0, &to, sizeof to));
}

static int unspec_message(void)
{
	struct sockaddr_in to = address(AF_UNSPEC);

	return tell(message(socket(AF_INET, SOCK_DGRAM, 0), &to, NULL, 0, 0));
}

static int unspec_bind(void)
{
	struct sockaddr_in to = address(AF_UNSPEC);

	return tell(syscall(SYS_bind, socket(AF_INET, SOCK_STREAM, 0), &to, sizeof to));
}

static int fast_send(void)
{
	struct sockaddr_in to = address(AF_INET);

	return tell(syscall(SYS_sendto, socket(AF_INET, SOCK_STREAM, 0), "data", 4, MSG_FASTOPEN, &to, sizeof to));
}

static int fast_message(void)
{
	struct sockaddr_in to = address(AF_INET);

	return tell(message(socket(AF_INET, SOCK_STREAM, 0), &to, NULL, 0, MSG_FASTOPEN));
}

static const unsigned char route[8] = {131, 7, 4, 127, 66, 6, 6, 0}; /* loose source route */

static int route_option(void)
{
	return tell(syscall(SYS_setsockopt, socket(AF_INET, SOCK_DGRAM, 0), IPPROTO_IP, IP_OPTIONS, route, sizeof route));
}

static int route_message(void)
{
	struct sockaddr_in to = address(AF_INET);
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof route)];
	} control = {.head = {CMSG_LEN(sizeof route), IPPROTO_IP, IP_RETOPTS}};

	memcpy(CMSG_DATA(&control.head), route, sizeof route);
	return tell(message(socket(AF_INET, SOCK_DGRAM, 0), &to, &control, sizeof control, 0));
}

static long dial(const char *name)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	long result;

	strncpy(to.sun_path, name, sizeof to.sun_path - 1);
	result = syscall(SYS_connect, fd, &to, sizeof to);
	if (result == 0)
		return fd;
	close(fd);
	return result;
}

static int unix_link(void)
{
	char name[32];

	snprintf(name, sizeof name, "/proc/self/fd/%d", open(words[0], O_PATH | O_CLOEXEC));
	return tell(dial(name));
}

static void *exchange(void *nothing)
{
	while (!done)
		syscall(SYS_renameat2, AT_FDCWD, words[0], AT_FDCWD, words[1], 2 /* RENAME_EXCHANGE */);
	return nothing;
}

/* Connect to a link that leads to one socket and another by turns; prints how often the other, words[2], was reached. */
static int unix_race(void)
{
	pthread_t thread;
	int reached = 0;

	pthread_create(&thread, NULL, exchange, NULL);
	for (long i = number(3); i > 0; i--) {
		struct sockaddr_un peer = {0};
		socklen_t len = sizeof peer;
		int fd = (int)dial(words[0]);

		if (fd >= 0 && getpeername(fd, (struct sockaddr *)&peer, &len) == 0)
			reached += !strcmp(peer.sun_path, words[2]);
		close(fd);
	}
	done = 1;
	pthread_join(thread, NULL);
	return printf("%d\n", reached) < 0;
}

/* Bind below a link that leads to one directory and another by turns, the first of which is words[2]. */
static int bind_race(void)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	char made[sizeof to.sun_path];
	pthread_t thread;

	snprintf(to.sun_path, sizeof to.sun_path, "%.90s/s", words[0]);
	snprintf(made, sizeof made, "%.90s/s", words[2]);
	pthread_create(&thread, NULL, exchange, NULL);
	for (long i = number(3); i > 0; i--) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		(void)!syscall(SYS_bind, fd, &to, sizeof to);
		close(fd);
		unlink(made);
	}
	done = 1;
	pthread_join(thread, NULL);
	return 0;
}

/* In words[0], by a name that means each process something else. */
static int bind_here(void)
{
	struct sockaddr_un to = {AF_UNIX, "/proc/self/cwd/here"};

	if (chdir(words[0]) < 0)
		return 2;
	return tell(syscall(SYS_bind, socket(AF_UNIX, SOCK_STREAM, 0), &to, sizeof to));
}

/* ---- files ---- */

static volatile struct open_how how;

static void *change_how(void *nothing)
{
	while (!done) {
		how.flags = O_PATH;
		how.flags = O_RDONLY;
	}
	return nothing;
}

static void *move(void *nothing)
{
	while (!done) {
		rename(words[1], words[2]);
		rename(words[2], words[1]);
	}
	return nothing;
}

/* How many of so many opens can be read. */
static int race(void *(*other)(void *), bool by_openat2, long count)
{
	pthread_t thread;
	int read_it = 0;

	pthread_create(&thread, NULL, other, NULL);
	for (; count > 0; count--) {
		int fd = (int)(by_openat2 ? syscall(SYS_openat2, AT_FDCWD, words[0], &how, sizeof how)
					  : syscall(SYS_openat, AT_FDCWD, words[0], O_RDONLY));
		char first;

		read_it += fd >= 0 && read(fd, &first, 1) == 1;
		close(fd);
	}
	done = 1;
	pthread_join(thread, NULL);
	return printf("%d\n", read_it) < 0;
}

static int flags_race(void)
{
	return race(change_how, true, number(1));
}

static int climb_race(void)
{
	return race(move, false, number(3));
}

static int other_pipe(void)
{
	return tell(syscall(SYS_openat, AT_FDCWD, words[0], O_RDONLY | O_NONBLOCK));
}

static int version(void)
{
	int fd = open(words[0], O_RDONLY), value = 1;

	return tell(ioctl(fd, _IOW('v', 2, long), &value)); /* FS_IOC_SETVERSION */
}

static int moved(void)
{
	return tell(syscall(SYS_renameat2, AT_FDCWD, words[0], AT_FDCWD, words[1], 0));
}

static int linked(void)
{
	return tell(syscall(SYS_linkat, AT_FDCWD, words[0], AT_FDCWD, words[1], 0));
}

static int device(void)
{
	return tell(syscall(SYS_mknodat, AT_FDCWD, words[0], S_IFCHR | 0600, makedev(1, 3)));
}

static int run(void)
{
	char *argv[] = {words[0], NULL};

	return tell(syscall(SYS_execve, words[0], argv, argv + 1));
}

/* ---- processes ---- */

static int owner_of(long result, int in, int out)
{
	if (result == 0)
		result = fcntl(in, F_SETFL, O_ASYNC);
	if (result == 0)
		result = write(out, "x", 1);
	return tell(result);
}

static int owner(void)
{
	int ends[2];

	if (pipe(ends) < 0 || fcntl(ends[0], F_SETSIG, SIGKILL) < 0)
		return tell(-1);
	return owner_of(fcntl(ends[0], F_SETOWN, getppid()), ends[0], ends[1]);
}

static int owner_in_memory(void)
{
	struct f_owner_ex to = {F_OWNER_PID, getppid()};
	int ends[2];

	if (pipe(ends) < 0 || fcntl(ends[0], F_SETSIG, SIGKILL) < 0)
		return tell(-1);
	return owner_of(fcntl(ends[0], F_SETOWN_EX, &to), ends[0], ends[1]);
}

static int owner_of_socket(void)
{
	int ends[2], to = getppid();

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0 || fcntl(ends[0], F_SETSIG, SIGKILL) < 0)
		return tell(-1);
	return owner_of(ioctl(ends[0], FIOSETOWN, &to), ends[0], ends[1]);
}

static int own_owner(void)
{
	struct f_owner_ex to = {F_OWNER_PID, getpid()}, is = {0};
	int ends[2];

	if (pipe(ends) < 0 || fcntl(ends[0], F_SETOWN_EX, &to) < 0 || fcntl(ends[0], F_GETOWN_EX, &is) < 0 ||
	    is.pid != getpid() || fcntl(ends[0], F_SETOWN, getpid()) < 0)
		return tell(-1);
	return tell(0);
}

static int limit(void)
{
	struct rlimit none = {0, 0};

	return tell(syscall(SYS_prlimit64, getppid(), RLIMIT_CPU, &none, NULL));
}

static int own_limit(void)
{
	struct rlimit now;

	if (syscall(SYS_prlimit64, getpid(), RLIMIT_CPU, NULL, &now) < 0)
		return tell(-1);
	return tell(syscall(SYS_prlimit64, getpid(), RLIMIT_CPU, &now, NULL));
}

/* In words[0] a program ends badly, which may leave there what it had in memory. */
static int core(void)
{
	struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
	long result = syscall(SYS_prlimit64, 0, RLIMIT_CORE, &all, NULL);
	int error = errno;
	pid_t child = fork();

	if (child == 0 && chdir(words[0]) == 0)
		abort();
	waitpid(child, NULL, 0);
	errno = error;
	return tell(result);
}

static int priority(void)
{
	return tell(syscall(SYS_setpriority, PRIO_PROCESS, getppid(), 19));
}

static int oom(void)
{
	char name[64];

	snprintf(name, sizeof name, "/proc/%d/oom_score_adj", getppid());
	return tell(syscall(SYS_openat, AT_FDCWD, name, O_WRONLY));
}

static int group(void)
{
	int fd = (int)syscall(SYS_pidfd_open, getppid(), 0);

	return tell(syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 4 /* PIDFD_SIGNAL_PROCESS_GROUP */));
}

static int watch(void)
{
	struct perf_event_attr what = {.type = PERF_TYPE_SOFTWARE, .size = sizeof what, .config = PERF_COUNT_SW_CPU_CLOCK};

	return tell(syscall(SYS_perf_event_open, &what, getppid(), -1, -1, 0));
}

static int grip(void)
{
	return tell(syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0));
}

static int clock_of(long call)
{
	struct timex clock = {0};
	long result = call == SYS_adjtimex ? syscall(call, &clock) : syscall(call, CLOCK_REALTIME, &clock);

	if (result < 0 || clock.tick == 0)
		return puts("cannot be read"), 1;
	clock.modes = ADJ_TICK; /* as it is */
	return tell(call == SYS_adjtimex ? syscall(call, &clock) : syscall(call, CLOCK_REALTIME, &clock));
}

static int tune(void)
{
	return clock_of(SYS_adjtimex);
}

static int tune_clock(void)
{
	return clock_of(SYS_clock_adjtime);
}

/* The first thread ends; another goes on with what every program does. */
static void *go_on(void *nothing)
{
	struct sockaddr_in to = address(AF_INET);
	int fd = open(words[2], O_RDWR | O_CREAT, 0600);

	pthread_join(*(pthread_t *)nothing, NULL);
	tell(syscall(SYS_connect, socket(AF_INET, SOCK_DGRAM, 0), &to, sizeof to) || syscall(SYS_fchmod, fd, 0640) ? -1 : 0);
	exit(0);
}

static int first_ends(void)
{
	static pthread_t self, other;

	self = pthread_self();
	pthread_create(&other, NULL, go_on, &self);
	pthread_exit(NULL);
}

/* A thread with descriptors of its own: the number means one file here, another there. */
static void *change_own(void *number_here)
{
	int here = (int)(long)number_here, fd;

	if (syscall(SYS_unshare, CLONE_FILES) < 0 || (fd = open(words[1], O_RDWR | O_CREAT, 0600)) < 0 || dup2(fd, here) < 0 ||
	    syscall(SYS_fchmod, here, 0644) < 0)
		return number_here;
	return NULL;
}

static int own_files(void)
{
	int fd = open(words[0], O_RDWR | O_CREAT, 0600);
	struct stat one, other;
	pthread_t thread;
	void *failed;

	pthread_create(&thread, NULL, change_own, (void *)(long)fd);
	pthread_join(thread, &failed);
	if (failed || stat(words[0], &one) < 0 || stat(words[1], &other) < 0)
		return tell(-1);
	return printf("%o %o\n", one.st_mode & 07777, other.st_mode & 07777) < 0;
}

/* ---- rules of one's own ---- */

#define CHANGES UINT64_C(0x7fb2) /* LANDLOCK_ACCESS_FS_*: what writes, removes, makes, moves, truncates */

static int jail(void)
{
	struct {
		uint64_t files, network;
	} handled = {CHANGES, 0};
	struct __attribute__((packed)) {
		uint64_t allowed;
		int parent;
	} below = {CHANGES, open(words[0], O_PATH)}, devices = {CHANGES, open("/dev", O_PATH)};
	int rules = (int)syscall(444, &handled, sizeof handled, 0); /* landlock_create_ruleset */

	if (rules < 0)
		return 77;
	if (syscall(445, rules, 1, &below, 0) < 0 || syscall(445, rules, 1, &devices, 0) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(446, rules, 0) < 0)
		return tell(-1);
	execvp(words[1], words + 1);
	return tell(-1);
}

/* By the names alone, as those do that came here by exec. */
static int change(void)
{
	for (int i = 0; words[i]; i++)
		tell(syscall(SYS_mkdirat, AT_FDCWD, words[i], 0755) < 0 ? -1 : syscall(SYS_unlinkat, AT_FDCWD, words[i], AT_REMOVEDIR));
	return 0;
}

static const struct {
	const char *word;
	int (*go)(void);
} ways[] = {
	{"unspec-send", unspec_send}, {"unspec-message", unspec_message}, {"unspec-bind", unspec_bind},
	{"fast-send", fast_send}, {"fast-message", fast_message}, {"route-option", route_option},
	{"route-message", route_message}, {"unix-link", unix_link}, {"unix-race", unix_race}, {"bind-race", bind_race}, {"bind-here", bind_here}, {"flags-race", flags_race},
	{"climb-race", climb_race}, {"other-pipe", other_pipe}, {"version", version}, {"owner", owner},
	{"owner-in-memory", owner_in_memory}, {"owner-of-socket", owner_of_socket}, {"own-owner", own_owner},
	{"limit", limit}, {"core", core}, {"own-limit", own_limit}, {"priority", priority}, {"oom", oom}, {"group", group},
	{"watch", watch}, {"grip", grip}, {"tune", tune}, {"tune-clock", tune_clock},
	{"moved", moved}, {"linked", linked}, {"device", device}, {"run", run},
	{"first-ends", first_ends}, {"own-files", own_files}, {"jail", jail}, {"change", change},
};

int main(int argc, char **argv)
{
	words = argv + 2;
	for (size_t i = 0; argc > 1 && i < sizeof ways / sizeof *ways; i++)
		if (!strcmp(ways[i].word, argv[1]))
			return ways[i].go();
	return 2;
}
