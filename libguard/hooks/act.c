/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Acts in other shapes than one system call; see act.h.
 */
#include "libguard/hooks/act.h"

#include <errno.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

const char *act_name(const struct operand *operand, char storage[ACT_NAME_CAP])
{
	struct buf buf = {.data = storage, .cap = ACT_NAME_CAP};

	if (operand->dir == AT_FDCWD || !guard.has_proc || !operand->last || operand->last[0] == '/')
		return operand->dir == AT_FDCWD || !operand->path.text ? operand->last : operand->path.text;
	buf_str(&buf, "/proc/self/fd/");
	buf_i64(&buf, operand->dir);
	buf_char(&buf, '/');
	buf_str(&buf, operand->last);
	return buf_cstr(&buf);
}

/* What is held was no link, or was followed: a trailing slash, "." or "..". */
long act_readlink(const struct call *call, char *out, size_t size)
{
	const struct operand *operand = &call->operands[0];

	if (operand->held)
		return -EINVAL;
	return gate(SYS_readlinkat, operand->dir, GATE_PTR(operand->last), GATE_PTR(out), (long)size);
}

long act_watch(const struct call *call, int fd, uint32_t mask)
{
	const struct operand *operand = &call->operands[0];
	char storage[ACT_NAME_CAP];

	if (operand->held)
		mask &= ~(uint32_t)IN_DONT_FOLLOW;
	return gate(SYS_inotify_add_watch, fd, GATE_PTR(act_name(operand, storage)), mask);
}

long act_mark(const struct call *call, int fd, unsigned flags, uint64_t mask)
{
	const struct operand *operand = &call->operands[0];

	if (operand->held)
		flags &= ~(unsigned)FAN_MARK_DONT_FOLLOW;
	return gate(SYS_fanotify_mark, fd, flags, (long)mask, operand->dir, GATE_PTR(operand->last));
}

bool act_sets_clock(const struct timex *clock)
{
	return (uintptr_t)clock >= 4096 && clock->modes != 0;
}

bool act_sets_quota(int command)
{
	unsigned what = (unsigned)command >> SUBCMDSHIFT;

	return what == Q_QUOTAON || what == Q_QUOTAOFF || what == Q_SETQUOTA || what == Q_SETINFO || what >> 8 == 'X';
}

/* A way to a device of the machine, by any name. 0:0 is none: what overlays mark a removed file by. */
bool act_makes_device(mode_t mode, dev_t device)
{
	return (S_ISCHR(mode) || S_ISBLK(mode)) && device != 0;
}

long act_remove(const struct call *call)
{
	const struct operand *operand = &call->operands[0];
	long result = gate(SYS_unlinkat, operand->dir, GATE_PTR(operand->last), 0);

	if (result == -EISDIR)
		result = gate(SYS_unlinkat, operand->dir, GATE_PTR(operand->last), AT_REMOVEDIR);
	return result;
}

/* fchmodat has no flags in old kernels; libc imitates AT_SYMLINK_NOFOLLOW through an O_PATH descriptor, and so do we. */
static long chmod_nofollow(const struct operand *operand, mode_t mode)
{
	char name[32];
	struct buf buf = BUF_ON(name);
	struct stat status;
	long fd = gate(SYS_openat, operand->dir, GATE_PTR(operand->last), O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
	long result;

	if (fd < 0)
		return fd;
	result = gate(SYS_fstat, fd, GATE_PTR(&status));
	if (result == 0 && S_ISLNK(status.st_mode)) {
		result = -EOPNOTSUPP;
	} else if (result == 0) {
		buf_str(&buf, "/proc/self/fd/");
		buf_i64(&buf, fd);
		result = gate(SYS_fchmodat, AT_FDCWD, GATE_PTR(buf_cstr(&buf)), mode);
		if (result == -ENOENT)
			result = -EOPNOTSUPP;
	}
	gate(SYS_close, fd);
	return result;
}

long act_fchmodat(const struct call *call, mode_t mode, int flags)
{
	const struct operand *operand = &call->operands[0];
	int rest = act_flags(operand, flags);
	long result;

	if (rest == 0)
		return gate(SYS_fchmodat, operand->dir, GATE_PTR(operand->last), mode);
	result = gate(SYS_fchmodat2, operand->dir, GATE_PTR(operand->last), mode, rest);
	if (result == -ENOSYS)
		result = rest == AT_SYMLINK_NOFOLLOW ? chmod_nofollow(operand, mode) : -EINVAL;
	return result;
}

static long set_times(const struct operand *operand, const struct timespec times[2], int flags)
{
	return gate(SYS_utimensat, operand->dir, GATE_PTR(operand->last), GATE_PTR(times), act_flags(operand, flags));
}

long act_utime(const struct call *call, const struct utimbuf *times)
{
	if (!times)
		return set_times(&call->operands[0], NULL, 0);
	return set_times(&call->operands[0], (struct timespec[2]){{times->actime, 0}, {times->modtime, 0}}, 0);
}

/* False when the microseconds are out of range, which the kernel would refuse with EINVAL. */
static bool from_timeval(const struct timeval times[2], struct timespec out[2])
{
	for (int i = 0; i < 2; i++) {
		if (times[i].tv_usec < 0 || times[i].tv_usec >= 1000000)
			return false;
		out[i] = (struct timespec){times[i].tv_sec, times[i].tv_usec * 1000};
	}
	return true;
}

long act_utimes(const struct call *call, const struct timeval times[2], int flags)
{
	struct timespec converted[2];

	if (!times)
		return set_times(&call->operands[0], NULL, flags);
	if (!from_timeval(times, converted))
		return -EINVAL;
	return set_times(&call->operands[0], converted, flags);
}

long act_futimes(int fd, const struct timeval times[2])
{
	struct timespec converted[2];

	if (!times)
		return gate(SYS_utimensat, fd, 0, 0, 0);
	if (!from_timeval(times, converted))
		return -EINVAL;
	return gate(SYS_utimensat, fd, 0, GATE_PTR(converted), 0);
}
