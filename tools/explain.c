/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/explain.h"

#include "libguard/policy/image.h"
#include "tools/rule_text.h"

#include <stdlib.h>
#include <string.h>

#define SOURCE_MAX 600 /* bytes of a rule's text that are shown */
#define SOURCE_WHOLE 65536

struct hearing {
	const struct asker *asker;
	struct explained *out;
	size_t room;
};

static void hear(void *context, uint32_t number, verb_set verbs, enum rule_bar bar)
{
	struct hearing *hearing = context;
	struct explained *out = hearing->out;
	struct explained_rule rule = {.number = number, .bar = bar};

	(void)verbs;
	for (size_t i = 0; i < out->count; i++)
		if (out->rules[i].number == number) {
			/* Once it applies by one of its patterns it applies. */
			if (bar == BAR_NONE)
				out->rules[i].bar = BAR_NONE;
			return;
		}
	if (policy_rule(hearing->asker->policy, number, &rule.info) != 0)
		return;
	if (out->count == hearing->room) {
		size_t room = hearing->room ? 2 * hearing->room : 16;
		struct explained_rule *rules = arena_take(hearing->asker->arena, room * sizeof *rules);

		if (out->count > 0)
			memcpy(rules, out->rules, out->count * sizeof *rules);
		out->rules = rules;
		hearing->room = room;
	}
	out->rules[out->count++] = rule;
}

/* What was decided then holds, whatever is known now of what it was decided from. */
static void adopt(struct hearing *hearing, const struct event *event)
{
	struct verdict *verdict = &hearing->out->verdict;

	if (verdict->kind == event->verdict && verdict->rule == event->rule)
		return;
	hearing->out->differs = true;
	*verdict = (struct verdict){.kind = event->verdict, .rule = event->rule, .err = event->err};
	hear(hearing, event->rule, 1u << event->verb, BAR_NONE);
}

/* The rule that decides, rules that apply, the strict before the others, then the rest; each in the policy's order. */
static int rank(const struct explained_rule *rule)
{
	if (rule->decides)
		return 0;
	if (rule->bar != BAR_NONE)
		return 4;
	return rule->info.kind == VERDICT_DENY ? 1 : rule->info.kind == VERDICT_ASK ? 2 : 3;
}

static int by_rank(const void *left, const void *right)
{
	const struct explained_rule *a = left, *b = right;

	if (rank(a) != rank(b))
		return rank(a) - rank(b);
	return a->number < b->number ? -1 : a->number > b->number;
}

static const char *label_names(const struct asker *asker, uint64_t labels)
{
	struct words names = {0};

	for (unsigned number = 0; number < 64; number++) {
		struct text name = policy_label_name(asker->policy, number);

		if (labels & UINT64_C(1) << number)
			words_add(asker->arena, &names, arena_text(asker->arena, name.data, name.len));
	}
	return words_join(asker->arena, &names, " or ");
}

static const char *why_not(const struct asker *asker, const struct explained_rule *rule)
{
	switch (rule->bar) {
	case BAR_PORT:
		return "it is about other ports";
	case BAR_BY:
		return asker->actor.exe.len > 0 ? "it is about other programs than this one (by)"
						: "it is about certain programs only (by); name one with --by";
	case BAR_ARGS:
		return "it is about other arguments (args)";
	case BAR_ENV:
		return "it is about programs that get other variables (env)";
	case BAR_AFTER:
		return arena_format(asker->arena, "it holds once the session carries %s; try --after",
				    label_names(asker, rule->info.after));
	case BAR_EXCEPT:
		return "it excepts this (except)";
	case BAR_OVER:
		return arena_format(asker->arena, "it holds beyond %u attempts in %u seconds (over, per)", rule->info.over,
				    rule->info.per_s);
	default:
		return NULL;
	}
}

/* The group that begins in line LINE, its lines joined by blanks. */
static const char *cut_group(struct arena *arena, const char *text, unsigned line, ptrdiff_t max)
{
	char *out = arena_take(arena, (size_t)max + 4), *to = out;
	unsigned depth = 0;
	bool quoted = false;

	for (; line > 1 && text; line--) {
		const char *end = strchr(text, '\n');

		text = end ? end + 1 : NULL;
	}
	if (!text || !strchr(text, '{'))
		return "";
	for (text = strchr(text, '{'); *text && to - out < max; text++) {
		if (*text == '"' && text[-1] != '\\')
			quoted = !quoted;
		if (!quoted && *text == '#') {
			text += strcspn(text, "\n") - 1;
			continue;
		}
		if (strchr(" \t\r\n", *text) && !quoted) {
			if (to > out && to[-1] != ' ')
				*to++ = ' ';
			continue;
		}
		*to++ = *text;
		if (!quoted && *text == '{')
			depth++;
		if (!quoted && *text == '}' && --depth == 0)
			return out;
	}
	memcpy(to, "...", 4);
	return out;
}

