/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared memory, semaphores and message queues: names without a directory, for
 * which libc or the kernel keeps one. Policies see them by where they lie:
 * /dev/shm/NAME, /dev/shm/sem.NAME, /dev/mqueue/NAME.
 */
#include "libguard/hooks/open.h"

#include "libguard/core/buf.h"
#include "libguard/core/sys.h"
#include "libguard/hooks/call.h"
#include "libguard/hooks/next.h"
#include "libguard/hooks/notes.h"

#include <errno.h>
#include <limits.h>
#include <mqueue.h>
#include <semaphore.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>

#define PLACE_CAP (NAME_MAX + 32)

/* 0, or -EINVAL where no such name can be. */
static int place(const char *directory, const char *name, char out[PLACE_CAP])
{
	struct buf buf = {.data = out, .cap = PLACE_CAP};
	size_t len;

	name += strspn(name, "/");
	len = strlen(name);
	if (len == 0 || len > NAME_MAX || strchr(name, '/'))
		return -EINVAL;
	buf_str(&buf, directory);
	buf_str(&buf, name);
	buf_cstr(&buf);
	return 0;
}

static long remove_place(enum hook hook, const char *directory, const char *name)
{
	char full[PLACE_CAP];
	int error = place(directory, name, full);
	struct call call;
	long result;

	if (error)
		return -ENOENT;
	call_enter(&call, hook);
	call_name(&call, AT_FDCWD, full, VERB_SET(DELETE));
	if (call_allowed(&call))
		call.result = gate(SYS_unlinkat, call.operands[0].dir, GATE_PTR(call.operands[0].last), 0);
	result = call_finish(&call);
	return result == -EPERM ? -EACCES : result;
}

EXPORT int shm_open(const char *name, int flags, mode_t mode)
{
	char full[PLACE_CAP];
	int fd = place("/dev/shm/", name, full);

	if (fd == 0)
		fd = open_for(HOOK_shm_open, AT_FDCWD, full, flags | O_NOFOLLOW | O_CLOEXEC, mode);
	return (int)call_errno(fd == -EISDIR ? -EINVAL : fd);
}

EXPORT int shm_unlink(const char *name)
{
	return (int)call_errno(remove_place(HOOK_shm_unlink, "/dev/shm/", name));
}

EXPORT int sem_unlink(const char *name)
{
	return (int)call_errno(remove_place(HOOK_sem_unlink, "/dev/shm/sem.", name));
}

/* libc keeps account of the semaphores a process has open, so it is libc's to open them. */
#ifndef GUARD_DOOR
EXPORT sem_t *sem_open(const char *name, int flags, ...)
{
	char full[PLACE_CAP];
	struct stat status;
	struct call call;
	sem_t *result = SEM_FAILED;
	struct notes notes = NOTES_NONE;
	mode_t mode = 0;
	unsigned value = 0;
	va_list rest;

	if (flags & O_CREAT) {
		va_start(rest, flags);
		mode = va_arg(rest, mode_t);
		value = va_arg(rest, unsigned);
		va_end(rest);
	}
	call_enter(&call, HOOK_sem_open);
	if (place("/dev/shm/sem.", name, full) == 0) {
		bool makes = (flags & O_CREAT) && sys_fstatat(AT_FDCWD, full, &status, AT_SYMLINK_NOFOLLOW) != 0;

		call_name(&call, AT_FDCWD, full, VERB_SET(READ) | VERB_SET(WRITE) | (makes ? VERB_SET(CREATE) : 0));
	}
	if (call_allowed(&call)) {
		notes_add(&notes, &call);
		result = NEXT_OF(sem_open)(name, flags, mode, value);
		call.result = result == SEM_FAILED ? -errno : 0;
		notes_end(&notes);
	}
	return call_leave(&call) < 0 ? SEM_FAILED : result;
}
#endif

/*
 * The kernel keeps queues by name alone, whether or not their directory is mounted: there is nothing to resolve. False:
 * not a name that a queue can have.
 */
static bool name_queue(struct call *call, const char *name, char full[PLACE_CAP], verb_set verbs)
{
	struct object object = {.kind = OBJECT_PATH};

	if (name[0] != '/') {
		call->result = -EINVAL;
		return false;
	}
	if (place("/dev/mqueue/", name, full) != 0)
		return true; /* the kernel's to refuse */
	object.text = (struct text){full, strlen(full)};
	call_object(call, &object, verbs);
	return true;
}

static long open_queue(enum hook hook, const char *name, int flags, mode_t mode, struct mq_attr *attributes)
{
	verb_set verbs = (flags & O_ACCMODE) != O_WRONLY ? VERB_SET(READ) : 0;
	char full[PLACE_CAP];
	struct call call;

	if ((flags & O_ACCMODE) != O_RDONLY)
		verbs |= VERB_SET(WRITE);
	if (flags & O_CREAT)
		verbs |= VERB_SET(CREATE);
	call_enter(&call, hook);
	if (name_queue(&call, name, full, verbs) && call_allowed(&call))
		call.result = gate(SYS_mq_open, GATE_PTR(name + 1), flags, mode, GATE_PTR(attributes));
	return call_leave(&call);
}

EXPORT mqd_t mq_open(const char *name, int flags, ...)
{
	struct mq_attr *attributes = NULL;
	mode_t mode = 0;
	va_list rest;

	if (flags & O_CREAT) {
		va_start(rest, flags);
		mode = va_arg(rest, mode_t);
		attributes = va_arg(rest, struct mq_attr *);
		va_end(rest);
	}
	return (mqd_t)open_queue(HOOK_mq_open, name, flags, mode, attributes);
}

EXPORT mqd_t __mq_open_2(const char *name, int flags)
{
	return (mqd_t)open_queue(HOOK___mq_open_2, name, flags, 0, NULL);
}

EXPORT int mq_unlink(const char *name)
{
	char full[PLACE_CAP];
	struct call call;

	call_enter(&call, HOOK_mq_unlink);
	if (name_queue(&call, name, full, VERB_SET(DELETE)) && call_allowed(&call))
		call.result = gate(SYS_mq_unlink, GATE_PTR(name + 1));
	if (call.result == -EPERM)
		call.result = -EACCES;
	return (int)call_leave(&call);
}
