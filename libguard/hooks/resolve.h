/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One look-up of a name: decided before somebody is asked, recorded when the
 * answer is there.
 */
#pragma once

#include "libguard/hooks/call.h"

#include <resolv.h>

#define HOST_MAX 255

struct lookup {
	struct call call;
	char host[HOST_MAX + 1];
	bool decided; /* a name that somebody has to be asked for */
};

/*
 * Begin to look up NODE for HOOK.
 *
 *   state  the resolver that will ask; NULL for the calling thread's own
 *
 * False: refused; finish it all the same.
 */
bool resolve_start(struct lookup *lookup, enum hook hook, const char *node, const struct __res_state *state) MUST_CHECK;

/* The answer has come: 0, or an errno. */
void resolve_finish(struct lookup *lookup, int error) NONNULL;
