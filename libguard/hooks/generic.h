/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any system call by its number, for the kernel door.
 */
#pragma once

#include "libguard/core/base.h"

/*
 * Do what system call NUMBER does with ARGS, pointers being our own: decide, act on what was decided, record.
 *
 *   result  its result, or -errno
 *
 * False: nothing was to be decided, or it was decided and the kernel is to act itself.
 */
bool generic_done(long number, const long args[6], long *result) MUST_CHECK NONNULL;
