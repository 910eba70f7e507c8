/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does one operation on something else than a file after another, each by
 * another libc function, and none that changes the machine: what would is
 * called with arguments that the kernel refuses.
 *
 *     calls list   names of the cases, which are the names of the functions
 *     calls run    every case once; prints "CASE passed" or, where permission was denied, "CASE refused"
 *
 * A case gives 0, or -1 with errno.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pwd.h>
#include <resolv.h>
#include <sched.h>
#include <stdbool.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <wordexp.h>

int __connect(int fd, const struct sockaddr *address, socklen_t len);
FILE *_IO_popen(const char *command, const char *mode);
int capset(void *header, const void *data);
int init_module(void *image, unsigned long size, const char *parameters);
int delete_module(const char *name, unsigned flags);
int pivot_root(const char *root, const char *old);
int __clone(int (*run)(void *), void *stack, int flags, void *argument, ...);
int __adjtimex(struct timex *clock);

static pid_t child;
static char room[64];
static char stack[65536] __attribute__((aligned(16)));
static struct hostent entry, *found;
static char data[1024];
static int error;

static const struct sockaddr_in closed_port = {.sin_family = AF_INET, .sin_port = 256 /* 1 */, .sin_addr = {0x0100007f}};
static const struct sockaddr_in receiver = {.sin_family = AF_INET, .sin_port = 512 /* 2 */, .sin_addr = {0x0100007f}};
static const struct sockaddr_in any_port = {.sin_family = AF_INET, .sin_addr = {0x0100007f}};
static const struct sockaddr_in other_machine = {.sin_family = AF_INET, .sin_addr = {0x010200c0}}; /* 192.0.2.1 */
#define ADDRESS(name) (const struct sockaddr *)(const void *)&(name), sizeof(name)

