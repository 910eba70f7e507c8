/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that from now on can read files and answer, and do nothing else.
 */
#pragma once

#include "libguard/core/base.h"

/*
 * Leave this process what reading files needs: it opens nothing for writing, maps nothing to be executed, starts
 * nothing, reaches no network and no other process; what it asks beyond fails with EPERM. It also gets no more than
 * CPU_S seconds of the processor and MEMORY bytes of addresses.
 *
 * 0, or -errno where the kernel has no such filters. For a process with one thread, which ends by _exit(2).
 *
 * Source: seccomp(2), setrlimit(2).
 */
int confine_to_reading(unsigned cpu_s, uint64_t memory) MUST_CHECK;
