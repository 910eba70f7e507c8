/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions we stand in front of: numbers, names, and libc's own of those
 * that go on to it. All read from hooks.def.
 */
#pragma once

#include "libguard/core/base.h"

#include <dirent.h>
#include <fcntl.h>
#include <netdb.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>
#include <unistd.h>
#include <utime.h>

/* Exported by glibc for fortified programs, declared in no header that we could include. */
int __open_2(const char *name, int flags);
int __open64_2(const char *name, int flags);
int __openat_2(int dir, const char *name, int flags);
int __openat64_2(int dir, const char *name, int flags);

enum hook {
#define HOOK(result, name, ...) HOOK_##name,
#define QUERY(result, name, ...) HOOK_##name,
#define CUSTOM(name) HOOK_##name,
#define NEXT(name) HOOK_##name,
#include "libguard/hooks.def"
#undef HOOK
#undef QUERY
#undef CUSTOM
#undef NEXT
	HOOK_COUNT
};

extern const char *const hook_names[HOOK_COUNT];

/* libc's own function behind each NEXT row; filled in by init.c. */
struct real {
#define HOOK(result, name, ...)
#define QUERY(result, name, ...)
#define CUSTOM(name)
#define NEXT(name) __typeof__(name) *name;
#include "libguard/hooks.def"
#undef HOOK
#undef QUERY
#undef CUSTOM
#undef NEXT
};

extern struct real real;
