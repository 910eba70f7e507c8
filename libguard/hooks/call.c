/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of one hooked call: enter, decide, record, leave; see call.h.
 *
 * Naming operands is name.c's. errno is written here and nowhere else.
 */
#include "libguard/hooks/call.h"

#include "libguard/core/sys.h"
#include "libguard/hooks/origin.h"
#include "libguard/hooks/refusal.h"
#include "libguard/record/redact.h"

#include <errno.h>

#define VARIABLE_CAP 256 /* bytes of a variable that are recorded */

/* Which verb stands for several in a record: the one that weighs most. */
static const uint8_t by_weight[] = {
	VERB_CREATE, VERB_DELETE, VERB_WRITE, VERB_ATTR,     VERB_LOAD,  VERB_READ,      VERB_EXEC,   VERB_CONNECT, VERB_BIND,
	VERB_SEND,   VERB_RESOLVE, VERB_TRACE, VERB_IDENTITY, VERB_MOUNT, VERB_NAMESPACE, VERB_KERNEL, VERB_SIGNAL,
};

_Static_assert(sizeof by_weight == VERB_COUNT, "every verb has its weight");

static enum verb weightiest(verb_set verbs)
{
	if ((verbs & (verbs - 1)) == 0)
		return verbs ? (enum verb)__builtin_ctz(verbs) : VERB_READ;
	for (size_t i = 0; i < sizeof by_weight; i++)
		if (verbs & 1u << by_weight[i])
			return by_weight[i];
	return VERB_READ;
}

void call_enter(struct call *call, enum hook hook)
{
	call->hook = hook;
	call->refused = false;
	call->count = 0;
	call->result = 0;
	call->scratch = NULL;
	call->on = guard_ready();
	if (!call->on)
		return;
	call->scratch = scratch_take();
	if (UNLIKELY(!call->scratch)) {
		static const char line[] = "libguard: refused a call: no memory to decide it\n";

		/* Fail closed: what cannot be named cannot be allowed. */
		guard_say(line, sizeof line - 1);
		call->on = false;
		call->refused = true;
		call->result = -ENOMEM;
	}
}

struct operand *call_object(struct call *call, const struct object *object, verb_set verbs)
{
	struct operand *operand = call_operand(call, call->on ? verbs : 0);

	operand->object = *object;
	return operand;
}

/* The policy's answer for one session, and whether it is to be obeyed. */
static bool ask(struct session *session, const struct operand *operand, verb_set verbs, struct verdict *out)
{
	enum policy_mode mode = policy_mode(&session->policy);

	if (mode == MODE_OFF) {
		*out = (struct verdict){.kind = VERDICT_ALLOW, .rule = RULE_NOT_ASKED, .verbs = verbs};
		return true;
	}
	if (UNLIKELY(operand->unknown || (operand->object.kind == OBJECT_PATH && operand->object.text.len == 0)))
		*out = (struct verdict){VERDICT_DENY, RULE_BROKEN, verbs, EACCES, 0, true};
	else
		policy_decide(&session->policy, verbs, &operand->object, &guard.actor, out);
	if (out->kind == VERDICT_ALLOW && UNLIKELY(log_is_lost(session))) {
		out->kind = VERDICT_DENY;
		out->rule = RULE_BROKEN;
		out->err = EIO;
	}
	return out->kind == VERDICT_ALLOW || mode != MODE_ENFORCE;
}

bool call_decide(struct call *call, struct operand *operand, verb_set verbs)
{
	bool first = verbs == operand->verbs;
	bool allowed = true;

	operand->confirmed = guard_was_told(verbs, &operand->object);
	for (unsigned i = 0; i < guard.session_count; i++) {
		struct verdict *kept = &operand->verdicts[i];
		struct verdict now;

		if (!ask(&guard.sessions[i], operand, verbs, &now)) {
			if (!call->refused)
				call->result = -now.err;
			call->refused = true;
			allowed = false;
		}
		if (first || (now.kind != VERDICT_ALLOW && kept->kind == VERDICT_ALLOW)) {
			*kept = now;
		} else {
			kept->verbs |= now.verbs;
			kept->labels |= now.labels;
			kept->log |= now.log;
		}
	}
	operand->verbs |= verbs;
	return allowed;
}

