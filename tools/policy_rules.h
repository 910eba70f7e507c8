/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy in memory: all its rules, those of its profiles and the built-in
 * ones, between the text and the image.
 */
#pragma once

#include "tools/policy_rule.h"

struct policy_rules {
	struct arena arena; /* holds all of it */
	struct notes notes;
	struct policy_rule *rules;
	size_t count, room;
	struct words profiles; /* their names */
	struct words files;    /* the policy and the profiles, by the names they were opened by */
	struct image_setting setting;
	const char *source;    /* the policy's file, or "built-in" */
	const char *text;
	size_t text_len;
	const char *log_directory; /* or NULL */
	unsigned keep_days, keep_sessions;
};

/*
 * Read a policy with its profiles.
 *
 *   file     as policy_compile takes it
 *   setting  kept for the length of the call
 *   out      empty; rules_free frees it, also after a failure
 *
 * Returns 0, or -EINVAL when there are errors among out->notes.
 */
int rules_read(const char *file, const struct policy_setting *setting, struct policy_rules *out) MUST_CHECK
	__attribute__((nonnull(2, 3)));

/* Add a rule; the copy in the list. */
struct policy_rule *rules_add(struct policy_rules *rules, const struct policy_rule *rule) NONNULL;

/* Note what is not wrong and yet not what anybody wants: policy_lint.c. */
void rules_lint(struct policy_rules *rules) NONNULL;

/* Add what protects the guard itself: policy_builtin.c. */
void rules_add_builtin(struct policy_rules *rules, const struct policy_setting *setting) NONNULL;

/* Say for rules and verbs what is allowed in place of what they refuse: policy_hint.c. */
void rules_add_hints(struct policy_rules *rules, const struct policy_setting *setting) NONNULL;

/*
 * Build the image of all rules that are not switched off.
 *
 *   image  malloc'ed, owned by the caller
 *
 * Returns 0, or -EINVAL after noting why not.
 */
int rules_build(struct policy_rules *rules, unsigned char **image, size_t *size) MUST_CHECK NONNULL;

void rules_free(struct policy_rules *rules) NONNULL;
