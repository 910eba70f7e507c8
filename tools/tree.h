/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who descends from whom, as /proc tells it.
 */
#pragma once

#include "libguard/core/base.h"

#include <sys/types.h>

/* Is PID a living or unreaped descendant of ANCESTOR? False when PID is gone. Reads one file of /proc per generation. */
bool tree_descends(pid_t pid, pid_t ancestor) MUST_CHECK;

/* How many processes descend from ANCESTOR and still run (no zombies). Reads all of /proc. */
unsigned tree_count(pid_t ancestor) MUST_CHECK;
