/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session as folded stacks, which flame graphs are made of: a line for each different stack of an operation,
 * outermost frame first, frames separated by semicolons, then a blank and how often.
 *
 * A stack is the programs that led to the process, each one's frames of its language behind it, and the operation.
 * Frames that are those of a start stand behind the program that started. Where the language has none, the native
 * frames are told.
 */
#include "tools/trace.h"

#include "tools/escape.h"

#include <string.h>

#define STACKS_MAX 200000 /* different ones that are told apart */
#define PROGRAMS_MAX 128  /* of a stack, innermost ones; a tree is not that deep */
#define FRAMES_MAX 64     /* of a stack of one kind */

struct stack {
	struct table_entry entry;
	uint64_t count;
};

struct trace_folded {
	struct table stacks;
	char key[16 * EVENT_SLOT * EVENT_SLOTS_MAX];
};

static void *begin_folded(struct trace *trace)
{
	struct trace_folded *state = arena_take(&trace->summary.arena, sizeof *state);

	table_init(&state->stacks, &trace->summary.arena, sizeof(struct stack), STACKS_MAX);
	return state;
}

/* One frame: nothing in it acts, and no semicolon ends it early. */
static void write_frame(struct text frame, struct buf *out)
{
	while (frame.len > 0) {
		const char *end = memchr(frame.data, ';', frame.len);
		size_t len = end ? (size_t)(end - frame.data) : frame.len;

		escape_terminal((struct text){frame.data, len}, out);
		if (end)
			buf_str(out, "\\x3b");
		len += end != NULL;
		frame = (struct text){frame.data + len, frame.len - len};
	}
}

/* Frames separated by NUL, innermost first, as they come: outermost first, each with a semicolon behind it. */
static void write_frames(struct text stack, bool native, struct buf *out)
{
	struct text frames[FRAMES_MAX];
	unsigned count = 0;

	while (stack.len > 0 && count < FRAMES_MAX) {
		const char *end = memchr(stack.data, '\0', stack.len);
		size_t len = end ? (size_t)(end - stack.data) : stack.len;
		/* A build-id behind the place tells nobody who looks at a picture anything. */
		const char *blank = native ? memrchr(stack.data, ' ', len) : NULL;

		frames[count++] = (struct text){stack.data, blank ? (size_t)(blank - stack.data) : len};
		len += end != NULL;
		stack = (struct text){stack.data + len, stack.len - len};
	}
	while (count-- > 0)
		if (frames[count].len > 0) {
			write_frame(frames[count], out);
			buf_char(out, ';');
		}
}

/* The programs from the outermost to the innermost one; STARTED are frames that stand behind the program STARTER. */
static void write_programs(const struct program *innermost, const struct program *starter, struct text started,
			   struct buf *out)
{
	const struct program *programs[PROGRAMS_MAX];
	unsigned count = 0, behind = 1; /* number of the starter; the one outside of the innermost when it is not among them */

	for (const struct program *at = innermost; at && count < PROGRAMS_MAX; at = at->parent) {
		if (at == starter)
			behind = count;
		programs[count++] = at;
	}
	if (behind >= count)
		write_frames(started, false, out);
	while (count-- > 0) {
		struct text name = trace_base_name(programs[count]->exe);

		write_frame(name.len > 0 ? name : TEXT("?"), out);
		buf_char(out, ';');
		if (count == behind)
			write_frames(started, false, out);
	}
}

static void add_event(struct trace *trace, void *closure, const struct event *event, bool selected)
{
	struct trace_folded *state = closure;
	const struct summary *summary = &trace->summary;
	struct buf key = BUF_ON(state->key);
	struct text own = event_get(event, FIELD_SOURCE), started = {"", 0};
	struct event starter = {.pid = 0};
	enum outcome outcome;
	struct stack *stack;

	if (!selected || event->kind != EVENT_OPERATION)
		return;
	outcome = outcome_of(event);
	if (own.len == 0) {
		started = origins_start_of(&summary->origins, event);
		starter.pid = origins_starter_of(&summary->origins, event);
	}
	write_programs(programs_of(&summary->programs, event), programs_of(&summary->programs, &starter), started, &key);
	if (own.len > 0)
		write_frames(own, false, &key);
	else
		write_frames(event_get(event, FIELD_STACK), true, &key);
	buf_str(&key, verb_table[event->verb].word);
	if (outcome_refuses(outcome))
		buf_str(&key, outcome == OUTCOME_REFUSED ? " (refused)" : " (would be refused)");
	stack = table_at(&state->stacks, (struct text){key.data, key.len});
	if (stack)
		stack->count++;
}

static void end_folded(struct trace *trace, void *closure)
{
	struct trace_folded *state = closure;

	for (size_t i = 0; i < state->stacks.count; i++) {
		const struct stack *stack = (const struct stack *)state->stacks.items[i];

		output_bytes(trace->output, stack->entry.key.data, stack->entry.key.len);
		output_format(trace->output, " %llu\n", (unsigned long long)stack->count);
	}
	if (state->stacks.refused)
		output_format(trace->output, "(more different stacks than are told apart) %llu\n",
			      (unsigned long long)state->stacks.refused);
	table_free(&state->stacks);
}

const struct trace_format trace_format_folded = {
	.name = "folded",
	.begin = begin_folded,
	.event = add_event,
	.end = end_folded,
};
