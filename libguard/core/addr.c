/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Socket addresses in one spelling; see addr.h.
 */
#include "libguard/core/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

/* What the kernel asks of an IPv6 address: RFC 2133's, which had no scope. */
#define INET6_MIN offsetof(struct sockaddr_in6, sin6_scope_id)
#define UNIX_NAME offsetof(struct sockaddr_un, sun_path)

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
static const uint8_t nat64[12] = {0, 0x64, 0xff, 0x9b};
static const uint8_t zero[16];

static void set_ipv4(struct addr *addr, const uint8_t ipv4[4])
{
	addr->family = ADDR_INET;
	memcpy(addr->ip, mapped, sizeof mapped);
	memcpy(addr->ip + sizeof mapped, ipv4, 4);
}

/* :: and ::1 have the form of an IPv4-compatible address and are none. */
static bool is_compatible(const uint8_t ip[16])
{
	return memcmp(ip, zero, 12) == 0 && memcmp(ip + 12, zero, 3) != 0;
}

static void set_ipv6(struct addr *addr, const uint8_t ip[16])
{
	if (memcmp(ip, mapped, sizeof mapped) == 0 || memcmp(ip, nat64, sizeof nat64) == 0 || is_compatible(ip)) {
		set_ipv4(addr, ip + 12);
	} else if (ip[0] == 0x20 && ip[1] == 0x02) {
		set_ipv4(addr, ip + 2);
	} else {
		addr->family = ADDR_INET6;
		memcpy(addr->ip, ip, 16);
	}
}

static void read_unix(const char *name, size_t len, struct addr *out)
{
	bool abstract = len == 0 || name[0] == '\0';

	/* A path ends at its NUL or at the address's end; an abstract name may hold any byte. */
	out->family = ADDR_UNIX;
	if (abstract && len > 0) {
		memcpy(out->storage, name, len);
	} else if (!abstract) {
		len = strnlen(name, len);
		memcpy(out->storage, name, len);
	}
	if (abstract)
		out->storage[0] = '@';
	out->socket = (struct text){out->storage, len ? len : 1};
}

int addr_read(const struct sockaddr *from, size_t len, struct addr *out)
{
	const char *bytes = (const char *)from;
	struct sockaddr_in inet;
	struct sockaddr_in6 inet6;
	sa_family_t family;

	*out = (struct addr){.family = ADDR_NONE};
	if (len < sizeof family)
		return -EINVAL;
	/* The guest's storage need not be aligned. */
	memcpy(&family, bytes, sizeof family);
	switch (family) {
	case AF_UNSPEC:
		return 0;
	case AF_INET:
		if (len < sizeof inet)
			return -EINVAL;
		memcpy(&inet, bytes, sizeof inet);
		set_ipv4(out, (const uint8_t *)&inet.sin_addr);
		out->port = ntohs(inet.sin_port);
		return 0;
	case AF_INET6:
		if (len < INET6_MIN)
			return -EINVAL;
		memcpy(&inet6, bytes, INET6_MIN);
		set_ipv6(out, (const uint8_t *)&inet6.sin6_addr);
		out->port = ntohs(inet6.sin6_port);
		return 0;
	case AF_UNIX:
		if (len > ADDR_UNIX_MAX)
			return -EINVAL;
		read_unix(bytes + UNIX_NAME, len - UNIX_NAME, out);
		return 0;
	default:
		out->family = ADDR_OTHER;
		out->other = family;
		return 0;
	}
}

void addr_as_peer(struct addr *addr)
{
	if (addr->family == ADDR_INET && memcmp(addr->ip + 12, zero, 4) == 0)
		set_ipv4(addr, (const uint8_t[4]){127, 0, 0, 1});
	else if (addr->family == ADDR_INET6 && memcmp(addr->ip, zero, 16) == 0)
		addr->ip[15] = 1;
}

static bool has_ip(const struct addr *addr)
{
	return addr->family == ADDR_INET || addr->family == ADDR_INET6;
}

bool addr_same_ip(const struct addr *a, const struct addr *b)
{
	return has_ip(a) && has_ip(b) && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

static void write_ipv4(const uint8_t ipv4[4], struct buf *out)
{
	for (unsigned i = 0; i < 4; i++) {
		if (i > 0)
			buf_char(out, '.');
		buf_u64(out, ipv4[i]);
	}
}

static unsigned group(const uint8_t ip[16], unsigned number)
{
	return (unsigned)ip[2 * number] << 8 | ip[2 * number + 1];
}

/* The first of the longest runs of zero groups, of two or more (RFC 5952); *count is 0 without one. */
static unsigned find_zeros(const uint8_t ip[16], unsigned *count)
{
	unsigned best = 0;

	*count = 0;
	for (unsigned start = 0; start < 8; start++) {
		unsigned end = start;

		while (end < 8 && group(ip, end) == 0)
			end++;
		if (end - start > *count && end - start > 1) {
			best = start;
			*count = end - start;
		}
	}
	return best;
}

static void write_group(unsigned value, struct buf *out)
{
	buf_hex(out, value, value > 0xfff ? 4 : value > 0xff ? 3 : value > 0xf ? 2 : 1);
}

static void write_ipv6(const uint8_t ip[16], struct buf *out)
{
	unsigned zeros_count;
	unsigned zeros = find_zeros(ip, &zeros_count);

	for (unsigned i = 0; i < 8; i++) {
		if (zeros_count > 0 && i == zeros) {
			buf_str(out, "::");
			i += zeros_count - 1;
			continue;
		}
		if (i > 0 && !(zeros_count > 0 && i == zeros + zeros_count))
			buf_char(out, ':');
		write_group(group(ip, i), out);
	}
}

void addr_write_ip(const struct addr *addr, struct buf *out)
{
	if (addr->family == ADDR_INET)
		write_ipv4(addr->ip + 12, out);
	else if (addr->family == ADDR_INET6)
		write_ipv6(addr->ip, out);
}

void addr_write(const struct addr *addr, struct buf *out)
{
	switch ((enum addr_family)addr->family) {
	case ADDR_INET:
		addr_write_ip(addr, out);
		break;
	case ADDR_INET6:
		buf_char(out, '[');
		addr_write_ip(addr, out);
		buf_char(out, ']');
		break;
	case ADDR_UNIX:
		buf_bytes(out, addr->socket.data, addr->socket.len);
		return;
	case ADDR_ANYWHERE:
		buf_str(out, "anywhere");
		return;
	case ADDR_NONE:
	case ADDR_OTHER:
		buf_str(out, "family ");
		buf_u64(out, addr->other);
		return;
	}
	buf_char(out, ':');
	buf_u64(out, addr->port);
}
