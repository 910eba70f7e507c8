/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets: connect, bind, sending to an address, and sockets that send without naming one.
 *
 * The address is copied first; what was decided is what the kernel gets.
 */
#include "libguard/hooks/network.h"

#include "libguard/core/buf.h"
#include "libguard/core/sys.h"
#include "libguard/hooks/cancel.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

/* An address as the guest gave it, out of its reach. */
struct address {
	union {
		struct sockaddr any;
		struct sockaddr_storage storage;
	} copy;
	socklen_t len;
	const void *given; /* what goes to the kernel: the copy, or the guest's pointer when there is nothing to decide */
	struct addr addr;
};

/*
 * The family by which the kernel reads an address: some sockets (udp, raw) take what says AF_UNSPEC, or anything, for one
 * of their own. To connect by AF_UNSPEC is to disconnect.
 */
static sa_family_t family_of(int fd, const struct sockaddr *any, bool connects)
{
	sa_family_t family = any->sa_family;
	socklen_t size = sizeof(int);
	int domain;

	if (family == AF_INET || (connects && family == AF_UNSPEC))
		return family;
	if (SYS_5(SYS_getsockopt, fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0)
		return family == AF_UNSPEC ? AF_INET : family;
	return domain == AF_INET || domain == AF_INET6 ? (sa_family_t)domain : family;
}

static void take(struct address *address, int fd, const void *given, socklen_t len, bool connects)
{
	sa_family_t said;

	address->given = given;
	address->len = len;
	address->addr.family = ADDR_NONE;
	if ((uintptr_t)given < 4096 || len > sizeof address->copy)
		return; /* the kernel's to refuse */
	memcpy(&address->copy, given, len);
	address->given = &address->copy;
	if (len < sizeof said)
		return;
	said = address->copy.any.sa_family;
	address->copy.any.sa_family = family_of(fd, &address->copy.any, connects);
	if (addr_read(&address->copy.any, len, &address->addr) != 0)
		address->addr.family = ADDR_NONE;
	address->copy.any.sa_family = said;
}

/*
 * A unix socket's file as policies see it. Who connects or sends to one gets it held, and goes on by a name that leads to it
 * alone: a link in its own may change. What is bound must have its own name, which others are told.
 */
static struct operand *name_socket(struct call *call, struct address *address, verb_set verbs)
{
	struct sockaddr_un *copy = (struct sockaddr_un *)(void *)&address->copy;
	struct text socket = address->addr.socket;
	char name[sizeof address->addr.storage + 1];
	struct operand *operand;

	if (socket.len == 0 || socket.data[0] == '@') {
		operand = call_operand(call, verbs);
		operand->object.text = socket;
		return operand;
	}
	memcpy(name, socket.data, socket.len);
	name[socket.len] = '\0';
	if (verbs & VERB_SET(BIND)) {
		operand = call_operand(call, verbs);
		operand->object.text = socket;
		if (path_resolve(AT_FDCWD, name, true, call->scratch->rest, &operand->path) == 0)
			operand_named(operand);
		return operand;
	}
	call_file(call, AT_FDCWD, name, verbs);
	operand = &call->operands[call->count - 1];
	operand->unknown = call->result == 0 && operand->verbs && operand->path.len == 0;
	if (call->result == 0 && (operand->held || operand->verbs) && strlen(operand->last) < sizeof copy->sun_path) {
		strcpy(copy->sun_path, operand->last);
		address->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(copy->sun_path) + 1);
	}
	return operand;
}

static void name_address(struct call *call, struct address *address, verb_set verbs)
{
	struct addr *addr = &address->addr;
	struct buf text = {.data = call->scratch ? call->scratch->text : NULL, .cap = sizeof call->scratch->text / 2};
	struct operand *operand;

	/* Netlink asks the kernel about this machine; libc itself does so for every look-up. */
	if (!call->on || addr->family == ADDR_NONE || (addr->family == ADDR_OTHER && addr->other == AF_NETLINK))
		return;
	if (!(verbs & VERB_SET(BIND)))
		addr_as_peer(addr);
	operand = addr->family == ADDR_UNIX ? name_socket(call, address, verbs) : call_operand(call, verbs);
	operand->object.kind = OBJECT_ADDRESS;
	operand->object.addr = addr;
	if (addr->family == ADDR_UNIX)
		return;
	addr_write(addr, &text);
	operand->object.text = (struct text){text.data, text.len};
	for (unsigned i = 0; i < guard.session_count && operand->object.host.len == 0; i++) {
		char *host = call->scratch->text + sizeof call->scratch->text / 2;

		operand->object.host = (struct text){host, session_find_host(&guard.sessions[i], addr, host)};
	}
}

/*
 * May this process write the addresses of what it sends itself? No later call names them, so this counts as sending to
 * each. 0 or -errno.
 */
static long ask_anywhere(enum hook hook)
{
	struct address address = {.addr = {.family = ADDR_ANYWHERE}};
	struct call call;

	call_enter(&call, hook);
	name_address(&call, &address, VERB_SET(SEND));
	(void)!call_allowed(&call);
	return call_finish(&call);
}

