/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the code that both doors share needs of its surroundings, in the kernel
 * door: acting, telling, and the few calls that are different for a supervisor.
 */
#include "libguard/core/buf.h"
#include "libguard/core/path.h"
#include "libguard/core/sys.h"
#include "libguard/door/guest.h"
#include "libguard/door/jail.h"
#include "libguard/door/limits.h"
#include "libguard/hooks/act.h"
#include "libguard/hooks/call.h"
#include "libguard/hooks/next.h"
#include "libguard/hooks/origin.h"
#include "libguard/hooks/process.h"

#include <errno.h>
#include <linux/openat2.h>
#include <poll.h>
#include <string.h>
#include <sys/timex.h>

#ifndef SYS_openat2
#define SYS_openat2 437
#endif

void *_Atomic next_functions[HOOK_COUNT];

/* Where "/proc/self" leads, asked by the guest, is not where it leads for us. */
static long read_own_link(const long args[GATE_ARGS], long result)
{
	const char *name = (const char *)args[1];
	char directory[64], link[32];
	struct buf buf = BUF_ON(link);
	struct guest_name own = {"/proc/self/fd/"};
	struct buf own_buf = {.data = own.text, .cap = sizeof own.text, .len = strlen(own.text)};
	ssize_t len;

	buf_i64(&own_buf, args[0]);
	len = sys_readlinkat(AT_FDCWD, buf_cstr(&own_buf), directory, sizeof directory);
	if (len != 5 || memcmp(directory, "/proc", 5) != 0)
		return result;
	buf_i64(&buf, guest.pid);
	if (*name == 't') {
		buf_str(&buf, "/task/");
		buf_i64(&buf, guest.tid);
	}
	len = (ssize_t)buf.len < args[3] ? (ssize_t)buf.len : args[3];
	memcpy((char *)args[2], link, (size_t)len);
	return len;
}

/* What the kernel would refuse the guest, and does not refuse us. */
static long limited(long number, const long args[GATE_ARGS])
{
	switch (number) {
	case SYS_truncate:
		return limits_size((const char *)args[0], (uint64_t)args[1]);
	case SYS_openat:
		return limits_open((uint64_t)args[2]);
	case SYS_openat2:
		return limits_open(*(const uint64_t *)args[2]); /* struct open_how begins with its flags */
	case SYS_mq_open:
		return limits_open((uint64_t)args[1]);
	default:
		return 0;
	}
}

/* What no rules of a guest's own could refuse, and is done often. */
static bool only_holds(long number, const long args[GATE_ARGS])
{
	if (number == SYS_openat)
		return args[2] & O_PATH;
	if (number == SYS_openat2)
		return ((const struct open_how *)args[2])->flags & O_PATH;
	return number == SYS_close || number == SYS_fstat || number == SYS_readlinkat;
}

long gate_call(long number, const long args[GATE_ARGS])
{
	long result;

	/* To find and hold an object is ours in any case. */
	if (guest.asks && number != SYS_openat && number != SYS_openat2 && number != SYS_close && number != SYS_fstat) {
		guest.reached = true;
		return 0;
	}
	result = limited(number, args);
	if (result < 0)
		return result;
	if (UNLIKELY(guest.jail != NULL) && !only_holds(number, args))
		result = jail_call(guest.jail, number, args);
	else
		result = sys_call(number, args[0], args[1], args[2], args[3], args[4], args[5]);
	if (number == SYS_readlinkat && result > 0 && (!strcmp((const char *)args[1], "self") || !strcmp((const char *)args[1], "thread-self")))
		result = read_own_link(args, result);
	return result;
}

void guard_set_root(struct text root)
{
	(void)root;
}

void guard_say(const char *line, size_t len)
{
	struct pollfd descriptor = {.fd = 2, .events = POLLOUT};

	/* A pipe with room takes a line of PIPE_BUF whole. SIGPIPE is blocked here. */
	if (poll(&descriptor, 1, 0) == 1 && (descriptor.revents & POLLOUT) && !(descriptor.revents & POLLERR))
		sys_write(2, line, len);
}

/* Another process's stack is not ours to read. */
void origin_add(struct origin *origin, const struct policy_log *log, struct event *event)
{
	(void)origin;
	(void)log;
	(void)event;
}

void origin_release(struct origin *origin)
{
	(void)origin;
}

void process_uncovered(struct text program, struct text argv, enum event_coverage why, unsigned from)
{
	struct session *session = &guard.sessions[0];
	struct event event = {
		.kind = EVENT_COVERAGE,
		.verb = VERB_EXEC,
		.verbs = VERB_SET(EXEC),
		.door = DOOR_KERNEL,
		.coverage = (uint8_t)why,
		.rule = RULE_NOT_ASKED,
		.pid = (uint32_t)guest.pid,
		.tid = (uint32_t)guest.tid,
		.ppid = guest_parent(),
		.uid = (uint32_t)guard.euid,
		.time_ns = sys_now_ns(),
	};

	if (from > 0 || guest.hooked)
		return; /* recorded by the hook */
	atomic_fetch_add_explicit(&session->state->uncovered, 1, memory_order_relaxed);
	event_add(&event, FIELD_OBJECT, program);
	event_add(&event, FIELD_ARGV, argv);
	log_write(&session->log, &event);
}

/* A change of root is the guest's own: decided here, done by the kernel. */
int chroot(const char *path)
{
	struct call call;

	call_enter(&call, HOOK_chroot);
	call_file(&call, AT_FDCWD, path, VERB_SET(MOUNT));
	call.operands[0].object.kind = OBJECT_PROCESS;
	if (call_allowed(&call))
		call.result = gate(SYS_chroot, 0);
	return (int)call_leave(&call);
}

/* The clock of a descriptor (clock_getres(2), FD_TO_CLOCKID) is the guest's. */
static long clock_here(long id)
{
	int fd;

	if (id >= 0 || (id & 7) != 3)
		return id;
	fd = guest_fd((int)~(id >> 3));
	return fd < 0 ? fd : (long)((~(unsigned)fd << 3) | 3);
}

static int set_clock(enum hook hook, long id, struct timex *clock)
{
	struct call call;

	call_enter(&call, hook);
	call_self(&call, act_sets_clock(clock) ? VERB_SET(KERNEL) : 0);
	if (call_allowed(&call))
		call.result = hook == HOOK_adjtimex ? gate(SYS_adjtimex, GATE_PTR(clock)) : gate(SYS_clock_adjtime, id, GATE_PTR(clock));
	return (int)call_leave(&call);
}

int adjtimex(struct timex *clock)
{
	return set_clock(HOOK_adjtimex, 0, clock);
}

int clock_adjtime(clockid_t id, struct timex *clock)
{
	return set_clock(HOOK_clock_adjtime, clock_here(id), clock);
}

int pivot_root(const char *root, const char *old)
{
	struct call call;

	(void)old;
	call_enter(&call, HOOK_pivot_root);
	call_place(&call, root, true, VERB_SET(MOUNT));
	if (call_allowed(&call))
		call.result = gate(SYS_pivot_root, 0);
	return (int)call_leave(&call);
}
