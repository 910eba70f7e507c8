/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fields of an event; see fields.h. Rows of one object stand together.
 *
 * Source: Elastic Common Schema 8; what it has no name for is below "libguard".
 */
#include "tools/fields.h"

#include "tools/escape.h"
#include "tools/event_id.h"
#include "tools/rule_text.h"
#include "tools/source.h"
#include "tools/summary.h"
#include "tools/when.h"

#include <stdio.h>
#include <string.h>

struct source {
	const struct event *event;
	const char *session;
	struct rule_text rule;
	char storage[EVENT_ID_MAX];
};

enum value_kind { VALUE_NONE, VALUE_TEXT, VALUE_PLAIN, VALUE_NUMBER, VALUE_TIME, VALUE_WORDS, VALUE_BOOL };

struct value {
	enum value_kind kind;
	struct text text;
	uint64_t number;
};

static struct value text_value(struct text text)
{
	return (struct value){text.len > 0 ? VALUE_TEXT : VALUE_NONE, text, 0};
}

/* A word of our own: nothing in it needs an escape. */
static struct value string_value(const char *string)
{
	return (struct value){VALUE_PLAIN, {string, strlen(string)}, 0};
}

static struct value number_value(uint64_t number)
{
	return (struct value){VALUE_NUMBER, {"", 0}, number};
}

static bool is_operation(const struct source *s)
{
	return s->event->kind == EVENT_OPERATION;
}

static bool is_section(const struct source *s, enum section section)
{
	return is_operation(s) && s->event->verb < VERB_COUNT && verb_table[s->event->verb].section == section;
}

static const struct value none = {VALUE_NONE, {"", 0}, 0};

static struct value get_time(struct source *s)
{
	return (struct value){VALUE_TIME, {"", 0}, s->event->time_ns};
}

static struct value get_id(struct source *s)
{
	struct buf id = BUF_ON(s->storage);

	event_id_write(s->session, s->event->segment, s->event->slot, &id);
	return text_value((struct text){s->storage, id.len});
}

static struct value get_kind(struct source *s)
{
	return string_value(is_operation(s) && outcome_refuses(outcome_of(s->event)) ? "alert" : "event");
}

static struct value get_category(struct source *s)
{
	return string_value(s->event->verb < VERB_COUNT ? verb_table[s->event->verb].ecs_category : "host");
}

static struct value get_type(struct source *s)
{
	if (is_operation(s) && outcome_of(s->event) == OUTCOME_REFUSED)
		return string_value("denied");
	return string_value(s->event->verb < VERB_COUNT ? verb_table[s->event->verb].ecs_type : "info");
}

static struct value get_action(struct source *s)
{
	static const char *const words[] = {
		[EVENT_PROCESS] = "process-start", [EVENT_COVERAGE] = "process-uncovered", [EVENT_HOST] = "host-resolved",
		[EVENT_LABEL] = "session-labelled", [EVENT_NOTE] = "guard-note",
	};

	if (is_operation(s) && s->event->verb < VERB_COUNT)
		return string_value(verb_table[s->event->verb].word);
	return s->event->kind < ARRAY_LEN(words) && words[s->event->kind] ? string_value(words[s->event->kind]) : none;
}

static struct value get_outcome(struct source *s)
{
	enum outcome outcome = outcome_of(s->event);

	if (!is_operation(s))
		return none;
	return string_value(outcome_happened(outcome) ? "success" : "failure");
}

static struct value get_pid(struct source *s)
{
	return number_value(s->event->pid);
}

static struct value get_tid(struct source *s)
{
	return number_value(s->event->tid);
}

static struct value get_exe(struct source *s)
{
	if (s->event->kind == EVENT_COVERAGE || is_section(s, SECTION_COMMANDS))
		return text_value(event_get(s->event, FIELD_OBJECT));
	return text_value(event_get(s->event, FIELD_EXE));
}

/* Who runs a program is the parent of what it becomes. */
static struct value get_parent_exe(struct source *s)
{
	return is_section(s, SECTION_COMMANDS) ? text_value(event_get(s->event, FIELD_EXE)) : none;
}

static struct value get_args(struct source *s)
{
	struct text words = event_get(s->event, FIELD_ARGV);

	return words.len > 0 ? (struct value){VALUE_WORDS, words, 0} : none;
}

static struct value get_cwd(struct source *s)
{
	return text_value(event_get(s->event, FIELD_CWD));
}

static struct value get_ppid(struct source *s)
{
	return s->event->ppid && !is_operation(s) ? number_value(s->event->ppid) : none;
}

static struct value get_uid(struct source *s)
{
	if (s->event->kind != EVENT_PROCESS)
		return none;
	return string_value((snprintf(s->storage, sizeof s->storage, "%u", s->event->uid), s->storage));
}

static struct value get_file(struct source *s)
{
	return is_section(s, SECTION_FILES) ? text_value(event_get(s->event, FIELD_OBJECT)) : none;
}