/*
 * Packets with every header, or with every one but the link's; and SCTP, which has ways of its own to connect
 * (setsockopt) and is what a sequence of packets means to IP.
 */
static bool is_anywhere(int family, int type, int protocol)
{
	type &= ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
	return family == AF_PACKET || family == AF_XDP || type == SOCK_PACKET ||
	       ((family == AF_INET || family == AF_INET6) &&
		((type == SOCK_RAW && protocol == IPPROTO_RAW) || type == SOCK_SEQPACKET || protocol == IPPROTO_SCTP));
}

EXPORT int socket(int family, int type, int protocol)
{
	long error = is_anywhere(family, type, protocol) ? ask_anywhere(HOOK_socket) : 0;

	return (int)call_errno(error < 0 ? error : gate(SYS_socket, family, type, protocol));
}

/* Headers by which a packet goes elsewhere than to the address that is named: source routes. */
static bool writes_headers(int level, int option, socklen_t len)
{
	if (level == IPPROTO_IP)
		return option == IP_HDRINCL || (option == IP_OPTIONS && len > 0);
	return level == IPPROTO_IPV6 && (option == IPV6_HDRINCL || (len > 0 && (option == IPV6_RTHDR || option == IPV6_2292RTHDR ||
										option == IPV6_2292PKTOPTIONS)));
}

EXPORT int setsockopt(int fd, int level, int option, const void *value, socklen_t len)
{
	long error = writes_headers(level, option, len) ? ask_anywhere(HOOK_setsockopt) : 0;

	return (int)call_errno(error < 0 ? error : gate(SYS_setsockopt, fd, level, option, GATE_PTR(value), (long)len));
}

long network_ask(enum hook hook, const struct sockaddr *given, socklen_t len, enum verb verb)
{
	struct address address;
	struct call call;

	call_enter(&call, hook);
	take(&address, -1, given, len, verb == VERB_CONNECT);
	name_address(&call, &address, 1u << verb);
	(void)!call_allowed(&call);
	return call_finish(&call);
}

static int connect_hook(enum hook hook, int fd, const struct sockaddr *given, socklen_t len)
{
	struct address address;
	struct call call;

	call_enter(&call, hook);
	take(&address, fd, given, len, true);
	name_address(&call, &address, VERB_SET(CONNECT));
	if (call_allowed(&call))
		CANCEL_POINT(&call, call.result = gate(SYS_connect, fd, GATE_PTR(address.given), address.len));
	return (int)call_leave(&call);
}

EXPORT int connect(int fd, const struct sockaddr *given, socklen_t len)
{
	return connect_hook(HOOK_connect, fd, given, len);
}

EXPORT int __connect(int fd, const struct sockaddr *given, socklen_t len)
{
	return connect_hook(HOOK___connect, fd, given, len);
}

/* In the kernel door: a name that leads through "/proc/self" would lead through ours. The directory is held. */
static long bind_below(struct address *address, const struct operand *operand)
{
	struct sockaddr_un *copy = (struct sockaddr_un *)(void *)&address->copy;
	struct buf name = BUF_ON(copy->sun_path);

	if (operand->dir == AT_FDCWD)
		return 0;
	buf_str(&name, "/proc/self/fd/");
	buf_i64(&name, operand->dir);
	buf_char(&name, '/');
	buf_str(&name, operand->last);
	buf_cstr(&name);
	address->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + name.len + 1);
	return name.overflow ? -ENAMETOOLONG : 0;
}

static int bind_hook(enum hook hook, int fd, const struct sockaddr *given, socklen_t len)
{
	struct address address;
	struct call call;

	call_enter(&call, hook);
	take(&address, fd, given, len, false);
	name_address(&call, &address, VERB_SET(BIND));
	if (call.on && address.addr.family == ADDR_UNIX && address.addr.socket.len > 0 && address.addr.socket.data[0] != '@') {
		/* A name in the file system comes into being. The kernel makes it by the name given: it is what peers see. */
		char name[sizeof address.addr.storage + 1];

		memcpy(name, address.addr.socket.data, address.addr.socket.len);
		name[address.addr.socket.len] = '\0';
		call_name(&call, AT_FDCWD, name, VERB_SET(CREATE));
		if (UNLIKELY(path_guest.met) && call.result == 0)
			call.result = bind_below(&address, &call.operands[call.count - 1]);
	}
	if (call_allowed(&call))
		call.result = gate(SYS_bind, fd, GATE_PTR(address.given), address.len);
	return (int)call_leave(&call);
}

EXPORT int bind(int fd, const struct sockaddr *given, socklen_t len)
{
	return bind_hook(HOOK_bind, fd, given, len);
}

#define PORT_FIRST 600 /* glibc's range of reserved ports */
#define PORT_LAST 1023

