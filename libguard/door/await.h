/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs that were started and ought to have hooks soon: the library opens
 * the gate before anything else. One that acts without is not covered as it
 * should be, and on record as that.
 */
#pragma once

#include "libguard/core/base.h"

/* The current guest becomes a program that should load the library. */
void await_begin(void);

/* It has, or it becomes one that should not. */
void await_end(void);

/*
 * The current guest acts without the library: if it should have had it, record that, once.
 *
 *   name  the file it opens for reading, or NULL; what a loader looks at is no sign yet
 */
void await_look(const char *name);
