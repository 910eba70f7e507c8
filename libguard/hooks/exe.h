/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which file this process runs.
 */
#pragma once

#include "libguard/core/path.h"

/*
 * Find the canonical name of the program's file.
 *
 *   out  the name; at least PATH_CAP bytes
 *   rest scratch of PATH_CAP bytes
 *
 * Returns its length in bytes, 0 when it cannot be told.
 *
 * For init: uses getauxval. Keeps no descriptor, leaves errno alone. Cost: 5 us when the name that was given to exec
 * leads to an ELF file with the program headers that are mapped; else 40 us, which is what the first look into proc(5)
 * costs a new process.
 *
 * Source: getauxval(3), proc(5).
 */
size_t exe_find(char out[PATH_CAP], char rest[PATH_CAP]) MUST_CHECK NONNULL;