static bool is_peer(const struct source *s)
{
	return is_section(s, SECTION_NETWORK) && s->event->verb != VERB_RESOLVE;
}

static struct value get_address(struct source *s)
{
	uint16_t port;

	return is_peer(s) ? text_value(event_address(s->event, &port)) : none;
}

static struct value get_port(struct source *s)
{
	uint16_t port = 0;

	if (is_peer(s))
		event_address(s->event, &port);
	return port ? number_value(port) : none;
}

static struct value get_domain(struct source *s)
{
	return is_peer(s) ? text_value(event_get(s->event, FIELD_HOST)) : none;
}

static struct value get_question(struct source *s)
{
	if (s->event->kind == EVENT_HOST)
		return text_value(event_get(s->event, FIELD_HOST));
	return is_operation(s) && s->event->verb == VERB_RESOLVE ? text_value(event_get(s->event, FIELD_OBJECT)) : none;
}

static struct value get_answer(struct source *s)
{
	return s->event->kind == EVENT_HOST ? text_value(event_get(s->event, FIELD_OBJECT)) : none;
}

static struct value get_rule(struct source *s)
{
	struct buf name = BUF_ON(s->storage);

	if (!is_operation(s))
		return none;
	rule_text_write_name(&s->rule, &name);
	return text_value((struct text){s->storage, name.len});
}

static struct value get_rule_place(struct source *s)
{
	if (!is_operation(s) || s->rule.file.len == 0)
		return none;
	snprintf(s->storage, sizeof s->storage, "%.*s:%u", (int)(s->rule.file.len < 100 ? s->rule.file.len : 100),
		 s->rule.file.data, s->rule.line);
	return text_value((struct text){s->storage, strlen(s->storage)});
}

static struct value get_reason(struct source *s)
{
	/* The reason of a default says why it refused. */
	if (!is_operation(s) || (s->event->rule == RULE_DEFAULT && s->event->verdict == VERDICT_ALLOW))
		return none;
	return text_value(s->rule.reason);
}

static struct value get_errno(struct source *s)
{
	const char *name = s->event->err ? strerrorname_np(s->event->err) : NULL;

	return name ? string_value(name) : none;
}

static struct value get_verdict(struct source *s)
{
	static const char *const words[] = {[VERDICT_ALLOW] = "allow", [VERDICT_DENY] = "deny", [VERDICT_ASK] = "ask"};

	return is_operation(s) && s->event->verdict < ARRAY_LEN(words) ? string_value(words[s->event->verdict]) : none;
}

static struct value get_door(struct source *s)
{
	static const char *const words[] = {[DOOR_HOOK] = "hook", [DOOR_KERNEL] = "kernel", [DOOR_SUPERVISOR] = "supervisor"};

	return s->event->door < ARRAY_LEN(words) && words[s->event->door] ? string_value(words[s->event->door]) : none;
}

static struct value get_call(struct source *s)
{
	return text_value(event_get(s->event, FIELD_CALL));
}

static struct value get_other(struct source *s)
{
	return text_value(event_get(s->event, FIELD_OTHER));
}

static struct value get_stack(struct source *s)
{
	struct text frames = event_get(s->event, FIELD_SOURCE);

	return frames.len > 0 ? (struct value){VALUE_WORDS, frames, 0} : none;
}

static struct value get_native_stack(struct source *s)
{
	struct text frames = event_get(s->event, FIELD_STACK);

	return frames.len > 0 ? (struct value){VALUE_WORDS, frames, 0} : none;
}

static struct value get_origin_file(struct source *s)
{
	struct source_line line;

	return source_of(event_get(s->event, FIELD_SOURCE), &line) ? text_value(line.frame.file) : none;
}

static struct value get_origin_line(struct source *s)
{
	struct source_line line;

	if (!source_of(event_get(s->event, FIELD_SOURCE), &line) || !line.frame.line)
		return none;
	return number_value(line.frame.line);
}

static struct value get_origin_function(struct source *s)
{
	struct source_line line;

	return source_of(event_get(s->event, FIELD_SOURCE), &line) ? text_value(line.frame.name) : none;
}

static struct value get_label(struct source *s)
{
	return text_value(event_get(s->event, FIELD_LABEL));
}

static struct value get_note(struct source *s)
{
	return text_value(event_get(s->event, FIELD_REASON));
}

static struct value get_audit(struct source *s)
{
	return s->event->flags & EVENT_AUDIT ? (struct value){VALUE_BOOL, {"", 0}, 1} : none;
}

static struct value get_coverage(struct source *s)
{
	static const char *const words[] = {
		[COVER_HOOKS] = "hooks",     [COVER_STATIC] = "static", [COVER_SETUID] = "setuid",
		[COVER_FOREIGN] = "foreign", [COVER_NO_ENV] = "no-env", [COVER_NO_LIB] = "no-library",
	};

