/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One log record: in memory, and as it lies in a segment.
 *
 * A segment is a mapped file of 128-byte slots. Each slot begins with a mark of
 * four bytes, so that framing survives a writer that died anywhere. A record
 * takes one head slot and as many tail slots as its fields need. doc/event-log.md
 * is the format's description for others.
 */
#pragma once

#include "libguard/core/base.h"
#include "libguard/core/verb.h"

#define EVENT_SLOT 128        /* bytes */
#define EVENT_SLOTS_MAX 128   /* slots of the longest record: 16 KiB */
#define EVENT_FIELDS_MAX 16

enum event_kind {
	EVENT_OPERATION = 1, /* an operation and its verdict */
	EVENT_PROCESS,       /* a program started: exe, argv, cwd, parent, uid, coverage */
	EVENT_COVERAGE,      /* a child that could not be hooked, and why */
	EVENT_HOST,          /* a name and an address it was resolved to */
	EVENT_LABEL,         /* the session carries a label from here on */
	EVENT_NOTE           /* something about the guard itself, in words */
};
#define EVENT_KIND_LAST EVENT_NOTE

enum event_door { DOOR_HOOK = 1, DOOR_KERNEL, DOOR_SUPERVISOR };
#define EVENT_DOOR_LAST DOOR_SUPERVISOR

/* Tags of fields; numbers are stored. */
enum event_field {
	FIELD_OBJECT = 1, /* path, address, host, program */
	FIELD_OTHER,      /* the other name of a rename or link */
	FIELD_HOST,       /* host name of an address */
	FIELD_ARGV,       /* words separated by NUL, redacted */
	FIELD_EXE,        /* canonical path of the program */
	FIELD_CWD,
	FIELD_CALL,       /* the libc function the guest called */
	FIELD_REASON,     /* words: why not covered, what the note says */
	FIELD_STACK,      /* native frames: "FILE+0xOFFSET BUILD-ID", innermost first, separated by NUL; "-": the program itself */
	FIELD_SOURCE,     /* language stack: "FILE:LINE NAME", innermost first, separated by NUL; line 0: not known */
	FIELD_LABEL,      /* name of a label */
	FIELD_ENV,        /* NAME=VALUE, redacted: the variable that the deciding rule is about, and the part of its value */
	FIELD_COUNT
};

#define EVENT_AUDIT 0x01u    /* the verdict was recorded but not enforced */
#define EVENT_FAILED 0x02u   /* allowed, and the call failed with `err` */
#define EVENT_LABELLED 0x04u /* the operation gave the session a label */
#define EVENT_REPLACED 0x08u /* the new name replaced an existing one */
#define EVENT_HIDDEN 0x10u   /* refused as if it did not exist */
#define EVENT_CUT 0x80u      /* set by the writer: values did not fit and were cut at the end */

/* How a process is covered (EVENT_PROCESS, EVENT_COVERAGE). */
enum event_coverage {
	COVER_HOOKS = 1,
	COVER_STATIC,   /* no dynamic loader */
	COVER_SETUID,   /* runs with more rights; the loader drops us */
	COVER_FOREIGN,  /* another libc or another architecture */
	COVER_NO_ENV,   /* started without our environment */
	COVER_NO_LIB,   /* the library cannot be reached where it starts (chroot, mount namespace) */
	COVER_NOT_LOADED /* it should have loaded the library, and acted without */
};
#define EVENT_COVERAGE_LAST COVER_NOT_LOADED

#define EVENT_VERDICT_LAST 2 /* of enum verdict_kind; a log with a higher one is not ours */

/* One field's value while a record is made or read; data is not owned. */
struct event_value {
	enum event_field field;
	struct text text;
};

struct event {
	enum event_kind kind;
	enum verb verb;        /* the operation; of several, the one that was refused or weighs most */
	verb_set verbs;        /* all that were asked */
	uint8_t verdict;       /* enum verdict_kind of policy.h */
	uint8_t door;          /* enum event_door */
	uint8_t flags;         /* EVENT_* */
	uint8_t coverage;      /* enum event_coverage, or 0 */
	int32_t err;           /* errno the guest saw, or 0 */
	uint32_t rule;         /* number in the session's image, or RULE_* */
	uint32_t pid, tid;
	uint32_t ppid;         /* EVENT_PROCESS, EVENT_COVERAGE: the parent. EVENT_OPERATION: the process in which the acting
				* program was started, told of refusals and starts where it is another (a subshell); else 0 */
	uint32_t uid;          /* EVENT_PROCESS, EVENT_COVERAGE */
	uint64_t time_ns;      /* CLOCK_REALTIME */
	uint64_t bytes;        /* port of an address; else 0 */
	uint32_t segment, slot; /* where the reader found it: from byte slot * EVENT_SLOT of that segment; not written */
	unsigned count;        /* values used */
	struct event_value values[EVENT_FIELDS_MAX];
};

/* Append a value; one too many is dropped. */
static inline void event_add(struct event *event, enum event_field field, struct text text)
{
	if (text.len > 0 && event->count < EVENT_FIELDS_MAX)
		event->values[event->count++] = (struct event_value){field, text};
}

/* The first value of FIELD, or empty. */
static inline struct text event_get(const struct event *event, enum event_field field)
{
	for (unsigned i = 0; i < event->count; i++)
		if (event->values[i].field == field)
			return event->values[i].text;
	return (struct text){"", 0};
}
