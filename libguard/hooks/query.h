/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions about objects that a rule may hide: stat, access.
 *
 * They are no operations: nothing is refused but what a rule with `hide`
 * refuses to read, and only that is recorded.
 */
#pragma once

#include "libguard/hooks/hook.h"

/* Is the object absent for this program? Records it if so. */
bool query_is_hidden(enum hook hook, int dir, const char *name, int at_flags);

/* faccessat(3): the system call of that name has no flags, its successor has. */
long ask_access(int dir, const char *name, int mode, int flags);

/* stat as programs of before glibc 2.33 call it: a version of the structure comes first; all 64-bit ones are alike. */
long ask_stat(int version, int dir, const char *name, void *out, int flags);
