/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands on other machines by rexec and rcmd: libc connects by itself, so the
 * addresses it will find are looked up and decided beforehand. rresvport makes a
 * socket with a reserved port for them.
 */
#include "libguard/hooks/network.h"
#include "libguard/hooks/next.h"

#include <arpa/inet.h>
#include <errno.h>

/* PORT is in network order, as these functions take it. 0 or -errno. */
static long ask(enum hook hook, const char *host, unsigned short port, sa_family_t family)
{
	struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM}, *found, *at;
	long error = 0;

	if (!host || getaddrinfo(host, NULL, &hints, &found) != 0)
		return 0; /* refused and recorded, or not to be found: libc will not find it either */
	for (at = found; at && !error; at = at->ai_next) {
		if (at->ai_family == AF_INET)
			((struct sockaddr_in *)(void *)at->ai_addr)->sin_port = port;
		else if (at->ai_family == AF_INET6)
			((struct sockaddr_in6 *)(void *)at->ai_addr)->sin6_port = port;
		error = network_ask(hook, at->ai_addr, at->ai_addrlen, VERB_CONNECT);
	}
	freeaddrinfo(found);
	return error;
}

#define REMOTE(name, parameters, family, arguments)                                                                    \
	EXPORT int name parameters                                                                                     \
	{                                                                                                              \
		long error = ask(HOOK_##name, *host, (unsigned short)port, family);                                    \
                                                                                                                       \
		return error ? (int)call_errno(error) : NEXT_OF(name) arguments;                                       \
	}

REMOTE(rexec, (char **host, int port, const char *user, const char *password, const char *command, int *errors),
       AF_INET, (host, port, user, password, command, errors))
REMOTE(rexec_af,
       (char **host, int port, const char *user, const char *password, const char *command, int *errors,
	sa_family_t family),
       family, (host, port, user, password, command, errors, family))
REMOTE(rcmd, (char **host, unsigned short port, const char *own, const char *other, const char *command, int *errors),
       AF_INET, (host, port, own, other, command, errors))
REMOTE(rcmd_af,
       (char **host, unsigned short port, const char *own, const char *other, const char *command, int *errors,
	sa_family_t family),
       family, (host, port, own, other, command, errors, family))

EXPORT int rresvport_af(int *port, sa_family_t family)
{
	struct sockaddr_storage any = {.ss_family = family};
	long error = network_ask(HOOK_rresvport_af, (struct sockaddr *)&any,
				 family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in), VERB_BIND);

	return error ? (int)call_errno(error) : NEXT_OF(rresvport_af)(port, family);
}

EXPORT int rresvport(int *port)
{
	struct sockaddr_in any = {.sin_family = AF_INET};
	long error = network_ask(HOOK_rresvport, (struct sockaddr *)(void *)&any, sizeof any, VERB_BIND);

	return error ? (int)call_errno(error) : NEXT_OF(rresvport)(port);
}
