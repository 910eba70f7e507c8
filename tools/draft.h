/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy that is put together from what runs did: each operation that is
 * wanted becomes a part of a rule, with the evidence for it.
 *
 * Names are those of stable.h: what changes from run to run becomes "*". Where
 * many names of a directory were only read, the directory is allowed
 * (draft_spread). Everything else stays as it was seen.
 */
#pragma once

#include "libguard/record/event.h"
#include "tools/rule_text.h"
#include "tools/stable.h"

#include <stdio.h>

#define DRAFT_RUNS_MAX 32

/* What rules name, and what was done to it. Its key is section, program and name. */
struct draft_item {
	struct table_entry entry;
	enum section section;
	const char *word;   /* "path", "program", "host", "address", "socket" */
	const char *name;   /* as the policy spells it: a pattern, or a host or an address */
	const char *exact;  /* the first name behind the pattern */
	const char *by;	    /* the only program that may; "" for any */
	struct words words; /* of a program: the only arguments that it may have, others between them; empty: any */
	verb_set verbs;
	uint64_t count;	    /* operations */
	size_t names;	    /* different ones behind the pattern */
	uint32_t runs;	    /* set of the runs that had it */
	struct words ports; /* of an address or a host; empty: any */
	struct words calls; /* of a program: first arguments, where all of them are plain words */
	bool any_call;	    /* they are not */
	bool narrow;	    /* its pattern may not be allowed: names of its own stand for it */
};

/* A component that looks as if it changes. Its key is the pattern up to its end. */
struct draft_part {
	struct table_entry entry;
	const char *exact; /* as it was first seen */
	uint32_t runs;	   /* set of the runs that had it */
	bool differs;	   /* it was seen otherwise, too */
};

/* A name behind an item. Its key is the item's with the name. */
struct draft_name {
	struct table_entry entry;
	struct draft_item *item;
	const char *exact;
};

/* An operation that was refused, or may not be allowed. Its key is all of it. */
struct draft_refusal {
	struct table_entry entry;
	const char *hint; /* the rule that would allow it */
	const char *why;  /* by which rule, and its reason */
	uint64_t count;
	uint32_t runs;
};

struct draft {
	struct arena arena, scratch;
	struct table items, refusals;
	struct table names;			/* of struct draft_name */
	struct table parts;			/* of struct draft_part */
	struct words profiles, without, copied; /* `copied`: rules of the ceiling, as text, "section\n{ ... }" */
	struct words places;			/* workspaces and homes: they are not allowed as a whole */
	unsigned runs;
	uint64_t lost; /* operations that could not be kept */
};

/* Under which conditions an operation is allowed. */
struct draft_grant {
	struct text by;	  /* to this program alone; empty: to any */
	struct text argv; /* with these words alone, separated by NUL; empty: with any */
	bool exact;	  /* its name is taken as it is */
};

/* May all names that the pattern NAME covers have what ITEM allows? */
struct draft_limit {
	bool (*allows)(void *context, const struct draft_item *item, const char *name);
	void *context;
	bool ports; /* and all ports of the kernel's choice, where several were seen */
};

/* A run while it is read. */
struct draft_run {
	struct stable stable, plain; /* names with and without "*" */
	unsigned number;
};

void draft_init(struct draft *draft) NONNULL;
void draft_free(struct draft *draft) NONNULL;

/* Begin the next run; at most DRAFT_RUNS_MAX. */
void draft_begin(struct draft *draft, const char *session, const char *workspace, const char *home,
		 struct draft_run *out) NONNULL;

/* Take in an operation that is wanted. */
void draft_want(struct draft *draft, struct draft_run *run, const struct event *event,
		const struct draft_grant *grant) NONNULL;

/* Take in an operation that is to stay refused; RULE says why. */
void draft_refuse(struct draft *draft, struct draft_run *run, const struct event *event,
		  const struct rule_text *rule) NONNULL;

/* The end of the component that begins at AT, which is a slash or the name's start. */
const char *draft_component(const char *at) NONNULL;

/* All runs are in: allow directories of which many names were read or loaded, and patterns, as far as LIMIT does. Once.
 */
void draft_spread(struct draft *draft, const struct draft_limit *limit) NONNULL;

/* Write the policy. HEAD are comment lines, each with its end. */
void draft_write(const struct draft *draft, const char *head, FILE *out) NONNULL;
