/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What OCSF asks for that no other form does: classes and their numbers, files
 * told by path, name and type, both ends of a connection.
 *
 * Source: OCSF 1.3.0, https://schema.ocsf.io.
 */
#include "tools/field_values.h"

#include "tools/summary.h"

#include <string.h>

/* Which class of OCSF an event belongs to, and what it does there. */
struct ocsf {
	unsigned class, activity;
};

#define OCSF_BASE      0
#define OCSF_FILES     1001
#define OCSF_KERNEL    1003
#define OCSF_MODULES   1005
#define OCSF_PROCESSES 1007
#define OCSF_NETWORK   4001
#define OCSF_DNS       4003
#define OCSF_OTHER     99

static struct ocsf ocsf_of(const struct field_source *s)
{
	static const struct ocsf operations[VERB_COUNT] = {
		[VERB_READ] = {OCSF_FILES, 2},
		[VERB_WRITE] = {OCSF_FILES, 3},
		[VERB_CREATE] = {OCSF_FILES, 1},
		[VERB_DELETE] = {OCSF_FILES, 4},
		[VERB_ATTR] = {OCSF_FILES, 6},
		[VERB_LOAD] = {OCSF_MODULES, 1},
		[VERB_CONNECT] = {OCSF_NETWORK, 1},
		[VERB_BIND] = {OCSF_NETWORK, 7},
		[VERB_SEND] = {OCSF_NETWORK, 6},
		[VERB_RESOLVE] = {OCSF_DNS, 1},
		[VERB_EXEC] = {OCSF_PROCESSES, 1},
		[VERB_SIGNAL] = {OCSF_PROCESSES, OCSF_OTHER},
		[VERB_TRACE] = {OCSF_PROCESSES, 3},
		[VERB_IDENTITY] = {OCSF_PROCESSES, 5},
		[VERB_MOUNT] = {OCSF_KERNEL, OCSF_OTHER},
		[VERB_NAMESPACE] = {OCSF_PROCESSES, OCSF_OTHER},
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
	return field_of_number(ocsf_of(s).class);
}

struct field_value field_ocsf_category(struct field_source *s)
{
	return field_of_number(ocsf_of(s).class / 1000);
}

struct field_value field_ocsf_activity(struct field_source *s)
{
	return field_of_number(ocsf_of(s).activity);
}

struct field_value field_ocsf_type(struct field_source *s)
{
	struct ocsf ocsf = ocsf_of(s);

	return field_of_number(ocsf.class * 100 + ocsf.activity);
}

/* 1: informational, 3: medium. */
struct field_value field_ocsf_severity(struct field_source *s)
{
	return field_of_number(field_is_operation(s) && outcome_refuses(outcome_of(s->event)) ? 3 : 1);
}

struct field_value field_ocsf_version(struct field_source *s)
{
	(void)s;
	return field_of_word("1.3.0");
}

struct field_value field_ocsf_profiles(struct field_source *s)
{
	(void)s;
	return field_of_words(VALUE_WORDS, TEXT("host\0security_control"));
}

struct field_value field_ocsf_unknown(struct field_source *s)
{
	(void)s;
	return field_of_number(0);
}

struct field_value field_ocsf_regular(struct field_source *s)
{
	(void)s;
	return field_of_number(1);
}

/* 1: success, 2: failure. */
struct field_value field_ocsf_status(struct field_source *s)
{
	return field_of_number(outcome_happened(outcome_of(s->event)) ? 1 : 2);
}

/* 1: allowed, 2: denied, 3: observed only. */
struct field_value field_ocsf_action(struct field_source *s)
{
	enum outcome outcome = outcome_of(s->event);

	return field_of_number(outcome == OUTCOME_REFUSED ? 2 : outcome_refuses(outcome) ? 3 : 1);
}

/* 1: allowed, 2: blocked, 17: logged. */
struct field_value field_ocsf_disposition(struct field_source *s)
{
	enum outcome outcome = outcome_of(s->event);

	return field_of_number(outcome == OUTCOME_REFUSED ? 2 : outcome_refuses(outcome) ? 17 : 1);
}

struct field_value field_alert(struct field_source *s)
{
	return outcome_refuses(outcome_of(s->event)) ? (struct field_value){VALUE_BOOL, {"", 0}, 1} : field_none;
}

static struct field_value last_component(struct text path)
{
	const char *slash = memrchr(path.data, '/', path.len);
	size_t at = slash ? (size_t)(slash - path.data) + 1 : 0;

	/* The root has no other name. */
	return field_of_text(at < path.len ? (struct text){path.data + at, path.len - at} : path);
}

struct field_value field_actor_name(struct field_source *s)
{
	return last_component(s->values[FIELD_EXE]);
}

struct field_value field_exe_name(struct field_source *s)
{
	return last_component(field_exe(s).text);
}

static bool is_load(const struct field_source *s)
{
	return s->event->verb == VERB_LOAD;
}

struct field_value field_touched(struct field_source *s)
{
	return is_load(s) ? field_none : field_of_text(s->values[FIELD_OBJECT]);
}

struct field_value field_touched_name(struct field_source *s)
{
	return is_load(s) ? field_none : last_component(s->values[FIELD_OBJECT]);
}

struct field_value field_touched_type(struct field_source *s)
{
	return is_load(s) ? field_none : field_of_number(0);
}

struct field_value field_loaded(struct field_source *s)
{
	return is_load(s) ? field_of_text(s->values[FIELD_OBJECT]) : field_none;
}

struct field_value field_loaded_name(struct field_source *s)
{
	return is_load(s) ? last_component(s->values[FIELD_OBJECT]) : field_none;
}

struct field_value field_loaded_type(struct field_source *s)
{
	return is_load(s) ? field_of_number(1) : field_none;
}

/* An address of the own side is bound to, one of the other side is reached. */
static struct field_value endpoint(struct field_source *s, bool local, bool ip)
{
	struct field_value address = field_address(s);
	bool named = address.text.len > 0 && !memchr("0123456789:", address.text.data[0], 11);

	return local == (s->event->verb == VERB_BIND) && named != ip ? address : field_none;
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
	return s->event->verb == VERB_BIND ? field_none : field_port(s);
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
	return s->event->verb == VERB_BIND ? field_port(s) : field_none;
}
