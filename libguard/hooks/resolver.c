/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking the domain name system for anything but a host's addresses: names of
 * addresses, and the resolver's own functions.
 */
#include "libguard/hooks/next.h"
#include "libguard/hooks/resolve.h"

#include "libguard/core/buf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

/* For programs linked before glibc 2.34. */
int __res_query(const char *name, int class, int type, unsigned char *out, int size);
int __res_search(const char *name, int class, int type, unsigned char *out, int size);
int __res_querydomain(const char *name, const char *domain, int class, int type, unsigned char *out, int size);
int __res_send(const unsigned char *message, int len, unsigned char *out, int size);
int __res_nquery(res_state by, const char *name, int class, int type, unsigned char *out, int size);
int __res_nsearch(res_state by, const char *name, int class, int type, unsigned char *out, int size);
int __res_nquerydomain(res_state by, const char *name, const char *domain, int class, int type, unsigned char *out,
		       int size);
int __res_nsend(res_state by, const unsigned char *message, int len, unsigned char *out, int size);

static bool is_own(int family, const unsigned char *ip)
{
	static const unsigned char one[16] = {[15] = 1};

	return family == AF_INET ? ip[0] == 127 : !memcmp(ip, one, sizeof one);
}

/* The name that is asked for: "4.3.2.1.in-addr.arpa". False for this machine itself, and for what has no such name. */
static bool reverse_name(int family, const unsigned char *ip, size_t len, char out[HOST_MAX])
{
	struct buf name = {.data = out, .cap = HOST_MAX};

	if ((uintptr_t)ip < 4096 || !((family == AF_INET && len >= 4) || (family == AF_INET6 && len >= 16)) || is_own(family, ip))
		return false;
	if (family == AF_INET) {
		for (int i = 3; i >= 0; i--) {
			buf_u64(&name, ip[i]);
			buf_char(&name, '.');
		}
		buf_str(&name, "in-addr.arpa");
	} else {
		for (int i = 15; i >= 0; i--) {
			buf_hex(&name, ip[i] & 15, 1);
			buf_char(&name, '.');
			buf_hex(&name, ip[i] >> 4, 1);
			buf_char(&name, '.');
		}
		buf_str(&name, "ip6.arpa");
	}
	buf_cstr(&name);
	return true;
}

EXPORT struct hostent *gethostbyaddr(const void *address, socklen_t len, int family)
{
	struct lookup lookup;
	char name[HOST_MAX];
	struct hostent *entry;

	if (!reverse_name(family, address, len, name))
		return NEXT_OF(gethostbyaddr)(address, len, family);
	if (!resolve_start(&lookup, HOOK_gethostbyaddr, name, NULL)) {
		resolve_finish(&lookup, 0);
		h_errno = NO_RECOVERY;
		return NULL;
	}
	entry = NEXT_OF(gethostbyaddr)(address, len, family);
	resolve_finish(&lookup, entry ? 0 : EIO);
	return entry;
}

EXPORT int gethostbyaddr_r(const void *address, socklen_t len, int family, struct hostent *entry, char *data, size_t size,
			   struct hostent **out, int *error)
{
	struct lookup lookup;
	char name[HOST_MAX];
	int result;

	if (!reverse_name(family, address, len, name))
		return NEXT_OF(gethostbyaddr_r)(address, len, family, entry, data, size, out, error);
	if (!resolve_start(&lookup, HOOK_gethostbyaddr_r, name, NULL)) {
		resolve_finish(&lookup, 0);
		*out = NULL;
		*error = NO_RECOVERY;
		return EACCES;
	}
	result = NEXT_OF(gethostbyaddr_r)(address, len, family, entry, data, size, out, error);
	resolve_finish(&lookup, *out ? 0 : EIO);
	return result;
}

EXPORT int getnameinfo(const struct sockaddr *address, socklen_t len, char *host, socklen_t host_size, char *service,
		       socklen_t service_size, int flags)
{
	const struct sockaddr_in *v4 = (const void *)address;
	const struct sockaddr_in6 *v6 = (const void *)address;
	bool asks = false;
	struct lookup lookup;
	char name[HOST_MAX];
	int result;

	if (host && host_size > 0 && !(flags & NI_NUMERICHOST) && (uintptr_t)address >= 4096) {
		if (len >= sizeof *v4 && v4->sin_family == AF_INET)
			asks = reverse_name(AF_INET, (const unsigned char *)&v4->sin_addr, 4, name);
		else if (len >= sizeof *v6 && v6->sin6_family == AF_INET6)
			asks = reverse_name(AF_INET6, v6->sin6_addr.s6_addr, 16, name);
	}
	if (!asks)
		return NEXT_OF(getnameinfo)(address, len, host, host_size, service, service_size, flags);
	if (!resolve_start(&lookup, HOOK_getnameinfo, name, NULL)) {
		resolve_finish(&lookup, 0);
		return EAI_FAIL;
	}
	result = NEXT_OF(getnameinfo)(address, len, host, host_size, service, service_size, flags);
	resolve_finish(&lookup, result ? EIO : 0);
	return result;
}

