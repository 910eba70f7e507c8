/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Carrying the session into children: LD_PRELOAD and GUARD_SESSION in every
 * environment that is handed to exec or spawn, and GUARD_ROOT below a chroot,
 * whose name the kernel does not tell from inside.
 */
#pragma once

#include "libguard/core/base.h"
#include "libguard/core/buf.h"

#define ENV_LIBRARY "libguard.so" /* the library's file name, wherever it lies */

/* What every child must find in its environment. */
struct env_carry {
	const char *library;  /* absolute path of libguard.so; NULL where no loader could load it: it is taken out */
	const char *sessions; /* value of GUARD_SESSION */
	const char *root;     /* value of GUARD_ROOT; NULL: no chroot, and no such variable */
};

/* Entries to add to the number of envp's own, NULL included, for the array of env_carry. */
#define ENV_EXTRA 4

/* Number of entries before the NULL; envp may be NULL. */
size_t env_count(char *const *envp);

/* Bytes of text that env_make needs at most. */
size_t env_text_cap(const struct env_carry *carry, char *const *envp);

/*
 * Make the environment a child gets.
 *
 *   envp   what the caller gave, or NULL for an empty one; not changed
 *   out    array of at least env_count(envp) + ENV_EXTRA entries, filled with pointers into envp and into text
 *   text   storage for the entries that had to be made new
 *
 * LD_PRELOAD of the child begins with the library's absolute path and keeps its other files; GUARD_SESSION is ours,
 * or the caller's if that goes on from ours with further sessions. Each of both stands there once: of several, the
 * loader would take the last and getenv the first. GUARD_ROOT is ours alone. Every other entry stays as it is, in order.
 *
 * Returns 0 when envp could be used as it stands (out is then a copy of it), 1 when something was changed, or
 *   -E2BIG  text has less than env_text_cap bytes
 *
 * Safe in threads, signal handlers and vfork children: writes to the caller's storage only. Leaves errno alone.
 *
 * Source: ld.so(8), environ(7).
 */
int env_make(const struct env_carry *carry, char *const *envp, char **out, struct buf *text) MUST_CHECK;
