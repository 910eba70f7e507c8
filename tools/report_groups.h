/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refusals that belong together, so that one cause is told once.
 */
#pragma once

#include "tools/report.h"

/* One group. Its key tells what its refusals have in common. */
struct report_group {
	struct table_entry entry;
	uint64_t count;  /* of refused operations, all of the group's */
	size_t size;     /* refusals that are told apart */
	bool audit;      /* would have been refused */
	struct report_group_row *first, *last; /* most frequent first */
};

struct report_group_row {
	const struct refusal *refusal;
	struct report_group_row *next;
};

struct report_groups {
	struct table table;
	struct table_entry **sorted; /* most frequent first */
};

/* Read the argument of --group-by. -EINVAL for an unknown word. */
int report_read_group_by(const char *word, enum report_group_by *out) MUST_CHECK NONNULL;

/* Sort refusals into groups, as report->group_by says. Everything lies in ARENA, save what report_groups_free frees. */
void report_groups_make(const struct report *report, struct arena *arena, struct report_groups *out) NONNULL;

void report_groups_free(struct report_groups *groups) NONNULL;
