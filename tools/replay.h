/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recorded operations, asked again: of the policy that decided them or of
 * another.
 *
 * A record does not hold all of a question. Secrets in arguments are redacted,
 * of more than 64 words the rest is cut, of the environment there is only the
 * variable that decided, and whether a name was a directory's is not told; and
 * when counters (`over`, `per`) ran is lost. Who replays says so.
 */
#pragma once

#include "libguard/policy/policy.h"
#include "libguard/record/event.h"

#define REPLAY_WORDS 1024

struct replay_question {
	verb_set verbs;
	struct object object; /* points into the rest and into the event */
	struct addr addr;
	char words[EVENT_SLOT * EVENT_SLOTS_MAX];
	char *argv[REPLAY_WORDS + 1];
	char variable[4 * EVENT_SLOT];
	char *envp[2]; /* the variable, if there is one */
};

/* What the engine was asked for EVENT. False when nothing was: it is no operation, or the guard did not ask. */
bool replay_read(const struct event *event, struct replay_question *out) MUST_CHECK NONNULL;

/* A policy with a state of its own. All zero is one to be opened. */
struct replay {
	struct policy policy;
	void *state;
	size_t state_size; /* bytes */
};

/*
 * Attach to an image, which is kept by reference.
 *
 * Returns 0, or -EINVAL for one that is damaged, -ENOMEM.
 */
int replay_open(const void *image, size_t size, struct replay *out) MUST_CHECK NONNULL;

/*
 * Decide as if the session were just here: with the labels it carries, and no counter near its limit. Labels that an
 * operation gives are carried from then on when EVENT says that it worked.
 *
 *   exe       the program that acts, or empty
 *   listener  or NULL
 */
void replay_decide(struct replay *replay, const struct event *event, const struct replay_question *question,
		   struct text exe, const struct policy_listener *listener, struct verdict *out)
	__attribute__((nonnull(1, 2, 3, 6)));

void replay_close(struct replay *replay) NONNULL;
