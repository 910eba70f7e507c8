/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guests that have shut themselves in by Landlock: what is done in their place is done under their own rules.
 */
#pragma once

#include "libguard/core/base.h"

/* The guest is about to put on the ruleset of its descriptor FD, for itself and what it will start. 0 or -errno. */
int jail_enter(int fd) MUST_CHECK;

/* What the guest lives in, NULL when in nothing: its own, or its parents'. Costs nothing until the first has entered. */
const struct jail *jail_find(void);

/*
 * Do a system call in the place of one that lives in JAIL: by a thread that has put on the same rules, since nobody gets rid
 * of any. The kernel's result, or -EACCES.
 */
long jail_call(const struct jail *jail, long number, const long args[6]) MUST_CHECK NONNULL;
