/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate: the one place from which a system call leaves that the guest asked
 * for and the guard has decided.
 *
 * What the guard does for itself goes through core/sys.h. Keeping both apart is
 * what lets a filter tell a decided call from any other.
 */
#pragma once

#include "libguard/core/base.h"

#include <sys/syscall.h>

#define GATE_ARGS 6

/*
 * Issue a decided system call.
 *
 *   number  SYS_*
 *   args    its arguments; unused ones are zero
 *
 * Returns the kernel's result or -errno. Safe wherever a system call is; leaves errno alone.
 *
 * Source: syscall(2).
 */
long gate_call(long number, const long args[GATE_ARGS]) NONNULL;

/* gate(SYS_x, a, b, ...) with up to six integers; pointers go through GATE_PTR. */
#define gate(number, ...) gate_call(number, (const long[GATE_ARGS]){__VA_ARGS__})
#define GATE_PTR(pointer) ((long)(uintptr_t)(pointer))
