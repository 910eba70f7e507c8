/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading memory of our own process that may not be there.
 *
 * Whoever walks another program's structures must survive a layout that is not
 * what he took it for: each page is asked for before it is read.
 *
 * The kernel is asked by rt_sigprocmask(2) with an operation that does not
 * exist: it reads the signal set first (EFAULT), then complains (EINVAL), and
 * changes nothing. process_vm_readv(2) would be the plain way, but filters that
 * kill (systemd's SystemCallFilter=@system-service) have it on no list of
 * theirs; this call is on every list, and takes a quarter of the time.
 */
#pragma once

#include "libguard/core/base.h"

#define PEEK_PAGES 16

/* The pages that one walk has found readable. All zero is a walk that has found none. */
struct peek {
	uintptr_t pages[PEEK_PAGES];
	unsigned next;
};

/* Does the kernel answer as said above? An emulator that does not makes every page look readable. */
bool peek_works(void);

/* Can LEN bytes at ADDRESS be read? Not where LEN is 0, or beyond 1 MiB. Safe anywhere; leaves errno alone. */
bool peek_is_readable(struct peek *peek, uintptr_t address, size_t len) MUST_CHECK NONNULL;

/* Copy LEN bytes from ADDRESS; false when they cannot be read. */
bool peek_bytes(struct peek *peek, uintptr_t address, void *out, size_t len) MUST_CHECK NONNULL;

/* The pointer at ADDRESS; 0 when it cannot be read. */
uintptr_t peek_pointer(struct peek *peek, uintptr_t address) MUST_CHECK NONNULL;
