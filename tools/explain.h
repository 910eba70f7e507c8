/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One decision with all that was said to it: which rules cover the operation,
 * which of them hold, which one decides and why.
 *
 * The engine decides; this asks it and keeps what it tells.
 */
#pragma once

#include "libguard/record/event.h"
#include "tools/policy_load.h"
#include "tools/question.h"

/* A rule that covers the operation. */
struct explained_rule {
	struct rule_info info;
	uint32_t number;
	enum rule_bar bar;  /* BAR_NONE: it applies */
	bool decides;
	const char *source; /* its text in one line, or "" */
	const char *why;    /* what keeps it out, or NULL */
};

struct explained {
	const struct question_step *step;
	struct verdict verdict;
	struct explained_rule *rules; /* the one that decides first, then those that apply, then those that do not */
	size_t count;
	const char *why;              /* a sentence: why the verdict is what it is */
	struct text allowed;          /* objects that the policy allows for this operation, when it is refused */
	const char *others;           /* other operations that are allowed for this object, when it is refused */
	const char *to_allow;         /* what to change in the policy to allow it, when it is refused */
	bool differs;                 /* the recorded verdict is another than asking again gives */
	const char *labels;           /* labels that the session gets by it, or NULL */
};

/* Who asks, and in which state the session is. */
struct asker {
	struct arena *arena;
	const struct policy *policy; /* with a state of its own, whose counters are used up as they would be */
	const struct policy_text *text;
	struct actor actor;
	const struct event *recorded; /* the event that is asked for: its verdict holds; or NULL */
};

void explain_step(const struct asker *asker, const struct question_step *step, struct explained *out) NONNULL;

/* The text of a rule in one line, its comments left out; "" where it is not known. */
const char *explain_rule_text(struct arena *arena, const struct policy_text *policy, const struct rule_info *info)
	NONNULL;
