/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a policy the kernel's floor can hold: an upper bound of what the
 * policy allows, so that the floor refuses nothing that the policy does not
 * refuse. Knows rules, and nothing of the kernel; tools/floor.c is its user.
 */
#pragma once

#include "tools/arena.h"

struct policy_rules;

struct floor_ports {
	bool limited; /* false: any port may be */
	unsigned char may[65536 / 8]; /* bit n % 8 of byte n / 8: port n */
	unsigned count;
};

struct floor_plan {
	struct arena arena;
	const char *nothing;  /* why there is no floor at all, or NULL */
	bool changes;         /* names and contents of files change only below `roots` */
	struct words roots;   /* absolute; need not exist */
	const char *no_changes; /* why not */
	unsigned inside;      /* rules that refuse changes below roots, which the kernel cannot tell */
	struct floor_ports connect, bind; /* of TCP */
	bool signals, abstract; /* signals and connections to abstract sockets stay among the session's processes */
};

/*
 * Find out. NULL when memory is out.
 *
 *   rules  read and built
 *
 * An arena's memory that is out ends the program, as everywhere in the loader.
 *
 * Source: landlock(7), guard.conf(5).
 */
struct floor_plan *floor_plan_make(const struct policy_rules *rules) MUST_CHECK NONNULL;

void floor_plan_free(struct floor_plan *plan);
