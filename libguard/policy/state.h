/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The changing part of a policy, shared by all processes of a session: labels
 * carried, and a counter for each rule with `over`.
 *
 * A counter is a position and a ring of `over` times. The n-th attempt swaps its
 * time for that of the attempt `over` places before it; if that one is younger
 * than `per`, there have been more than `over` in `per`: exact, and one atomic
 * add and one swap.
 */
#pragma once

#include "libguard/core/base.h"

#include <stdatomic.h>

struct policy_state {
	_Atomic uint64_t labels;
	_Atomic uint64_t words[]; /* counters: position, then the ring */
};

/* Words that a counter for OVER takes. */
static inline uint64_t state_words(uint32_t over)
{
	return 1 + (over ? over : 1);
}
