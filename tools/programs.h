/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The programs of a session as a tree: who ran what.
 *
 * A program that one parent runs many times with the same words is one node
 * with a count, so the tree grows with what is different, not with what runs.
 * Pids are used again, so a pid means the program it ran last.
 */
#pragma once

#include "libguard/record/event.h"
#include "tools/table.h"

struct program {
	struct table_entry entry;
	struct program *parent;       /* NULL: the session's own, or its parent is not known */
	struct program *first, *last; /* children in the order in which they came */
	struct program *next;         /* sibling */
	struct text exe;              /* may be empty */
	struct text argv;             /* words separated by NUL, redacted */
	uint64_t count;
	uint32_t number;              /* of the node, in the order in which they came, from 0 */
	uint64_t first_ns;
	uint64_t doors[EVENT_DOOR_LAST + 1]; /* operations of its processes, by the door that decided them */
	uint32_t pid;                 /* of the first */
	uint32_t uid;
	unsigned depth;               /* 0: has no parent */
	uint8_t coverage;             /* enum event_coverage */
};

/* A program that the hooks did not reach, wherever in the tree and with whatever words. */
struct unhooked {
	struct table_entry entry;
	struct text exe;
	uint64_t count;
	uint8_t coverage; /* why: enum event_coverage */
};

struct programs {
	struct table table;      /* of struct program */
	struct table unhooked;   /* of struct unhooked */
	struct program *first, *last; /* those without a parent */
	struct program_pid *pids; /* what each pid runs */
	uint64_t started;        /* process records: every program that ran under the hooks */
	uint64_t uncovered;      /* coverage records: every program that could not be hooked */
};

void programs_init(struct programs *programs, struct arena *arena) NONNULL;

/* Take in an EVENT_PROCESS or EVENT_COVERAGE. */
void programs_add(struct programs *programs, const struct event *event) NONNULL;

/*
 * Take in an EVENT_OPERATION. One that starts a program tells of a process that runs none of its own, such as a subshell,
 * whose it is: what that starts hangs there.
 */
void programs_add_operation(struct programs *programs, const struct event *event) NONNULL;

/* The program whose process made EVENT: that of its pid, else that of its parent's; NULL when neither is known. */
const struct program *programs_of(const struct programs *programs, const struct event *event) NONNULL;

void programs_free(struct programs *programs) NONNULL;
