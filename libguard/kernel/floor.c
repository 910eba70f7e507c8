/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor; see floor.h.
 */
#include "libguard/kernel/floor.h"

#include "libguard/core/sys.h"

#include <errno.h>
#include <linux/prctl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>

/* The same on all machines. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

#define TELL_VERSION 1u /* LANDLOCK_CREATE_RULESET_VERSION */
#define RULE_BELOW 1    /* LANDLOCK_RULE_PATH_BENEATH */
#define RULE_PORT 2     /* LANDLOCK_RULE_NET_PORT */
#define LOG_NOTHING 1u  /* LANDLOCK_RESTRICT_SELF_LOG_SAME_EXEC_OFF; after an exec nothing is logged in any case */

/* struct landlock_path_beneath_attr and struct landlock_net_port_attr */
struct below {
	uint64_t rights;
	int32_t directory;
} __attribute__((packed));

struct port {
	uint64_t rights, port;
};

int floor_abi(void)
{
	return (int)SYS_3(SYS_landlock_create_ruleset, NULL, 0, TELL_VERSION);
}

void floor_mask(struct floor_scope *scope, int abi)
{
	if (abi < FLOOR_ABI_LEAST)
		scope->files = 0;
	if (abi < 3)
		scope->files &= ~(UINT64_C(1) << 14);
	if (abi < 4)
		scope->ports = 0;
	if (abi < 6)
		scope->kept_inside = 0;
}

int floor_ruleset(const struct floor_scope *scope)
{
	/* A kernel that knows a shorter structure wants zeros in the rest, which floor_mask has seen to. */
	return (int)SYS_3(SYS_landlock_create_ruleset, scope, sizeof *scope, 0);
}

int floor_allow_below(int ruleset, int directory, uint64_t rights)
{
	struct below rule = {rights, directory};

	return (int)SYS_4(SYS_landlock_add_rule, ruleset, RULE_BELOW, &rule, 0);
}

int floor_allow_port(int ruleset, uint16_t port, uint64_t rights)
{
	struct port rule = {rights, port};

	return (int)SYS_4(SYS_landlock_add_rule, ruleset, RULE_PORT, &rule, 0);
}

union control {
	struct cmsghdr head;
	char bytes[CMSG_SPACE(sizeof(int))];
};

int floor_send(int socket, int ruleset)
{
	char nothing = 0;
	struct iovec part = {&nothing, sizeof nothing};
	union control control;
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
	long sent;

	memset(&control, 0, sizeof control);
	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(sizeof ruleset);
	memcpy(CMSG_DATA(&control.head), &ruleset, sizeof ruleset);
	sent = SYS_3(SYS_sendmsg, socket, &message, MSG_NOSIGNAL);
	return sent < 0 ? (int)sent : 0;
}

static int receive(int socket)
{
	char nothing;
	struct iovec part = {&nothing, sizeof nothing};
	union control control;
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
	int ruleset = -EPIPE;
	long got;

	memset(&control, 0, sizeof control);
	do
		got = SYS_3(SYS_recvmsg, socket, &message, MSG_CMSG_CLOEXEC);
	while (got == -EINTR);
	if (got == sizeof nothing && message.msg_controllen >= CMSG_LEN(sizeof ruleset) && control.head.cmsg_type == SCM_RIGHTS)
		memcpy(&ruleset, CMSG_DATA(&control.head), sizeof ruleset);
	return ruleset;
}

static int put_on(int ruleset)
{
	long result = SYS_5(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);

	if (result < 0)
		return (int)result;
	result = SYS_2(SYS_landlock_restrict_self, ruleset, LOG_NOTHING);
	/* Before version 7, which logs nothing either. */
	if (result == -EINVAL)
		result = SYS_2(SYS_landlock_restrict_self, ruleset, 0);
	return (int)result;
}

int floor_take(int socket)
{
	int ruleset = receive(socket);
	int32_t error;

	if (ruleset < 0)
		return ruleset;
	error = -put_on(ruleset);
	sys_close(ruleset);
	return sys_call(SYS_sendto, socket, SYS_ARG(&error), sizeof error, MSG_NOSIGNAL, 0, 0) == sizeof error ? 0 : -EPIPE;
}
