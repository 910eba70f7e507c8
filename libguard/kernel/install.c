/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Installing the filter; see install.h.
 */
#include "libguard/kernel/install.h"

#include "libguard/core/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#ifndef SECCOMP_FILTER_FLAG_SPEC_ALLOW
#define SECCOMP_FILTER_FLAG_SPEC_ALLOW (1ul << 2)
#endif
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1ul << 5)
#endif

static void send_report(int socket, int listener)
{
	struct install_report report = {listener < 0 ? -listener : 0};
	struct iovec part = {&report, sizeof report};
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof listener)];
	} control;
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	if (listener >= 0) {
		memset(&control, 0, sizeof control);
		message.msg_control = &control;
		message.msg_controllen = sizeof control;
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(sizeof listener);
		memcpy(CMSG_DATA(&control.head), &listener, sizeof listener);
	}
	SYS_3(SYS_sendmsg, socket, &message, MSG_NOSIGNAL);
}

/* Wait for the listener's number, which is ours as well, and send it. */
static void __attribute__((noreturn)) messenger(int from, int socket)
{
	int listener;

	if (sys_read(from, &listener, sizeof listener) == sizeof listener)
		send_report(socket, listener);
	sys_exit(0);
}

static long install(const struct sock_filter *filter, unsigned count)
{
	struct sock_fprog program = {(unsigned short)count, (struct sock_filter *)(uintptr_t)filter};
	unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	long listener = SYS_5(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);

	if (listener < 0)
		return listener;
	listener = SYS_3(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &program);
	/* Before Linux 5.19. */
	if (listener == -EINVAL)
		listener = SYS_3(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
	return listener;
}

int install_filter(int socket, const struct sock_filter *filter, unsigned count)
{
	int ends[2], listener, status;
	long pid, result = SYS_2(SYS_pipe2, ends, O_CLOEXEC);

	if (result < 0)
		return (int)result;
	/* As fork, but for the descriptors; no signal tells of its end. */
	pid = sys_call(SYS_clone, CLONE_FILES, 0, 0, 0, 0, 0);
	if (pid == 0)
		messenger(ends[0], socket);
	listener = pid < 0 ? (int)pid : (int)install(filter, count);
	sys_write(ends[1], &listener, sizeof listener);
	if (pid > 0)
		SYS_4(SYS_wait4, pid, &status, __WALL, NULL);
	else
		send_report(socket, listener);
	if (listener >= 0)
		sys_close(listener);
	sys_close(ends[0]);
	sys_close(ends[1]);
	return listener < 0 ? listener : 0;
}
