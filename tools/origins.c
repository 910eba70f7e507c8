/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stacks of starts, by process; see origins.h.
 */
#include "tools/origins.h"

#include "tools/summary.h"

#include <string.h>

#define STACKS_MAX 20000
#define PIDS (1u << 17)  /* processes are looked up by the low bits of their pid, as in programs.c */
#define GENERATIONS 64   /* ancestors that are asked */

struct origins_pid {
	uint32_t pid, ppid;
	struct text started;  /* the stack of the call that started what runs */
	struct text spawning; /* the stack of the last call of this process that started another */
	bool execs;           /* it has called exec, and the program has not reported yet */
};

void origins_init(struct origins *origins, struct arena *arena)
{
	*origins = (struct origins){.pids = arena_take(arena, PIDS * sizeof(struct origins_pid))};
	table_init(&origins->stacks, arena, sizeof(struct table_entry), STACKS_MAX);
}

void origins_free(struct origins *origins)
{
	table_free(&origins->stacks);
}

/* What is known of a process, or NULL. */
static struct origins_pid *known(const struct origins *origins, uint32_t pid)
{
	struct origins_pid *place = &origins->pids[pid % PIDS];

	return pid != 0 && place->pid == pid ? place : NULL;
}

static struct text keep(struct origins *origins, struct text stack)
{
	const struct table_entry *entry = table_at(&origins->stacks, stack);

	return entry ? entry->key : (struct text){"", 0};
}

static bool begins(struct text text, const char *with)
{
	size_t len = strlen(with);

	return text.len >= len && !memcmp(text.data, with, len);
}

/* execve and its kin run in the process that becomes the program; posix_spawn and its kin in its parent. */
static bool is_exec(struct text call)
{
	return begins(call, "exec") || begins(call, "fexec");
}

static void add_start(struct origins *origins, const struct event *event)
{
	struct text stack = event_get(event, FIELD_SOURCE);
	struct origins_pid *place = &origins->pids[event->pid % PIDS];

	/* The kernel door sees no stack, and sees again what libc runs for posix_spawn. */
	if (event->door == DOOR_KERNEL)
		return;
	/* A child that was forked for this: it is told by the program that forked it. */
	if (place->pid != event->pid || event->ppid)
		*place = (struct origins_pid){.pid = event->pid, .ppid = event->ppid};
	if (!is_exec(event_get(event, FIELD_CALL)))
		place->spawning = keep(origins, stack);
	else if (stack.len > 0)
		place->started = keep(origins, stack);
	place->execs = is_exec(event_get(event, FIELD_CALL));
}

static void add_process(struct origins *origins, const struct event *event)
{
	struct origins_pid *place = &origins->pids[event->pid % PIDS];
	const struct origins_pid *parent = known(origins, event->ppid);

	if (place->pid == event->pid && (place->execs || place->ppid == event->ppid)) {
		if (!place->ppid)
			place->ppid = event->ppid;
		place->execs = false;
		place->spawning = (struct text){"", 0};
		return;
	}
	*place = (struct origins_pid){.pid = event->pid, .ppid = event->ppid};
	if (parent)
		place->started = parent->spawning;
}

void origins_add(struct origins *origins, const struct event *event)
{
	if (event->pid == 0)
		return;
	if (event->kind == EVENT_PROCESS)
		add_process(origins, event);
	else if (event->kind == EVENT_OPERATION && event->verb == VERB_EXEC && outcome_happened(outcome_of(event)))
		add_start(origins, event);
}

/* The nearest ancestor of EVENT, or itself, whose start has a stack; or NULL. */
static const struct origins_pid *start_of(const struct origins *origins, const struct event *event)
{
	uint32_t pid = event->pid;

	for (unsigned i = 0; i < GENERATIONS; i++) {
		const struct origins_pid *place = known(origins, pid);

		if (place && place->started.len > 0)
			return place;
		if (!place && i > 0)
			break;
		/* A process that runs no program of its own, such as a subshell, is told by its event alone. */
		pid = place && place->ppid ? place->ppid : (i == 0 ? event->ppid : 0);
	}
	return NULL;
}

struct text origins_start_of(const struct origins *origins, const struct event *event)
{
	const struct origins_pid *start = start_of(origins, event);

	return start ? start->started : (struct text){"", 0};
}

uint32_t origins_starter_of(const struct origins *origins, const struct event *event)
{
	const struct origins_pid *start = start_of(origins, event);

	return start ? start->ppid : 0;
}

struct text origins_of(const struct origins *origins, const struct event *event, bool *inherited)
{
	struct text stack = event_get(event, FIELD_SOURCE);

	*inherited = false;
	if (stack.len > 0)
		return stack;
	stack = origins_start_of(origins, event);
	*inherited = stack.len > 0;
	return stack;
}
