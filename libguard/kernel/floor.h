/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor: what the kernel refuses to the whole session with nobody deciding
 * (Landlock). The supervisor makes the ruleset, as a descriptor, and sends it;
 * the session's first process puts it on, and all that it starts is born with
 * it. The supervisor itself stays outside.
 *
 * Debian 12's headers know less of Landlock than kernels do: what is used of
 * it is named here.
 */
#pragma once

#include "libguard/core/base.h"

/* The version of Landlock that renames and links across directories first came with. Below, none can be allowed. */
#define FLOOR_ABI_LEAST 2

/* Rights on files: bits of the kernel. The floor handles those that change something, or none. */
#define FLOOR_WRITE_FILE (UINT64_C(1) << 1)
#define FLOOR_CHANGES                                                                                                  \
	(FLOOR_WRITE_FILE | UINT64_C(0x1ff) << 4 /* REMOVE_DIR to MAKE_SYM */ | UINT64_C(1) << 13 /* REFER */ |        \
	 UINT64_C(1) << 14 /* TRUNCATE */)

/* Rights on TCP ports, since version 4, and what stays among the session's processes, since version 6. */
#define FLOOR_BIND_TCP (UINT64_C(1) << 0)
#define FLOOR_CONNECT_TCP (UINT64_C(1) << 1)
#define FLOOR_ABSTRACT (UINT64_C(1) << 0)
#define FLOOR_SIGNALS (UINT64_C(1) << 1)

/* What the floor is about at all; of this, only what is then allowed can be done. As the kernel takes it. */
struct floor_scope {
	uint64_t files, ports, kept_inside;
};

/* The version of Landlock here, or -errno: ENOSYS or EOPNOTSUPP there is none, EPERM it may not be used here. */
int floor_abi(void) MUST_CHECK;

/* Take from SCOPE what version ABI of Landlock does not know. */
void floor_mask(struct floor_scope *scope, int abi) NONNULL;

/* A new ruleset's descriptor, close-on-exec, that allows nothing of SCOPE (as masked); -errno, ENOMSG for an empty one. */
int floor_ruleset(const struct floor_scope *scope) MUST_CHECK NONNULL;

/* Allow RIGHTS, which the ruleset is about, on all below DIRECTORY (an O_PATH descriptor will do). 0 or -errno. */
int floor_allow_below(int ruleset, int directory, uint64_t rights) MUST_CHECK;

/* Allow RIGHTS on a TCP port; 0 is "any free one" of bind(2). 0 or -errno. */
int floor_allow_port(int ruleset, uint16_t port, uint64_t rights) MUST_CHECK;

/* Send a ruleset through SOCKET, unix(7). 0 or -errno. */
int floor_send(int socket, int ruleset) MUST_CHECK;

/*
 * Receive a ruleset through SOCKET and put this process, and all that it will start, under it for good; then tell the
 * other end how that went, as an int32_t: 0 or an errno.
 *
 * Returns 0, also when the kernel refused, or -EPIPE: nobody is there any more. Sets no_new_privs.
 *
 * For a process of one thread, before its filter is installed. Raw calls only; no descriptor is left.
 *
 * Source: landlock(7), landlock_restrict_self(2); unix(7), SCM_RIGHTS.
 */
int floor_take(int socket) MUST_CHECK;
