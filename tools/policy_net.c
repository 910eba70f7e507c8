/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/policy_net.h"

#include "libguard/core/addr.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define HOST_MAX 253 /* RFC 1035 */

/* inet_aton(3) takes anything behind a blank. */
static bool is_ip4(const char *text, struct in_addr *out)
{
	return !strpbrk(text, " \t\r\n") && inet_aton(text, out) != 0;
}

static bool is_ip(const char *text)
{
	struct in_addr four;
	struct in6_addr six;

	return is_ip4(text, &four) || inet_pton(AF_INET6, text, &six) == 1;
}

bool net_is_address(const char *text)
{
	return !strcmp(text, "any") || strchr(text, '/') || is_ip(text) ||
	       (strchr(text, ':') && strspn(text, "0123456789abcdefABCDEF:.") == strlen(text));
}

/* Labels of letters, digits, '-' and '_', none empty. */
static bool is_host_name(const char *name)
{
	size_t label = 0;

	if (strlen(name) > HOST_MAX)
		return false;
	for (; *name; name++) {
		if (*name == '.') {
			if (label == 0)
				return false;
			label = 0;
		} else if (isalnum((unsigned char)*name) || *name == '-' || *name == '_') {
			if (++label > 63)
				return false;
		} else {
			return false;
		}
	}
	return label > 0;
}

const char *net_host(const struct reading *reading, unsigned line, const char *text)
{
	const char *scheme = strstr(text, "://");
	const char *name = scheme ? scheme + 3 : text;
	int len = (int)strcspn(name, "/:?#");
	char *lower;

	if (is_ip(text)) {
		reading_error(reading, line, "\"%s\" is an address, not a host: write address = \"%s\"", text, text);
	} else if (scheme || name[len] == '/') {
		reading_error(reading, line, "\"%s\" is a URL: write host = \"%.*s\"", text, len, name);
	} else if (name[len] == ':') {
		reading_error(reading, line, "\"%s\" has a port: write host = \"%.*s\"; port = %s", text, len, name,
			      name + len + 1);
	} else if (len > 1 && name[len - 1] == '.') {
		reading_error(reading, line, "\"%s\" ends in a dot: write \"%.*s\"", text, len - 1, text);
	} else if (!strncmp(text, "*.", 2) ? !is_host_name(text + 2) : strchr(text, '*') != NULL) {
		reading_error(reading, line, "\"%s\": the one wildcard of hosts is \"*.\" in front of a name", text);
	} else if (strncmp(text, "*.", 2) && !is_host_name(text)) {
		reading_error(reading, line, "\"%s\" is no host name; write an international one as xn--...", text);
	} else {
		lower = arena_text(reading->arena, text, strlen(text));
		for (char *c = lower; *c; c++)
			*c = (char)tolower((unsigned char)*c);
		return lower;
	}
	return NULL;
}

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/* The address as the engine folds it when a program gives it to connect(2). */
static void fold(const uint8_t ip[16], uint8_t out[16])
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};
	struct addr addr;

	memcpy(&six.sin6_addr, ip, 16);
	if (addr_read((const struct sockaddr *)&six, sizeof(six), &addr) == 0)
		memcpy(out, addr.ip, 16);
	else
		memcpy(out, ip, 16);
}

static void clear_host_bits(uint8_t ip[16], unsigned bits)
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned kept = bits >= 8 * (i + 1) ? 8 : bits > 8 * i ? bits - 8 * i : 0;

		ip[i] &= (uint8_t)(0xff00u >> kept);
	}
}

/* How many leading bits two addresses share. */
static unsigned shared_bits(const uint8_t a[16], const uint8_t b[16])
{
	for (unsigned i = 0; i < 128; i++)
		if ((a[i / 8] ^ b[i / 8]) & (0x80u >> i % 8))
			return i;
	return 128;
}

/*
 * Where the range lies after folding: its first and its last address are folded, what they share is the range. A
 * range of native IPv6 addresses stays as it is.
 */
static void fold_range(struct image_range *range)
{
	uint8_t last[16], first_folded[16], last_folded[16];

	if (!memcmp(range->ip, mapped, sizeof(mapped)) && range->bits >= 96 && range->bits < 128)
		return; /* 0.0.0.0/8 is a network; only the address 0.0.0.0 alone is this host */
	for (unsigned i = 0; i < 16; i++)
		last[i] = range->ip[i];
	for (unsigned i = range->bits; i < 128; i++)
		last[i / 8] |= (uint8_t)(0x80u >> i % 8);
	fold(range->ip, first_folded);
	fold(last, last_folded);
	if (memcmp(first_folded, mapped, sizeof(mapped)) || memcmp(last_folded, mapped, sizeof(mapped)))
		return;
	range->bits = (uint8_t)shared_bits(first_folded, last_folded);
	memcpy(range->ip, first_folded, 16);
	clear_host_bits(range->ip, range->bits);
}

