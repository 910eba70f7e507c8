/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which rule decided, in words, and what to change in the policy to decide
 * otherwise. The same sentences for every report.
 */
#pragma once

#include "libguard/core/buf.h"
#include "libguard/policy/policy.h"

/* A rule as reports tell it. Texts point into the image or are constant. */
struct rule_text {
	uint32_t number;
	struct text name;   /* id; "default for files"; "rule 7" is left to the caller when this is empty */
	struct text file;   /* empty: it stands in no file */
	uint32_t line;
	struct text reason; /* may be empty */
	bool known;         /* the image has it */
	bool builtin;
	bool excepts;       /* it has exceptions already */
};

/*
 * Look a rule up.
 *
 *   policy  NULL when the image is missing: then only defaults and failures have names
 *   number  of an event
 *   verb    tells whose default it is
 */
struct rule_text rule_text_of(const struct policy *policy, uint32_t number, enum verb verb);

/* "volumes", "default for files", "rule 7". */
void rule_text_write_name(const struct rule_text *rule, struct buf *out) NONNULL;

/* "guard.conf:18" with the file's last component, or nothing. */
void rule_text_write_place(const struct rule_text *rule, struct buf *out) NONNULL;

/*
 * Write TEXT as a string of the policy, with its quotes: with GLOB what patterns know is taken literally. Control
 * characters and bytes that are no UTF-8 are written by their numbers. Nine times the bytes of TEXT are enough.
 */
void rule_text_write_string(struct text text, bool glob, struct buf *out) NONNULL;

/* What was refused, for the hint. */
struct refused {
	enum verb verb;
	struct text object; /* path, address without port, host name, program */
	struct text host;   /* of an address, or empty */
	uint16_t port;
	struct text argv;   /* of exec */
};

/*
 * Write what to add to the policy to allow it: a rule where a default refused, an exception where a rule did.
 * Nothing where the guard itself failed.
 */
void rule_text_write_hint(const struct rule_text *rule, const struct refused *refused, struct buf *out) NONNULL;
