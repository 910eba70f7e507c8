/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses that libc goes to by itself.
 */
#pragma once

#include "libguard/hooks/call.h"

#include <sys/socket.h>

/*
 * May this process do VERB to the address? Decided and recorded for HOOK; libc acts later, on an address of its own.
 *
 * Returns 0 or -errno. Safe in threads and signal handlers; allocates nothing, leaves errno alone.
 */
long network_ask(enum hook hook, const struct sockaddr *address, socklen_t len, enum verb verb) MUST_CHECK;
