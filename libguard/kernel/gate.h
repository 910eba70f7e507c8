/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate: the one place from which a system call leaves that the guest asked
 * for and the guard has decided, or that the guard makes for itself.
 *
 * Its page is a file of the session, mapped at an address that the session has
 * drawn. The filter lets pass what comes from there and carries the session's
 * cookie (filter.h). In a process that has not mapped it, or a session without a
 * filter, calls leave from where they stand.
 */
#pragma once

#include "libguard/core/base.h"
#include "libguard/core/sys_gate.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define GATE_ARGS SYS_GATE_ARGS
#define GATE_FILE "gate" /* in the session directory */
#define GATE_SIZE 4096
#define GATE_PROT (PROT_READ | PROT_EXEC)
#define GATE_FLAGS (MAP_SHARED | MAP_FIXED_NOREPLACE)
#define GATE_KEY(cookie) ((uint32_t)((cookie) >> 32)) /* in the upper half of the descriptor with which it is mapped */
#define GATE_CODE 64     /* bytes of it */
#define GATE_MAGIC 0x3145544147444747ull /* "GGDGATE1" as bytes in memory */

/* The file, and the page. */
struct gate_page {
	unsigned char code[GATE_CODE];
	uint64_t magic;
	uint64_t address; /* where it is to be mapped */
	uint64_t cookie;
	unsigned char unused[GATE_SIZE - GATE_CODE - 24];
};
_Static_assert(sizeof(struct gate_page) == GATE_SIZE, "one page");

/* Fill a page for a random COOKIE and a random SEED of its address. */
void gate_fill(struct gate_page *page, uint64_t seed, uint64_t cookie) NONNULL;

/* The address behind the gate's system call, as the filter sees it. */
uint64_t gate_back(const struct gate_page *page) MUST_CHECK NONNULL;

/*
 * Let this process use the gate of the session in DIRECTORY, if it has one.
 *
 * Returns 0, or -errno: -ENOENT there is none, -EINVAL not a gate, -EEXIST its place is taken. Calls go on as before then.
 *
 * Once, before the process has threads. Keeps no descriptor; leaves errno alone.
 */
int gate_enter(const char *directory) NONNULL;

#ifdef GUARD_DOOR
/* The supervisor acts for a guest: door/act.c. */
long gate_call(long number, const long args[GATE_ARGS]) NONNULL;
#else
/*
 * Calls that a signal may interrupt by themselves. What the filter sends to the supervisor can be interrupted before
 * that has looked at it, nothing done, also where the guest never expects EINTR: those are issued again.
 */
static inline bool gate_may_wait(long number)
{
	switch (number) {
#ifdef SYS_open
	case SYS_open:
	case SYS_creat:
#endif
	case SYS_openat:
	case SYS_openat2:
	case SYS_open_by_handle_at:
	case SYS_connect:
	case SYS_sendmsg:
	case SYS_sendmmsg:
		return true;
	default:
		return false;
	}
}

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
static inline long gate_call(long number, const long args[GATE_ARGS])
{
	long result;

	/* These have no argument to spare. */
	if (number == SYS_sendto || number == SYS_mmap || number == SYS_process_vm_readv || number == SYS_process_vm_writev)
		return sys_gated_six(number, args);
	do
		result = sys_gated(number, args);
	while (UNLIKELY(result == -EINTR) && !gate_may_wait(number));
	return result;
}
#endif

/* gate(SYS_x, a, b, ...) with up to six integers; pointers go through GATE_PTR. */
#define gate(number, ...) gate_call(number, (const long[GATE_ARGS]){__VA_ARGS__})
#define GATE_PTR(pointer) ((long)(uintptr_t)(pointer))
