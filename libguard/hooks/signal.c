/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals to other processes. To itself a process may send any: raise,
 * pthread_kill and abort are no hooks.
 */
#include "libguard/core/buf.h"
#include "libguard/core/sys.h"
#include "libguard/hooks/act.h"
#include "libguard/hooks/call.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

/* Linux: what getdents64 gives. */
struct entry {
	uint64_t inode;
	int64_t offset;
	uint16_t size; /* bytes of this entry */
	uint8_t type;
	char name[];
};

static pid_t number_of(const char *text)
{
	pid_t number = 0;

	for (; *text >= '0' && *text <= '9'; text++)
		number = number * 10 + (*text - '0');
	return *text ? 0 : number;
}

/* One member: a call of its own, so that each is decided and recorded by what it is. */
static bool member_allowed(enum hook hook, pid_t pid, int number, long *error)
{
	struct call call;
	bool allowed;

	call_enter(&call, hook);
	call_signal(&call, pid, number);
	allowed = call_allowed(&call);
	if (!allowed)
		*error = call.result;
	call_finish(&call);
	return allowed;
}

bool act_signals_group(enum hook hook, pid_t group, int number, long *error)
{
	_Alignas(8) char entries[2048];
	int directory = sys_open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	bool allowed = true;
	long len;

	if (directory < 0) {
		*error = -EPERM; /* whom it would reach cannot be told */
		return false;
	}
	while (allowed && (len = SYS_3(SYS_getdents64, directory, entries, sizeof entries)) > 0) {
		for (long at = 0; allowed && at < len;) {
			const struct entry *entry = (const void *)(entries + at);
			pid_t pid = number_of(entry->name);

			at += entry->size;
			if (pid <= 0 || pid == self_pid() || (group == 0 ? pid == 1 : (pid_t)SYS_1(SYS_getpgid, pid) != group))
				continue;
			allowed = member_allowed(hook, pid, number, error);
		}
	}
	sys_close(directory);
	return allowed;
}

void act_sent_by_fd(struct call *call, int fd, int number, unsigned flags)
{
	pid_t peer = peer_of_pidfd(fd);
	long error = 0;

	if (!(flags & ACT_SIGNAL_GROUP))
		call_signal(call, peer, number);
	else if (call->on && number != 0 && peer > 0 && !act_signals_group(call->hook, peer, number, &error))
		call->result = error;
}

static long kill_hook(enum hook hook, pid_t pid, int number)
{
	struct call call;
	long error = 0;

	if (number != 0 && pid <= 0 && guard_ready()) {
		pid_t group = pid == 0 ? (pid_t)SYS_1(SYS_getpgid, 0) : (pid == -1 ? 0 : -pid);

		if (!act_signals_group(hook, group, number, &error))
			return error;
		return gate(SYS_kill, pid, number);
	}
	call_enter(&call, hook);
	call_signal(&call, pid, number);
	if (call_allowed(&call))
		call.result = gate(SYS_kill, pid, number);
	return call_finish(&call);
}

EXPORT int kill(pid_t pid, int number)
{
	return (int)call_errno(kill_hook(HOOK_kill, pid, number));
}

EXPORT int killpg(pid_t group, int number)
{
	return (int)call_errno(group < 0 ? -EINVAL : kill_hook(HOOK_killpg, -group, number));
}

long act_sigqueue(pid_t pid, int number, const union sigval value)
{
	siginfo_t info;

	memset(&info, 0, sizeof info);
	info.si_signo = number;
	info.si_code = SI_QUEUE;
	info.si_pid = self_pid();
	info.si_uid = (uid_t)SYS_0(SYS_getuid);
	info.si_value = value;
	return gate(SYS_rt_sigqueueinfo, pid, number, GATE_PTR(&info));
}
