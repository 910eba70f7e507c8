/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Telling people and models about a refusal; see refusal.h.
 */
#include "libguard/hooks/refusal.h"

#include "libguard/core/buf.h"
#include "libguard/core/sys.h"

#include <string.h>

#define LINES_A_SECOND 3 /* for one rule: a loop over many files must not drown the refusal that comes next */
#define LINE_CAP 1024 /* below PIPE_BUF: a line is never mixed with another's */
#define OBJECT_CAP 420 /* of a line: rule, reason and what is allowed come after a long name, too */

/* Bytes that could move a terminal's cursor or begin a line of their own are shown as \xNN. */
static void add_plain(struct buf *line, struct text text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (c >= 0x20 && c != 0x7f) {
			buf_char(line, (char)c);
		} else {
			buf_str(line, "\\x");
			buf_hex(line, c, 2);
		}
	}
}

/* The same, cut so that the line is not longer than LEN. */
static void add_cut(struct buf *line, struct text text, size_t len)
{
	size_t cap = line->cap;

	line->cap = len;
	add_plain(line, text);
	line->cap = cap;
	if (line->overflow)
		buf_str(line, "...");
	line->overflow = false;
}

/* "guard.conf:18" */
static void add_place(struct buf *line, const struct rule_info *rule)
{
	size_t start = rule->file.len;

	while (start > 0 && rule->file.data[start - 1] != '/')
		start--;
	add_plain(line, (struct text){rule->file.data + start, rule->file.len - start});
	buf_char(line, ':');
	buf_u64(line, rule->line);
}

static void add_rule(struct buf *line, const struct session *session, enum verb verb, const struct verdict *verdict)
{
	struct rule_info rule;

	if (verdict->rule == RULE_DEFAULT) {
		buf_str(line, "the default for ");
		buf_str(line, section_words[verb_table[verb].section]);
		buf_str(line, ": no rule allows it");
	} else if (policy_rule(&session->policy, verdict->rule, &rule) != 0) {
		buf_str(line, log_is_lost(session) ? "the event log is full and the policy requires it"
						   : "the guard could not decide it");
	} else {
		buf_str(line, "rule ");
		add_plain(line, rule.id);
		buf_str(line, ", ");
		add_place(line, &rule);
		if (rule.reason.len > 0) {
			buf_str(line, ": ");
			add_plain(line, rule.reason);
		}
	}
}

/* "; allowed: delete /home/u/project/..." */
static void add_allowed(struct buf *line, const struct session *session, enum verb verb, const struct verdict *verdict)
{
	struct text hint = policy_hint(&session->policy, verdict->rule, verb);

	if (hint.len == 0 || verdict->rule == RULE_BROKEN)
		return;
	buf_str(line, "; allowed: ");
	buf_str(line, verb_table[verb].word);
	buf_char(line, ' ');
	add_plain(line, hint);
}

/* One line less this second, or false when there are none left. */
static bool take_line(struct session_state *state, uint32_t rule)
{
	_Atomic uint64_t *lines = &state->lines[rule % SESSION_LINES];
	uint64_t second = sys_now_ns() / 1000000000u;
	uint64_t now = atomic_load_explicit(lines, memory_order_relaxed);
	uint64_t next;

	do {
		next = now >> 32 == (second & UINT32_MAX) ? now + 1 : (second & UINT32_MAX) << 32 | 1;
		if ((uint32_t)next > LINES_A_SECOND) {
			atomic_fetch_add_explicit(&state->lines_muted, 1, memory_order_relaxed);
			return false;
		}
	} while (!atomic_compare_exchange_weak_explicit(lines, &now, next, memory_order_relaxed,
							memory_order_relaxed));
	return true;
}

void refusal_say(struct session *session, const struct operand *operand, enum verb verb, const struct verdict *verdict)
{
	char storage[LINE_CAP];
	struct buf line = {.data = storage, .cap = sizeof storage - 1};
	struct policy_variable variable;

	if (!take_line(session->state, verdict->rule))
		return;
	buf_str(&line, "libguard: refused ");
	buf_str(&line, verb_table[verb].word);
	buf_char(&line, ' ');
	add_cut(&line, operand->object.text, OBJECT_CAP);
	if (operand->object.host.len > 0) {
		buf_str(&line, " [");
		add_plain(&line, operand->object.host);
		buf_char(&line, ']');
	}
	if (policy_variable(&session->policy, verdict->rule, &operand->object, &guard.actor, &variable)) {
		buf_str(&line, " with ");
		add_cut(&line, variable.name, OBJECT_CAP + 100);
	}
	buf_str(&line, " (");
	add_rule(&line, session, verb, verdict);
	add_allowed(&line, session, verb, verdict);
	buf_char(&line, ')');
	storage[line.len] = '\n';
	guard_say(storage, line.len + 1);
}

void refusal_note_labels(struct session *session, uint64_t labels, const struct event *event)
{
	for (unsigned number = 0; number < 64; number++) {
		struct event note = *event;

		if (!(labels & UINT64_C(1) << number))
			continue;
		note.kind = EVENT_LABEL;
		note.count = 0;
		event_add(&note, FIELD_LABEL, policy_label_name(&session->policy, number));
		event_add(&note, FIELD_OBJECT, event_get(event, FIELD_OBJECT));
		log_write(&session->log, &note);
	}
}

bool log_is_lost(const struct session *session)
{
	const struct log_state *log = &session->state->log;

	return atomic_load_explicit(&log->stuck, memory_order_relaxed) > atomic_load_explicit(&log->ready, memory_order_relaxed) &&
	       policy_log(&session->policy).required;
}