static const char *source_of(struct arena *arena, const struct policy_text *policy, const struct rule_info *info,
			     ptrdiff_t max)
{
	const char *file = arena_text(arena, info->file.data, info->file.len);
	const char *text;

	if (info->builtin)
		return "";
	text = !strcmp(file, policy->source) ? policy->text : arena_file(arena, file);
	return text ? cut_group(arena, text, info->line, max) : "";
}

const char *explain_rule_text(struct arena *arena, const struct policy_text *policy, const struct rule_info *info)
{
	return source_of(arena, policy, info, SOURCE_WHOLE);
}

static size_t count_applying(const struct explained *out, enum verdict_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < out->count; i++)
		count += out->rules[i].bar == BAR_NONE && out->rules[i].info.kind == kind;
	return count;
}

static const char *why(const struct asker *asker, const struct explained *out)
{
	enum section section = verb_table[out->step->verb].section;
	bool allowed = out->verdict.kind == VERDICT_ALLOW;
	size_t allows = count_applying(out, VERDICT_ALLOW), denies = count_applying(out, VERDICT_DENY);

	if (out->verdict.rule == RULE_BROKEN && out->differs)
		return "the guard could not decide or record it: it failed closed";
	if (out->verdict.rule == RULE_BROKEN)
		return "the name takes more patterns at once than the guard can follow: it fails closed";
	if (out->verdict.rule == RULE_DEFAULT && allowed && image_head(asker->policy)->defaults[section] != VERDICT_ALLOW)
		return "names of this machine itself may always be looked up";
	if (out->verdict.rule == RULE_DEFAULT)
		return arena_format(asker->arena, "%s: the default for %s decides, which is %s",
				    out->count == 0 ? "no rule covers it" : "no rule that covers it applies",
				    section_words[section], allowed ? "allow" : "deny");
	if (allowed)
		return "a rule allows it and none that applies denies it";
	if (allows > 0)
		return "deny goes over allow, whatever the order of the rules";
	return denies > 1 ? "several rules deny it; the first is named" : "a rule denies it: the default is not asked";
}

/* The section's other operations that are allowed on the same object. */
static const char *allowed_others(const struct asker *asker, const struct question_step *step)
{
	enum section section = verb_table[step->verb].section;
	struct words words = {0};

	for (unsigned v = 0; v < VERB_COUNT; v++) {
		struct verdict verdict;

		if (v == step->verb || verb_table[v].section != section || (v == VERB_RESOLVE) != (step->verb == VERB_RESOLVE))
			continue;
		policy_decide(asker->policy, 1u << v, &step->object, &asker->actor, &verdict);
		if (verdict.kind == VERDICT_ALLOW)
			words_add(asker->arena, &words, verb_table[v].word);
	}
	return words_join(asker->arena, &words, " and ");
}

static const char *hint_of(const struct asker *asker, const struct explained *out)
{
	const struct question_step *step = out->step;
	struct rule_text rule = rule_text_of(asker->policy, out->verdict.rule, step->verb);
	struct refused refused = {.verb = step->verb, .object = step->object.text, .argv = step->argv};
	size_t room = 2 * (step->object.text.len + step->argv.len) + 1024;
	struct buf hint = {.data = arena_take(asker->arena, room), .cap = room};
	struct buf ip = {.data = arena_take(asker->arena, 64), .cap = 64};

	if (step->object.kind == OBJECT_ADDRESS && step->addr.family != ADDR_UNIX) {
		refused.host = step->object.host;
		refused.port = step->addr.port;
		if (refused.host.len == 0) {
			addr_write_ip(&step->addr, &ip);
			refused.object = (struct text){ip.data, ip.len};
		}
	}
	rule_text_write_hint(&rule, &refused, &hint);
	return buf_cstr(&hint);
}

void explain_step(const struct asker *asker, const struct question_step *step, struct explained *out)
{
	struct hearing hearing = {asker, out, 0};
	const struct policy_listener listener = {hear, &hearing};
	verb_set verbs = step->verbs ? step->verbs : 1u << step->verb;

	*out = (struct explained){.step = step, .others = "", .to_allow = ""};
	policy_explain(asker->policy, verbs, &step->object, &asker->actor, &listener, &out->verdict);
	if (asker->recorded)
		adopt(&hearing, asker->recorded);
	for (size_t i = 0; i < out->count; i++) {
		struct explained_rule *rule = &out->rules[i];

		rule->decides = rule->number == out->verdict.rule;
		rule->why = why_not(asker, rule);
		rule->source = source_of(asker->arena, asker->text, &rule->info, SOURCE_MAX);
	}
	if (out->count > 0)
		qsort(out->rules, out->count, sizeof *out->rules, by_rank);
	out->why = why(asker, out);
	if (out->verdict.kind == VERDICT_ALLOW) {
		out->labels = out->verdict.labels ? label_names(asker, out->verdict.labels) : NULL;
		return;
	}
	out->allowed = policy_hint(asker->policy, out->verdict.rule, step->verb);
	out->others = allowed_others(asker, step);
	out->to_allow = hint_of(asker, out);
}
