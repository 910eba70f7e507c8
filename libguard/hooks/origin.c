/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an operation comes from; see origin.h.
 */
#include "libguard/hooks/origin.h"

#include "libguard/record/python.h"

#include <dlfcn.h>

static struct python python;

static void *find_symbol(const char *name)
{
	return dlsym(RTLD_DEFAULT, name);
}

void origin_find(void)
{
	bool is_asked = false;

	for (unsigned i = 0; i < guard.session_count; i++)
		is_asked |= policy_log(&guard.sessions[i].policy).stacks != STACKS_NONE;
	if (is_asked)
		python_find(find_symbol, &python);
}

static void find(struct origin *origin)
{
	struct buf source;

	origin->is_found = true;
	if (!python.layout)
		return;
	if (!origin->scratch) {
		origin->scratch = scratch_take();
		origin->is_own = origin->scratch != NULL;
	}
	if (!origin->scratch)
		return;
	source = BUF_ON(origin->scratch->source);
	python_write_stack(&python, &source);
	origin->source = (struct text){source.data, source.len};
}

void origin_add(struct origin *origin, struct event *event)
{
	if (!origin->is_found)
		find(origin);
	event_add(event, FIELD_SOURCE, origin->source);
}

void origin_release(struct origin *origin)
{
	if (origin->is_own)
		scratch_give(origin->scratch);
}
