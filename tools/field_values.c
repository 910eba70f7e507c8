/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an event says: a function for each value of fields.def.
 */
#include "tools/field_values.h"

#include "tools/event_id.h"
#include "tools/source.h"
#include "tools/summary.h"

#include <stdio.h>
#include <string.h>

struct field_value field_time(struct field_source *s)
{
	return (struct field_value){VALUE_TIME, {"", 0}, s->event->time_ns};
}

struct field_value field_id(struct field_source *s)
{
	struct buf id = BUF_ON(s->storage);

	event_id_write(s->fields->session, s->event->segment, s->event->slot, &id);
	return field_of_text((struct text){s->storage, id.len});
}

struct field_value field_kind(struct field_source *s)
{
	return field_of_word(field_is_operation(s) && outcome_refuses(outcome_of(s->event)) ? "alert" : "event");
}

struct field_value field_category(struct field_source *s)
{
	return field_of_word(s->event->verb < VERB_COUNT ? verb_table[s->event->verb].ecs_category : "host");
}

struct field_value field_type(struct field_source *s)
{
	if (field_is_operation(s) && outcome_of(s->event) == OUTCOME_REFUSED)
		return field_of_word("denied");
	return field_of_word(s->event->verb < VERB_COUNT ? verb_table[s->event->verb].ecs_type : "info");
}

struct field_value field_action(struct field_source *s)
{
	static const char *const words[] = {
		[EVENT_PROCESS] = "process-start", [EVENT_COVERAGE] = "process-uncovered",
		[EVENT_HOST] = "host-resolved",	   [EVENT_LABEL] = "session-labelled",
		[EVENT_NOTE] = "guard-note",
	};

	if (field_is_operation(s) && s->event->verb < VERB_COUNT)
		return field_of_word(verb_table[s->event->verb].word);
	return s->event->kind < ARRAY_LEN(words) && words[s->event->kind] ? field_of_word(words[s->event->kind])
									  : field_none;
}

struct field_value field_outcome(struct field_source *s)
{
	enum outcome outcome = outcome_of(s->event);

	if (!field_is_operation(s))
		return field_none;
	return field_of_word(outcome_happened(outcome) ? "success" : "failure");
}

struct field_value field_pid(struct field_source *s)
{
	return field_of_number(s->event->pid);
}

struct field_value field_tid(struct field_source *s)
{
	return field_of_number(s->event->tid);
}

struct field_value field_exe(struct field_source *s)
{
	if (s->event->kind == EVENT_COVERAGE || field_is_section(s, SECTION_COMMANDS))
		return field_of_text(s->values[FIELD_OBJECT]);
	return field_of_text(s->values[FIELD_EXE]);
}

/* Who runs a program is the parent of what it becomes. */
struct field_value field_actor_exe(struct field_source *s)
{
	return field_of_text(s->values[FIELD_EXE]);
}

struct field_value field_args(struct field_source *s)
{
	return field_of_words(VALUE_WORDS, s->values[FIELD_ARGV]);
}

struct field_value field_variable(struct field_source *s)
{
	return field_of_text(s->values[FIELD_ENV]);
}

struct field_value field_cwd(struct field_source *s)
{
	return field_of_text(s->values[FIELD_CWD]);
}

struct field_value field_ppid(struct field_source *s)
{
	return s->event->ppid ? field_of_number(s->event->ppid) : field_none;
}

struct field_value field_uid(struct field_source *s)
{
	return field_of_word((snprintf(s->storage, sizeof s->storage, "%u", s->event->uid), s->storage));
}

struct field_value field_object(struct field_source *s)
{
	return field_of_text(s->values[FIELD_OBJECT]);
}

static bool is_peer(const struct field_source *s)
{
	return field_is_section(s, SECTION_NETWORK) && s->event->verb != VERB_RESOLVE;
}

struct field_value field_address(struct field_source *s)
{
	uint16_t port;

	return is_peer(s) ? field_of_text(event_address(s->event, &port)) : field_none;
}

struct field_value field_port(struct field_source *s)
{
	uint16_t port = 0;

	if (is_peer(s))
		event_address(s->event, &port);
	return port ? field_of_number(port) : field_none;
}

struct field_value field_domain(struct field_source *s)
{
	return is_peer(s) ? field_of_text(s->values[FIELD_HOST]) : field_none;
}

struct field_value field_question(struct field_source *s)
{
	if (s->event->kind == EVENT_HOST)
		return field_of_text(s->values[FIELD_HOST]);
	return field_is_operation(s) && s->event->verb == VERB_RESOLVE ? field_of_text(s->values[FIELD_OBJECT])
								       : field_none;
}

struct field_value field_answer(struct field_source *s)
{
	return field_of_text(s->values[FIELD_OBJECT]);
}

struct field_value field_rule(struct field_source *s)
{
	struct buf name = BUF_ON(s->storage);

	if (!field_is_operation(s))
		return field_none;
	rule_text_write_name(&s->rule, &name);
	return field_of_text((struct text){s->storage, name.len});
}

