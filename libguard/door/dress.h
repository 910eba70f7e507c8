/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who a thread of the kernel door is, while it acts for a guest: guest_dress and its like of guest.h are done here.
 */
#pragma once

#include "libguard/core/base.h"

#include <sys/types.h>

/* Once, from a thread that acts for nobody: who this process is, and the places to go back to. 0 or -errno. */
int dress_process(void) MUST_CHECK;

/* Somebody may have another user or other rights than this process from now on. */
void dress_differ(void);

/* The current guest's user, and whether it has all the rights that this process has, and no others. */
void dress_find(uid_t *euid, bool *plain) NONNULL;
