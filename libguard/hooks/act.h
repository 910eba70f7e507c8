/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Acts that take more than one system call, or arguments in another shape; for
 * rows of hooks.def. Each gives a result or -errno.
 */
#pragma once

#include "libguard/hooks/call.h"

#include <errno.h>
#include <signal.h>
#include <sys/time.h>
#include <utime.h>


/* AT_* flags for an operand: a name that leads to a held descriptor has to be followed. */
static inline int act_flags(const struct operand *operand, int flags)
{
	return operand->held ? flags & ~AT_SYMLINK_NOFOLLOW : flags;
}

static inline int act_link_flags(const struct operand *operand, int flags)
{
	return operand->held ? flags | AT_SYMLINK_FOLLOW : flags;
}

/* What a function of libc's gave, as a result or -errno. */
static inline long act_of_libc(long result)
{
	return result == -1 ? -errno : result;
}

#define ACT_NAME_CAP (PATH_NAME_CAP + 32)

/* The operand as one name, for system calls that take no directory: "/proc/self/fd/N/last". */
const char *act_name(const struct operand *operand, char storage[ACT_NAME_CAP]) NONNULL;

long act_readlink(const struct call *call, char *out, size_t size);
long act_watch(const struct call *call, int fd, uint32_t mask) NONNULL;
/* Is it more than a question? */
bool act_sets_clock(const struct timex *clock);
bool act_sets_quota(int command);
bool act_makes_device(mode_t mode, dev_t device);

/* May every member of the group get the signal? All processes when GROUP is 0. Else *error is why not. */
bool act_signals_group(enum hook hook, pid_t group, int number, long *error) NONNULL;

/* A signal by the descriptor FD of a process: to that, or to the group that it leads, whose members are decided at once. */
#define ACT_SIGNAL_GROUP 4u /* PIDFD_SIGNAL_PROCESS_GROUP, Linux 6.9 */
void act_sent_by_fd(struct call *call, int fd, int number, unsigned flags) NONNULL;

long act_mark(const struct call *call, int fd, unsigned flags, uint64_t mask) NONNULL;
long act_sigqueue(pid_t pid, int number, union sigval value);
long act_remove(const struct call *call) NONNULL;
long act_fchmodat(const struct call *call, mode_t mode, int flags) NONNULL;
long act_utime(const struct call *call, const struct utimbuf *times);
long act_utimes(const struct call *call, const struct timeval times[2], int flags);
long act_futimes(int fd, const struct timeval times[2]);
