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

static struct field_value text_value(struct text text)
{
	return (struct field_value){text.len > 0 ? VALUE_TEXT : VALUE_NONE, text, 0};
}

/* A word of our own: nothing in it needs an escape. */
static struct field_value string_value(const char *string)
{
	return (struct field_value){VALUE_PLAIN, {string, strlen(string)}, 0};
}

static struct field_value number_value(uint64_t number)
{
	return (struct field_value){VALUE_NUMBER, {"", 0}, number};
}

static struct field_value words_value(enum field_kind kind, struct text words)
{
	return (struct field_value){words.len > 0 ? kind : VALUE_NONE, words, 0};
}

static bool is_operation(const struct field_source *s)
{
	return s->event->kind == EVENT_OPERATION;
}

static bool is_section(const struct field_source *s, enum section section)
{
	return is_operation(s) && s->event->verb < VERB_COUNT && verb_table[s->event->verb].section == section;
}

static const struct field_value none = {VALUE_NONE, {"", 0}, 0};

struct field_value field_time(struct field_source *s)
{
	return (struct field_value){VALUE_TIME, {"", 0}, s->event->time_ns};
}

struct field_value field_id(struct field_source *s)
{
	struct buf id = BUF_ON(s->storage);

	event_id_write(s->fields->session, s->event->segment, s->event->slot, &id);
	return text_value((struct text){s->storage, id.len});
}

struct field_value field_kind(struct field_source *s)
{
	return string_value(is_operation(s) && outcome_refuses(outcome_of(s->event)) ? "alert" : "event");
}

struct field_value field_category(struct field_source *s)
{
	return string_value(s->event->verb < VERB_COUNT ? verb_table[s->event->verb].ecs_category : "host");
}

struct field_value field_type(struct field_source *s)
{
	if (is_operation(s) && outcome_of(s->event) == OUTCOME_REFUSED)
		return string_value("denied");
	return string_value(s->event->verb < VERB_COUNT ? verb_table[s->event->verb].ecs_type : "info");
}

struct field_value field_action(struct field_source *s)
{
	static const char *const words[] = {
		[EVENT_PROCESS] = "process-start", [EVENT_COVERAGE] = "process-uncovered", [EVENT_HOST] = "host-resolved",
		[EVENT_LABEL] = "session-labelled", [EVENT_NOTE] = "guard-note",
	};

	if (is_operation(s) && s->event->verb < VERB_COUNT)
		return string_value(verb_table[s->event->verb].word);
	return s->event->kind < ARRAY_LEN(words) && words[s->event->kind] ? string_value(words[s->event->kind]) : none;
}

struct field_value field_outcome(struct field_source *s)
{
	enum outcome outcome = outcome_of(s->event);

	if (!is_operation(s))
		return none;
	return string_value(outcome_happened(outcome) ? "success" : "failure");
}

struct field_value field_pid(struct field_source *s)
{
	return number_value(s->event->pid);
}

struct field_value field_tid(struct field_source *s)
{
	return number_value(s->event->tid);
}

struct field_value field_exe(struct field_source *s)
{
	if (s->event->kind == EVENT_COVERAGE || is_section(s, SECTION_COMMANDS))
		return text_value(s->values[FIELD_OBJECT]);
	return text_value(s->values[FIELD_EXE]);
}

/* Who runs a program is the parent of what it becomes. */
struct field_value field_actor_exe(struct field_source *s)
{
	return text_value(s->values[FIELD_EXE]);
}

struct field_value field_args(struct field_source *s)
{
	return words_value(VALUE_WORDS, s->values[FIELD_ARGV]);
}

struct field_value field_cwd(struct field_source *s)
{
	return text_value(s->values[FIELD_CWD]);
}

struct field_value field_ppid(struct field_source *s)
{
	return s->event->ppid ? number_value(s->event->ppid) : none;
}

struct field_value field_uid(struct field_source *s)
{
	return string_value((snprintf(s->storage, sizeof s->storage, "%u", s->event->uid), s->storage));
}

struct field_value field_object(struct field_source *s)
{
	return text_value(s->values[FIELD_OBJECT]);
}

static bool is_peer(const struct field_source *s)
{
	return is_section(s, SECTION_NETWORK) && s->event->verb != VERB_RESOLVE;
}

