/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Process records made into a tree; see programs.h.
 */
#include "tools/programs.h"

#include "libguard/core/buf.h"

#include <string.h>

#define PROGRAMS_MAX 20000 /* nodes */
#define DEPTH_MAX 64       /* what is deeper hangs from here: a report is no place for more */

/*
 * Processes are looked up by the low bits of their pid. Pids are given out in a row, so two that live at the same
 * time and share a place are PIDS apart; then the older one's children lose their parent, nothing else.
 */
#define PIDS (1u << 17)

struct program_pid {
	uint32_t pid, ppid;
	struct program *program;
	bool execs;  /* it has called exec, and the program has not reported yet */
	bool forked; /* runs none of its own: the program is the one it was forked from */
};

void programs_init(struct programs *programs, struct arena *arena)
{
	*programs = (struct programs){.pids = arena_take(arena, PIDS * sizeof(struct program_pid))};
	table_init(&programs->table, arena, sizeof(struct program), PROGRAMS_MAX);
	table_init(&programs->unhooked, arena, sizeof(struct unhooked), PROGRAMS_MAX);
}

static struct program_pid *place_of(const struct programs *programs, uint32_t pid)
{
	return &programs->pids[pid % PIDS];
}

static struct program *running(const struct programs *programs, uint32_t pid)
{
	const struct program_pid *place = place_of(programs, pid);

	return pid != 0 && place->pid == pid ? place->program : NULL;
}

/* A hook tells of a program that is not covered before it runs: in the process that calls exec, or that spawns another. */
static bool is_told_by_parent(const struct program_pid *place, const struct event *event)
{
	return event->kind == EVENT_COVERAGE && event->door != DOOR_KERNEL && !(place->pid == event->pid && place->execs);
}

/*
 * A process that has run a program before and still has the same parent is taken to have called exec itself; the
 * log does not tell of ends, so a pid used again by the same parent looks alike.
 */
static struct program *parent_of(const struct programs *programs, const struct event *event)
{
	const struct program_pid *place = place_of(programs, event->pid);

	if (place->pid == event->pid && (place->forked || place->ppid == event->ppid || event->ppid == 0 || is_told_by_parent(place, event)))
		return place->program;
	return running(programs, event->ppid);
}

static void hang(struct programs *programs, struct program *program, struct program *parent)
{
	struct program **first = parent ? &parent->first : &programs->first;
	struct program **last = parent ? &parent->last : &programs->last;

	program->parent = parent;
	program->depth = parent ? parent->depth + 1 : 0;
	if (*last)
		(*last)->next = program;
	else
		*first = program;
	*last = program;
}

/* The node of a program below PARENT, or NULL when there are too many. */
static struct program *node(struct programs *programs, struct program *parent, const struct event *event,
			    struct text exe, struct text argv)
{
	char storage[2 * EVENT_SLOT * EVENT_SLOTS_MAX + 32];
	struct buf key = BUF_ON(storage);
	struct program *program;

	buf_u64(&key, (uint64_t)(uintptr_t)parent);
	buf_char(&key, (char)event->coverage);
	buf_bytes(&key, exe.data, exe.len);
	buf_char(&key, '\0');
	buf_bytes(&key, argv.data, argv.len);
	program = table_at(&programs->table, (struct text){key.data, key.len});
	if (!program || program->count++)
		return program;
	program->argv = (struct text){program->entry.key.data + key.len - argv.len, argv.len};
	program->exe = (struct text){program->argv.data - 1 - exe.len, exe.len};
	program->number = (uint32_t)programs->table.count - 1;
	program->coverage = event->coverage;
	program->first_ns = event->time_ns;
	program->pid = event->pid;
	program->uid = event->uid;
	hang(programs, program, parent);
	return program;
}

static void count_unhooked(struct programs *programs, const struct event *event, struct text exe)
{
	char storage[EVENT_SLOT * EVENT_SLOTS_MAX + 1];
	struct buf key = BUF_ON(storage);
	struct unhooked *unhooked;

	buf_char(&key, (char)event->coverage);
	buf_bytes(&key, exe.data, exe.len);
	unhooked = table_at(&programs->unhooked, (struct text){key.data, key.len});
	if (!unhooked)
		return;
	unhooked->count++;
	unhooked->coverage = event->coverage;
	unhooked->exe = (struct text){unhooked->entry.key.data + 1, exe.len};
}

void programs_add(struct programs *programs, const struct event *event)
{
	struct program *parent = parent_of(programs, event);
	struct text exe = event_get(event, FIELD_EXE);
	struct program *program;

	if (exe.len == 0)
		exe = event_get(event, FIELD_OBJECT);
	if (event->kind == EVENT_COVERAGE)
		programs->uncovered++;
	else
		programs->started++;
	if (event->coverage != COVER_HOOKS)
		count_unhooked(programs, event, exe);
	while (parent && parent->depth >= DEPTH_MAX)
		parent = parent->parent;
	program = node(programs, parent, event, exe, event_get(event, FIELD_ARGV));
	/* Who reports a program that is not covered may be its parent: its pid goes on meaning what it meant. */
	if (event->pid != 0 && !is_told_by_parent(place_of(programs, event->pid), event))
		*place_of(programs, event->pid) =
			(struct program_pid){.pid = event->pid, .ppid = event->ppid, .program = program ? program : parent};
}

/* Does its process become a program by this? posix_spawn and its kin are recorded in the parent. */
static bool becomes_another(const struct event *event)
{
	struct text call = event_get(event, FIELD_CALL);
	const char *at = call.len > 0 && call.data[0] == 'f' ? call.data + 1 : call.data;

	return event->verb == VERB_EXEC && call.len > 5 && !strncmp(at, "exec", 4);
}

void programs_add_operation(struct programs *programs, const struct event *event)
{
	struct program *program = running(programs, event->pid), *origin;

	if (event->verb == VERB_EXEC && event->ppid != 0 && (origin = running(programs, event->ppid)) != NULL) {
		*place_of(programs, event->pid) =
			(struct program_pid){.pid = event->pid, .ppid = event->ppid, .program = origin, .forked = true};
		program = origin;
	} else if (!program) {
		program = running(programs, event->ppid);
	}
	if (program)
		program->doors[event->door]++;
	if (place_of(programs, event->pid)->pid == event->pid)
		place_of(programs, event->pid)->execs = becomes_another(event);
}

const struct program *programs_of(const struct programs *programs, const struct event *event)
{
	const struct program *program = running(programs, event->pid);

	return program ? program : running(programs, event->ppid);
}

void programs_free(struct programs *programs)
{
	table_free(&programs->table);
	table_free(&programs->unhooked);
}
