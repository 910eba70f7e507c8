/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPython's line tables; see linetable.h.
 */
#include "libguard/record/linetable.h"

#define UNIT 2 /* bytes of an instruction */

#define NO_LINE (-128) /* step of a range that belongs to no line */

static long positive(long line)
{
	return line > 0 ? line : 0;
}

static long find_in_lnotab(const unsigned char *table, size_t len, long line, long offset)
{
	long at = 0;

	for (size_t i = 0; i + 1 < len; i += 2) {
		at += table[i];
		if (at > offset)
			break;
		line += (signed char)table[i + 1];
	}
	return positive(line);
}

static long find_in_ranges(const unsigned char *table, size_t len, long line, long offset)
{
	long end = 0;

	for (size_t i = 0; i + 1 < len; i += 2) {
		long step = (signed char)table[i + 1];

		end += table[i];
		if (step != NO_LINE)
			line += step;
		if (offset < end)
			return step == NO_LINE ? 0 : positive(line);
	}
	return 0;
}

/* Kinds of a location, in its first byte. */
#define LOCATION_NONE 15
#define LOCATION_LONG 14
#define LOCATION_NO_COLUMNS 13
#define LOCATION_ONE_LINE 10 /* and 11, 12: by so many lines further */

#define BEGINS 0x80u /* set in the first byte of an entry and in no other */

/* The signed number at the bytes from AT on: six bits each, lowest first, the sign in the lowest of all. */
static long read_step(const unsigned char *table, size_t len, size_t at)
{
	unsigned long value = 0;

	for (unsigned shift = 0; at < len && shift < 36; shift += 6, at++) {
		value |= (unsigned long)(table[at] & 63) << shift;
		if (!(table[at] & 64))
			break;
	}
	return value & 1 ? -(long)(value >> 1) : (long)(value >> 1);
}

static long find_in_locations(const unsigned char *table, size_t len, long line, long offset)
{
	long end = 0;

	for (size_t i = 0; i < len;) {
		unsigned kind = table[i] >> 3 & 15;

		end += ((table[i] & 7) + 1) * UNIT;
		if (kind == LOCATION_LONG || kind == LOCATION_NO_COLUMNS)
			line += read_step(table, len, i + 1);
		else if (kind >= LOCATION_ONE_LINE && kind != LOCATION_NONE)
			line += kind - LOCATION_ONE_LINE;
		if (offset < end)
			return kind == LOCATION_NONE ? 0 : positive(line);
		for (i++; i < len && !(table[i] & BEGINS); i++)
			;
	}
	return 0;
}

long linetable_find(enum linetable kind, const unsigned char *table, size_t len, long first, long offset)
{
	if (offset < 0)
		return positive(first);
	switch (kind) {
	case LINES_LNOTAB:
		return find_in_lnotab(table, len, first, offset);
	case LINES_RANGES:
		return find_in_ranges(table, len, first, offset);
	case LINES_LOCATIONS:
		return find_in_locations(table, len, first, offset);
	}
	return 0;
}
