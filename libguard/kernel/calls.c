/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of mediated system calls; see calls.h.
 */
#include "libguard/kernel/calls.h"

#include <errno.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* What makes a world of its own. A new time is unshare's alone: clone's lowest bits are a signal. */
#define NEW_NAMESPACES                                                                                                 \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
#define NEW_TIME 0x80

#define ALWAYS CHECK_ALWAYS, 0, 0
#define IF_SET(n, mask) CHECK_SET, n, mask
#define IF_GIVEN(n) CHECK_GIVEN, n, 0
#define IF_HIDES CHECK_HIDES, 0, 0
#define IF_IS(n, value) CHECK_IS, n, value
#define IF_CHANGES_FILES CHECK_CHANGES_FILES, 1, 0
#define IF_OWNS CHECK_OWNS, 1, 0
#define IF_LIMITS CHECK_LIMITS, 0, 0
#define IF_FRAMES CHECK_FRAMES, 0, 0
#define IF_HEADERS CHECK_HEADERS, 2, 0
#define IF_GRIPS CHECK_GRIPS, 0, 0
#define IF_MAPS_CODE CHECK_MAPS_CODE, 0, 0
#define IF_AT_GATE(n) CHECK_AT_GATE, n, EPERM
#define FAILS(error) CHECK_ALWAYS, 0, error

#define CALL(...) ROW(__VA_ARGS__)
#define ROW(name, x86_64, aarch64, way, check, argument, value, work, arguments)                                       \
	{#name, {x86_64, aarch64}, WAY_##way, check, argument, WORK_##work, value, arguments},

const struct calls_row calls_table[] = {
#include "libguard/kernel/calls.def"
};
#undef CALL
#undef ROW

const unsigned calls_count = ARRAY_LEN(calls_table);

const struct calls_row *calls_find(enum calls_machine machine, int number)
{
	for (unsigned i = 0; number >= 0 && i < calls_count; i++)
		if (calls_table[i].number[machine] == number)
			return &calls_table[i];
	return NULL;
}