struct field_value field_rule_place(struct field_source *s)
{
	if (!field_is_operation(s) || s->rule.file.len == 0)
		return field_none;
	snprintf(s->storage, sizeof s->storage, "%.*s:%u", (int)(s->rule.file.len < 100 ? s->rule.file.len : 100),
		 s->rule.file.data, s->rule.line);
	return field_of_text((struct text){s->storage, strlen(s->storage)});
}

struct field_value field_reason(struct field_source *s)
{
	/* The reason of a default says why it refused. */
	if (!field_is_operation(s) || (s->event->rule == RULE_DEFAULT && s->event->verdict == VERDICT_ALLOW))
		return field_none;
	return field_of_text(s->rule.reason);
}

struct field_value field_errno(struct field_source *s)
{
	const char *name = s->event->err ? strerrorname_np(s->event->err) : NULL;

	return name ? field_of_word(name) : field_none;
}

struct field_value field_verdict(struct field_source *s)
{
	static const char *const words[] = {[VERDICT_ALLOW] = "allow", [VERDICT_DENY] = "deny", [VERDICT_ASK] = "ask"};

	return field_is_operation(s) && s->event->verdict < ARRAY_LEN(words) ? field_of_word(words[s->event->verdict])
									     : field_none;
}

struct field_value field_door(struct field_source *s)
{
	static const char *const words[] = {
		[DOOR_HOOK] = "hook", [DOOR_KERNEL] = "kernel", [DOOR_SUPERVISOR] = "supervisor"};

	return s->event->door < ARRAY_LEN(words) && words[s->event->door] ? field_of_word(words[s->event->door])
									  : field_none;
}

struct field_value field_call(struct field_source *s)
{
	return field_of_text(s->values[FIELD_CALL]);
}

struct field_value field_other(struct field_source *s)
{
	return field_of_text(s->values[FIELD_OTHER]);
}

struct field_value field_stack(struct field_source *s)
{
	return field_of_words(VALUE_WORDS, s->values[FIELD_SOURCE]);
}

struct field_value field_native_stack(struct field_source *s)
{
	return field_of_words(VALUE_WORDS, s->values[FIELD_STACK]);
}

struct field_value field_origin_file(struct field_source *s)
{
	struct source_line line;

	return source_of(s->values[FIELD_SOURCE], &line) ? field_of_text(line.frame.file) : field_none;
}

struct field_value field_origin_line(struct field_source *s)
{
	struct source_line line;

	if (!source_of(s->values[FIELD_SOURCE], &line) || !line.frame.line)
		return field_none;
	return field_of_number(line.frame.line);
}

struct field_value field_origin_function(struct field_source *s)
{
	struct source_line line;

	return source_of(s->values[FIELD_SOURCE], &line) ? field_of_text(line.frame.name) : field_none;
}

struct field_value field_label(struct field_source *s)
{
	return field_of_text(s->values[FIELD_LABEL]);
}

struct field_value field_note(struct field_source *s)
{
	return field_of_text(s->values[FIELD_REASON]);
}

struct field_value field_audit(struct field_source *s)
{
	return s->event->flags & EVENT_AUDIT ? (struct field_value){VALUE_BOOL, {"", 0}, 1} : field_none;
}

struct field_value field_coverage(struct field_source *s)
{
	static const char *const words[] = {
		[COVER_HOOKS] = "hooks",     [COVER_STATIC] = "static", [COVER_SETUID] = "setuid",
		[COVER_FOREIGN] = "foreign", [COVER_NO_ENV] = "no-env", [COVER_NO_LIB] = "no-library",
		[COVER_NOT_LOADED] = "not-loaded",
	};

	return s->event->coverage < ARRAY_LEN(words) && words[s->event->coverage]
		       ? field_of_word(words[s->event->coverage])
		       : field_none;
}

struct field_value field_time_ms(struct field_source *s)
{
	return field_of_number(s->event->time_ns / 1000000);
}

struct field_value field_ecs_version(struct field_source *s)
{
	(void)s;
	return field_of_word("8.11.0");
}

struct field_value field_product(struct field_source *s)
{
	(void)s;
	return field_of_word(PACKAGE_NAME);
}

struct field_value field_vendor(struct field_source *s)
{
	return field_product(s);
}

struct field_value field_host(struct field_source *s)
{
	return field_of_text((struct text){s->fields->host, strlen(s->fields->host)});
}

struct field_value field_command_line(struct field_source *s)
{
	return field_of_words(VALUE_JOINED, s->values[FIELD_ARGV]);
}

struct field_value field_answers(struct field_source *s)
{
	return field_of_words(VALUE_ANSWERS, s->values[FIELD_OBJECT]);
}

struct field_value field_answer_list(struct field_source *s)
{
	return field_of_words(VALUE_WORDS, s->values[FIELD_OBJECT]);
}

struct field_value field_other_process(struct field_source *s)
{
	return field_of_text(s->values[FIELD_OBJECT]);
}
