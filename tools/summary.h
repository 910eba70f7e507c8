/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a session did, from one pass over its events.
 *
 * Counters are exact. Objects are kept up to a cap for each list; what came
 * beyond is counted in the list's table (`refused`), and whoever shows a list
 * says so. Memory is bounded whatever the log holds; time is linear in events.
 */
#pragma once

#include "libguard/policy/policy.h"
#include "libguard/record/event.h"
#include "tools/origins.h"
#include "tools/programs.h"
#include "tools/share.h"
#include "tools/source.h"
#include "tools/table.h"
#include "tools/timeline.h"

/* What became of an operation. */
enum outcome {
	OUTCOME_DONE,   /* allowed, and it worked */
	OUTCOME_FAILED, /* allowed, and it failed by itself */
	OUTCOME_REFUSED,
	OUTCOME_WOULD,  /* audit: would have been refused, and was done */
	OUTCOME_WOULD_FAILED, /* audit: would have been refused, and failed by itself */
	OUTCOME_COUNT
};

enum outcome outcome_of(const struct event *event) NONNULL;

/* Did anything come of it, as far as the log knows? */
static inline bool outcome_happened(enum outcome outcome)
{
	return outcome == OUTCOME_DONE || outcome == OUTCOME_WOULD;
}

static inline bool outcome_refuses(enum outcome outcome)
{
	return outcome >= OUTCOME_REFUSED;
}

/* Refusals of one operation on one object by one rule for one program at one source line. Texts are those of the first. */
struct refusal {
	struct table_entry entry;
	uint64_t count;
	uint64_t first_ns, last_ns;
	enum verb verb;
	uint32_t rule;
	int err;
	uint32_t pid;
	uint32_t segment, slot; /* where the first is recorded */
	uint16_t port;
	bool audit;       /* would have been refused */
	bool held;        /* by `ask` */
	struct text object, other, host, argv, exe, call;
	struct text stack; /* of the language: frames separated by NUL, innermost first; or empty */
	struct text native; /* the native frames of the first, as FIELD_STACK has them; or empty */
	struct source_line source; /* what the stack points to; its file is empty where there is none */
	bool inherited;    /* the stack is that of the call that started the program, or an ancestor of it */
};

/* A name that was changed. Its key is the path. */
struct change {
	struct table_entry entry;
	uint64_t created, written, deleted, attr; /* times */
	bool before;        /* it was there when the session first touched it */
	bool there;         /* it was there when the session last touched it */
	bool moved_away;    /* its last deletion was a rename to `other` */
	bool moved_here;    /* its last creation was a rename from `other` */
	struct text other;
};

/* What became of a name over the whole session. */
enum change_kind {
	CHANGE_CREATED,
	CHANGE_WRITTEN, /* or replaced by another file */
	CHANGE_DELETED,
	CHANGE_RENAMED, /* `other` is its new name */
	CHANGE_ATTR,    /* only mode, owner, times or extended attributes */
	CHANGE_PASSING, /* made and gone again: temporary */
	CHANGE_ARRIVED, /* the new name of one that is CHANGE_RENAMED */
	CHANGE_KIND_COUNT
};

/* A peer that was contacted, or an address that was listened on. */
struct contact {
	struct table_entry entry;
	enum verb verb;     /* CONNECT, SEND or BIND */
	uint16_t port;      /* 0: none */
	struct text host, address;
	uint64_t count, failed, refused;
};

/* A host name that was looked up. Its key is the name. */
struct lookup {
	struct table_entry entry;
	uint64_t count, failed, refused;
	unsigned address_count;
	struct text addresses[8]; /* the first of them */
};

/* An object that gave the session labels. Its key is the object. */
struct labelled {
	struct table_entry entry;
	struct text exe; /* who was first */
	enum verb verb;
	uint32_t rule;
	uint64_t count, first_ns;
};

/* A label the session carries. Its key is the label. */
struct label {
	struct table_entry entry;
	struct text object; /* that brought it first */
	uint32_t rule;      /* that gives it: an object labelled by the same rule has it too */
	uint64_t first_ns;
};

/* A directory below which something was read. Its key is the path. */
struct read_place {
	struct table_entry entry;
	uint64_t count;
};

/* Something the guard said of itself. Its key is the sentence. */
struct note {
	struct table_entry entry;
	uint64_t count, first_ns;
};

struct summary {
	struct arena arena;
	uint64_t records;      /* of any kind */
	uint64_t cut;          /* records whose values did not fit */
	uint64_t first_ns, last_ns;
	uint64_t outcomes[OUTCOME_COUNT];
	uint64_t verbs[VERB_COUNT][OUTCOME_COUNT];
	uint64_t doors[EVENT_DOOR_LAST + 1];
	uint64_t coverage[EVENT_COVERAGE_LAST + 1]; /* process and coverage records */
	struct table refusals, changes, contacts, lookups, labelled, labels, reads, notes;
	struct table files;               /* of struct read_place: each name that was read or changed */
	uint64_t followed[VERB_COUNT];    /* what was done after the session got its first label */
	struct timeline timeline;         /* of operations */
	struct programs programs;
	struct origins origins;
	struct share share; /* of all events, also of those that were not asked for */
	struct text workspace; /* reads below it are told by its own directories; may be empty */
};

/* Make an empty summary; WORKSPACE is kept by reference and may be "". */
void summary_init(struct summary *summary, const char *workspace) NONNULL;

void summary_add(struct summary *summary, const struct event *event) NONNULL;

/* Take in an event that was not asked for: who runs and where it was started explains those that were. */
void summary_pass(struct summary *summary, const struct event *event) NONNULL;

void summary_free(struct summary *summary) NONNULL;

/* The program that did EVENT, or empty. Of an event that was not taken in yet, too. */
struct text summary_exe(const struct summary *summary, const struct event *event) NONNULL;

/*
 * The source line that EVENT goes back to; its file is empty where there is none.
 *
 *   inherited  whether it is that of the call that started the program
 */
struct source_line summary_source(const struct summary *summary, const struct event *event, bool *inherited) NONNULL;

/* The address of a network event without its port, and the port. */
struct text event_address(const struct event *event, uint16_t *port) NONNULL;

enum change_kind change_kind(const struct summary *summary, const struct change *change) NONNULL;

/* Below which directory a read of PATH is counted: two levels deep, or one below WORKSPACE. */
struct text read_place_of(struct text path, struct text workspace) MUST_CHECK;
