/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls that the kernel's filter knows as the guard's own.
 *
 * All leave from one instruction, and carry a number that only this session
 * knows where the call leaves an argument unused. Where no filter is at work the
 * instruction lies here, and the number is 0: the calls are like any other.
 */
#pragma once

#include "libguard/core/base.h"

#define SYS_GATE_ARGS 6

struct sys_gate {
	const void *entry; /* "syscall; ret" */
	uint64_t cookie;
};

/* Written once, by whoever maps the gate (kernel/gate.h), before the process has threads. */
extern struct sys_gate sys_gate;

/*
 * Issue a call of at most five arguments, with the cookie as the sixth; or one of six, without it.
 *
 * Returns the kernel's result or -errno. Safe wherever a system call is; leaves errno alone.
 *
 * Source: syscall(2).
 */
long sys_gated(long number, const long args[SYS_GATE_ARGS]) NONNULL;
long sys_gated_six(long number, const long args[SYS_GATE_ARGS]) NONNULL;
