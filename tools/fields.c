/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events as lines of JSON; see fields.h.
 *
 * A line is the texts between its values, and the values. Those texts depend on
 * the row and on the object that the value before stands in, so all of them are
 * made once; which rows an event can have is known by its kind.
 */
#include "tools/field_values.h"

#include "tools/arena.h"
#include "tools/escape.h"
#include "tools/when.h"

#include <string.h>

#define ANY	   0xffffffffu
#define FILES	   OF_SECTION(FILES)
#define NETWORK	   OF_SECTION(NETWORK)
#define COMMANDS   OF_SECTION(COMMANDS)
#define PROCESSES  OF_SECTION(PROCESS)
#define OPERATIONS (FILES | NETWORK | COMMANDS | PROCESSES)
#define STARTS	   OF_KIND(PROCESS)
#define HOSTS	   OF_KIND(HOST)
#define PROGRAMS   (STARTS | OF_KIND(COVERAGE))
#define LAUNCHES   (COMMANDS | PROGRAMS)
#define LOOKUPS	   (NETWORK | HOSTS)

const char *const fields_words[FIELDS_FORMS] = {"json", "ocsf", "otlp"};

static const struct row {
	struct field_value (*get)(struct field_source *source);
	uint32_t events;
	enum event_field needs;
	const char *names[FIELDS_FORMS];
} rows[] = {
#define FIELD(value, events, needs, ...) {field_##value, events, needs, {__VA_ARGS__}},
#include "tools/fields.def"
#undef FIELD
};

#define ROWS	    ARRAY_LEN(rows)
#define OBJECTS_MAX 40
#define REASON_MAX  4096 /* bytes of a rule's reason; the policy's text may have more */
#define BETWEEN_MAX 127	 /* bytes; the longest is `}},"device":{"hostname":` and the like */

/* What stands in front of a value. */
struct between {
	uint8_t len;
	char text[BETWEEN_MAX];
};

struct fields_table {
	struct arena arena;
	enum fields_form form;
	uint8_t order[ROWS]; /* of writing: objects stand together */
	size_t count;
	const char *objects[OBJECTS_MAX]; /* "", "event", "process.parent", ...; 0 is the top */
	size_t object_count;
	uint8_t object_of[ROWS];
	struct between between[OBJECTS_MAX + 1][ROWS]; /* by the open object; the last: nothing is written yet */
	struct between end[OBJECTS_MAX];
	uint8_t of_event[FIELD_EVENTS][ROWS + 1]; /* rows that an event can have, ending in ROWS */
	struct words names;
	const char *head; /* of a line; OTLP's resource */
};

_Static_assert(ROWS < 255, "a row's number fits a byte");

static const char *name_of(const struct fields_table *table, size_t row)
{
	return rows[row].names[table->form];
}

/* Rows whose names begin with PREFIX, those of one object together, in the order of their first. */
static void arrange(struct fields_table *table, const char *prefix, bool taken[ROWS])
{
	size_t len = strlen(prefix);

	for (size_t row = 0; row < ROWS; row++) {
		const char *name = name_of(table, row), *dot;

		if (taken[row] || !name || strncmp(name, prefix, len) != 0)
			continue;
		dot = table->form == FIELDS_OTLP ? NULL : strchr(name + len, '.');
		if (dot) {
			arrange(table, arena_text(&table->arena, name, (size_t)(dot - name) + 1), taken);
			continue;
		}
		taken[row] = true;
		table->order[table->count++] = (uint8_t)row;
		words_add_new(&table->arena, &table->names, name);
	}
}

static uint8_t object_of(struct fields_table *table, const char *name)
{
	const char *dot = table->form == FIELDS_OTLP ? NULL : strrchr(name, '.');
	size_t len = dot ? (size_t)(dot - name) : 0, number = 0;

	while (number < table->object_count &&
	       (strlen(table->objects[number]) != len || memcmp(table->objects[number], name, len) != 0))
		number++;
	if (number == table->object_count)
		table->objects[table->object_count++] = arena_text(&table->arena, name, len);
	return (uint8_t)number;
}

