/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names under which the kernel knows what a rule names.
 */
#pragma once

#include "tools/arena.h"

/*
 * Add the names by which an absolute path can be met once its links are resolved.
 *
 *   path  absolute; without "." and ".." components; need not exist
 *   out   the path itself; its last name in the resolved directory (what is acted on when a link itself is
 *         removed); the path with all links resolved, also a dangling one's. Each once.
 *
 * Below /proc/self nothing is resolved: it is another process that will look there. More than 40 links end the
 * resolving where it is.
 *
 * For tools: allocates.
 *
 * Source: path_resolution(7), proc(5).
 */
void path_names(struct arena *arena, const char *path, struct words *out) NONNULL;

/* The directories that the system keeps its programs in, NULL at the end. $PATH is not asked, it may lead into the workspace. */
extern const char *const path_programs[];
