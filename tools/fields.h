/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is told of an event, for every writer: one table of names in the
 * Elastic Common Schema and where their values come from.
 */
#pragma once

#include "libguard/core/buf.h"
#include "libguard/policy/policy.h"
#include "libguard/record/event.h"

#define FIELDS_JSON_MAX (8 * EVENT_SLOT * EVENT_SLOTS_MAX + 65536) /* bytes that hold any event */

/* What an event does not say itself. */
struct fields {
	const struct policy *policy; /* NULL: rules are numbers */
	const char *session;         /* its id */
};

/*
 * Write one event as one line of JSON, the line end included. Bytes that are no UTF-8 become U+FFFD each.
 *
 *   out  FIELDS_JSON_MAX bytes are enough
 */
void fields_write_json(const struct fields *fields, const struct event *event, struct buf *out) NONNULL;
