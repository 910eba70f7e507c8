/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the slots of a record to an event. The bytes are hostile: this is where
 * they are checked.
 */
#pragma once

#include "libguard/record/segment.h"

/*
 * Read a committed record.
 *
 *   slots   COUNT slots, 1 to EVENT_SLOTS_MAX
 *   joined  SEGMENT_PAYLOAD_MAX bytes of storage for a payload that has tails
 *   event   filled in; its texts lie in slots or joined
 *
 * Returns false when the record makes no sense: a tail is missing, a length goes beyond the record, or a number is
 * none of this version's. Values with an unknown tag are passed over, later versions add some.
 *
 * Pure.
 *
 * Source: doc/event-log.md.
 */
bool decode(const union slot *slots, unsigned count, unsigned char *joined, struct event *event) MUST_CHECK NONNULL;
