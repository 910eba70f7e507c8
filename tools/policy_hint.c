/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a policy allows in place of what it refuses, in the words of its text:
 * made once when it is compiled, so that a hook only has to print it.
 *
 * A hint has to be true: an object that any deny rule covers as written, under
 * whatever conditions, is left out.
 */
#include "tools/policy_rules.h"

#include "tools/policy_pattern.h"

#include "libguard/core/glob.h"

#include <string.h>

#define HINT_OBJECTS 3    /* objects that a hint names; "..." stands for more */
#define HINT_MAX 240      /* bytes; it goes into the line that a refused program shows */
#define LOOKS_MAX 1000000 /* rules that are looked at for all hints: a policy of very many goes without some */

/* A hint in the making. */
struct hint {
	struct policy_rules *rules;
	const struct policy_setting *setting;
	size_t *looks; /* left */
	const char *text;
	unsigned count;
};

static struct text text_of(const char *string)
{
	return (struct text){string, strlen(string)};
}

static const char *replace_variables(const struct hint *hint, const struct policy_rule *rule, const char *text)
{
	const struct reading reading = {.arena = &hint->rules->arena,
					.notes = &hint->rules->notes,
					.setting = hint->setting,
					.file = rule->image.file};

	return pattern_variables(&reading, rule->image.line, text);
}

static bool any_matches(const char *const *patterns, const char *object)
{
	for (; patterns && *patterns; patterns++) {
		const char *slash = strrchr(object, '/');

		if (glob_match(text_of(*patterns), text_of(object)))
			return true;
		/* A bare name is that program in any directory. */
		if (!strchr(*patterns, '/') && glob_match(text_of(*patterns), text_of(slash ? slash + 1 : object)))
			return true;
	}
	return false;
}

static bool host_matches(const char *const *hosts, const char *object)
{
	size_t len = strlen(object);

	for (; hosts && *hosts; hosts++) {
		size_t suffix = strlen(*hosts) - 1;

		if (!strcmp(*hosts, object))
			return true;
		if (**hosts == '*' && len > suffix && !strcmp(object + len - suffix, *hosts + 1))
			return true;
	}
	return false;
}

/* Does the rule cover the object as far as their texts tell? Of addresses only "any" does. */
static bool covers(const struct image_rule *rule, const char *object)
{
	bool socket = *object == '/' || *object == '@';

	if (any_matches(rule->except, object) || host_matches(rule->except, object))
		return false;
	for (size_t i = 0; rule->section == SECTION_NETWORK && !socket && i < rule->range_count; i++)
		if (rule->ranges[i].bits == 0)
			return true;
	return any_matches(rule->paths, object) || any_matches(rule->programs, object) ||
	       any_matches(rule->sockets, object) || host_matches(rule->hosts, object) ||
	       (rule->section == SECTION_PROCESS && !rule->programs);
}

/* Does a rule deny the object, or must that stay open? */
static bool may_be_denied(const struct hint *hint, const struct policy_rule *except_for, verb_set verbs,
			  const char *object)
{
	const struct policy_rules *rules = hint->rules;

	if (*hint->looks < rules->count)
		return true;
	*hint->looks -= rules->count;
	for (size_t i = 0; i < rules->count; i++) {
		const struct policy_rule *rule = &rules->rules[i];

		if (rule != except_for && !rule->off && rule->image.kind == VERDICT_DENY && rule->image.verbs & verbs &&
		    covers(&rule->image, object))
			return true;
	}
	return false;
}

/* Add an object; false when the hint is full. */
static bool add(struct hint *hint, const char *object, const char *suffix)
{
	struct arena *arena = &hint->rules->arena;
	const char *longer;

	if (hint->count == 0)
		longer = arena_format(arena, "%s%s", object, suffix);
	else if (hint->count < HINT_OBJECTS)
		longer = arena_format(arena, "%s, %s%s", hint->text, object, suffix);
	else
		longer = NULL;
	if (!longer || strlen(longer) > HINT_MAX) {
		if (hint->count > 0)
			hint->text = arena_format(arena, "%s, ...", hint->text);
		return false;
	}
	hint->text = longer;
	hint->count++;
	return true;
}

/* Objects of RULE that nothing else denies; false when the hint is full. */
static bool add_objects(struct hint *hint, const struct policy_rule *rule, const struct words *objects, verb_set verbs,
			const char *suffix)
{
	for (size_t i = 0; i < objects->count; i++) {
		const char *object = replace_variables(hint, rule, objects->items[i]);

		if (object && !may_be_denied(hint, rule, verbs, object) && !add(hint, object, suffix))
			return false;
	}
	return true;
}

static const char *ports_text(struct arena *arena, const struct image_rule *rule)
{
	const char *text = rule->port_count > 0 ? " port" : "";

	for (size_t i = 0; i < rule->port_count; i++)
		text = arena_format(arena, rule->ports[i].first == rule->ports[i].last ? "%s%s%u" : "%s%s%u-%u", text,
				    i ? "," : " ", rule->ports[i].first, rule->ports[i].last);
	return text;
}

/* What allow rules without conditions permit for a verb; NULL: nothing that could be told. */
static const char *hint_for_verb(struct hint hint, verb_set verb)
{
	struct policy_rules *rules = hint.rules;

	for (size_t i = 0; i < rules->count && *hint.looks >= rules->count; i++) {
		const struct policy_rule *rule = &rules->rules[i];
		const struct image_rule *image = &rule->image;

		if (rule->off || image->kind != VERDICT_ALLOW || !(image->verbs & verb) || image->by || image->args ||
		    image->env || image->except || rule->after.count > 0 || image->per_s > 0)
			continue;
		if (!add_objects(&hint, rule, &rule->written, verb, ports_text(&rules->arena, image)))
			break;
	}
	return hint.text;
}

void rules_add_hints(struct policy_rules *rules, const struct policy_setting *setting)
{
	size_t looks = LOOKS_MAX;
	const struct hint none = {.rules = rules, .setting = setting, .looks = &looks};

	for (unsigned v = 0; v < VERB_COUNT; v++)
		rules->setting.hints[v] = hint_for_verb(none, 1u << v);
	for (size_t i = 0; i < rules->count; i++) {
		struct policy_rule *rule = &rules->rules[i];
		struct hint hint = none;

		if (rule->off || rule->image.kind != VERDICT_DENY)
			continue;
		(void)add_objects(&hint, rule, &rule->written_except, rule->image.verbs, "");
		rule->image.hint = hint.text;
	}
}
