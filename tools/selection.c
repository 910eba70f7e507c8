/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filters of events; see selection.h.
 */
#include "tools/selection.h"

#include "libguard/core/glob.h"
#include "libguard/core/sys.h"
#include "libguard/policy/policy.h"
#include "tools/suggest.h"
#include "tools/when.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *const selection_verdicts[EVENT_VERDICT_LAST + 1] = {
	[VERDICT_ALLOW] = "allow", [VERDICT_DENY] = "deny", [VERDICT_ASK] = "ask"
};

bool selection_is_all(const struct selection *selection)
{
	return !selection->pid && !selection->verbs && selection->verdict < 0 && !selection->path && !selection->since_ns;
}

bool selection_covers(const struct selection *selection, const struct event *event)
{
	bool operation = event->kind == EVENT_OPERATION;

	if (selection->pid && event->pid != selection->pid)
		return false;
	if (selection->verbs && !(operation && event->verb < VERB_COUNT && (selection->verbs & 1u << event->verb)))
		return false;
	if (selection->verdict >= 0 && !(operation && event->verdict == selection->verdict))
		return false;
	if (event->time_ns < selection->since_ns)
		return false;
	return !selection->path || glob_match((struct text){selection->path, strlen(selection->path)},
					      event_get(event, FIELD_OBJECT));
}

/* "delete,write" as a set. False after saying which word is unknown. */
static bool read_verbs(const char *list, verb_set *out)
{
	const char *known[VERB_COUNT];
	char word[32];

	for (int i = 0; i < VERB_COUNT; i++)
		known[i] = verb_table[i].word;
	for (*out = 0; *list; list += strcspn(list, ","), list += *list == ',') {
		size_t len = strcspn(list, ",");
		const char *near;
		int verb = 0;

		if (len >= sizeof word)
			len = sizeof word - 1;
		memcpy(word, list, len);
		word[len] = '\0';
		while (verb < VERB_COUNT && strcmp(known[verb], word) != 0)
			verb++;
		near = verb == VERB_COUNT ? suggest(word, known, VERB_COUNT) : NULL;
		if (verb == VERB_COUNT) {
			fail(EXIT_USAGE, "no operation \"%s\"%s%s%s", word, near ? " (did you mean \"" : "", near ? near : "",
			     near ? "\"?)" : "; read, write, create, delete, ... are some");
			return false;
		}
		*out |= 1u << verb;
	}
	return true;
}

static int read_verdict(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(selection_verdicts); i++)
		if (!strcmp(word, selection_verdicts[i]))
			return (int)i;
	return -1;
}

int selection_option(const struct command *command, int option, const char *argument, struct selection *selection)
{
	char *end;

	switch (option) {
	case SELECT_PID:
		selection->pid = (uint32_t)strtoul(argument, &end, 10);
		return *end || !selection->pid ? fail_usage(command, "\"%s\" is no pid", argument) : 0;
	case SELECT_OPERATION:
		return read_verbs(argument, &selection->verbs) ? 0 : EXIT_USAGE;
	case SELECT_VERDICT:
		selection->verdict = read_verdict(argument);
		if (selection->verdict < 0)
			return fail_usage(command, "no verdict \"%s\": allow, deny or ask", argument);
		return 0;
	case SELECT_PATH:
		selection->path = argument;
		return 0;
	case SELECT_SINCE:
		if (when_read(argument, sys_now_ns(), &selection->since_ns))
			return fail_usage(command, "\"%s\" is no time: 5m, 2026-01-02T03:04:05Z or seconds", argument);
		return 0;
	}
	return -ENOENT;
}
