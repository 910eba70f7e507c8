/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the log says of processes: that one started, and that one will start
 * which no hook can see into.
 */
#pragma once

#include "libguard/hooks/guard.h"

/*
 * Record this process in every session it belongs to. In a first process the environment is changed too, so that
 * children started behind our back still find the session.
 */
void process_started(char *const *argv, bool first);

/* Put our variables into the environment if they are not there, for children that libc starts by itself. */
void process_carry(void);

/*
 * Record that this process is about to run PROGRAM, which will not be hooked.
 *
 *   from  the first session to be told; 1 where the outermost one's kernel door will see it in the process that runs it
 */
void process_uncovered(struct text program, struct text argv, enum event_coverage why, unsigned from);