/* The name in a question as it goes over the wire: RFC 1035, section 4.1.2. */
static const char *question_name(const unsigned char *message, int len, char out[HOST_MAX])
{
	struct buf name = {.data = out, .cap = HOST_MAX};
	int at = 12;

	while (at < len && message[at] > 0 && message[at] < 64 && at + message[at] < len) {
		if (name.len > 0)
			buf_char(&name, '.');
		buf_bytes(&name, (const char *)message + at + 1, message[at]);
		at += message[at] + 1;
	}
	return buf_cstr(&name);
}

static const char *full_name(const char *name, const char *domain, char out[HOST_MAX])
{
	struct buf buf = {.data = out, .cap = HOST_MAX};

	buf_str(&buf, name);
	if (domain && *domain) {
		buf_char(&buf, '.');
		buf_str(&buf, domain);
	}
	return buf_cstr(&buf);
}

/* Each of these gives the length of an answer, or -1; BY is the resolver's state, SET_ERROR where its error goes. */
#define RESOLVER(function, next, parameters, name, by, set_error, arguments)                                           \
	EXPORT int function parameters                                                                                 \
	{                                                                                                              \
		struct lookup lookup;                                                                                  \
		int len;                                                                                               \
                                                                                                                       \
		if (!resolve_start(&lookup, HOOK_##function, name, by)) {                                              \
			resolve_finish(&lookup, 0);                                                                    \
			set_error;                                                                                     \
			errno = EACCES;                                                                                \
			return -1;                                                                                     \
		}                                                                                                      \
		len = NEXT_OF(next) arguments;                                                                         \
		resolve_finish(&lookup, len < 0 ? EIO : 0);                                                            \
		return len;                                                                                            \
	}

#define QUERY_ONE(function, next)                                                                                      \
	RESOLVER(function, next, (const char *name, int class, int type, unsigned char *out, int size), name, NULL,    \
		 h_errno = NO_RECOVERY, (name, class, type, out, size))
#define QUERY_BY(function, next)                                                                                       \
	RESOLVER(function, next, (res_state by, const char *name, int class, int type, unsigned char *out, int size),  \
		 name, by, by->res_h_errno = NO_RECOVERY, (by, name, class, type, out, size))

QUERY_ONE(res_query, res_query)
QUERY_ONE(res_search, res_search)
QUERY_ONE(__res_query, res_query)
QUERY_ONE(__res_search, res_search)
QUERY_BY(res_nquery, res_nquery)
QUERY_BY(res_nsearch, res_nsearch)
QUERY_BY(__res_nquery, res_nquery)
QUERY_BY(__res_nsearch, res_nsearch)


#define DOMAIN_PARAMETERS const char *name, const char *domain, int class, int type, unsigned char *out, int size
#define QUERY_DOMAIN(function, next)                                                                                   \
	RESOLVER(function, next, (DOMAIN_PARAMETERS), full_name(name, domain, (char[HOST_MAX]){0}), NULL,              \
		 h_errno = NO_RECOVERY, (name, domain, class, type, out, size))
#define QUERY_DOMAIN_BY(function, next)                                                                                \
	RESOLVER(function, next, (res_state by, DOMAIN_PARAMETERS), full_name(name, domain, (char[HOST_MAX]){0}), by,  \
		 by->res_h_errno = NO_RECOVERY, (by, name, domain, class, type, out, size))

QUERY_DOMAIN(res_querydomain, res_querydomain)
QUERY_DOMAIN(__res_querydomain, res_querydomain)
QUERY_DOMAIN_BY(res_nquerydomain, res_nquerydomain)
QUERY_DOMAIN_BY(__res_nquerydomain, res_nquerydomain)

#define SEND_PARAMETERS const unsigned char *message, int message_len, unsigned char *out, int size
#define SEND_ONE(function, next)                                                                                       \
	RESOLVER(function, next, (SEND_PARAMETERS), question_name(message, message_len, (char[HOST_MAX]){0}), NULL, (void)0,  \
		 (message, message_len, out, size))
#define SEND_BY(function, next)                                                                                        \
	RESOLVER(function, next, (res_state by, SEND_PARAMETERS), question_name(message, message_len, (char[HOST_MAX]){0}),   \
		 by, (void)0, (by, message, message_len, out, size))

SEND_ONE(res_send, res_send)
SEND_ONE(__res_send, res_send)
SEND_BY(res_nsend, res_nsend)
SEND_BY(__res_nsend, res_nsend)
