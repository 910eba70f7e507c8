/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The line of an instruction, from the tables that CPython keeps with its code.
 *
 * Decoded here and not by PyCode_Addr2Line: from 3.12 on that reads the data of
 * sys.monitoring too, which another thread may be replacing while we, who do
 * not hold the interpreter's lock, look at it. The table itself never changes.
 */
#pragma once

#include "libguard/core/base.h"

enum linetable {
	LINES_LNOTAB,   /* up to 3.9: pairs of steps in code and lines */
	LINES_RANGES,   /* 3.10: pairs of a range's length and its step in lines; PEP 626 */
	LINES_LOCATIONS /* from 3.11 on: entries of several bytes, with columns; PEP 657 */
};

/*
 * Find the line of the instruction at OFFSET.
 *
 *   table, len  bytes of co_lnotab or co_linetable
 *   first       co_firstlineno
 *   offset      bytes from the first instruction; negative: the code has not begun
 *
 * Returns the line, or 0 when the instruction has none or the table does not reach it.
 *
 * Pure. Reads nothing outside the table, whatever its bytes.
 *
 * Source: CPython, Objects/lnotab_notes.txt; InternalDocs/code_objects.md, "Source code locations".
 */
long linetable_find(enum linetable kind, const unsigned char *table, size_t len, long first, long offset)
	MUST_CHECK NONNULL;
