/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking up host names: decided by name, and remembered, so that rules about
 * hosts know the addresses.
 */
#include "libguard/hooks/resolve.h"

#include "libguard/core/sys.h"
#include "libguard/hooks/nameserver.h"
#include "libguard/hooks/next.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#define RECORDED_MAX 8 /* addresses of one look-up that are recorded and remembered */

/* Put the name into the look-up as policies see it: small letters, no dot at its end. False: nobody has to be asked. */
static bool named(struct lookup *lookup, const char *node)
{
	unsigned char address[16];
	size_t len;

	lookup->decided = false;
	if (!node || inet_aton(node, (struct in_addr *)(void *)address) || inet_pton(AF_INET6, node, address) == 1)
		return false;
	len = strnlen(node, HOST_MAX);
	for (size_t i = 0; i < len; i++)
		lookup->host[i] = node[i] >= 'A' && node[i] <= 'Z' ? (char)(node[i] | 0x20) : node[i];
	while (len > 0 && lookup->host[len - 1] == '.')
		len--;
	lookup->host[len] = '\0';
	lookup->decided = true;
	return true;
}

bool resolve_start(struct lookup *lookup, enum hook hook, const char *node, const struct __res_state *state)
{
	struct object object = {.kind = OBJECT_HOST};
	bool allowed;
	long error = nameserver_ask(hook, state);

	call_enter(&lookup->call, hook);
	lookup->decided = false;
	if (!lookup->call.on)
		return !lookup->call.refused;
	if (error) {
		lookup->call.result = error;
		call_finish(&lookup->call);
		return false;
	}
	if (!named(lookup, node)) {
		call_finish(&lookup->call);
		return true;
	}
	object.text = (struct text){lookup->host, strlen(lookup->host)};
	call_object(&lookup->call, &object, VERB_SET(RESOLVE));
	allowed = call_allowed(&lookup->call);
	/* libc's look-up calls hooks itself. */
	call_release(&lookup->call);
	return allowed;
}

static bool start(struct lookup *lookup, enum hook hook, const char *node)
{
	return resolve_start(lookup, hook, node, NULL);
}

void resolve_finish(struct lookup *lookup, int error)
{
	if (!lookup->decided)
		return;
	if (!lookup->call.refused)
		lookup->call.result = -error;
	call_finish(&lookup->call);
}

static void remember(struct lookup *lookup, const struct sockaddr *address, socklen_t len)
{
	struct text name = {lookup->host, strlen(lookup->host)};
	char storage[64];
	struct buf ip = BUF_ON(storage);
	struct event event = {.kind = EVENT_HOST, .verb = VERB_RESOLVE, .verbs = VERB_SET(RESOLVE), .door = DOOR_HOOK,
			      .rule = RULE_NOT_ASKED};
	struct addr addr;

	if (!lookup->decided || addr_read(address, len, &addr) != 0)
		return;
	addr_write_ip(&addr, &ip);
	event.pid = (uint32_t)self_pid();
	event.tid = (uint32_t)self_tid();
	event.time_ns = sys_now_ns();
	event_add(&event, FIELD_HOST, name);
	event_add(&event, FIELD_OBJECT, (struct text){storage, ip.len});
	for (unsigned i = 0; i < guard.session_count; i++) {
		session_add_host(&guard.sessions[i], &addr, name);
		log_write(&guard.sessions[i].log, &event);
	}
}

EXPORT int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
	struct lookup lookup;
	unsigned count = 0;
	int result;

	if (!start(&lookup, HOOK_getaddrinfo, node)) {
		resolve_finish(&lookup, 0);
		return EAI_FAIL;
	}
	result = NEXT_OF(getaddrinfo)(node, service, hints, out);
	resolve_finish(&lookup, result ? EIO : 0);
	for (struct addrinfo *at = result ? NULL : *out; at && count < RECORDED_MAX; at = at->ai_next, count++)
		remember(&lookup, at->ai_addr, at->ai_addrlen);
	return result;
}

