/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking up host names: decided by name, and remembered, so that rules about
 * hosts know the addresses.
 */
#include "libguard/hooks/call.h"
#include "libguard/hooks/next.h"

#include "libguard/core/sys.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#define HOST_MAX 255
#define RECORDED_MAX 8 /* addresses of one look-up that are recorded and remembered */

struct lookup {
	struct call call;
	char host[HOST_MAX + 1];
	bool decided; /* a name that somebody has to be asked for */
};

/* Begin. False: refused. */
static bool start(struct lookup *lookup, enum hook hook, const char *node)
{
	struct object object = {.kind = OBJECT_HOST};
	unsigned char address[16];
	size_t len;
	bool allowed;

	call_enter(&lookup->call, hook);
	lookup->decided = false;
	if (!lookup->call.on)
		return !lookup->call.refused;
	if (!node || inet_aton(node, (struct in_addr *)(void *)address) || inet_pton(AF_INET6, node, address) == 1) {
		call_finish(&lookup->call);
		return true;
	}
	len = strnlen(node, HOST_MAX);
	for (size_t i = 0; i < len; i++)
		lookup->host[i] = node[i] >= 'A' && node[i] <= 'Z' ? (char)(node[i] | 0x20) : node[i];
	while (len > 0 && lookup->host[len - 1] == '.')
		len--;
	lookup->host[len] = '\0';
	object.text = (struct text){lookup->host, len};
	call_object(&lookup->call, &object, VERB_SET(RESOLVE));
	lookup->decided = true;
	allowed = call_allowed(&lookup->call);
	/* libc's look-up calls hooks itself. */
	call_release(&lookup->call);
	return allowed;
}

static void finish(struct lookup *lookup, int error)
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
		finish(&lookup, 0);
		return EAI_FAIL;
	}
	result = NEXT_OF(getaddrinfo)(node, service, hints, out);
	finish(&lookup, result ? EIO : 0);
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

EXPORT struct hostent *gethostbyname(const char *name)
{
	struct lookup lookup;
	struct hostent *entry;

	if (!start(&lookup, HOOK_gethostbyname, name)) {
		finish(&lookup, 0);
		h_errno = NO_RECOVERY;
		return NULL;
	}
	entry = NEXT_OF(gethostbyname)(name);
	finish(&lookup, entry ? 0 : EIO);
	remember_entry(&lookup, entry);
	return entry;
}

EXPORT struct hostent *gethostbyname2(const char *name, int family)
{
	struct lookup lookup;
	struct hostent *entry;

	if (!start(&lookup, HOOK_gethostbyname2, name)) {
		finish(&lookup, 0);
		h_errno = NO_RECOVERY;
		return NULL;
	}
	entry = NEXT_OF(gethostbyname2)(name, family);
	finish(&lookup, entry ? 0 : EIO);
	remember_entry(&lookup, entry);
	return entry;
}

EXPORT int gethostbyname_r(const char *name, struct hostent *entry, char *data, size_t size, struct hostent **out, int *error)
{
	struct lookup lookup;
	int result;

	if (!start(&lookup, HOOK_gethostbyname_r, name)) {
		finish(&lookup, 0);
		*out = NULL;
		*error = NO_RECOVERY;
		return EACCES;
	}
	result = NEXT_OF(gethostbyname_r)(name, entry, data, size, out, error);
	finish(&lookup, *out ? 0 : EIO);
	remember_entry(&lookup, *out);
	return result;
}

EXPORT int gethostbyname2_r(const char *name, int family, struct hostent *entry, char *data, size_t size,
			    struct hostent **out, int *error)
{
	struct lookup lookup;
	int result;

	if (!start(&lookup, HOOK_gethostbyname2_r, name)) {
		finish(&lookup, 0);
		*out = NULL;
		*error = NO_RECOVERY;
		return EACCES;
	}
	result = NEXT_OF(gethostbyname2_r)(name, family, entry, data, size, out, error);
	finish(&lookup, *out ? 0 : EIO);
	remember_entry(&lookup, *out);
	return result;
}
