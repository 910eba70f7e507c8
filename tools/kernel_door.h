/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel door of one session: its gate, its filter, and whether this
 * machine has it.
 */
#pragma once

#include "libguard/door/door.h"
#include "libguard/kernel/filter.h"
#include "libguard/kernel/gate.h"
#include "tools/session_make.h"

struct kernel_door {
	struct door door;
	struct gate_page page;
	struct sock_filter filter[FILTER_MAX];
	int count;             /* instructions; 0: no filter in this session */
	bool on;               /* the filter is in force, and answered */
};

/*
 * Prepare what SESSION's policy asks for: the gate's file, the filter. Where this machine lacks something, say so as
 * the policy wants.
 *
 * Returns 0, or -errno: the policy requires what there is not, and stderr has been told.
 */
int kernel_door_prepare(struct kernel_door *door, struct made_session *session) MUST_CHECK NONNULL;

/*
 * Take the listener that the child sends through SOCKET.
 *
 * Returns the descriptor; -1 when there is none to be taken, and the session goes on without; -errno other than -EPERM
 * when it must not. Said on stderr and in the record.
 */
int kernel_door_receive(struct kernel_door *door, struct made_session *session, int socket) MUST_CHECK NONNULL;

/* Answer from now on. Every other descriptor may be closed. 0 or -errno. */
int kernel_door_serve(struct kernel_door *door, struct made_session *session, int listener, pid_t launcher) MUST_CHECK NONNULL;
