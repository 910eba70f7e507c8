/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is told of an event, for every writer: one table of names in the
 * Elastic Common Schema and where their values come from.
 */
#pragma once

#include "libguard/policy/policy.h"
#include "libguard/record/event.h"

#include <yajl/yajl_gen.h>

/* Write one event as one JSON object. POLICY may be NULL: rules are then numbers. */
void fields_write_json(yajl_gen json, const struct event *event, const struct policy *policy)
	__attribute__((nonnull(1, 2)));
