/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening a session from inside its first process; see start.h.
 *
 * Uses raw system calls for all but fork: the program's libc must know that it
 * was forked (thread id, at-fork handlers), since the child is the program.
 */
#include "libguard/session/start.h"

#include "libguard/core/buf.h"
#include "libguard/core/sys.h"
#include "libguard/kernel/floor.h"
#include "libguard/kernel/install.h"
#include "libguard/session/session.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/prctl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Room for descriptors below, which a program may count on being its own; where possible ours lie above. */
#define HIGH_FD 200
#define LOWEST_FD 3

/* The supervisor records the program's words; it needs no more of a long command line than this. */
#define WORDS_MAX 64
#define WORDS_BYTES 32768

static const char *const places[] = {"/guardctl", "/../guardctl", "/../bin/guardctl", "/../../bin/guardctl"};

static void say(const char *what, const char *path, int error, const char *remedy)
{
	char storage[768];
	struct buf line = BUF_ON(storage);

	buf_str(&line, "libguard: ");
	buf_str(&line, what);
	buf_str(&line, path);
	if (error) {
		buf_str(&line, " (errno ");
		buf_i64(&line, error);
		buf_char(&line, ')');
	}
	buf_str(&line, remedy);
	buf_char(&line, '\n');
	sys_write(STDERR_FILENO, line.data, line.len);
}

static bool is_program(const char *path)
{
	struct stat info;

	return sys_fstatat(AT_FDCWD, path, &info, 0) == 0 && S_ISREG(info.st_mode) &&
	       sys_faccessat(AT_FDCWD, path, X_OK) == 0;
}

/* guardctl lies beside the library (a build tree, a bundle), in the bin of the same prefix, or where it was configured. */
static bool find_guardctl(const char *library, struct buf *out)
{
	const char *slash = strrchr(library, '/');

	for (size_t i = 0; slash && i < ARRAY_LEN(places); i++) {
		out->len = 0;
		out->overflow = false;
		buf_bytes(out, library, (size_t)(slash - library));
		buf_str(out, places[i]);
		buf_cstr(out);
		if (!out->overflow && is_program(out->data))
			return true;
	}
	out->len = 0;
	out->overflow = false;
	buf_str(out, GUARD_BINDIR "/guardctl");
	buf_cstr(out);
	return !out->overflow && is_program(out->data);
}

/* Is this process guardctl? It is when the library is named in /etc/ld.so.preload, and must not guard itself. */
static bool is_self(const char *guardctl)
{
	struct stat self, other;

	return sys_fstatat(AT_FDCWD, "/proc/self/exe", &self, 0) == 0 &&
	       sys_fstatat(AT_FDCWD, guardctl, &other, 0) == 0 && self.st_dev == other.st_dev &&
	       self.st_ino == other.st_ino;
}

static int move_fd(int fd)
{
	int moved = (int)SYS_3(SYS_fcntl, fd, F_DUPFD_CLOEXEC, HIGH_FD);

	if (moved < 0 && fd < LOWEST_FD)
		moved = (int)SYS_3(SYS_fcntl, fd, F_DUPFD_CLOEXEC, LOWEST_FD);
	if (moved < 0)
		return fd < LOWEST_FD ? moved : fd;
	sys_close(fd);
	return moved;
}

int start_socket(int ends[2])
{
	int result = (int)SYS_4(SYS_socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);

	if (result < 0)
		return result;
	for (unsigned i = 0; i < 2; i++) {
		int moved = move_fd(ends[i]);

		if (moved < 0) {
			sys_close(ends[0]);
			sys_close(ends[1]);
			return moved;
		}
		ends[i] = moved;
	}
	return 0;
}

static bool is_entry_of(const char *entry, const char *name)
{
	size_t len = strlen(name);

	return strncmp(entry, name, len) == 0 && entry[len] == '=';
}

