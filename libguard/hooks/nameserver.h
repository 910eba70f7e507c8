/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Name servers that a program has chosen by itself: what a look-up sends goes
 * to them. Those of /etc/resolv.conf are the machine's, and asking them is what
 * `resolve` means.
 */
#pragma once

#include "libguard/hooks/hook.h"

#include <resolv.h>

/*
 * May the servers in STATE be asked?
 *
 *   state  a resolver's; NULL for the calling thread's own
 *
 * Returns 0, or -errno when one of them is not the machine's and sending to it is refused. Safe in threads; allocates
 * nothing, leaves errno alone. Cost: nothing as long as the program has not set up a resolver.
 *
 * Source: resolver(3), resolv.conf(5).
 */
long nameserver_ask(enum hook hook, const struct __res_state *state) MUST_CHECK;
