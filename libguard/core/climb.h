/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The name of a directory that lies deeper than a name can be long, put together
 * from the names its parents know it by.
 */
#pragma once

#include "libguard/core/path.h"

/*
 * Name a directory of which the kernel says that its name is too long, or where there is no proc(5) to ask.
 *
 *   dir  descriptor, or AT_FDCWD
 *
 * Returns 0, or
 *   -ENAMETOOLONG  longer than PATH_CAP
 *   -ENOENT        a directory on the way was removed, is mounted over, or lies outside the root
 *   -errno         a directory on the way cannot be read (-EACCES), no descriptors (-EMFILE)
 *
 * Safe in threads, signal handlers and after fork; allocates nothing, leaves errno alone; needs 10 KiB of stack and two
 * descriptors. Cost: 10 us a level beyond PATH_MAX, more where directories have many entries.
 *
 * Source: path_resolution(7), getdents(2).
 */
int climb_name(int dir, struct path *out) MUST_CHECK NONNULL;