/* The environment without what would guard the supervisor; in memory of its own, which the exec gives back. */
static char **supervisor_environment(char *const *envp)
{
	size_t count = 0, used = 0;
	char **out;

	while (envp[count])
		count++;
	out = sys_mmap((count + 1) * sizeof *out, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (sys_failed(out))
		return NULL;
	for (size_t i = 0; i < count; i++)
		if (!is_entry_of(envp[i], "LD_PRELOAD") && !is_entry_of(envp[i], "LD_AUDIT") &&
		    !is_entry_of(envp[i], SESSION_VARIABLE))
			out[used++] = envp[i];
	return out;
}

/* An argument of its own for a word of the program would be "-c": words come after "--". */
static int exec_supervisor(const char *guardctl, const char *library, pid_t child, int ready, char *const *argv,
			   char *const *envp)
{
	char child_text[16], ready_text[16];
	struct buf child_buf = BUF_ON(child_text), ready_buf = BUF_ON(ready_text);
	const char *words[10 + WORDS_MAX] = {"guardctl",  "supervise", "--child", child_text, "--ready",
					     ready_text, "--library", library,   "--"};
	size_t count = 9, bytes = 0;
	char **environment = supervisor_environment(envp);

	if (!environment)
		return -ENOMEM;
	buf_i64(&child_buf, child);
	buf_i64(&ready_buf, ready);
	buf_cstr(&child_buf);
	buf_cstr(&ready_buf);
	for (size_t i = 0; argv[i] && i < WORDS_MAX; i++) {
		bytes += strlen(argv[i]);
		if (bytes > WORDS_BYTES)
			break;
		words[count++] = argv[i];
	}
	SYS_3(SYS_fcntl, ready, F_SETFD, 0);
	return (int)SYS_3(SYS_execve, guardctl, words, environment);
}

/* The parent's part: become the supervisor, or tell the child that there is none. */
static void become_supervisor(const char *guardctl, const char *library, pid_t child, int ready, char *const *argv,
			      char *const *envp) __attribute__((noreturn));
static void become_supervisor(const char *guardctl, const char *library, pid_t child, int ready, char *const *argv,
			      char *const *envp)
{
	struct start_answer answer = {.status = exec_supervisor(guardctl, library, child, ready, argv, envp)};

	say("cannot run ", guardctl, -answer.status, "; the program is not started unguarded");
	sys_write(ready, &answer, sizeof answer);
	sys_exit(126);
}

/* One message, whole; -EPIPE: nobody is there any more. */
static int receive(int fd, void *to, size_t len)
{
	ssize_t got;

	do
		got = sys_read(fd, to, len);
	while (got == -EINTR);
	return got == (ssize_t)len ? 0 : -EPIPE;
}

int start_await(int fd, pid_t parent, struct start_answer *answer)
{
	if (receive(fd, answer, sizeof *answer) < 0) {
		say("the supervisor ended before the session was open", "", 0, "; the program is not started");
		return -EPIPE;
	}
	if (answer->status < 0)
		return answer->status;
	answer->directory[sizeof answer->directory - 1] = '\0';
	/* Not before the answer: until then the end of the socket tells, and there is time to say so. */
	SYS_2(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
	return SYS_0(SYS_getppid) == parent ? 0 : -EPIPE;
}

static int take_filter(int fd, unsigned count)
{
	struct sock_filter filter[START_FILTER_MAX];
	int result = receive(fd, filter, count * sizeof filter[0]);

	if (result == 0)
		(void)!install_filter(fd, filter, count); /* the supervisor hears of it, and decides */
	return result;
}

int start_kernel(int fd, const struct start_answer *answer)
{
	bool has_filter = answer->filter > 0 && answer->filter <= START_FILTER_MAX;
	int32_t status = 0;
	int result = 0;

	/* First, because the filter asks about the calls that put it on, and because a filter is not taken off again. */
	if (answer->floor)
		result = floor_take(fd);
	if (result == 0 && has_filter)
		result = take_filter(fd, answer->filter);
	if (result == 0 && (answer->floor || has_filter))
		result = receive(fd, &status, sizeof status);
	return result < 0 ? result : status;
}

/*
 * Be no guard in any child either: take our name out of LD_PRELOAD. The entry is changed where it lies, since this
 * environment is the one the program sees.
 */
static void forget_library(const char *library, char *const *envp)
{
	const char *slash = strrchr(library, '/');
	const char *name = slash ? slash + 1 : library;
	size_t name_len = strlen(name);

	for (; *envp; envp++) {
		char *to = *envp + sizeof "LD_PRELOAD", *from = to;

		if (!is_entry_of(*envp, "LD_PRELOAD"))
			continue;
		while (*from) {
			size_t len = strcspn(from, ": "), step = len + (from[len] != '\0');

			if (len < name_len || memcmp(from + len - name_len, name, name_len) != 0 ||
			    (len > name_len && from[len - name_len - 1] != '/')) {
				memmove(to, from, step);
				to += step;
			}
			from += step;
		}
		*to = '\0';
	}
}

int session_start(const char *library, char *const *argv, char *const *envp, char directory[256])
{
	char storage[PATH_MAX];
	struct buf guardctl = BUF_ON(storage);
	struct start_answer answer;
	pid_t parent = sys_getpid(), child;
	int ends[2], result;

	if (!find_guardctl(library, &guardctl)) {
		say("no guardctl near ", library, 0, " or in " GUARD_BINDIR "; install it beside the library");
		return -ENOENT;
	}
	if (is_self(storage))
		return START_UNGUARDED;
	result = start_socket(ends);
	if (result < 0) {
		say("no descriptor free to start ", storage, -result, "; raise the limit on open files");
		return result;
	}
	child = fork();
	if (child < 0) {
		result = -errno;
		say("cannot fork to start ", storage, -result, "; the program is not started unguarded");
	} else if (child > 0) {
		become_supervisor(storage, library, child, ends[1], argv, envp);
	} else {
		sys_close(ends[1]);
		result = start_await(ends[0], parent, &answer);
		if (result == 0)
			result = start_kernel(ends[0], &answer);
		sys_close(ends[0]);
		if (result < 0)
			return result;
		if (answer.status == START_UNGUARDED)
			forget_library(library, envp);
		memcpy(directory, answer.directory, sizeof answer.directory);
		return answer.status;
	}
	sys_close(ends[0]);
	sys_close(ends[1]);
	return result;
}