static void remember_entry(struct lookup *lookup, const struct hostent *entry)
{
	for (unsigned i = 0; entry && entry->h_addr_list[i] && i < RECORDED_MAX; i++) {
		struct sockaddr_in v4 = {.sin_family = AF_INET};
		struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

		if (entry->h_addrtype == AF_INET6) {
			memcpy(&v6.sin6_addr, entry->h_addr_list[i], sizeof v6.sin6_addr);
			remember(lookup, (struct sockaddr *)(void *)&v6, sizeof v6);
		} else {
			memcpy(&v4.sin_addr, entry->h_addr_list[i], sizeof v4.sin_addr);
			remember(lookup, (struct sockaddr *)(void *)&v4, sizeof v4);
		}
	}
}

#define HOST_BY_NAME(function, parameters, arguments)                                                                  \
	EXPORT struct hostent *function parameters                                                                     \
	{                                                                                                              \
		struct lookup lookup;                                                                                  \
		struct hostent *entry;                                                                                 \
                                                                                                                       \
		if (!start(&lookup, HOOK_##function, name)) {                                                          \
			resolve_finish(&lookup, 0);                                                                            \
			h_errno = NO_RECOVERY;                                                                         \
			return NULL;                                                                                   \
		}                                                                                                      \
		entry = NEXT_OF(function) arguments;                                                                   \
		resolve_finish(&lookup, entry ? 0 : EIO);                                                                      \
		remember_entry(&lookup, entry);                                                                        \
		return entry;                                                                                          \
	}

HOST_BY_NAME(gethostbyname, (const char *name), (name))
HOST_BY_NAME(gethostbyname2, (const char *name, int family), (name, family))

EXPORT int gethostbyname_r(const char *name, struct hostent *entry, char *data, size_t size, struct hostent **out, int *error)
{
	struct lookup lookup;
	int result;

	if (!start(&lookup, HOOK_gethostbyname_r, name)) {
		resolve_finish(&lookup, 0);
		*out = NULL;
		*error = NO_RECOVERY;
		return EACCES;
	}
	result = NEXT_OF(gethostbyname_r)(name, entry, data, size, out, error);
	resolve_finish(&lookup, *out ? 0 : EIO);
	remember_entry(&lookup, *out);
	return result;
}

EXPORT int gethostbyname2_r(const char *name, int family, struct hostent *entry, char *data, size_t size,
			    struct hostent **out, int *error)
{
	struct lookup lookup;
	int result;

	if (!start(&lookup, HOOK_gethostbyname2_r, name)) {
		resolve_finish(&lookup, 0);
		*out = NULL;
		*error = NO_RECOVERY;
		return EACCES;
	}
	result = NEXT_OF(gethostbyname2_r)(name, family, entry, data, size, out, error);
	resolve_finish(&lookup, *out ? 0 : EIO);
	remember_entry(&lookup, *out);
	return result;
}

/* Several look-ups by a thread of libc's: one that is refused refuses them all, as if there were no thread. */
EXPORT int getaddrinfo_a(int mode, struct gaicb *list[], int count, struct sigevent *when)
{
	struct lookup lookup;
	int result;

	for (int i = 0; i < count; i++) {
		if (!list[i])
			continue;
		if (!start(&lookup, HOOK_getaddrinfo_a, list[i]->ar_name)) {
			resolve_finish(&lookup, 0);
			errno = EACCES;
			return EAI_SYSTEM;
		}
		resolve_finish(&lookup, 0);
	}
	result = NEXT_OF(getaddrinfo_a)(mode, list, count, when);
	for (int i = 0; result == 0 && mode == GAI_WAIT && i < count; i++) {
		/* Decided already; the name is what the addresses are remembered by. */
		if (!list[i] || !list[i]->ar_name || gai_error(list[i]) != 0 ||
		    !named(&lookup, list[i]->ar_name))
			continue;
		for (struct addrinfo *at = list[i]->ar_result; at; at = at->ai_next)
			remember(&lookup, at->ai_addr, at->ai_addrlen);
	}
	return result;
}
