/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions that we stand in front of, as the objects behind us offer them:
 * libc's own, or those of a library preloaded after ours.
 *
 *     result = NEXT_OF(posix_spawn)(pid, name, ...);
 *
 * Found at the first use, by reading symbol tables: unlike dlsym that takes no
 * lock and no memory, and what a program never calls costs its start nothing.
 */
#pragma once

#include "libguard/hooks/hook.h"

#include <link.h>
#include <stdatomic.h>

extern void *_Atomic next_functions[HOOK_COUNT];

/*
 * The function that dlsym(RTLD_NEXT, name) would give us.
 *
 * Returns NULL when no object behind ours has one. Safe in threads, signal handlers and after fork; allocates nothing,
 * leaves errno alone. Cost: 0.1 us an object.
 *
 * Source: elf(5); the GNU hash table as glibc's dl-lookup.c reads it.
 */
void *next_find(const char *name) NONNULL;

/* Our own function of that name: what we export is what hooks.def lists, and no more. NULL when it is none of them. */
void *next_find_ours(const char *name);

/* The first function of that name in the objects that the loader lists behind OBJECT, up to libc; NULL when none has it. */
void *next_find_behind(const struct link_map *object, const char *name) NONNULL;

bool next_is_libc(const struct link_map *object) MUST_CHECK NONNULL;

#ifdef GUARD_DOOR
/* The door calls nothing of libc's for a guest: that stands for "let the kernel go on". */
static inline void *next_of(enum hook hook)
{
	(void)hook;
	return next_functions;
}
#else
static inline void *next_of(enum hook hook)
{
	void *function = atomic_load_explicit(&next_functions[hook], memory_order_relaxed);

	if (UNLIKELY(!function)) {
		function = next_find(hook_name(hook));
		atomic_store_explicit(&next_functions[hook], function, memory_order_relaxed);
	}
	return function;
}
#endif

#define NEXT_OF(name) ((__typeof__(&(name)))next_of(HOOK_##name))
