/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Name servers of the program's own choice; see nameserver.h.
 */
#include "libguard/hooks/nameserver.h"

#include "libguard/core/sys.h"
#include "libguard/hooks/network.h"

#include <arpa/inet.h>
#include <string.h>

/* Is ADDRESS in a `nameserver` line of resolv.conf? */
static bool is_listed(const char *text, const struct sockaddr *address)
{
	static const char word[] = "nameserver";

	for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		char name[INET6_ADDRSTRLEN] = "";
		unsigned char ip[16];
		const char *at = line + sizeof word - 1;
		size_t len;

		if (strncmp(line, word, sizeof word - 1) != 0 || (*at != ' ' && *at != '\t'))
			continue;
		at += strspn(at, " \t");
		len = strcspn(at, " \t\n%");
		if (len >= sizeof name)
			continue;
		memcpy(name, at, len);
		if (address->sa_family == AF_INET && inet_pton(AF_INET, name, ip) == 1 &&
		    !memcmp(ip, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4))
			return true;
		if (address->sa_family == AF_INET6 && inet_pton(AF_INET6, name, ip) == 1 &&
		    !memcmp(ip, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 16))
			return true;
	}
	return false;
}

static bool is_loopback(const struct sockaddr *address)
{
	const struct sockaddr_in *v4 = (const void *)address;

	return address->sa_family == AF_INET && v4->sin_addr.s_addr == htonl(INADDR_LOOPBACK);
}

/* The machine's own: listed, or the one that is asked where none is. */
static bool is_ours(const char *text, const struct sockaddr *address)
{
	return is_listed(text, address) || (is_loopback(address) && !strstr(text, "nameserver"));
}

static long ask_one(enum hook hook, const char *text, const struct sockaddr *address, socklen_t len)
{
	return is_ours(text, address) ? 0 : network_ask(hook, address, len, VERB_SEND);
}

long nameserver_ask(enum hook hook, const struct __res_state *state)
{
	char text[4096];
	ssize_t len = 0;
	long error = 0;
	int fd;

	if (!state)
		state = __res_state();
	if (!state || !(state->options & RES_INIT))
		return 0;
	fd = sys_open("/etc/resolv.conf", O_RDONLY | O_CLOEXEC, 0);
	if (fd >= 0) {
		len = sys_read(fd, text, sizeof text - 1);
		sys_close(fd);
	}
	text[len > 0 ? len : 0] = '\0';
	for (int i = 0; !error && i < state->nscount && i < MAXNS; i++) {
		const struct sockaddr_in *v4 = &state->nsaddr_list[i];
		const struct sockaddr_in6 *v6 = state->_u._ext.nsaddrs[i];

		if (v4->sin_family == AF_INET)
			error = ask_one(hook, text, (const struct sockaddr *)(const void *)v4, sizeof *v4);
		else if (v6)
			error = ask_one(hook, text, (const struct sockaddr *)(const void *)v6, sizeof *v6);
	}
	return error;
}
