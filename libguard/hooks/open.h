/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening for hooks that are more than an open: what they get is of the very
 * file that was decided, and the opening is recorded.
 */
#pragma once

#include "libguard/hooks/hook.h"

#include <dirent.h>

/* openat(2) for HOOK, decided and recorded. A descriptor or -errno; errno is left alone. */
int open_for(enum hook hook, int dir, const char *name, int flags, mode_t mode) MUST_CHECK;

/* The same, where a link on the way is -ELOOP: RESOLVE_NO_SYMLINKS of openat2(2). */
int open_plain_for(enum hook hook, int dir, const char *name, int flags, mode_t mode) MUST_CHECK;

/* The flags of open(2) for a mode of fopen(3); -1 when it is none. "m" and "ccs=" are fdopen's to read. */
int open_flags_of_mode(const char *mode) MUST_CHECK NONNULL;

/* fopen(3) for HOOK: NULL with errno set. */
FILE *open_stream(enum hook hook, const char *name, const char *mode) MUST_CHECK;

/* opendir(3) for HOOK, NAME relative to DIR: NULL with errno set. */
DIR *open_directory(enum hook hook, int dir, const char *name) MUST_CHECK;

/* "/proc/self/fd/N": the file behind a descriptor, whatever has become of its name. */
struct open_link {
	char name[32];
};
struct open_link open_link_of(int fd);