struct field_value field_address(struct field_source *s)
{
	uint16_t port;

	return is_peer(s) ? text_value(event_address(s->event, &port)) : none;
}

struct field_value field_port(struct field_source *s)
{
	uint16_t port = 0;

	if (is_peer(s))
		event_address(s->event, &port);
	return port ? number_value(port) : none;
}

struct field_value field_domain(struct field_source *s)
{
	return is_peer(s) ? text_value(s->values[FIELD_HOST]) : none;
}

struct field_value field_question(struct field_source *s)
{
	if (s->event->kind == EVENT_HOST)
		return text_value(s->values[FIELD_HOST]);
	return is_operation(s) && s->event->verb == VERB_RESOLVE ? text_value(s->values[FIELD_OBJECT]) : none;
}

struct field_value field_answer(struct field_source *s)
{
	return text_value(s->values[FIELD_OBJECT]);
}

struct field_value field_rule(struct field_source *s)
{
	struct buf name = BUF_ON(s->storage);

	if (!is_operation(s))
		return none;
	rule_text_write_name(&s->rule, &name);
	return text_value((struct text){s->storage, name.len});
}

struct field_value field_rule_place(struct field_source *s)
{
	if (!is_operation(s) || s->rule.file.len == 0)
		return none;
	snprintf(s->storage, sizeof s->storage, "%.*s:%u", (int)(s->rule.file.len < 100 ? s->rule.file.len : 100),
		 s->rule.file.data, s->rule.line);
	return text_value((struct text){s->storage, strlen(s->storage)});
}

struct field_value field_reason(struct field_source *s)
{
	/* The reason of a default says why it refused. */
	if (!is_operation(s) || (s->event->rule == RULE_DEFAULT && s->event->verdict == VERDICT_ALLOW))
		return none;
	return text_value(s->rule.reason);
}

struct field_value field_errno(struct field_source *s)
{
	const char *name = s->event->err ? strerrorname_np(s->event->err) : NULL;

	return name ? string_value(name) : none;
}

struct field_value field_verdict(struct field_source *s)
{
	static const char *const words[] = {[VERDICT_ALLOW] = "allow", [VERDICT_DENY] = "deny", [VERDICT_ASK] = "ask"};

	return is_operation(s) && s->event->verdict < ARRAY_LEN(words) ? string_value(words[s->event->verdict]) : none;
}

struct field_value field_door(struct field_source *s)
{
	static const char *const words[] = {[DOOR_HOOK] = "hook", [DOOR_KERNEL] = "kernel", [DOOR_SUPERVISOR] = "supervisor"};

	return s->event->door < ARRAY_LEN(words) && words[s->event->door] ? string_value(words[s->event->door]) : none;
}

struct field_value field_call(struct field_source *s)
{
	return text_value(s->values[FIELD_CALL]);
}

struct field_value field_other(struct field_source *s)
{
	return text_value(s->values[FIELD_OTHER]);
}

struct field_value field_stack(struct field_source *s)
{
	return words_value(VALUE_WORDS, s->values[FIELD_SOURCE]);
}

struct field_value field_native_stack(struct field_source *s)
{
	return words_value(VALUE_WORDS, s->values[FIELD_STACK]);
}

struct field_value field_origin_file(struct field_source *s)
{
	struct source_line line;

	return source_of(s->values[FIELD_SOURCE], &line) ? text_value(line.frame.file) : none;
}

struct field_value field_origin_line(struct field_source *s)
{
	struct source_line line;

	if (!source_of(s->values[FIELD_SOURCE], &line) || !line.frame.line)
		return none;
	return number_value(line.frame.line);
}

struct field_value field_origin_function(struct field_source *s)
{
	struct source_line line;

	return source_of(s->values[FIELD_SOURCE], &line) ? text_value(line.frame.name) : none;
}

struct field_value field_label(struct field_source *s)
{
	return text_value(s->values[FIELD_LABEL]);
}

struct field_value field_note(struct field_source *s)
{
	return text_value(s->values[FIELD_REASON]);
}

struct field_value field_audit(struct field_source *s)
{
	return s->event->flags & EVENT_AUDIT ? (struct field_value){VALUE_BOOL, {"", 0}, 1} : none;
}