/* What a policy does not let be done. */
static verb_set refused_of(const struct session *session, const struct operand *operand, verb_set verbs)
{
	struct verdict verdict;

	policy_decide(&session->policy, verbs, &operand->object, &guard.actor, &verdict);
	return verdict.kind == VERDICT_ALLOW ? 0 : verdict.verbs;
}

void call_widens(struct call *call, unsigned from, unsigned to)
{
	const verb_set verbs = VERB_SET(READ) | VERB_SET(WRITE) | VERB_SET(ATTR) | VERB_SET(LOAD);
	struct operand *old = &call->operands[from], *new = &call->operands[to];

	if (!call->on || call->count <= from || call->count <= to || !old->verbs || !new->verbs || old->object.text.len == 0)
		return;
	for (unsigned i = 0; i < guard.session_count; i++) {
		verb_set refused = refused_of(&guard.sessions[i], old, verbs);

		if (UNLIKELY(refused != 0))
			old->verbs |= refused & ~refused_of(&guard.sessions[i], new, verbs);
	}
}

bool call_allowed(struct call *call)
{
	bool allowed = true;

	if (UNLIKELY(!call->on))
		return !call->refused;
	for (unsigned i = 0; i < call->count; i++) {
		struct operand *operand = &call->operands[i];

		if (operand->verbs)
			allowed &= call_decide(call, operand, operand->verbs);
	}
	/* A name that leads nowhere has been decided like any other; then the guest gets the kernel's word. */
	return allowed && call->result == 0;
}

/* Has the call done what it was made for? A socket that connects in the background has. */
static bool succeeded(const struct call *call)
{
	return call->result >= 0 || call->result == -EINPROGRESS;
}

/* The variable for which the rule that decides applies. OUT is written without secrets. */
static __attribute__((noinline)) struct text variable_of(const struct session *session, const struct operand *operand, const struct verdict *verdict,
			       struct buf *out)
{
	char storage[VARIABLE_CAP];
	struct buf plain = BUF_ON(storage);
	struct policy_variable variable;

	if (!policy_variable(&session->policy, verdict->rule, &operand->object, &guard.actor, &variable))
		return TEXT("");
	buf_bytes(&plain, variable.name.data, variable.name.len);
	buf_char(&plain, '=');
	buf_bytes(&plain, variable.value.data, variable.value.len);
	redact_text((struct text){plain.data, plain.len}, out);
	return (struct text){out->data, out->len};
}

/* Record one operand in one session's log, and let the labels it gives take effect. */
static void record(const struct call *call, const struct operand *operand, unsigned number, struct event *event,
		   struct origin *origin)
{
	struct session *session = &guard.sessions[number];
	const struct verdict *verdict = &operand->verdicts[number];
	bool refuses = verdict->kind != VERDICT_ALLOW;
	struct policy_log log = policy_log(&session->policy);
	unsigned values = event->count;
	uint64_t labels = 0;
	char storage[VARIABLE_CAP];
	struct buf variable = BUF_ON(storage);

