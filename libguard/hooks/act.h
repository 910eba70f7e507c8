/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Acts that take more than one system call, or arguments in another shape; for
 * rows of hooks.def. Each gives a result or -errno.
 */
#pragma once

#include "libguard/hooks/call.h"

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

long act_remove(const struct call *call) NONNULL;
long act_fchmodat(const struct call *call, mode_t mode, int flags) NONNULL;
long act_utime(const struct call *call, const struct utimbuf *times);
long act_utimes(const struct call *call, const struct timeval times[2], int flags);
long act_futimes(int fd, const struct timeval times[2]);