struct field_value field_coverage(struct field_source *s)
{
	static const char *const words[] = {
		[COVER_HOOKS] = "hooks",     [COVER_STATIC] = "static", [COVER_SETUID] = "setuid",
		[COVER_FOREIGN] = "foreign", [COVER_NO_ENV] = "no-env", [COVER_NO_LIB] = "no-library",
	};

	return s->event->coverage < ARRAY_LEN(words) && words[s->event->coverage] ? string_value(words[s->event->coverage])
										   : none;
}


struct field_value field_time_ms(struct field_source *s)
{
	return number_value(s->event->time_ns / 1000000);
}

struct field_value field_ecs_version(struct field_source *s)
{
	(void)s;
	return string_value("8.11.0");
}

/* Which class of OCSF an event belongs to, and what it does there. */
struct ocsf {
	unsigned class, activity;
};

#define OCSF_BASE 0
#define OCSF_FILES 1001
#define OCSF_KERNEL 1003
#define OCSF_MODULES 1005
#define OCSF_PROCESSES 1007
#define OCSF_NETWORK 4001
#define OCSF_DNS 4003
#define OCSF_OTHER 99

static struct ocsf ocsf_of(const struct field_source *s)
{
	static const struct ocsf operations[VERB_COUNT] = {
		[VERB_READ] = {OCSF_FILES, 2},	       [VERB_WRITE] = {OCSF_FILES, 3},
		[VERB_CREATE] = {OCSF_FILES, 1},       [VERB_DELETE] = {OCSF_FILES, 4},
		[VERB_ATTR] = {OCSF_FILES, 6},	       [VERB_LOAD] = {OCSF_MODULES, 1},
		[VERB_CONNECT] = {OCSF_NETWORK, 1},    [VERB_BIND] = {OCSF_NETWORK, 7},
		[VERB_SEND] = {OCSF_NETWORK, 6},       [VERB_RESOLVE] = {OCSF_DNS, 1},
		[VERB_EXEC] = {OCSF_PROCESSES, 1},     [VERB_SIGNAL] = {OCSF_PROCESSES, OCSF_OTHER},
		[VERB_TRACE] = {OCSF_PROCESSES, 3},    [VERB_IDENTITY] = {OCSF_PROCESSES, 5},
		[VERB_MOUNT] = {OCSF_KERNEL, OCSF_OTHER}, [VERB_NAMESPACE] = {OCSF_PROCESSES, OCSF_OTHER},
		[VERB_KERNEL] = {OCSF_KERNEL, OCSF_OTHER},
	};

	switch (s->event->kind) {
	case EVENT_OPERATION:
		return operations[s->event->verb];
	case EVENT_PROCESS:
	case EVENT_COVERAGE:
		return (struct ocsf){OCSF_PROCESSES, 1};
	case EVENT_HOST:
		return (struct ocsf){OCSF_DNS, 2};
	default:
		return (struct ocsf){OCSF_BASE, OCSF_OTHER};
	}
}

struct field_value field_ocsf_class(struct field_source *s)
{
	return number_value(ocsf_of(s).class);
}

struct field_value field_ocsf_category(struct field_source *s)
{
	return number_value(ocsf_of(s).class / 1000);
}

struct field_value field_ocsf_activity(struct field_source *s)
{
	return number_value(ocsf_of(s).activity);
}

struct field_value field_ocsf_type(struct field_source *s)
{
	struct ocsf ocsf = ocsf_of(s);

	return number_value(ocsf.class * 100 + ocsf.activity);
}

/* 1: informational, 3: medium. */
struct field_value field_ocsf_severity(struct field_source *s)
{
	return number_value(is_operation(s) && outcome_refuses(outcome_of(s->event)) ? 3 : 1);
}

struct field_value field_ocsf_version(struct field_source *s)
{
	(void)s;
	return string_value("1.3.0");
}

struct field_value field_ocsf_profiles(struct field_source *s)
{
	(void)s;
	return words_value(VALUE_WORDS, TEXT("host\0security_control"));
}

struct field_value field_product(struct field_source *s)
{
	(void)s;
	return string_value(PACKAGE_NAME);
}

struct field_value field_vendor(struct field_source *s)
{
	return field_product(s);
}

struct field_value field_host(struct field_source *s)
{
	return text_value((struct text){s->fields->host, strlen(s->fields->host)});
}

