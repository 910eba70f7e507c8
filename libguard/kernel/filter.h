/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system call filter, as data: what the kernel lets pass, refuses, or asks
 * the supervisor about.
 *
 * Built from calls.def. What no row names passes without a look at anything but
 * its number, so that the kernel can remember the answer (its bitmap of
 * constant actions) and runs no filter at all for it.
 */
#pragma once

#include "libguard/kernel/calls.h"
#include "libguard/policy/policy.h"

#include <linux/filter.h>

#define FILTER_MAX 2048 /* instructions; the kernel takes 4096 */

struct filter_setting {
	enum calls_machine machine;
	enum policy_trust trust;
	uint64_t gate;   /* address of the gate's page */
	uint64_t back;   /* the instruction behind the gate's system call; 0: there is no gate */
	uint64_t cookie; /* what the sixth argument must be there */
	bool hides;      /* questions about files are asked, too */
};

/*
 * Build the filter.
 *
 *   out  room for FILTER_MAX instructions
 *
 * Returns the number of instructions, or -E2BIG.
 *
 * Safe anywhere: pure.
 *
 * Source: seccomp(2); struct seccomp_data in linux/seccomp.h; bpf(2) of 1993, linux/filter.h.
 */
int filter_build(const struct filter_setting *setting, struct sock_filter out[FILTER_MAX]) MUST_CHECK NONNULL;
