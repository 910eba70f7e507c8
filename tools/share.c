/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which door recorded what; see share.h.
 */
#include "tools/share.h"

#include "tools/summary.h"

#include <string.h>

#define PIDS (1u << 17) /* processes are looked up by the low bits of their pid, as in programs.c */

enum state { NEW, LOADING, HOOKED, UNHOOKED };

struct share_pid {
	uint32_t pid;
	uint8_t state;     /* enum state */
	uint32_t pending;  /* what the kernel door recorded while it was not known what runs */
};

void share_init(struct share *share, struct arena *arena)
{
	*share = (struct share){.pids = arena_take(arena, PIDS * sizeof(struct share_pid))};
}

static void settle(struct share_pid *place, uint64_t *counter, enum state state)
{
	*counter += place->pending;
	place->pending = 0;
	place->state = (uint8_t)state;
}

/* posix_spawn and its kin are recorded in the parent, which goes on as what it is. */
static bool becomes_another(const struct event *event)
{
	struct text call = event_get(event, FIELD_CALL);
	const char *at = call.len > 0 && call.data[0] == 'f' ? call.data + 1 : call.data;

	return event->verb == VERB_EXEC && outcome_happened(outcome_of(event)) && call.len > 5 && !strncmp(at, "exec", 4);
}

/* What the loader looks at, for dlopen too: not a hook's to see. */
static bool is_loaders(const struct event *event)
{
	static const char cache[] = "/etc/ld.so.";
	struct text object = event_get(event, FIELD_OBJECT);

	if (!(event->verbs & (VERB_SET(READ) | VERB_SET(LOAD))) || event->verbs & ~(VERB_SET(READ) | VERB_SET(LOAD)))
		return false;
	return memmem(object.data, object.len, ".so.", 4) || (object.len > 3 && !memcmp(object.data + object.len - 3, ".so", 3)) ||
	       (object.len >= sizeof cache - 1 && !memcmp(object.data, cache, sizeof cache - 1));
}

static void add_operation(struct share *share, struct share_pid *place, const struct event *event)
{
	enum outcome outcome = outcome_of(event);

	if (outcome == OUTCOME_FAILED || outcome == OUTCOME_WOULD_FAILED)
		return; /* a search for what is not there */
	if (event->door == DOOR_HOOK) {
		/* A child that was forked with its hooks. */
		settle(place, &share->by_kernel, HOOKED);
		share->by_hooks++;
	} else if (event->door == DOOR_KERNEL && place->state == HOOKED && is_loaders(event)) {
		share->loading++;
	} else if (event->door == DOOR_KERNEL) {
		place->pending++;
		if (place->state == HOOKED)
			settle(place, &share->by_kernel, HOOKED);
		else if (place->state == UNHOOKED)
			settle(place, &share->unhooked, UNHOOKED);
	}
	if (becomes_another(event))
		settle(place, &share->untold, LOADING);
}

void share_add(struct share *share, const struct event *event)
{
	struct share_pid *place = &share->pids[event->pid % PIDS];

	if (event->pid == 0)
		return;
	if (place->pid != event->pid) {
		settle(place, &share->untold, NEW);
		place->pid = event->pid;
	}
	if (event->kind == EVENT_OPERATION)
		add_operation(share, place, event);
	else if (event->kind == EVENT_PROCESS)
		settle(place, &share->loading, HOOKED);
	else if (event->kind == EVENT_COVERAGE && (event->door == DOOR_KERNEL || place->state == LOADING))
		settle(place, &share->unhooked, UNHOOKED);
}

unsigned share_of_hooks(const struct share *share)
{
	uint64_t all = share->by_hooks + share->by_kernel;

	return all > 0 ? (unsigned)((double)share->by_hooks / (double)all * 1000) : 1000;
}