	if (!refuses && (guard_confirms() || operand->confirmed))
		return;
	event->verdict = (uint8_t)verdict->kind;
	event->rule = verdict->rule;
	event->verb = refuses ? weightiest(verdict->verbs & operand->verbs)
			      : (operand->shown < VERB_COUNT ? operand->shown : weightiest(operand->verbs));
	event->flags = operand->flags;
	if (refuses && policy_mode(&session->policy) != MODE_ENFORCE)
		event->flags |= EVENT_AUDIT;
	if (refuses && verdict->err == ENOENT)
		event->flags |= EVENT_HIDDEN;
	if (!call->refused) {
		if (!succeeded(call))
			event->flags |= EVENT_FAILED;
		else if (verdict->labels)
			labels = policy_label(&session->policy, verdict->labels);
		if (succeeded(call) && verdict->labels)
			event->flags |= EVENT_LABELLED;
	} else if (!refuses) {
		event->flags |= EVENT_FAILED; /* another operand or session refused */
	}
	if (refuses && call->refused)
		refusal_say(session, operand, event->verb, verdict);
	if (!refuses && !verdict->log)
		return;
	if (!refuses && operand->verbs == VERB_SET(READ) && log.reads != READS_ALL && !(event->flags & EVENT_LABELLED))
		return;
	/* A child that has run no program yet has no record of its own: what was refused names its program itself. */
	if (refuses)
		event_add(event, FIELD_EXE, actor_exe(&guard.actor));
	/* A process that runs no program of its own, such as a subshell, is known by the one it came from. */
	if ((refuses || event->verbs & VERB_SET(EXEC)) && guard.pid != event->pid)
		event->ppid = guard.pid;
	if (UNLIKELY(operand->object.envp != NULL))
		event_add(event, FIELD_ENV, variable_of(session, operand, verdict, &variable));
	if (origin_is_asked(&log, event))
		origin_add(origin, &log, event);
	log_write(&session->log, event);
	event->count = values;
	event->ppid = 0;
	if (labels)
		refusal_note_labels(session, labels, event);
}

static void record_all(struct call *call)
{
	bool runs = call->count > 0 && (call->operands[0].verbs & VERB_SET(EXEC));
	struct origin origin = {.scratch = call->scratch};
	struct event event;

	event.kind = EVENT_OPERATION;
	event.door = GUARD_DOOR_KIND;
	event.coverage = 0;
	event.err = call->result < 0 ? (int32_t)-call->result : 0;
	/* Exec is what a vfork child does. */
	event.pid = (uint32_t)(runs ? self_pid_now() : self_pid());
	event.tid = (uint32_t)(runs ? self_tid_now() : self_tid());
	event.ppid = event.uid = 0;
	event.time_ns = runs ? sys_now_ns_once() : sys_now_ns();
	for (unsigned i = 0; i < call->count; i++) {
		struct operand *operand = &call->operands[i];
		const char *name = hook_name(call->hook);

		if (!operand->verbs || (operand->recorded && call->result >= 0))
			continue;
		operand->recorded = true;
		event.verbs = operand->verbs;
		event.bytes = operand->object.addr ? operand->object.addr->port : 0;
		event.count = 0;
		event_add(&event, FIELD_OBJECT, operand->object.text);
		event_add(&event, FIELD_HOST, operand->object.host);
		event_add(&event, FIELD_CALL, (struct text){name, __builtin_strlen(name)});
		if (call->count > 1 && call->operands[!i].verbs)
			event_add(&event, FIELD_OTHER, call->operands[!i].object.text);
		event_add(&event, FIELD_ARGV, operand->argv);
		for (unsigned s = 0; s < guard.session_count; s++)
			record(call, operand, s, &event, &origin);
	}
	origin_release(&origin);
}

void call_record(struct call *call)
{
	if (LIKELY(call->on))
		record_all(call);
}

void call_release(struct call *call)
{
	if (call->scratch)
		scratch_give(call->scratch);
	call->scratch = NULL;
}

long call_finish(struct call *call)
{
	if (LIKELY(call->on)) {
		record_all(call);
		for (unsigned i = 0; i < call->count; i++)
			if (call->operands[i].pin >= 0)
				sys_close(call->operands[i].pin);
		call_release(call);
	}
	return call->result;
}

long call_errno(long result)
{
	if (result >= 0)
		return result;
	errno = (int)-result;
	return -1;
}

void *call_no_pointer(long result)
{
	errno = (int)-result;
	return NULL;
}

long call_leave(struct call *call)
{
	return call_errno(call_finish(call));
}

void *call_leave_pointer(struct call *call, void *pointer)
{
	return call_leave(call) < 0 ? NULL : pointer;
}
