/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From words on a command line to what the engine is asked, named as the hooks
 * name it: links resolved, names that do not exist kept, addresses folded,
 * programs found in PATH, interpreters after their scripts.
 */
#pragma once

#include "libguard/core/script.h"
#include "libguard/policy/policy.h"
#include "tools/arena.h"

/* One decision. */
struct question_step {
	enum verb verb;
	verb_set verbs;    /* all that are asked at once; 0: that verb alone */
	struct object object;
	struct addr addr;  /* where object.addr points to */
	struct text argv;  /* of exec: words separated by NUL */
	const char *note;  /* what a reader should know of the object, or NULL */
};

/* All decisions that an operation takes: to connect to a host is to look it up first, a script runs its interpreters. */
struct question {
	struct question_step steps[2 + SCRIPT_LEVELS];
	unsigned count;
	char *const *envp; /* of exec */
};

/*
 * Read what VERB is to be done to.
 *
 *   words, count  path; host:port, address:port, [v6]:port, unix path or @name; host; program and its arguments, behind
 *                 NAME=VALUE for its environment, which is else our own; for operations on processes the other's
 *                 program, or nothing
 *   out           lives as long as ARENA and WORDS
 *
 * Returns NULL, or a sentence about what is wrong with the words.
 *
 * For tools: reads links and the first bytes of programs, asks no name server.
 */
const char *question_read(struct arena *arena, enum verb verb, char **words, unsigned count, struct question *out)
	MUST_CHECK NONNULL;

/* An IP address in any spelling, folded. False when TEXT is none. */
bool question_ip(const char *text, uint16_t port, struct addr *out) MUST_CHECK NONNULL;

/* The canonical name of a program by its path or, searched in PATH, its name. NULL when there is none. */
const char *question_program(struct arena *arena, const char *name) MUST_CHECK NONNULL;
