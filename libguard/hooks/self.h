/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calling process and thread: their numbers, and scratch memory.
 *
 * A thread's scratch is mapped at its first hooked call, because signal stacks
 * and small threads have no room for names of 4 KiB, and given back when the
 * thread ends. A hook that interrupts another on the same thread (a signal
 * handler) gets a block of its own for its length.
 */
#pragma once

#include "libguard/core/path.h"
#include "libguard/policy/policy.h"

#include <sys/types.h>

#define SCRATCH_NAMES 6 /* a script and five interpreters, one of the other */

/* What one call needs besides its stack frame. Pages that are not touched cost nothing. */
struct scratch {
	bool nested;                 /* mapped for one call only */
	struct policy_trail trail;
	char name[SCRATCH_NAMES][PATH_NAME_CAP]; /* copies of the guest's names */
	char canonical[SCRATCH_NAMES][PATH_NAME_CAP + PATH_CAP]; /* a chroot's root, and the name below it */
	char rest[PATH_CAP];         /* for path_resolve */
	char text[SCRATCH_NAMES * 2048]; /* argv, addresses */
	char source[4096];           /* where in the program the call comes from */
	char frames[4096];           /* and where in its native code */
};

/* Once, from init. */
void self_start(void);

/* Room for texts that are kept for good: two names of files, and those of the sessions. */
#define SELF_KEPT_CAP (2 * PATH_NAME_CAP + 2048)

/* Keep a text for good, with a NUL behind it. From init; the caller sees to it that all of them fit. */
char *self_keep(const char *text, size_t len) NONNULL;

/* Right also in children of fork, vfork and clone that did not run our handlers, but: a vfork child's tid is its parent's. */
pid_t self_pid(void);
pid_t self_tid(void);

/* The same where a vfork child may be asking, which shares what its parent remembers: the kernel is asked. */
pid_t self_pid_now(void);
pid_t self_tid_now(void);

/* NULL when memory is out. */
struct scratch *scratch_take(void) MUST_CHECK;
void scratch_give(struct scratch *scratch);

/*
 * Before exec: say that the block is free although its bytes are still needed. A vfork child never comes back to
 * give it, and its parent, suspended until then, would find it taken for ever.
 */
void scratch_abandon(struct scratch *scratch);
