/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is told of an event, for every writer of JSON Lines: one table of names
 * and where their values come from (fields.def), in three forms.
 */
#pragma once

#include "libguard/core/buf.h"
#include "libguard/policy/policy.h"
#include "libguard/record/event.h"

enum fields_form {
	FIELDS_ECS,  /* Elastic Common Schema */
	FIELDS_OCSF, /* Open Cybersecurity Schema Framework */
	FIELDS_OTLP, /* OpenTelemetry's JSON: each line is the data of one log record with its resource */
	FIELDS_FORMS
};

/* The words for --format: "json", "ocsf", "otlp". */
extern const char *const fields_words[FIELDS_FORMS];

/* One form of events of one session. */
struct fields {
	const struct policy *policy; /* NULL: rules are numbers */
	const char *session, *host;  /* its id, and where it ran */
	struct fields_table *table;
};

/*
 * Make ready to write.
 *
 *   policy, session, host  kept by reference; POLICY may be NULL
 *   out                    to be closed with fields_close
 *
 * When memory is out the program ends, as arena.h says.
 */
void fields_open(enum fields_form form, const struct policy *policy, const char *session, const char *host,
		 struct fields *out) __attribute__((nonnull(3, 4, 5)));

/* Bytes that hold the line of EVENT, whatever its texts are. */
size_t fields_room(const struct event *event) NONNULL;

#define FIELDS_ROOM_MAX (32 * EVENT_SLOT * EVENT_SLOTS_MAX + 65536) /* for any event */

/*
 * Write one event as one line of JSON, the line end included. Bytes that are no UTF-8 become U+FFFD each.
 *
 *   out  fields_room bytes are enough
 */
void fields_write(const struct fields *fields, const struct event *event, struct buf *out) NONNULL;

/* The names of all fields that the form has, in the order of writing: owned by FIELDS. */
const char *const *fields_names(const struct fields *fields, size_t *count) NONNULL;

void fields_close(struct fields *fields) NONNULL;
