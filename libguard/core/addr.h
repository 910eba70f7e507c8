/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Socket addresses in one spelling.
 *
 * IPv4 is held as ::ffff:a.b.c.d. Spellings that reach the same host fold to
 * it: IPv4-mapped and IPv4-compatible IPv6, NAT64 64:ff9b::/96, 6to4 2002::/16.
 */
#pragma once

#include "libguard/core/base.h"
#include "libguard/core/buf.h"

#include <sys/socket.h>

/* ADDR_ANYWHERE: where a packet or raw socket leads, which writes addresses itself: to each of them. */
enum addr_family { ADDR_NONE, ADDR_INET, ADDR_INET6, ADDR_UNIX, ADDR_OTHER, ADDR_ANYWHERE };

struct addr {
	uint8_t family;     /* enum addr_family, after folding */
	uint8_t transport;  /* SOCK_STREAM, SOCK_DGRAM, or 0 when nobody asked */
	uint16_t port;      /* host order */
	uint8_t ip[16];     /* network order, IPv4 as ::ffff:a.b.c.d */
	uint16_t other;     /* the number of a family that is ADDR_OTHER */
	struct text socket; /* ADDR_UNIX: path, "@" + abstract name, "@" for one of the kernel's choice; lies in `storage` */
	char storage[112];
};

#define ADDR_UNIX_MAX 110 /* bytes of the longest unix address: family and 108 */

/*
 * Read a socket address as the kernel would.
 *
 *   from, len  what the caller of connect(2) gave; len is in bytes
 *   out        the folded address; a unix path is copied as it is, not resolved. AF_UNSPEC gives ADDR_NONE, families
 *              that are not told apart here ADDR_OTHER
 *
 * Returns 0, or
 *   -EINVAL  the address is shorter than its family demands, or longer
 *
 * Safe in threads, signal handlers and after fork. Allocates nothing, leaves errno alone.
 *
 * Source: ip(7), ipv6(7), unix(7); RFC 4291, 6052, 3056.
 */
int addr_read(const struct sockaddr *from, size_t len, struct addr *out) MUST_CHECK NONNULL;

/* Somebody means to reach this address: Linux leads the unspecified one (0.0.0.0, ::) to loopback. Not for bind. */
void addr_as_peer(struct addr *addr) NONNULL;

/* Do two addresses lead to the same host, whatever the port? False for families other than INET and INET6. */
bool addr_same_ip(const struct addr *a, const struct addr *b) MUST_CHECK NONNULL;

/* Write "1.2.3.4:80", "[fd00::1]:80", "/run/x.sock", "@name", "family 16" or "anywhere". */
void addr_write(const struct addr *addr, struct buf *out) NONNULL;

/* Write the IP alone, without the port. */
void addr_write_ip(const struct addr *addr, struct buf *out) NONNULL;
