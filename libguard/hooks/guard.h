/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this process knows as a guarded one: its sessions, itself, its place.
 *
 * Filled in once by init.c, before main or at the first hooked call if that is
 * earlier; read-only from then on, but for the fields marked atomic.
 */
#pragma once

#include "libguard/core/sys_gate.h"
#include "libguard/session/env.h"
#include "libguard/session/session.h"

#include <stdatomic.h>

enum guard_phase {
	GUARD_NEW,      /* nothing done yet */
	GUARD_STARTING, /* init is running: its own calls pass */
	GUARD_ON,
	GUARD_OFF /* setuid program, or a policy in mode "off": everything passes */
};

struct guard {
	_Atomic uint32_t phase;
	unsigned session_count;
	struct actor actor;    /* this program */
	struct env_carry carry;
	struct text root;      /* what a chroot puts before every name; empty without one */
	uid_t euid;            /* at the start */
	uint32_t pid;          /* in which this program was started; forked children keep it */
	bool has_proc;         /* /proc/self/fd can be used */
	bool hides;            /* some rule hides objects: queries are decided too */
	_Atomic bool no_openat2; /* the kernel or a filter refuses openat2 */
	_Atomic uint32_t starter; /* thread that runs init */
	struct session sessions[SESSION_NESTED_MAX]; /* most have one: the page of the others is not touched */
};

/*
 * The code between naming an object and recording what became of it serves both doors. The kernel door compiles it once
 * more, with a guard for each of its threads: the guest for which the thread acts just now (door/guest.h).
 */
#ifdef GUARD_DOOR
#define GUARD_DOOR_KIND DOOR_KERNEL
extern _Thread_local struct guard guard;
static inline bool guard_has_door(void)
{
	return true;
}
/* Did a hook decide and record this call, and is it only confirmed here? */
bool guard_confirms(void);
/* Has a hook left a note of it (session/note.h)? Then it is not counted once more either. */
bool guard_was_told(verb_set verbs, const struct object *object) NONNULL;
#else
#define GUARD_DOOR_KIND DOOR_HOOK
extern struct guard guard;
/* Does the kernel's filter ask for what libc does by itself? It is the outermost session's. */
static inline bool guard_has_door(void)
{
	return sys_gate.cookie != 0 && atomic_load_explicit(&guard.sessions[0].state->door, memory_order_relaxed);
}
static inline bool guard_confirms(void)
{
	return false;
}
static inline bool guard_was_told(verb_set verbs, const struct object *object)
{
	(void)verbs;
	(void)object;
	return false;
}
#endif

/* Is this process guarded? Runs init if nothing has yet. Safe in signal handlers. */
bool guard_ready(void);

/* A chroot succeeded: names are below ROOT from now on (a canonical name as policies see it). */
void guard_set_root(struct text root);

/* One line on the guest's stderr, whatever state that is in: never blocks, never raises SIGPIPE. */
void guard_say(const char *line, size_t len) NONNULL;
