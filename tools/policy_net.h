/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hosts, addresses and ports as a policy writes them.
 */
#pragma once

#include "tools/image_build.h"
#include "tools/policy_reading.h"

/*
 * Read a host: a name, or "*.suffix".
 *
 * Returns it in lower case, or NULL after noting what is wrong: a URL, a port, an address, another wildcard.
 */
const char *net_host(const struct reading *reading, unsigned line, const char *text) MUST_CHECK NONNULL;

/*
 * Read an address: IPv4 in every spelling inet_aton(3) takes, IPv6, a network with its prefix length, or "any".
 *
 *   out  folded as core/addr.h does, so that all spellings of one address are one range
 *
 * Returns false after noting what is wrong; of a network with host bits set, the one that was meant.
 */
bool net_range(const struct reading *reading, unsigned line, const char *text,
	       struct image_range *out) MUST_CHECK NONNULL;

/* The range as text: "10.0.0.0/8", "fd00::1", "any". */
const char *net_range_text(struct arena *arena, const struct image_range *range) MUST_CHECK NONNULL;

/* Could TEXT be meant as an address, not as a host name? */
bool net_is_address(const char *text) MUST_CHECK NONNULL;

/* Read "443" or "8000-8999". False after noting what is wrong. */
bool net_ports(const struct reading *reading, unsigned line, const char *text,
	       struct image_ports *out) MUST_CHECK NONNULL;
