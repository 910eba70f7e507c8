/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where things lie: session directories, the preload library, guardctl itself.
 */
#pragma once

#include "libguard/core/base.h"

#define PLACE_MAX 256

/*
 * The directories in which sessions are kept when the policy names none, best first: /var/log/libguard for root,
 * $XDG_STATE_HOME/libguard or ~/.local/state/libguard, then /tmp/libguard-UID and /dev/shm/libguard-UID.
 * Fills OUT and returns how many (at most 4). A directory under /tmp counts only if it is ours and closed to others.
 */
unsigned place_log_directories(char out[4][PLACE_MAX]) NONNULL;

/* Absolute path of the libguard.so that belongs to this guardctl. -ENOENT when it is not beside it or installed. */
int place_library(char out[PLACE_MAX]) MUST_CHECK NONNULL;

/* Absolute path of this guardctl (/proc/self/exe). */
int place_program(char out[PLACE_MAX]) MUST_CHECK NONNULL;