/* Length of the dotted name that both objects begin with, at a dot or an end. */
static size_t shared(const char *a, const char *b)
{
	size_t common = 0;

	for (size_t i = 0;; i++) {
		bool end_a = a[i] == '\0' || a[i] == '.', end_b = b[i] == '\0' || b[i] == '.';

		if (end_a && end_b)
			common = i;
		if (a[i] != b[i] || a[i] == '\0')
			return common;
	}
}

static unsigned depth_below(const char *object, size_t from)
{
	unsigned depth = object[from] != '\0';

	for (const char *at = object + from + 1; object[from] && *at; at++)
		depth += *at == '.';
	return depth;
}

static void make_nested(const struct fields_table *table, size_t open, size_t row, struct between *out)
{
	bool first = open == OBJECTS_MAX;
	const char *from = first ? "" : table->objects[open], *to = table->objects[table->object_of[row]];
	const char *name = name_of(table, row), *last = strrchr(name, '.');
	size_t common = shared(from, to);
	struct buf text = BUF_ON(out->text);

	for (unsigned close = depth_below(from, common); close > 0; close--)
		buf_char(&text, '}');
	if (!first)
		buf_char(&text, ',');
	for (const char *at = to + common + (to[common] == '.'); *at;) {
		size_t len = strcspn(at, ".");

		buf_char(&text, '"');
		buf_bytes(&text, at, len);
		buf_str(&text, "\":{");
		at += len + (at[len] == '.');
	}
	buf_char(&text, '"');
	buf_str(&text, last ? last + 1 : name);
	buf_str(&text, "\":");
	out->len = (uint8_t)text.len;
}

static void make_attribute(const struct fields_table *table, size_t open, size_t row, struct between *out)
{
	struct buf text = BUF_ON(out->text);

	buf_str(&text, open == OBJECTS_MAX ? "{\"key\":\"" : ",{\"key\":\"");
	buf_str(&text, name_of(table, row));
	buf_str(&text, "\",\"value\":{");
	out->len = (uint8_t)text.len;
}

static void make_betweens(struct fields_table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		size_t row = table->order[i];

		for (size_t open = 0; open <= OBJECTS_MAX; open++)
			if (open == OBJECTS_MAX || open < table->object_count) {
				if (table->form == FIELDS_OTLP)
					make_attribute(table, open, row, &table->between[open][row]);
				else
					make_nested(table, open, row, &table->between[open][row]);
			}
	}
	for (size_t open = 0; open < table->object_count; open++) {
		struct buf text = BUF_ON(table->end[open].text);

		for (unsigned close = depth_below(table->objects[open], 0) + 1; close > 0; close--)
			buf_char(&text, '}');
		if (table->form == FIELDS_OTLP)
			text = BUF_ON(table->end[open].text);
		buf_str(&text, table->form == FIELDS_OTLP ? "]}]}]}]}\n" : "\n");
		table->end[open].len = (uint8_t)text.len;
	}
}

static void find_rows(struct fields_table *table)
{
	for (size_t events = 0; events < FIELD_EVENTS; events++) {
		size_t count = 0;

		for (size_t i = 0; i < table->count; i++)
			if (rows[table->order[i]].events & 1u << events)
				table->of_event[events][count++] = table->order[i];
		table->of_event[events][count] = ROWS;
	}
}

static const char *make_head(const struct fields_table *table, struct arena *arena, const char *host)
{
	struct text name = {host, strlen(host)};
	struct buf text = {.cap = 6 * name.len + 1024};

	if (table->form != FIELDS_OTLP)
		return "{";
	text.data = arena_take(arena, text.cap);
	buf_str(&text, "{\"resourceLogs\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{"
		       "\"stringValue\":\"" PACKAGE_NAME "\"}},{\"key\":\"host.name\",\"value\":{\"stringValue\":");
	escape_json(name, &text);
	buf_str(&text, "}}]},\"scopeLogs\":[{\"scope\":{\"name\":\"" PACKAGE_NAME "\",\"version\":\"" PACKAGE_VERSION
		       "\"},\"logRecords\":[{\"timeUnixNano\":\"");
	return buf_cstr(&text);
}

