/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/replay.h"

#include "libguard/policy/state.h"
#include "tools/question.h"
#include "tools/summary.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void read_words(struct text words, struct replay_question *out)
{
	size_t len = words.len < sizeof out->words - 1 ? words.len : sizeof out->words - 1;
	unsigned count = 0;

	memcpy(out->words, words.data, len);
	out->words[len] = '\0';
	for (size_t at = 0; at < len && count < REPLAY_WORDS; at += strlen(out->words + at) + 1)
		out->argv[count++] = out->words + at;
	out->argv[count] = NULL;
}

static void read_variable(struct text variable, struct replay_question *out)
{
	size_t len = variable.len < sizeof out->variable - 1 ? variable.len : sizeof out->variable - 1;

	memcpy(out->variable, variable.data, len);
	out->variable[len] = '\0';
	out->envp[0] = len > 0 ? out->variable : NULL;
	out->envp[1] = NULL;
}

/* As the hooks wrote it: an IP with its port, a path, "@name", or a family that is not told apart. */
static void read_address(const struct event *event, struct replay_question *out)
{
	uint16_t port;
	struct text text = event_address(event, &port);
	char ip[64] = "";

	out->object.kind = OBJECT_ADDRESS;
	out->object.addr = &out->addr;
	out->object.host = event_get(event, FIELD_HOST);
	if (text.len < sizeof ip)
		memcpy(ip, text.data, text.len);
	if (text.len > 0 && (text.data[0] == '/' || text.data[0] == '@'))
		out->addr.family = ADDR_UNIX;
	else if (!question_ip(ip, port, &out->addr))
		out->addr = (struct addr){.family = ADDR_OTHER, .port = port};
}

bool replay_read(const struct event *event, struct replay_question *out)
{
	if (event->kind != EVENT_OPERATION || event->rule == RULE_NOT_ASKED)
		return false;
	out->verbs = event->verbs ? event->verbs : 1u << event->verb;
	out->object = (struct object){.kind = OBJECT_PATH, .text = event_get(event, FIELD_OBJECT)};
	out->addr = (struct addr){0};
	switch (verb_table[event->verb].section) {
	case SECTION_NETWORK:
		if (event->verb == VERB_RESOLVE)
			out->object.kind = OBJECT_HOST;
		else
			read_address(event, out);
		break;
	case SECTION_COMMANDS:
		out->object.kind = OBJECT_PROGRAM;
		read_words(event_get(event, FIELD_ARGV), out);
		out->object.argv = out->argv;
		read_variable(event_get(event, FIELD_ENV), out);
		out->object.envp = out->envp;
		break;
	case SECTION_PROCESS:
		out->object.kind = OBJECT_PROCESS;
		break;
	default:
		break;
	}
	return out->object.text.len > 0;
}

int replay_open(const void *image, size_t size, struct replay *out)
{
	*out = (struct replay){.state_size = policy_state_size(image, size)};
	out->state = calloc(1, out->state_size);
	if (!out->state)
		return -ENOMEM;
	return policy_attach(image, size, out->state, out->state_size, &out->policy);
}

void replay_decide(struct replay *replay, const struct event *event, const struct replay_question *question,
		   struct text exe, const struct policy_listener *listener, struct verdict *out)
{
	struct policy_state *state = replay->policy.state;
	struct actor actor = {.exe = exe};

	/* The attempts of an hour come within a second here. */
	memset(state->words, 0, replay->state_size - offsetof(struct policy_state, words));
	if (listener)
		policy_explain(&replay->policy, question->verbs, &question->object, &actor, listener, out);
	else
		policy_decide(&replay->policy, question->verbs, &question->object, &actor, out);
	if (out->kind == VERDICT_ALLOW && out->labels && outcome_happened(outcome_of(event)))
		policy_label(&replay->policy, out->labels);
}

void replay_close(struct replay *replay)
{
	free(replay->state);
	*replay = (struct replay){0};
}