/* A port below 1024 that is free; one that *address asks for is not looked at. */
EXPORT int bindresvport(int fd, struct sockaddr_in *address)
{
	static _Atomic unsigned turn;
	struct sockaddr_in any = {.sin_family = AF_INET};
	unsigned count = PORT_LAST - PORT_FIRST + 1;
	unsigned start = atomic_fetch_add_explicit(&turn, 1, memory_order_relaxed) + (unsigned)self_pid();
	int result = -1;

	if (!address)
		address = &any;
	else if (address->sin_family != AF_INET)
		return (int)call_errno(-EAFNOSUPPORT);
	for (unsigned i = 0; i < count; i++) {
		address->sin_port = htons((uint16_t)(PORT_FIRST + (start + i) % count));
		result = bind_hook(HOOK_bindresvport, fd, (struct sockaddr *)(void *)address, sizeof *address);
		if (result == 0 || errno != EADDRINUSE)
			break;
	}
	return result;
}

/* A socket that was bound to nothing gets any address and some port by it. */
static bool is_unbound(int fd, struct sockaddr_storage *own, socklen_t *len)
{
	*len = sizeof *own;
	if (SYS_3(SYS_getsockname, fd, own, len) != 0)
		return false;
	if (own->ss_family == AF_INET)
		return ((struct sockaddr_in *)(void *)own)->sin_port == 0;
	return own->ss_family == AF_INET6 && ((struct sockaddr_in6 *)(void *)own)->sin6_port == 0;
}

EXPORT int listen(int fd, int backlog)
{
	struct sockaddr_storage own;
	struct address address;
	struct call call;
	socklen_t len;

	call_enter(&call, HOOK_listen);
	if (call.on && is_unbound(fd, &own, &len)) {
		take(&address, fd, &own, len, false);
		name_address(&call, &address, VERB_SET(BIND));
	}
	if (call_allowed(&call))
		call.result = gate(SYS_listen, fd, backlog);
	return (int)call_leave(&call);
}

/* With MSG_FASTOPEN the first data connects. */
static verb_set verbs_of_send(int flags)
{
	return VERB_SET(SEND) | (flags & MSG_FASTOPEN ? VERB_SET(CONNECT) : 0);
}

EXPORT ssize_t sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *given, socklen_t len)
{
	struct address address;
	struct call call;
	long result;

	if (!given) {
		CANCEL_POINT(NULL, result = gate(SYS_sendto, fd, GATE_PTR(data), (long)size, flags, 0, 0));
		return call_errno(result);
	}
	call_enter(&call, HOOK_sendto);
	take(&address, fd, given, len, false);
	name_address(&call, &address, verbs_of_send(flags));
	if (call_allowed(&call))
		CANCEL_POINT(&call, call.result = gate(SYS_sendto, fd, GATE_PTR(data), (long)size, flags,
						       GATE_PTR(address.given), address.len));
	return call_leave(&call);
}

/* Does this one message carry such headers? */
static bool has_headers(const struct msghdr *message)
{
	if (message->msg_controllen < CMSG_LEN(0) || (uintptr_t)message->msg_control < 4096)
		return false;
	for (struct cmsghdr *at = CMSG_FIRSTHDR(message); at; at = CMSG_NXTHDR((struct msghdr *)(uintptr_t)message, at)) {
		if ((at->cmsg_level == IPPROTO_IP && at->cmsg_type == IP_RETOPTS) ||
		    (at->cmsg_level == IPPROTO_IPV6 && (at->cmsg_type == IPV6_RTHDR || at->cmsg_type == IPV6_2292RTHDR)))
			return true;
	}
	return false;
}

static ssize_t send_message(enum hook hook, int fd, const struct msghdr *message, int flags)
{
	struct address address;
	struct msghdr copy;
	struct call call;
	long result;

	if ((uintptr_t)message >= 4096 && UNLIKELY(has_headers(message))) {
		result = ask_anywhere(hook);
		if (result < 0)
			return call_errno(result);
	}
	if ((uintptr_t)message < 4096 || !message->msg_name) {
		CANCEL_POINT(NULL, result = gate(SYS_sendmsg, fd, GATE_PTR(message), flags));
		return call_errno(result);
	}
	copy = *message;
	call_enter(&call, hook);
	take(&address, fd, copy.msg_name, copy.msg_namelen, false);
	name_address(&call, &address, verbs_of_send(flags));
	copy.msg_name = (void *)(uintptr_t)address.given;
	copy.msg_namelen = address.len;
	if (call_allowed(&call))
		CANCEL_POINT(&call, call.result = gate(SYS_sendmsg, fd, GATE_PTR(&copy), flags));
	return call_leave(&call);
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	return send_message(HOOK_sendmsg, fd, message, flags);
}

/* One message after another: what was sent before a refused one stays sent, as with any other error. */
static int send_messages(enum hook hook, int fd, struct mmsghdr *messages, unsigned count, int flags)
{
	unsigned sent = 0;

	for (; sent < count; sent++) {
		ssize_t len = send_message(hook, fd, &messages[sent].msg_hdr, flags);

		if (len < 0)
			return sent > 0 ? (int)sent : -1;
		messages[sent].msg_len = (unsigned)len;
	}
	return (int)sent;
}

EXPORT int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
	return send_messages(HOOK_sendmmsg, fd, messages, count, flags);
}

EXPORT int __sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
	return send_messages(HOOK___sendmmsg, fd, messages, count, flags);
}