struct field_value field_ocsf_unknown(struct field_source *s)
{
	(void)s;
	return number_value(0);
}

struct field_value field_ocsf_regular(struct field_source *s)
{
	(void)s;
	return number_value(1);
}

/* 1: success, 2: failure. */
struct field_value field_ocsf_status(struct field_source *s)
{
	return number_value(outcome_happened(outcome_of(s->event)) ? 1 : 2);
}

/* 1: allowed, 2: denied, 3: observed only. */
struct field_value field_ocsf_action(struct field_source *s)
{
	enum outcome outcome = outcome_of(s->event);

	return number_value(outcome == OUTCOME_REFUSED ? 2 : outcome_refuses(outcome) ? 3 : 1);
}

/* 1: allowed, 2: blocked, 17: logged. */
struct field_value field_ocsf_disposition(struct field_source *s)
{
	enum outcome outcome = outcome_of(s->event);

	return number_value(outcome == OUTCOME_REFUSED ? 2 : outcome_refuses(outcome) ? 17 : 1);
}

struct field_value field_alert(struct field_source *s)
{
	return outcome_refuses(outcome_of(s->event)) ? (struct field_value){VALUE_BOOL, {"", 0}, 1} : none;
}

static struct field_value last_component(struct text path)
{
	const char *slash = memrchr(path.data, '/', path.len);
	size_t at = slash ? (size_t)(slash - path.data) + 1 : 0;

	/* The root has no other name. */
	return text_value(at < path.len ? (struct text){path.data + at, path.len - at} : path);
}

struct field_value field_actor_name(struct field_source *s)
{
	return last_component(s->values[FIELD_EXE]);
}

struct field_value field_exe_name(struct field_source *s)
{
	return last_component(field_exe(s).text);
}

struct field_value field_command_line(struct field_source *s)
{
	return words_value(VALUE_JOINED, s->values[FIELD_ARGV]);
}

static bool is_load(const struct field_source *s)
{
	return s->event->verb == VERB_LOAD;
}

struct field_value field_touched(struct field_source *s)
{
	return is_load(s) ? none : text_value(s->values[FIELD_OBJECT]);
}

struct field_value field_touched_name(struct field_source *s)
{
	return is_load(s) ? none : last_component(s->values[FIELD_OBJECT]);
}

struct field_value field_touched_type(struct field_source *s)
{
	return is_load(s) ? none : number_value(0);
}

struct field_value field_loaded(struct field_source *s)
{
	return is_load(s) ? text_value(s->values[FIELD_OBJECT]) : none;
}

struct field_value field_loaded_name(struct field_source *s)
{
	return is_load(s) ? last_component(s->values[FIELD_OBJECT]) : none;
}

struct field_value field_loaded_type(struct field_source *s)
{
	return is_load(s) ? number_value(1) : none;
}

/* An address of the own side is bound to, one of the other side is reached. */
static struct field_value endpoint(struct field_source *s, bool local, bool ip)
{
	struct field_value address = field_address(s);
	bool named = address.text.len > 0 && !memchr("0123456789:", address.text.data[0], 11);

	return local == (s->event->verb == VERB_BIND) && named != ip ? address : none;
}

struct field_value field_peer_ip(struct field_source *s)
{
	return endpoint(s, false, true);
}

struct field_value field_peer_name(struct field_source *s)
{
	return endpoint(s, false, false);
}

struct field_value field_peer_port(struct field_source *s)
{
	return s->event->verb == VERB_BIND ? none : field_port(s);
}

struct field_value field_local_ip(struct field_source *s)
{
	return endpoint(s, true, true);
}

struct field_value field_local_name(struct field_source *s)
{
	return endpoint(s, true, false);
}

struct field_value field_local_port(struct field_source *s)
{
	return s->event->verb == VERB_BIND ? field_port(s) : none;
}

struct field_value field_answers(struct field_source *s)
{
	return words_value(VALUE_ANSWERS, s->values[FIELD_OBJECT]);
}

struct field_value field_answer_list(struct field_source *s)
{
	return words_value(VALUE_WORDS, s->values[FIELD_OBJECT]);
}

struct field_value field_other_process(struct field_source *s)
{
	return text_value(s->values[FIELD_OBJECT]);
}
