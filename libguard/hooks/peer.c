/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operands of the process section: this process, another one, a place in the
 * system. Policies see a process by the program it runs; a place by its path.
 */
#include "libguard/hooks/call.h"

#include "libguard/core/buf.h"
#include "libguard/core/sys.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

void call_self(struct call *call, verb_set verbs)
{
	struct object object = {.kind = OBJECT_PROCESS, .text = actor_exe(&guard.actor)};

	if (object.text.len == 0)
		object.text = TEXT("/proc/self/exe");
	if (verbs)
		call_object(call, &object, verbs);
}

#define COMM_CAP 32
#define COMM_LEN 15 /* what the kernel keeps of a program's name */

/* What DIRECTORY of proc(5) calls its process; the length, below 0 when nobody is there. */
static ssize_t comm_of(const char *directory, char comm[COMM_CAP])
{
	char file[48];
	struct buf buf = BUF_ON(file);
	ssize_t len;
	int fd;

	buf_str(&buf, directory);
	buf_str(&buf, "comm");
	fd = sys_open(buf_cstr(&buf), O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return fd;
	len = sys_read(fd, comm, COMM_CAP);
	sys_close(fd);
	while (len > 0 && comm[len - 1] == '\n')
		len--;
	return len < 0 ? 0 : len;
}

/* "/proc/123/comm-of-it", for one whose program may not be read: a rule for a bare name still knows it. */
static bool name_by_comm(const char *directory, struct buf *name)
{
	char comm[COMM_CAP];
	ssize_t len = comm_of(directory, comm);

	if (len < 0)
		return false;
	buf_str(name, directory);
	if (len > 0)
		buf_bytes(name, comm, (size_t)len);
	return true;
}

void call_peer(struct call *call, pid_t pid, verb_set verbs)
{
	static const char deleted[] = " (deleted)";
	struct operand *operand;
	char directory[32];
	struct buf buf = BUF_ON(directory), name;
	ssize_t len;

	if (!call->on || pid <= 0 || pid == self_pid())
		return;
	operand = call_operand(call, verbs);
	operand->object.kind = OBJECT_PROCESS;
	name = (struct buf){.data = call->scratch->name[operand - call->operands], .cap = PATH_NAME_CAP};
	buf_str(&buf, "/proc/");
	buf_i64(&buf, pid);
	buf_char(&buf, '/');
	buf_str(&name, buf_cstr(&buf));
	buf_str(&name, "exe");
	len = sys_readlinkat(AT_FDCWD, buf_cstr(&name), call->scratch->text, PATH_NAME_CAP - 1);
	name.len = 0;
	if (len > 0) {
		size_t tail = sizeof deleted - 1;

		if ((size_t)len > tail && !memcmp(call->scratch->text + len - tail, deleted, tail))
			len -= (ssize_t)tail;
		buf_bytes(&name, call->scratch->text, (size_t)len);
	} else if (!name_by_comm(directory, &name) && guard.has_proc) {
		operand->verbs = 0; /* nobody there */
	}
	operand->object.text = (struct text){name.data, name.len};
	operand->unknown = name.len == 0;
}

/* 0: nobody there, or /proc does not tell. */
static pid_t parent_of(pid_t pid)
{
	char storage[512], path[32];
	struct buf buf = BUF_ON(path);
	const char *at;
	pid_t parent = 0;
	ssize_t len;
	int file;

	buf_str(&buf, "/proc/");
	buf_i64(&buf, pid);
	buf_str(&buf, "/stat");
	file = sys_open(buf_cstr(&buf), O_RDONLY | O_CLOEXEC, 0);
	if (file < 0)
		return 0;
	len = sys_read(file, storage, sizeof storage - 1);
	sys_close(file);
	storage[len > 0 ? len : 0] = '\0';
	/* "7 (name) S 1 ": a name may hold anything. */
	at = strrchr(storage, ')');
	for (at = at && strlen(at) > 4 ? at + 4 : ""; *at >= '0' && *at <= '9'; at++)
		parent = parent * 10 + (*at - '0');
	return parent;
}

static size_t exe_of(pid_t pid, char *out)
{
	char path[32];
	struct buf buf = BUF_ON(path);
	ssize_t len;

	buf_str(&buf, "/proc/");
	buf_i64(&buf, pid);
	buf_str(&buf, "/exe");
	len = sys_readlinkat(AT_FDCWD, buf_cstr(&buf), out, PATH_NAME_CAP);
	return len > 0 ? (size_t)len : 0;
}

/* Move a path's last name to its start, as short as a comm; its length. */
static ssize_t last_name(char *path, size_t len)
{
	size_t at = len;

	while (at > 0 && path[at - 1] != '/')
		at--;
	len = len - at < COMM_LEN ? len - at : COMM_LEN;
	memmove(path, path + at, len);
	return (ssize_t)len;
}

static ssize_t comm_of_pid(pid_t pid, char comm[COMM_CAP])
{
	char directory[32];
	struct buf buf = BUF_ON(directory);

	buf_str(&buf, "/proc/");
	buf_i64(&buf, pid);
	buf_char(&buf, '/');
	return comm_of(buf_cstr(&buf), comm);
}

/*
 * Who is in a floor (kernel/floor.h) sees of those outside, the supervisor among them, nothing but how they are called;
 * of those inside, what they run.
 */
static bool runs_guardctl(const struct call *call, pid_t pid, pid_t supervisor)
{
	char *here = call->scratch->text, *there = call->scratch->rest;
	size_t len = exe_of(pid, here), other = exe_of(supervisor, there);

	if (other == 0) {
		ssize_t known = comm_of_pid(supervisor, there);
		ssize_t called = len > 0 ? last_name(here, len) : comm_of_pid(pid, here);

		return known > 0 && called == known && !memcmp(here, there, (size_t)known);
	}
	return len == other && !memcmp(here, there, len);
}

/*
 * Signals to the guard's own processes that do it no harm. What can be caught reaches a supervisor as it reaches any
 * parent, or its group (it stands in for us where the shell looks, and has a child that watches the group): both block
 * all signals and know what comes from their own tree. A guardctl that this process has started is its own to end.
 */
static bool is_harmless(const struct call *call, pid_t pid, int number)
{
	pid_t parent = parent_of(pid);

	for (unsigned i = 0; i < guard.session_count; i++) {
#ifdef GUARD_DOOR
		pid_t supervisor = sys_getpid(); /* in `state` a guest can write */
#else
		pid_t supervisor = (pid_t)atomic_load_explicit(&guard.sessions[i].state->supervisor, memory_order_relaxed);
#endif
		bool caught = number != SIGKILL && number != SIGSTOP && (pid == supervisor || parent == supervisor);

		if (supervisor > 0 && (caught || parent == self_pid()) && runs_guardctl(call, pid, supervisor))
			return true;
	}
	return false;
}

void call_signal(struct call *call, pid_t pid, int number)
{
	if (call->on && number != 0 && pid > 0 && pid != self_pid() && !is_harmless(call, pid, number))
		call_peer(call, pid, VERB_SET(SIGNAL));
}

pid_t peer_of_pidfd(int fd)
{
	char storage[512];
	struct buf buf = BUF_ON(storage);
	ssize_t len;
	pid_t pid = 0;
	const char *at;
	int file;

	buf_str(&buf, "/proc/self/fdinfo/");
	buf_i64(&buf, fd);
	file = sys_open(buf_cstr(&buf), O_RDONLY | O_CLOEXEC, 0);
	if (file < 0)
		return 0;
	len = sys_read(file, storage, sizeof storage - 1);
	sys_close(file);
	storage[len > 0 ? len : 0] = '\0';
	at = strstr(storage, "\nPid:");
	for (at = at ? at + 5 + strspn(at + 5, " \t") : ""; *at >= '0' && *at <= '9'; at++)
		pid = pid * 10 + (*at - '0');
	return pid;
}

void call_place(struct call *call, const char *name, bool follow, verb_set verbs)
{
	struct operand *operand = call_operand(call, 0);
	char *copy;
	int error;

	operand->dir = AT_FDCWD;
	operand->last = name;
	if (!call->on)
		return;
	copy = call->scratch->name[operand - call->operands];
	error = name_copy(copy, name);
	if (!error && *copy)
		error = path_resolve(AT_FDCWD, copy, follow, call->scratch->rest, &operand->path);
	if (error < 0 || !*copy)
		return; /* the kernel says the same of such a name */
	operand->last = operand->path.text;
	operand->verbs = verbs;
	operand_named(operand);
	operand->object.kind = OBJECT_PROCESS;
}
