/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a place in a binary is called, by its symbols and debug information. The only user of elfutils.
 *
 * libdw is opened when it is first needed: guardctl starts every session and must not become slower by it. What is
 * read here was chosen by the program that was watched, so callers do it where little harm can come of it: symbols.c.
 */
#pragma once

#include "libguard/core/base.h"

struct dwarf_place {
	const char *function;  /* or NULL */
	const char *directory; /* FILE is relative to it when FILE is not absolute; or NULL */
	const char *file;      /* or NULL */
	int line;
};

/* Open libdw. False when there is none, or guardctl was built without its headers. */
bool dwarf_open(void) MUST_CHECK;

/*
 * Find what an instruction belongs to.
 *
 *   file      absolute path of a binary
 *   build_id  in hexadecimal digits: another build of it is none. Its debug information may lie in files of its own,
 *             where gdb looks for them, on this machine alone
 *   address   as the file's own headers count
 *   out       its texts stay valid until the next call
 *
 * Returns false when nothing is known. Allocates; one thread at a time. Source: libdwfl.h.
 */
bool dwarf_find(const char *file, const char *build_id, uint64_t address, struct dwarf_place *out) MUST_CHECK NONNULL;
