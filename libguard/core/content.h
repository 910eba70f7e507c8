/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Telling whether two files hold the same without reading all of both.
 */
#pragma once

#include "libguard/core/base.h"

/*
 * A number that files of the same size and content share, and others hardly ever: made of samples from the whole file.
 * Who changes a byte changes what the file is, and may change its number; this finds copies, not kinship.
 *
 *   fd    a regular file, open for reading; its position stays
 *   size  its size in bytes
 *
 * Returns the number, never 0, or 0 when the file cannot be read.
 *
 * Safe in threads, signal handlers and after fork. Allocates nothing, leaves errno alone, takes 1 KiB of stack.
 * Cost: 16 reads of 1 KiB.
 */
uint64_t content_print(int fd, uint64_t size) MUST_CHECK;