const char *net_range_text(struct arena *arena, const struct image_range *range)
{
	bool four = range->bits >= 96 && !memcmp(range->ip, mapped, sizeof(mapped));
	unsigned bits = four ? range->bits - 96u : range->bits;
	char text[INET6_ADDRSTRLEN];

	if (range->bits == 0)
		return "any";
	inet_ntop(four ? AF_INET : AF_INET6, four ? range->ip + 12 : range->ip, text, sizeof(text));
	return bits == (four ? 32u : 128u) ? arena_text(arena, text, strlen(text))
					   : arena_format(arena, "%s/%u", text, bits);
}

/* The address in front of the '/', IPv4 as ::ffff:a.b.c.d. */
static bool read_ip(const char *text, uint8_t out[16], bool *four)
{
	struct in_addr address;

	*four = is_ip4(text, &address);
	if (!*four)
		return inet_pton(AF_INET6, text, out) == 1;
	memcpy(out, mapped, sizeof(mapped));
	memcpy(out + 12, &address, 4);
	return true;
}

static unsigned count_dots(const char *text)
{
	unsigned dots = 0;

	for (; *text; text++)
		dots += *text == '.';
	return dots;
}

/* "10/8" and "10.1/16" mean 10.0.0.0/8 and 10.1.0.0/16 to people, and other addresses to inet_aton(3). */
static bool refuse_short(const struct reading *reading, unsigned line, const char *text, const char *ip,
			 const char *length)
{
	static const char *const missing[] = {".0.0.0", ".0.0", ".0"};
	unsigned dots = count_dots(ip);

	if (dots >= 3)
		return false;
	reading_error(reading, line, "\"%s\": a network has four numbers, such as %s%s/%s", text, ip, missing[dots],
		      length);
	return true;
}

static bool read_network(const struct reading *reading, unsigned line, const char *text, const char *slash,
			 struct image_range *out)
{
	const char *ip = arena_text(reading->arena, text, (size_t)(slash - text));
	unsigned most;
	char *end;
	unsigned long bits;
	uint8_t network[16];
	bool four;

	if (!read_ip(ip, out->ip, &four)) {
		reading_error(reading, line, "\"%s\" is no address: write a network such as 10.0.0.0/8 or fd00::/8", ip);
		return false;
	}
	most = four ? 32 : 128;
	bits = strtoul(slash + 1, &end, 10);
	if (!isdigit((unsigned char)slash[1]) || *end || bits > most) {
		reading_error(reading, line, "\"%s\": the prefix length is 0 to %u", text, most);
		return false;
	}
	if (four && refuse_short(reading, line, text, ip, slash + 1))
		return false;
	out->bits = (uint8_t)(four ? bits + 96 : bits);
	memcpy(network, out->ip, 16);
	clear_host_bits(network, out->bits);
	if (memcmp(network, out->ip, 16)) {
		memcpy(out->ip, network, 16);
		reading_error(reading, line, "\"%s\" is an address inside a network: the network is %s", text,
			      net_range_text(reading->arena, out));
		return false;
	}
	fold_range(out);
	return true;
}

bool net_range(const struct reading *reading, unsigned line, const char *text, struct image_range *out)
{
	const char *slash = strchr(text, '/');
	bool four;

	*out = (struct image_range){.bits = 0};
	if (!strcmp(text, "any"))
		return true;
	if (slash)
		return read_network(reading, line, text, slash, out);
	if (!read_ip(text, out->ip, &four)) {
		reading_error(reading, line, "\"%s\" is no address: %s", text,
			      strspn(text, "0123456789.") == strlen(text) ? "it has four numbers from 0 to 255"
			      : is_host_name(text)                        ? "a name is written host = \"...\""
									  : "write one such as 10.0.0.1, fd00::1 or any");
		return false;
	}
	out->bits = 128;
	fold_range(out);
	return true;
}

static const char *read_port(const char *text, uint16_t *out)
{
	unsigned long port;
	char *end;

	if (!isdigit((unsigned char)*text))
		return NULL;
	port = strtoul(text, &end, 10);
	*out = (uint16_t)port;
	return port > UINT16_MAX ? NULL : end;
}

bool net_ports(const struct reading *reading, unsigned line, const char *text, struct image_ports *out)
{
	const char *end = read_port(text, &out->first);

	out->last = out->first;
	if (end && *end == '-')
		end = read_port(end + 1, &out->last);
	if (!end || *end) {
		reading_error(reading, line, "\"%s\" is no port: write 0 to 65535, or a range such as \"8000-8999\"", text);
		return false;
	}
	if (out->first > out->last) {
		reading_error(reading, line, "\"%s\" is empty: write \"%u-%u\"", text, out->last, out->first);
		return false;
	}
	return true;
}
