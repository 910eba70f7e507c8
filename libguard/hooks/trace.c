/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Getting hold of other processes, and making ones in a world of their own:
 * ptrace, clone. Both take a varying number of arguments.
 */
#include "libguard/hooks/call.h"
#include "libguard/hooks/next.h"

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <sys/ptrace.h>

/* The first grip is the decision; every other request needs it. PTRACE_TRACEME gives the parent a grip on this process. */
EXPORT long ptrace(enum __ptrace_request request, ...)
{
	struct call call;
	va_list rest;
	pid_t pid;
	void *address, *data;

	va_start(rest, request);
	pid = va_arg(rest, pid_t);
	address = va_arg(rest, void *);
	data = va_arg(rest, void *);
	va_end(rest);
	if (request != PTRACE_ATTACH && request != PTRACE_SEIZE && request != PTRACE_TRACEME)
		return NEXT_OF(ptrace)(request, pid, address, data);
	call_enter(&call, HOOK_ptrace);
	if (request == PTRACE_TRACEME)
		call_self(&call, VERB_SET(TRACE));
	else
		call_peer(&call, pid, VERB_SET(TRACE));
	if (call_allowed(&call))
		call.result = gate(SYS_ptrace, request, pid, GATE_PTR(address), GATE_PTR(data));
	return call_leave(&call);
}

#define NEW_NAMESPACES                                                                                                 \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

typedef int clone_function(int (*)(void *), void *, int, void *, ...);

/* The child starts on a stack of its own and never comes back through here. */
static int clone_hook(enum hook hook, clone_function *next, int (*run)(void *), void *stack, int flags, void *argument,
		      void *rest[3])
{
	struct call call;

	if (flags & NEW_NAMESPACES) {
		call_enter(&call, hook);
		call_self(&call, VERB_SET(NAMESPACE));
		if (!call_allowed(&call) || call_finish(&call) < 0)
			return (int)call_leave(&call);
	}
	return next(run, stack, flags, argument, rest[0], rest[1], rest[2]);
}

#define CLONE(name)                                                                                                    \
	EXPORT int name(int (*run)(void *), void *stack, int flags, void *argument, ...)                               \
	{                                                                                                              \
		void *all[3];                                                                                          \
		va_list rest;                                                                                          \
                                                                                                                       \
		va_start(rest, argument);                                                                              \
		for (unsigned i = 0; i < 3; i++)                                                                       \
			all[i] = va_arg(rest, void *);                                                                 \
		va_end(rest);                                                                                          \
		return clone_hook(HOOK_##name, NEXT_OF(name), run, stack, flags, argument, all);                       \
	}

CLONE(clone)
CLONE(__clone)
