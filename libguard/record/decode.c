/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the slots of a record to an event; see decode.h.
 */
#include "libguard/record/decode.h"

#include <string.h>

static bool read_number(struct text text, void *out, size_t len)
{
	if (text.len == len)
		memcpy(out, text.data, len);
	return text.len == len;
}

/* One value of a record's payload. Tags of later versions are passed over. */
static bool read_value(struct event *event, unsigned tag, struct text text)
{
	switch (tag) {
	case NUMBER_PPID:
		return read_number(text, &event->ppid, sizeof event->ppid);
	case NUMBER_UID:
		return read_number(text, &event->uid, sizeof event->uid);
	case NUMBER_BYTES:
		return read_number(text, &event->bytes, sizeof event->bytes);
	default:
		if (tag > 0 && tag < FIELD_COUNT)
			event_add(event, (enum event_field)tag, text);
		return true;
	}
}

static bool read_values(struct event *event, const unsigned char *at, size_t left)
{
	struct value_head head;

	while (left >= sizeof head) {
		memcpy(&head, at, sizeof head);
		at += sizeof head;
		left -= sizeof head;
		if (head.len > left || !read_value(event, head.tag, (struct text){(const char *)at, head.len}))
			return false;
		at += head.len;
		left -= head.len;
	}
	return left == 0;
}

/* The payload of a record in one piece; NULL when a tail is missing or the length cannot be. */
static const unsigned char *join(const union slot *slots, unsigned count, unsigned char *joined)
{
	size_t len = slots->head.payload_len, part = sizeof slots->head.payload;

	if (len > part + (count - 1) * sizeof slots->tail.payload)
		return NULL;
	if (count == 1)
		return slots->head.payload;
	memcpy(joined, slots->head.payload, part);
	for (unsigned i = 1; i < count; i++) {
		if (atomic_load_explicit(&slots[i].tail.mark, memory_order_relaxed) != (MARK_TAIL | i))
			return NULL;
		memcpy(joined + part, slots[i].tail.payload, sizeof slots->tail.payload);
		part += sizeof slots->tail.payload;
	}
	return joined;
}

bool decode(const union slot *slots, unsigned count, unsigned char *joined, struct event *event)
{
	const struct slot_head *head = &slots->head;
	const unsigned char *payload = join(slots, count, joined);

	if (!payload || head->kind == 0 || head->kind > EVENT_KIND_LAST || head->verb >= VERB_COUNT ||
	    head->verdict > EVENT_VERDICT_LAST || head->door > EVENT_DOOR_LAST || head->coverage > EVENT_COVERAGE_LAST)
		return false;
	event->kind = (enum event_kind)head->kind;
	event->verb = (enum verb)head->verb;
	event->verbs = head->verbs;
	event->verdict = head->verdict;
	event->door = head->door;
	event->flags = head->flags;
	event->coverage = head->coverage;
	event->err = head->err;
	event->rule = head->rule;
	event->pid = head->pid;
	event->tid = head->tid;
	event->ppid = 0;
	event->uid = 0;
	event->time_ns = head->time_ns;
	event->bytes = 0;
	event->count = 0;
	return read_values(event, payload, head->payload_len);
}
