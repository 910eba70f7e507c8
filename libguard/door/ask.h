/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that are decided and then left to the kernel, or done on copies of what they point to.
 */
#pragma once

#include "libguard/core/base.h"

#include <sys/types.h>

/* Answer the current question (door/answer.h), whose row says ASKS. */
void ask(void);

/* Before the first answer of all, to the session's first process: set for it what is inherited. */
void ask_first(pid_t first);
