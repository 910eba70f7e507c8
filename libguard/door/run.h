/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs that a guest runs.
 */
#pragma once

#include "libguard/door/guest.h"
#include "libguard/door/words.h"

/*
 * Decide the program that the current guest is about to run, and record it.
 *
 *   words, environment   kept for run_watch: what the kernel will give the program
 *
 * Returns 0, or -errno: refused, or it cannot run.
 */
struct run {
	struct text program; /* that will be there at last: an interpreter, where a script is run */
	char *const *words;  /* its arguments */
	const struct words *environment; /* NULL: no rule asks for it */
	bool loads;          /* it should load the library */
	bool judged;         /* some rule may refuse it: look at what runs */
	char name[4096];
};
int run_decide(struct run *run) MUST_CHECK NONNULL;

/*
 * Let the kernel run it, and look at what runs, before it has done anything: a thread or a link that changed meanwhile
 * changes what was judged. What runs instead is judged as itself, and killed if it is refused.
 *
 *   go_on  lets the guest's call go on
 */
void run_watch(const struct run *run, void (*go_on)(void)) NONNULL;
