/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values that the rows of fields.def name, for the writers of fields.c.
 */
#pragma once

#include "tools/event_id.h"
#include "tools/fields.h"
#include "tools/rule_text.h"

/* Which events a row is about: sets of these. Operations count by their section. */
#define FIELD_EVENTS	 (SECTION_COUNT + EVENT_KIND_LAST + 1)
#define OF_SECTION(name) (1u << SECTION_##name)
#define OF_KIND(name)	 (1u << (SECTION_COUNT + EVENT_##name))

/* An event while it is told. */
struct field_source {
	const struct fields *fields;
	const struct event *event;
	struct text values[FIELD_COUNT]; /* of the record; empty: it has none */
	struct rule_text rule;
	char storage[EVENT_ID_MAX]; /* of the value asked for last */
};

enum field_kind {
	VALUE_NONE,
	VALUE_TEXT,  /* any bytes */
	VALUE_PLAIN, /* nothing in it needs an escape */
	VALUE_NUMBER,
	VALUE_TIME, /* nanoseconds since 1970 */
	VALUE_BOOL,
	VALUE_WORDS,  /* separated by NUL: a list */
	VALUE_JOINED, /* the same, as one text with blanks between */
	VALUE_ANSWERS /* a list of one object {"rdata": text} */
};

struct field_value {
	enum field_kind kind;
	struct text text;
	uint64_t number;
};

static const struct field_value field_none = {VALUE_NONE, {"", 0}, 0};

static inline struct field_value field_of_text(struct text text)
{
	return (struct field_value){text.len > 0 ? VALUE_TEXT : VALUE_NONE, text, 0};
}

/* A word of our own. */
static inline struct field_value field_of_word(const char *word)
{
	return (struct field_value){VALUE_PLAIN, {word, __builtin_strlen(word)}, 0};
}

static inline struct field_value field_of_number(uint64_t number)
{
	return (struct field_value){VALUE_NUMBER, {"", 0}, number};
}

static inline struct field_value field_of_words(enum field_kind kind, struct text words)
{
	return (struct field_value){words.len > 0 ? kind : VALUE_NONE, words, 0};
}

static inline bool field_is_operation(const struct field_source *source)
{
	return source->event->kind == EVENT_OPERATION;
}

static inline bool field_is_section(const struct field_source *source, enum section section)
{
	return field_is_operation(source) && verb_table[source->event->verb].section == section;
}

#define FIELD(value, ...) struct field_value field_##value(struct field_source *source) NONNULL;
#include "tools/fields.def"
#undef FIELD