static int tcp(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static int udp(void)
{
	return socket(AF_INET, SOCK_DGRAM, 0);
}

/* A resolver that finds nobody to ask, at once. */
static void deafen(void)
{
	res_init();
	_res.nscount = 1;
	_res.retrans = _res.retry = 1;
	_res.nsaddr_list[0] = closed_port;
}

static int looked_up(int result)
{
	errno = result == EAI_FAIL || result == EAI_SYSTEM ? EACCES : 0;
	return result ? -1 : 0;
}

static int by_h_errno(const void *result)
{
	errno = !result && h_errno == NO_RECOVERY ? EACCES : 0;
	return result ? 0 : -1;
}

static int by_error(int result)
{
	errno = result == EACCES ? EACCES : 0;
	return result ? -1 : 0;
}

static int answered(int len)
{
	return len < 0 ? -1 : 0;
}

static const unsigned char question[] = "\0\1\1\0\0\1\0\0\0\0\0\0\5guard\7invalid\0\0\1\0";

static int own_group(void)
{
	return getpgid(child);
}

static int pidfd(void)
{
	return pidfd_open(child, 0);
}

static int traced(void)
{
	int status;

	if (ptrace(PTRACE_ATTACH, child, NULL, NULL))
		return -1;
	waitpid(child, &status, __WALL);
	return (int)ptrace(PTRACE_DETACH, child, NULL, NULL);
}

static int copied(ssize_t (*copy)(pid_t, const struct iovec *, unsigned long, const struct iovec *, unsigned long,
				  unsigned long))
{
	struct iovec own = {data, sizeof room}, other = {room, sizeof room};

	return copy(child, &own, 1, &other, 1, 0) < 0 ? -1 : 0;
}

static int same_abilities(void)
{
	unsigned header[2] = {0x20080522, 0}, sets[6];

	return syscall(SYS_capget, header, sets) ? -1 : capset(header, sets);
}

static int same_groups(void)
{
	gid_t groups[256];
	int count = getgroups(256, groups);

	return count < 0 ? -1 : setgroups((size_t)count, groups);
}

static int nothing(void *argument)
{
	(void)argument;
	_exit(0);
}

static int cloned(int pid)
{
	return pid < 0 ? -1 : (waitpid(pid, NULL, 0), 0);
}

static int set_clock(int (*set)(struct timex *))
{
	struct timex clock = {.modes = ADJ_TICK, .tick = 0};

	return set(&clock) < 0 ? -1 : 0;
}

static int set_clock_of(void)
{
	struct timex clock = {.modes = ADJ_TICK, .tick = 0};

	return clock_adjtime(CLOCK_REALTIME, &clock) < 0 ? -1 : 0;
}

/* Not to be linked with, but to be found. */
static int private_system(void)
{
	int (*run)(const char *) = (int (*)(const char *))dlsym(RTLD_DEFAULT, "__libc_system");

	return run(":");
}

static int closed_pipe(FILE *file)
{
	return file ? pclose(file) : -1;
}

static int expanded(void)
{
	wordexp_t words;
	int result = wordexp("$(echo)", &words, 0);

	errno = result == WRDE_CMDSUB ? EACCES : 0;
	return result ? -1 : 0;
}

static int loaded(void *handle)
{
	errno = !handle && strstr(dlerror(), "libguard") ? EACCES : 0;
	return handle ? 0 : -1;
}

static int mapped(void *(*map)(void *, size_t, int, int, int, off_t))
{
	return map(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, open("/bin/true", O_RDONLY), 0) == MAP_FAILED ? -1 : 0;
}

static int messages(void)
{
	struct sockaddr_in to = receiver;
	struct iovec bytes = {data, 1};
	struct mmsghdr all = {.msg_hdr = {.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &bytes, .msg_iovlen = 1}};

	return sendmmsg(udp(), &all, 1, 0) < 0 ? -1 : 0;
}

static int message(void)
{
	struct sockaddr_in to = receiver;
	struct iovec bytes = {data, 1};
	struct msghdr one = {.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &bytes, .msg_iovlen = 1};

	return sendmsg(udp(), &one, 0) < 0 ? -1 : 0;
}

static int at_once(void)
{
	struct gaicb one = {.ar_name = "guard.invalid"}, *all[] = {&one};

	return looked_up(getaddrinfo_a(GAI_WAIT, all, 1, NULL) == EAI_SYSTEM ? EAI_SYSTEM : 0);
}

static int opened(int fd)
{
	return fd < 0 ? -1 : close(fd);
}

static int is_missing(const void *answer)
{
	return answer ? 0 : -1;
}

static char *host = room;
static struct passwd user;
static struct group group;
static const union sigval no_value;
static const struct timeval bad_time = {0, -1};
static const struct timespec bad_time_ns = {0, -1};

#define CASES                                                                                                          \
	CASE(connect, connect(tcp(), ADDRESS(closed_port)))                                                            \
	CASE(__connect, __connect(tcp(), ADDRESS(closed_port)))                                                        \
	CASE(bind, bind(tcp(), ADDRESS(any_port)))                                                                     \
	CASE(bindresvport, bindresvport(tcp(), NULL))                                                                  \
	CASE(listen, listen(tcp(), 1))                                                                                 \
	CASE(sendto, (int)sendto(udp(), data, 1, 0, ADDRESS(receiver)))                                                \
	CASE(sendmsg, message())                                                                                       \
	CASE(sendmmsg, messages())                                                                                     \
	CASE(getaddrinfo, looked_up(getaddrinfo("guard.invalid", NULL, NULL, &(struct addrinfo *){NULL})))             \
	CASE(getaddrinfo_a, at_once())                                                                                 \
	CASE(gethostbyname, by_h_errno(gethostbyname("Guard.Invalid.")))                                               \
	CASE(gethostbyname2, by_h_errno(gethostbyname2("guard.invalid", AF_INET)))                                     \
	CASE(gethostbyname_r, by_error(gethostbyname_r("guard.invalid", &entry, data, sizeof data, &found, &error)))   \
	CASE(gethostbyname2_r,                                                                                         \
	     by_error(gethostbyname2_r("guard.invalid", AF_INET, &entry, data, sizeof data, &found, &error)))          \
	CASE(gethostbyaddr, by_h_errno(gethostbyaddr(&other_machine.sin_addr, 4, AF_INET)))                            \
	CASE(gethostbyaddr_r,                                                                                          \
	     by_error(gethostbyaddr_r(&other_machine.sin_addr, 4, AF_INET, &entry, data, sizeof data, &found, &error))) \
	CASE(getnameinfo, looked_up(getnameinfo(ADDRESS(other_machine), data, sizeof data, NULL, 0, NI_NAMEREQD)))     \
	CASE(res_query, answered(res_query("guard.invalid", 1, 1, (unsigned char *)data, sizeof data)))                \
	CASE(res_search, answered(res_search("guard.invalid", 1, 1, (unsigned char *)data, sizeof data)))              \
	CASE(res_querydomain,                                                                                          \
	     answered(res_querydomain("guard", "invalid", 1, 1, (unsigned char *)data, sizeof data)))                  \
	CASE(res_send, answered(res_send(question, sizeof question - 1, (unsigned char *)data, sizeof data)))          \
	CASE(res_nquery, answered(res_nquery(&_res, "guard.invalid", 1, 1, (unsigned char *)data, sizeof data)))       \
	CASE(res_nsearch, answered(res_nsearch(&_res, "guard.invalid", 1, 1, (unsigned char *)data, sizeof data)))     \
	CASE(res_nquerydomain,                                                                                         \
	     answered(res_nquerydomain(&_res, "guard", "invalid", 1, 1, (unsigned char *)data, sizeof data)))          \
	CASE(res_nsend, answered(res_nsend(&_res, question, sizeof question - 1, (unsigned char *)data, sizeof data))) \
	CASE(rexec_af, rexec_af(&host, 256, "user", "word", ":", NULL, AF_INET))                                       \
	CASE(rexec, rexec(&host, 256, "user", "word", ":", NULL))                                                      \
	CASE(rcmd_af, rcmd_af(&host, 256, "user", "user", ":", NULL, AF_INET))                                         \
	CASE(rresvport, opened(rresvport(&(int){1023})))                                                               \
	CASE(rresvport_af, opened(rresvport_af(&(int){1023}, AF_INET6)))                                               \
	CASE(rcmd, rcmd(&host, 256, "user", "user", ":", NULL))                                                        \
	CASE(kill, kill(child, SIGCONT))                                                                               \
	CASE(killpg, killpg(own_group(), SIGCONT))                                                                     \
	CASE(tgkill, tgkill(child, child, SIGCONT))                                                                    \
	CASE(sigqueue, sigqueue(child, SIGCONT, no_value))                                                             \
	CASE(pidfd_send_signal, pidfd_send_signal(pidfd(), SIGCONT, NULL, 0))                                          \
	CASE(pidfd_getfd, pidfd_getfd(pidfd(), 1, 0) < 0 ? -1 : 0)                                                     \
	CASE(ptrace, traced())                                                                                         \
	CASE(process_vm_readv, copied(process_vm_readv))                                                               \
	CASE(process_vm_writev, copied(process_vm_writev))                                                             \
	CASE(setuid, setuid(getuid()))                                                                                 \
	CASE(setgid, setgid(getgid()))                                                                                 \
	CASE(seteuid, seteuid(geteuid()))                                                                              \
	CASE(setegid, setegid(getegid()))                                                                              \
	CASE(setreuid, setreuid((uid_t)-1, geteuid()))                                                                 \
	CASE(setregid, setregid((gid_t)-1, getegid()))                                                                 \
	CASE(setresuid, setresuid((uid_t)-1, (uid_t)-1, (uid_t)-1))                                                    \
	CASE(setresgid, setresgid((gid_t)-1, (gid_t)-1, (gid_t)-1))                                                    \
	CASE(setgroups, same_groups())                                                                                 \
	CASE(initgroups, initgroups("nobody", getgid()))                                                               \
	CASE(setfsuid, setfsuid(geteuid()) < 0 ? -1 : 0)                                                               \
	CASE(setfsgid, setfsgid(getegid()) < 0 ? -1 : 0)                                                               \
	CASE(capset, same_abilities())                                                                                 \
	CASE(unshare, unshare(CLONE_NEWUTS))                                                                           \
	CASE(setns, setns(-1, 0))                                                                                      \
	CASE(clone, cloned(clone(nothing, stack + sizeof stack, CLONE_NEWUTS | SIGCHLD, NULL)))                        \
	CASE(__clone, cloned(__clone(nothing, stack + sizeof stack, CLONE_NEWUTS | SIGCHLD, NULL)))                    \
	CASE(mount, mount("none", "/nonexistent/libguard", "tmpfs", 0, NULL))                                          \
	CASE(umount, umount("/nonexistent/libguard"))                                                                  \
	CASE(umount2, umount2("/nonexistent/libguard", MNT_DETACH))                                                    \
	CASE(pivot_root, pivot_root("/nonexistent/libguard", "/nonexistent/libguard/old"))                             \
	CASE(chroot, chroot("/nonexistent/libguard"))                                                                  \
	CASE(fsopen, fsopen("libguard", 0))                                                                            \
	CASE(fsmount, fsmount(-1, 0, 0))                                                                               \
	CASE(fsconfig, fsconfig(-1, 0, NULL, NULL, 0))                                                                 \
	CASE(fspick, fspick(AT_FDCWD, "/nonexistent/libguard", 0))                                                     \
	CASE(open_tree, open_tree(AT_FDCWD, "/nonexistent/libguard", OPEN_TREE_CLONE))                                 \
	CASE(move_mount, move_mount(-1, "", -1, "", 0))                                                                \
	CASE(mount_setattr, mount_setattr(-1, "", 0, NULL, 0))                                                         \
	CASE(swapon, swapon("/nonexistent/libguard", 0))                                                               \
	CASE(swapoff, swapoff("/nonexistent/libguard"))                                                                \
	CASE(acct, acct("/nonexistent/libguard"))                                                                      \
	CASE(reboot, reboot(1))                                                                                        \
	CASE(init_module, init_module(data, 0, ""))                                                                    \
	CASE(delete_module, delete_module("libguard", O_NONBLOCK))                                                     \
	CASE(sethostname, sethostname(data, 1000))                                                                     \
	CASE(setdomainname, setdomainname(data, 1000))                                                                 \
	CASE(settimeofday, settimeofday(&bad_time, NULL))                                                              \
	CASE(clock_settime, clock_settime(CLOCK_REALTIME, &bad_time_ns))                                               \
	CASE(adjtime, adjtime(&(struct timeval){10000000, 0}, NULL))                                                   \
	CASE(adjtimex, set_clock(adjtimex))                                                                            \
	CASE(__adjtimex, set_clock(__adjtimex))                                                                        \
	CASE(ntp_adjtime, set_clock(ntp_adjtime))                                                                      \
	CASE(clock_adjtime, set_clock_of())                                                                            \
	CASE(system, system(":"))                                                                                      \
	CASE(__libc_system, private_system())                                                                          \
	CASE(getpwnam, is_missing(getpwnam("root")))                                                                   \
	CASE(getpwuid, is_missing(getpwuid(0)))                                                                        \
	CASE(getgrnam, is_missing(getgrnam("root")))                                                                   \
	CASE(getgrgid, is_missing(getgrgid(0)))                                                                        \
	CASE(getpwnam_r, by_error(getpwnam_r("root", &user, data, sizeof data, &(struct passwd *){NULL})))             \
	CASE(getpwuid_r, by_error(getpwuid_r(0, &user, data, sizeof data, &(struct passwd *){NULL})))                  \
	CASE(getgrnam_r, by_error(getgrnam_r("root", &group, data, sizeof data, &(struct group *){NULL})))             \
	CASE(getgrgid_r, by_error(getgrgid_r(0, &group, data, sizeof data, &(struct group *){NULL})))                  \
	CASE(getgrouplist, getgrouplist("root", 0, NULL, &(int){0}))                                                   \
	CASE(popen, closed_pipe(popen(":", "r")))                                                                      \
	CASE(_IO_popen, closed_pipe(_IO_popen(":", "r")))                                                              \
	CASE(wordexp, expanded())                                                                                      \
	CASE(dlopen, loaded(dlopen("libBrokenLocale.so.1", RTLD_NOW)))                                                 \
	CASE(dlmopen, loaded(dlmopen(LM_ID_NEWLM, "libthread_db.so.1", RTLD_NOW)))                                     \
	CASE(mmap, mapped(mmap))                                                                                       \
	CASE(mmap64, mapped(mmap64))

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

/* Somebody to send signals to. */
static void start_child(void)
{
	child = fork();
	if (child == 0) {
		setpgid(0, 0);
		alarm(60);
		for (;;)
			pause();
	}
	setpgid(child, child);
	strcpy(room, "224.0.0.1"); /* no stream goes there: rexec does not try again as where nobody listens */
}

int main(int argc, char **argv)
{
	bool lists = argc > 1 && !strcmp(argv[1], "list");

	if (!lists) {
		start_child();
		deafen();
	}
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		errno = 0;
		if (lists)
			puts(cases[i].name);
		else
			printf("%s %s\n", cases[i].name,
			       cases[i].run() != 0 && errno == EACCES ? "refused" : "passed");
		fflush(stdout);
	}
	if (!lists)
		syscall(SYS_kill, child, SIGKILL);
	return 0;
}