	return s->event->coverage < ARRAY_LEN(words) && words[s->event->coverage] ? string_value(words[s->event->coverage])
										   : none;
}

/* Objects in the order of writing; an empty object stands for the top. */
static const struct {
	const char *object, *name;
	struct value (*get)(struct source *source);
} rows[] = {
	{"", "@timestamp", get_time},
	{"event", "id", get_id},
	{"event", "kind", get_kind},
	{"event", "category", get_category},
	{"event", "type", get_type},
	{"event", "action", get_action},
	{"event", "outcome", get_outcome},
	{"process", "pid", get_pid},
	{"process", "executable", get_exe},
	{"process", "args", get_args},
	{"process", "working_directory", get_cwd},
	{"process.parent", "pid", get_ppid},
	{"process.parent", "executable", get_parent_exe},
	{"process.thread", "id", get_tid},
	{"user", "id", get_uid},
	{"file", "path", get_file},
	{"destination", "address", get_address},
	{"destination", "port", get_port},
	{"destination", "domain", get_domain},
	{"dns.question", "name", get_question},
	{"dns", "resolved_ip", get_answer},
	{"rule", "name", get_rule},
	{"rule", "reference", get_rule_place},
	{"rule", "description", get_reason},
	{"error", "code", get_errno},
	{"log.origin.file", "name", get_origin_file},
	{"log.origin.file", "line", get_origin_line},
	{"log.origin", "function", get_origin_function},
	{"libguard", "verdict", get_verdict},
	{"libguard", "door", get_door},
	{"libguard", "call", get_call},
	{"libguard", "other", get_other},
	{"libguard", "stack", get_stack},
	{"libguard", "native_stack", get_native_stack},
	{"libguard", "label", get_label},
	{"libguard", "note", get_note},
	{"libguard", "audit", get_audit},
	{"libguard", "coverage", get_coverage},
};

#define REASON_MAX 4096 /* bytes of a rule's reason; the policy's text may have more */

/* A name of the table: nothing in it needs an escape. */
static void put_key(struct buf *out, const char *name, size_t len)
{
	buf_char(out, '"');
	buf_bytes(out, name, len);
	buf_bytes(out, "\":", 2);
}

static void put_words(struct buf *out, struct text words)
{
	buf_char(out, '[');
	while (words.len > 0) {
		const char *end = memchr(words.data, '\0', words.len);
		size_t len = end ? (size_t)(end - words.data) : words.len;

		escape_json((struct text){words.data, len}, out);
		len += end != NULL;
		words = (struct text){words.data + len, words.len - len};
		if (words.len > 0)
			buf_char(out, ',');
	}
	buf_char(out, ']');
}

static void put_value(struct buf *out, const struct value *value)
{
	switch (value->kind) {
	case VALUE_TEXT:
		escape_json(value->text, out);
		break;
	case VALUE_PLAIN:
		buf_char(out, '"');
		buf_bytes(out, value->text.data, value->text.len);
		buf_char(out, '"');
		break;
	case VALUE_NUMBER:
		buf_u64(out, value->number);
		break;
	case VALUE_TIME:
		buf_char(out, '"');
		when_write_rfc3339(value->number, out);
		buf_char(out, '"');
		break;
	case VALUE_BOOL:
		buf_str(out, value->number ? "true" : "false");
		break;
	case VALUE_WORDS:
		put_words(out, value->text);
		break;
	case VALUE_NONE:
		break;
	}
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

/* Close and open objects so that what is open goes from OPEN to NEXT, and write the comma where one belongs. */
static void move_to(struct buf *out, const char *open, const char *next)
{
	size_t common;

	/* Most fields stand beside the one before. */
	if (open == next) {
		if (out->data[out->len - 1] != '{')
			buf_char(out, ',');
		return;
	}
	common = shared(open, next);
	for (const char *at = open + common; *at; at++)
		if (*at == '.' || at == open)
			buf_char(out, '}');
	if (*next && out->data[out->len - 1] != '{')
		buf_char(out, ',');
	if (next[common] == '.')
		common++;
	for (const char *at = next + common; *at;) {
		size_t len = strcspn(at, ".");

		put_key(out, at, len);
		buf_char(out, '{');
		at += len + (at[len] == '.');
	}
}

void fields_write_json(const struct fields *fields, const struct event *event, struct buf *out)
{
	struct source source = {.event = event, .session = fields->session};
	const char *open = "";

	source.rule = rule_text_of(fields->policy, event->rule, event->verb);
	if (source.rule.reason.len > REASON_MAX)
		source.rule.reason.len = REASON_MAX;
	buf_char(out, '{');
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct value value = rows[i].get(&source);

		if (value.kind == VALUE_NONE)
			continue;
		move_to(out, open, rows[i].object);
		open = rows[i].object;
		put_key(out, rows[i].name, strlen(rows[i].name));
		put_value(out, &value);
	}
	move_to(out, open, "");
	buf_bytes(out, "}\n", 2);
}
