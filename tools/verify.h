/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is a session's log what its supervisor sealed?
 *
 * All of it may come from a hostile hand. Whoever can write the session's
 * directory can also make a new chain over a new log: that is found out only by
 * a link of the chain that was kept elsewhere.
 */
#pragma once

#include "tools/seal.h"

enum verify_kind {
	VERIFY_CHAIN,    /* lines of the chain are not what was written */
	VERIFY_GAP,      /* slots that no line covers */
	VERIFY_ALTERED,  /* slots hold something else */
	VERIFY_CUT,      /* a segment's file ends too early */
	VERIFY_MISSING,  /* a segment's file is not there, or is none */
	VERIFY_FILE,     /* another file of the session is another, or gone */
	VERIFY_ADDED,    /* records behind the end */
	VERIFY_UNENDED,  /* no end, though the session has ended */
	VERIFY_UNKNOWN   /* the link that was expected is not in the chain */
};

struct verify_finding {
	enum verify_kind kind;
	uint32_t segment, first, count; /* slots */
	uint64_t records;               /* as the chain has them */
	uint64_t from_ns, to_ns;        /* when the line before was sealed, and the last of these; 0: not known */
	uint64_t line, lines;           /* of the chain: the first from 1, and how many */
	char name[SEAL_NAME_MAX];       /* of a file */
};

#define VERIFY_FINDINGS 64 /* that are kept */

struct verify_result {
	bool sealed;              /* there is a chain */
	bool newer;               /* of a newer libguard: nothing else is known */
	bool ended;               /* the chain has an end */
	char name[SEAL_NAME_MAX]; /* of the session, as the chain has it */
	uint64_t lines;
	uint64_t blocks, records; /* that are what they were */
	uint64_t holes;           /* records that were not finished in time */
	uint64_t late;            /* and those of them that were finished later: not protected */
	uint64_t unsealed;        /* records behind the last line: not protected */
	uint64_t sealed_ns;       /* when the last block was; 0: there is none */
	uint64_t lag_ns;          /* at most so long after it was written was a record sealed, by its own time */
	uint32_t survivors;       /* who went on behind the end */
	struct seal_hash link;    /* of the last line */
	uint64_t expected;        /* which line has the link that was expected; 0: none */
	struct verify_finding findings[VERIFY_FINDINGS];
	uint64_t found;           /* findings, also those that are not kept */
};

/*
 * Compare log and chain.
 *
 *   goes_on   somebody may still write and seal: a chain without an end is no finding
 *   expected  a link to look for, or NULL
 *
 * Returns 0, or -errno of open(2), read(2) where the chain cannot be read; -ENOMEM.
 *
 * Memory does not grow with the log. Source: doc/event-log.md.
 */
int verify_session(const char *directory, bool goes_on, const struct seal_hash *expected, struct verify_result *out)
	__attribute__((nonnull(1, 4))) MUST_CHECK;
