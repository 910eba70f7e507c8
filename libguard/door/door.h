/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Door 2: the supervisor's side of the kernel's filter. Whatever of a guarded
 * tree did not come through a hook is decided here, by the same code, recorded,
 * and done in the guest's place or left to the kernel.
 */
#pragma once

#include "libguard/core/base.h"

#include <sys/types.h>

struct door {
	int listener;          /* from seccomp(2); the door's */
	const char *directory; /* of the session */
	const char *library;   /* libguard.so by its absolute path */
	uint64_t gate;         /* the gate's address, 0: there is none */
	uint64_t back;         /* and the one behind its system call */
	uint64_t cookie;
	uint64_t gate_device, gate_inode; /* of the file that guests map */
	int gate_copy;         /* that file, where it is not the one in the directory; else -1 */
	pid_t launcher;        /* process that may run one program unasked: the session's own; 0: none */
};

/*
 * Answer, in threads of this process, until it ends. More are made when all have something to do.
 *
 *   door  kept by reference, for good
 *
 * Returns 0 or -errno of what the first thread needs. All signals must be blocked.
 *
 * Source: seccomp_unotify(2).
 */
int door_open(const struct door *door) MUST_CHECK NONNULL;

/*
 * For a process that goes on in a fork: take no more notifications, and wait a while until those taken are answered;
 * then, in the child, begin anew.
 */
void door_rest(void);
int door_open_again(void) MUST_CHECK;

/* Wait for children only between these two: the door holds guests for a moment, and the kernel takes that for ours. */
void door_wait_begin(void);
void door_wait_end(void);

/* The process that asked first: the session's first one. 0: nobody has. */
pid_t door_first(void) MUST_CHECK;

/* Is nobody left behind the door? False where there is none. */
bool door_is_empty(void);

/* Is there one? */
bool door_is_there(void);
