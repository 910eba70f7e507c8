/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening a name that must not lead through a symbolic link.
 */
#pragma once

#include "libguard/core/base.h"

#include <sys/types.h>

/*
 * Open NAME for the guest, refusing every link on the way.
 *
 *   dir    where a relative name starts
 *   flags  as open(2) takes them; bits that openat2 does not know are dropped, as openat drops them
 *   mode   used with O_CREAT and O_TMPFILE only
 *
 * Returns a descriptor or -errno: -ELOOP when a component is a symbolic link (with O_PATH | O_NOFOLLOW or
 * O_CREAT | O_EXCL a last one is not followed anyway), and all of open(2).
 *
 * Where openat2 is missing or a filter refuses it, the name is walked one component at a time. Safe in threads,
 * signal handlers and after fork; allocates nothing, leaves errno alone.
 *
 * Source: openat2(2).
 */
int nolinks_open(int dir, const char *name, int flags, mode_t mode) MUST_CHECK NONNULL;
