/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of mediated system calls, calls.def, as data.
 */
#pragma once

#include "libguard/core/base.h"

#define CALLS_NEWEST 470 /* the last system call of Linux 6.18, on both machines */
#define CALLS_ARGS 6

enum calls_machine { CALLS_X86_64, CALLS_AARCH64, CALLS_MACHINES };

#if defined(__x86_64__)
#define CALLS_HERE CALLS_X86_64
#else
#define CALLS_HERE CALLS_AARCH64
#endif

enum calls_way { WAY_GATED = 1, WAY_CONFIRMED, WAY_ASKED, WAY_BARRED };

enum calls_check {
	CHECK_ALWAYS,
	CHECK_SET,
	CHECK_GIVEN,
	CHECK_IS,
	CHECK_HIDES,
	CHECK_CHANGES_FILES,
	CHECK_OWNS,
	CHECK_LIMITS,
	CHECK_FRAMES,
	CHECK_HEADERS,
	CHECK_GRIPS,
	CHECK_MAPS_CODE,
	CHECK_AT_GATE
};

enum calls_work { WORK_NOTHING, WORK_OPENS, WORK_ACTS, WORK_ASKS, WORK_RUNS, WORK_MAPS };

struct calls_row {
	char name[24];
	int16_t number[CALLS_MACHINES]; /* -1: there is none */
	uint8_t way;                    /* enum calls_way */
	uint8_t check;                  /* enum calls_check */
	uint8_t argument;               /* that is checked */
	uint8_t work;                   /* enum calls_work */
	uint32_t value;                 /* mask of CHECK_SET; errno of WAY_BARRED */
	char arguments[CALLS_ARGS + 1];
};

/* Where a row stands in the table. */
enum calls_place {
#define CALL(name, ...) CALLS_##name,
#include "libguard/kernel/calls.def"
#undef CALL
};

extern const struct calls_row calls_table[];
extern const unsigned calls_count;

/* The row of system call NUMBER of MACHINE; NULL when it is not mediated. Safe anywhere. */
const struct calls_row *calls_find(enum calls_machine machine, int number);