void fields_open(enum fields_form form, const struct policy *policy, const char *session, const char *host,
		 struct fields *out)
{
	bool taken[ROWS] = {false};
	struct arena arena = {0};
	struct fields_table *table = arena_take(&arena, sizeof *table);

	table->arena = arena;
	table->form = form;
	object_of(table, "");
	arrange(table, "", taken);
	for (size_t i = 0; i < table->count; i++)
		table->object_of[table->order[i]] = object_of(table, name_of(table, table->order[i]));
	make_betweens(table);
	find_rows(table);
	table->head = make_head(table, &table->arena, host);
	*out = (struct fields){policy, session, host, table};
}

const char *const *fields_names(const struct fields *fields, size_t *count)
{
	*count = fields->table->names.count;
	return fields->table->names.items;
}

void fields_close(struct fields *fields)
{
	struct arena arena = fields->table->arena;

	/* The table lies in its own arena. */
	arena_free(&arena);
	fields->table = NULL;
}

size_t fields_room(const struct event *event)
{
	size_t texts = 0;

	for (unsigned i = 0; i < event->count; i++)
		texts += event->values[i].text.len;
	/* A text is told three times at most, as list of short words it takes twelve bytes for each of its own. */
	return 24 * texts + 6 * REASON_MAX + 12288;
}

/* Where a line is written: there is room for all of it. */
static void put(struct buf *out, const char *bytes, size_t len)
{
	memcpy(out->data + out->len, bytes, len);
	out->len += len;
}

static void put_between(struct buf *out, const struct between *between)
{
	/* Of a fixed length, which compilers turn into moves; what is too much is written over. */
	memcpy(out->data + out->len, between->text, 32);
	if (between->len > 32)
		memcpy(out->data + out->len + 32, between->text + 32, sizeof between->text - 32);
	out->len += between->len;
}

static void put_number(struct buf *out, uint64_t number)
{
	char digits[20];
	size_t at = sizeof digits;

	do
		digits[--at] = (char)('0' + number % 10);
	while (number /= 10);
	put(out, digits + at, sizeof digits - at);
}

static void put_text(struct buf *out, struct text text)
{
	if (escape_is_plain(text)) {
		out->data[out->len++] = '"';
		put(out, text.data, text.len);
		out->data[out->len++] = '"';
	} else {
		escape_json(text, out);
	}
}

static void put_words(struct buf *out, struct text words, const char *before, const char *after)
{
	while (words.len > 0) {
		const char *end = memchr(words.data, '\0', words.len);
		size_t len = end ? (size_t)(end - words.data) : words.len;

		put(out, before, strlen(before));
		put_text(out, (struct text){words.data, len});
		put(out, after, strlen(after));
		len += end != NULL;
		words = (struct text){words.data + len, words.len - len};
		if (words.len > 0)
			out->data[out->len++] = ',';
	}
}

/* Words as one text: what escaped a NUL becomes a blank. */
static void put_joined(struct buf *out, struct text words)
{
	size_t start = out->len, to;

	if (words.data[words.len - 1] == '\0')
		words.len--;
	escape_json(words, out);
	to = start;
	for (size_t at = start; at < out->len; at++) {
		/* A NUL is the only thing that is written so. */
		if (out->len - at >= 6 && !memcmp(out->data + at, "\\u0000", 6)) {
			out->data[to++] = ' ';
			at += 5;
		} else {
			/* Two backslashes are one of the text, and begin nothing. */
			if (out->data[at] == '\\')
				out->data[to++] = out->data[at++];
			out->data[to++] = out->data[at];
		}
	}
	out->len = to;
}

