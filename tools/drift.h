/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one run did that another did not: two inventories compared.
 */
#pragma once

#include "tools/inventory.h"

enum drift_kind { DRIFT_NEW, DRIFT_GONE, DRIFT_CHANGED };

/* "new", "gone", "changed". */
extern const char *const drift_words[3];

struct drift_row {
	enum drift_kind kind;
	const struct inventory_item *base, *run; /* NULL in the one that has none */
};

/* Of one list, in the order of names. */
struct drift_list {
	struct drift_row *rows;
	size_t count, same;
};

struct drift {
	struct session_view views[2]; /* base and run */
	struct inventory base, run;
	struct drift_list lists[INVENTORY_LISTS];
	size_t count;	  /* rows of all lists */
	bool complete;	  /* nothing of either run is lost, damaged or was uncovered */
	uint64_t ignored; /* operations on names that were not kept: there were too many */
};

/*
 * Compare two sessions.
 *
 *   log_directory, base, run  as for session_find
 *   out                       to be closed with drift_close; only when 0 is returned
 *
 * Returns 0, or after a sentence on stderr EXIT_NO (no such session) or EXIT_GUARD.
 */
int drift_open(const char *log_directory, const char *base, const char *run, struct drift *out)
	__attribute__((nonnull(4))) MUST_CHECK;

/* The name of a row. */
struct text drift_name(const struct drift_row *row) NONNULL;

void drift_close(struct drift *drift) NONNULL;
