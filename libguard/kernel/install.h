/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Installing the session's filter in its first process, and handing the
 * listener to the supervisor.
 */
#pragma once

#include "libguard/core/base.h"

#include <linux/filter.h>

/* What the child tells the supervisor, with the listener beside it if error is 0. */
struct install_report {
	int32_t error; /* errno, or 0 */
};

/*
 * Put this thread, and all that it will start, under FILTER for good, and send the listener through SOCKET.
 *
 *   socket  to the supervisor, unix(7)
 *   count   instructions
 *
 * Returns 0, or -errno: what seccomp(2) says was told to the supervisor, too. Sets no_new_privs.
 *
 * For a process of one thread. What sends is a process of its own that shares our descriptors and came before the
 * filter: a message is one of the calls that the filter asks about, and nobody would answer yet. Raw calls only; no
 * descriptor is left.
 *
 * Source: seccomp(2), SECCOMP_FILTER_FLAG_NEW_LISTENER; unix(7), SCM_RIGHTS; clone(2), CLONE_FILES.
 */
int install_filter(int socket, const struct sock_filter *filter, unsigned count) MUST_CHECK NONNULL;
