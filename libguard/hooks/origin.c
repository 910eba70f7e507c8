/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an operation comes from; see origin.h.
 */
#include "libguard/hooks/origin.h"

#include "libguard/record/node.h"
#include "libguard/record/python.h"
#include "libguard/record/stack.h"

#include <dlfcn.h>

static FRONT struct python python;
static FRONT bool has_node, has_native;

/*
 * Is there an interpreter? The loader has answered that when it bound these names; a dlsym(3) that finds nothing takes
 * memory for a message and 10 us, in every process.
 */
extern void *PyGILState_GetThisThreadState(void) __attribute__((weak));
extern void *try_get_current(void) __asm__("_ZN2v87Isolate13TryGetCurrentEv") __attribute__((weak));

static void *find_symbol(const char *name)
{
	return dlsym(RTLD_DEFAULT, name);
}

void origin_find(void)
{
	bool is_asked = false, is_native = false;

	for (unsigned i = 0; i < guard.session_count; i++) {
		struct policy_log log = policy_log(&guard.sessions[i].policy);

		is_asked |= log.stacks != STACKS_NONE;
		is_native |= log.stacks != STACKS_NONE && log.native;
	}
	if (is_asked && PyGILState_GetThisThreadState)
		python_find(find_symbol, &python);
	has_node = is_asked && try_get_current && node_find(find_symbol);
	has_native = is_native && stack_open() == 0;
}

/* The call's scratch, or one of our own when that is given back already. */
static struct scratch *storage(struct origin *origin)
{
	if (!origin->scratch) {
		origin->scratch = scratch_take();
		origin->is_own = origin->scratch != NULL;
	}
	return origin->scratch;
}

static void find_source(struct origin *origin)
{
	struct buf source;

	origin->has_source = true;
	if ((!python.layout && !has_node) || !storage(origin))
		return;
	source = BUF_ON(origin->scratch->source);
	python_write_stack(&python, &source);
	if (has_node && source.len == 0)
		node_write_stack(&source);
	origin->source = (struct text){source.data, source.len};
}

static void find_frames(struct origin *origin)
{
	struct buf frames;

	origin->has_frames = true;
	if (!storage(origin))
		return;
	frames = BUF_ON(origin->scratch->frames);
	stack_write(&frames);
	origin->frames = (struct text){frames.data, frames.len};
}

void origin_add(struct origin *origin, const struct policy_log *log, struct event *event)
{
	if (!origin->has_source)
		find_source(origin);
	event_add(event, FIELD_SOURCE, origin->source);
	/* The native stack of a program's start says nothing about what the program does. */
	if (!has_native || !log->native || (event->verdict == VERDICT_ALLOW && log->stacks != STACKS_ALL))
		return;
	if (!origin->has_frames)
		find_frames(origin);
	event_add(event, FIELD_STACK, origin->frames);
}

void origin_release(struct origin *origin)
{
	if (origin->is_own)
		scratch_give(origin->scratch);
}
