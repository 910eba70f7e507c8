/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which file the loader will take for the name of a library.
 */
#pragma once

#include "libguard/core/base.h"
#include "libguard/core/path.h"

/*
 * Find the file for dlopen(NAME) called from CALLER.
 *
 *   name    not empty
 *   caller  an address in the object that calls: its RPATH and RUNPATH count
 *   out     the file's name
 *
 * False: it is loaded already, or there is none; dlopen will not read a file. Subdirectories for processors with more
 * abilities (glibc-hwcaps) are not looked into. Asks the loader, hence not for signal handlers, where dlopen is not
 * allowed either; dlinfo may change errno.
 *
 * Source: ld.so(8), dlinfo(3); the cache's format in glibc's dl-cache.h.
 */
bool library_find(const char *name, const void *caller, char out[PATH_NAME_CAP]) MUST_CHECK NONNULL;
