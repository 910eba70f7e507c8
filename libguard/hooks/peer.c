/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operands of the process section: this process, another one, a place in the
 * system. Policies see a process by the program it runs; a place by its path.
 */
#include "libguard/hooks/call.h"

#include "libguard/core/buf.h"
#include "libguard/core/sys.h"

#include <errno.h>
#include <string.h>

void call_self(struct call *call, verb_set verbs)
{
	struct object object = {.kind = OBJECT_PROCESS, .text = guard.actor.exe};

	if (object.text.len == 0)
		object.text = TEXT("/proc/self/exe");
	if (verbs)
		call_object(call, &object, verbs);
}

/* "/proc/123/comm-of-it", for one whose program may not be read: a rule for a bare name still knows it. */
static bool name_by_comm(const char *directory, struct buf *name)
{
	char file[48], comm[32];
	struct buf buf = BUF_ON(file);
	ssize_t len = -1;
	int fd;

	buf_str(&buf, directory);
	buf_str(&buf, "comm");
	fd = sys_open(buf_cstr(&buf), O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return false;
	len = sys_read(fd, comm, sizeof comm);
	sys_close(fd);
	while (len > 0 && comm[len - 1] == '\n')
		len--;
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
