/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File actions of posix_spawn: what libc opens and enters in the child, on our
 * word, before the program runs.
 */
#pragma once

#include "libguard/hooks/notes.h"

#include <spawn.h>

struct actions {
	int dir;    /* where the child is when it runs its program: AT_FDCWD, or a descriptor */
	bool ours;  /* close it afterwards */
	struct notes notes; /* of the files that libc opens */
};

/*
 * Decide and record every file that ACTIONS open.
 *
 *   actions  NULL: there are none
 *   out      to be given to actions_end in any case
 *
 * Returns 0, or -errno: what refused, or -ENOSYS for an action this version does not know, which cannot be decided. libc
 * opens the files by the same names a moment later, in the child.
 *
 * Safe in threads; allocates nothing, leaves errno alone.
 *
 * Source: posix_spawn(3); struct __spawn_action of glibc's spawn_int.h, held by tests/e2e/entries.sh.
 */
long actions_ask(enum hook hook, const posix_spawn_file_actions_t *actions, struct actions *out) MUST_CHECK;
void actions_end(struct actions *actions) NONNULL;