static void put_value(struct buf *out, const struct field_value *value)
{
	switch (value->kind) {
	case VALUE_TEXT:
		put_text(out, value->text);
		break;
	case VALUE_PLAIN:
		out->data[out->len++] = '"';
		put(out, value->text.data, value->text.len);
		out->data[out->len++] = '"';
		break;
	case VALUE_NUMBER:
		put_number(out, value->number);
		break;
	case VALUE_TIME:
		out->data[out->len++] = '"';
		when_write_rfc3339(value->number, out);
		out->data[out->len++] = '"';
		break;
	case VALUE_BOOL:
		buf_str(out, value->number ? "true" : "false");
		break;
	case VALUE_WORDS:
		out->data[out->len++] = '[';
		put_words(out, value->text, "", "");
		out->data[out->len++] = ']';
		break;
	case VALUE_JOINED:
		put_joined(out, value->text);
		break;
	case VALUE_ANSWERS:
		put(out, "[{\"rdata\":", 10);
		put_text(out, value->text);
		put(out, "}]", 2);
		break;
	case VALUE_NONE:
		break;
	}
}

/* OTLP's AnyValue. Numbers of 64 bits are texts in its JSON. */
static void put_any(struct buf *out, const struct field_value *value)
{
	switch (value->kind) {
	case VALUE_NUMBER:
		buf_str(out, "\"intValue\":\"");
		put_number(out, value->number);
		buf_str(out, "\"");
		break;
	case VALUE_BOOL:
		buf_str(out, "\"boolValue\":");
		put_value(out, value);
		break;
	case VALUE_WORDS:
		buf_str(out, "\"arrayValue\":{\"values\":[");
		put_words(out, value->text, "{\"stringValue\":", "}");
		buf_str(out, "]}");
		break;
	default:
		buf_str(out, "\"stringValue\":");
		put_value(out, value);
		break;
	}
	buf_str(out, "}}");
}

/* A log record up to its attributes. */
static void put_record(struct buf *out, struct field_source *source)
{
	bool refused = field_alert(source).kind == VALUE_BOOL && source->event->kind == EVENT_OPERATION;
	struct field_value action = field_action(source);

	put_number(out, source->event->time_ns);
	buf_str(out, refused ? "\",\"severityNumber\":13,\"severityText\":\"WARN\",\"body\":{\"stringValue\":\""
			     : "\",\"severityNumber\":9,\"severityText\":\"INFO\",\"body\":{\"stringValue\":\"");
	put(out, action.text.data, action.text.len);
	buf_str(out, "\"},\"attributes\":[");
}

static size_t events_of(const struct event *event)
{
	return event->kind == EVENT_OPERATION ? verb_table[event->verb].section : SECTION_COUNT + event->kind;
}

static void read_source(const struct fields *fields, const struct event *event, struct field_source *out)
{
	out->fields = fields;
	out->event = event;
	for (size_t i = 0; i < FIELD_COUNT; i++)
		out->values[i] = (struct text){"", 0};
	/* The first of each counts. */
	for (unsigned i = event->count; i-- > 0;)
		out->values[event->values[i].field] = event->values[i].text;
	out->rule = rule_text_of(fields->policy, event->rule, event->verb);
	if (out->rule.reason.len > REASON_MAX)
		out->rule.reason.len = REASON_MAX;
}

void fields_write(const struct fields *fields, const struct event *event, struct buf *out)
{
	const struct fields_table *table = fields->table;
	struct field_source source;
	size_t open = OBJECTS_MAX;

	if (fields_room(event) > out->cap - out->len) {
		out->overflow = true;
		return;
	}
	read_source(fields, event, &source);
	put(out, table->head, strlen(table->head));
	if (table->form == FIELDS_OTLP)
		put_record(out, &source);
	for (const uint8_t *row = table->of_event[events_of(event)]; *row != ROWS; row++) {
		struct field_value value;

		if (rows[*row].needs && source.values[rows[*row].needs].len == 0)
			continue;
		value = rows[*row].get(&source);
		if (value.kind == VALUE_NONE)
			continue;
		put_between(out, &table->between[open][*row]);
		open = table->object_of[*row];
		if (table->form == FIELDS_OTLP)
			put_any(out, &value);
		else
			put_value(out, &value);
	}
	put_between(out, &table->end[open]);
}
