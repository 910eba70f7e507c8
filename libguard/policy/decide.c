/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an operation to a verdict. Precedence lives here and nowhere else.
 */
#include "libguard/policy/environment.h"
#include "libguard/policy/image.h"
#include "libguard/policy/match.h"
#include "libguard/policy/state.h"

#include "libguard/core/glob.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define NO_RULE UINT32_MAX

/* One question, and what the rules have said to it so far. */
struct question {
	const struct policy *policy;
	verb_set verbs;
	enum section section;
	const struct object *object;
	const struct actor *actor;
	const struct policy_listener *listener; /* or NULL */
	uint32_t deny, ask, allow; /* the first rule of each kind, or NO_RULE */
	verb_set denied, asked, allowed;
	uint64_t labels;
	bool log;
};

static enum section section_of(verb_set verbs)
{
	return verbs ? verb_table[__builtin_ctz(verbs)].section : SECTION_FILES;
}

static bool word_matches(const struct policy *policy, uint32_t words, struct text text)
{
	struct image_span span = image_span(policy, words, &image_head(policy)->words);

	for (uint32_t i = 0; i < span.count; i++)
		if (glob_match(image_word(policy, span.first + i), text))
			return true;
	return false;
}

/* Does one of the alternatives, separated by newlines, match the word? */
static bool arg_matches(struct text alternatives, const char *word)
{
	struct text text = {word, strlen(word)};

	for (;;) {
		const char *end = memchr(alternatives.data, '\n', alternatives.len);
		size_t len = end ? (size_t)(end - alternatives.data) : alternatives.len;

		if (glob_match((struct text){alternatives.data, len}, text))
			return true;
		if (!end)
			return false;
		alternatives = (struct text){end + 1, alternatives.len - len - 1};
	}
}

/* Do the globs match words of argv, argv[0] left out, in this order? */
static bool args_match(const struct policy *policy, uint32_t args, char *const *argv)
{
	struct image_span span = image_span(policy, args, &image_head(policy)->words);
	uint32_t next = 0;

	if (argv && *argv)
		argv++;
	for (; argv && *argv && next < span.count; argv++)
		next += arg_matches(image_word(policy, span.first + next), *argv);
	return next == span.count;
}

static bool ports_match(const struct policy *policy, uint32_t ports, const struct addr *addr)
{
	struct image_span span = image_span(policy, ports, &image_head(policy)->ports);

	for (uint32_t i = 0; i < span.count; i++) {
		const struct image_ports_row *row = image_ports_row(policy, span.first + i);

		if (addr && addr->port >= row->first && addr->port <= row->last)
			return true;
	}
	return false;
}

static bool in_range(const uint8_t ip[16], const uint8_t range[16], unsigned bits)
{
	struct image_range_key a, b;

	if (bits > 128)
		return false;
	a = image_range_key(ip, bits);
	b = image_range_key(range, bits);
	return memcmp(&a, &b, sizeof a) == 0;
}

static bool is_ip(const struct object *object)
{
	return object->kind == OBJECT_ADDRESS && object->addr &&
	       (object->addr->family == ADDR_INET || object->addr->family == ADDR_INET6);
}

static bool is_anywhere(const struct object *object)
{
	return object->kind == OBJECT_ADDRESS && object->addr && object->addr->family == ADDR_ANYWHERE;
}

/* The host name a question is about: the object itself, or what led to its address. */
static struct text host_of(const struct object *object)
{
	return object->kind == OBJECT_HOST ? object->text : object->host;
}

static bool in_domain(struct text host, struct text domain)
{
	return host.len > domain.len + 1 && host.data[host.len - domain.len - 1] == '.' &&
	       memcmp(host.data + host.len - domain.len, domain.data, domain.len) == 0;
}

static bool is_excepted(const struct question *q, uint32_t excepts)
{
	struct image_span span = image_span(q->policy, excepts, &image_head(q->policy)->excepts);
	struct text host = host_of(q->object);

	for (uint32_t i = 0; i < span.count; i++) {
		const struct image_except *except = image_except(q->policy, span.first + i);
		struct text text = image_string(q->policy, except->string);

		switch (except->kind) {
		case EXCEPT_GLOB:
			if (!is_ip(q->object) && glob_match(text, q->object->text))
				return true;
			break;
		case EXCEPT_HOST:
			if (host.len > 0 && host.len == text.len && memcmp(host.data, text.data, host.len) == 0)
				return true;
			break;
		case EXCEPT_DOMAIN:
			if (in_domain(host, text))
				return true;
			break;
		case EXCEPT_RANGE:
			if (is_ip(q->object) && in_range(q->object->addr->ip, except->ip, except->bits))
				return true;
			break;
		default:
			break;
		}
	}
	return false;
}

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Count this attempt; are there more than `over` in `per` now? */
static bool is_over(const struct policy *policy, const struct image_rule_row *rule)
{
	uint64_t words = state_words(rule->over), position, now, before;
	_Atomic uint64_t *counter;

	if (!policy->state || policy->counted)
		return false;
	if (rule->over == 0)
		return true;
	if (rule->counter > image_head(policy)->counters || words > image_head(policy)->counters - rule->counter)
		return true; /* a damaged image: the stricter reading */
	counter = &policy->state->words[rule->counter];
	now = monotonic_ns();
	position = atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
	before = atomic_exchange_explicit(&counter[1 + position % rule->over], now, memory_order_relaxed);
	return position >= rule->over && now - before < rule->per_s * UINT64_C(1000000000);
}

/* The first condition of the rule that does not hold, or BAR_NONE. */
static enum rule_bar find_bar(const struct question *q, const struct image_rule_row *rule)
{
	const struct policy *policy = q->policy;

	if (rule->port && q->object->kind != OBJECT_HOST && !(is_anywhere(q->object) && rule->kind != VERDICT_ALLOW) &&
	    !ports_match(policy, rule->port, q->object->addr))
		return BAR_PORT;
	if (rule->by && !word_matches(policy, rule->by, actor_exe(q->actor)))
		return BAR_BY;
	if (rule->args && !args_match(policy, rule->args, q->object->argv))
		return BAR_ARGS;
	if (rule->env && !environment_matches(policy, rule->env, q->object, q->actor, NULL))
		return BAR_ENV;
	if (rule->after && !(policy_labels(policy) & rule->after))
		return BAR_AFTER;
	if (rule->except && is_excepted(q, rule->except))
		return BAR_EXCEPT;
	/* Last, because asking counts. */
	return rule->per_s == 0 || is_over(policy, rule) ? BAR_NONE : BAR_OVER;
}

/* To allow the way to a host is to allow finding it. */
static verb_set verbs_of(const struct question *q, const struct image_rule_row *rule)
{
	if (q->object->kind == OBJECT_HOST && rule->kind == VERDICT_ALLOW &&
	    (rule->verbs & (VERB_SET(CONNECT) | VERB_SET(SEND))))
		return rule->verbs | VERB_SET(RESOLVE);
	return rule->verbs;
}

static void hear_rule(struct question *q, uint32_t number)
{
	const struct image_rule_row *rule = image_rule_row(q->policy, number);
	verb_set verbs = verbs_of(q, rule) & q->verbs;
	enum rule_bar bar;

	if (rule->section != q->section || !verbs)
		return;
	bar = find_bar(q, rule);
	if (UNLIKELY(q->listener != NULL))
		q->listener->hear(q->listener->context, number, verbs, bar);
	if (bar != BAR_NONE)
		return;
	if (rule->kind == VERDICT_DENY) {
		q->denied |= verbs;
		q->deny = number < q->deny ? number : q->deny;
	} else if (rule->kind == VERDICT_ASK) {
		q->asked |= verbs;
		q->ask = number < q->ask ? number : q->ask;
	} else {
		q->allowed |= verbs;
		q->allow = number < q->allow ? number : q->allow;
		q->labels |= rule->labels;
		q->log &= !rule->no_log;
	}
}

static void hear_refs(void *question, uint32_t refs)
{
	struct question *q = question;
	struct image_span span = image_span(q->policy, refs, &image_head(q->policy)->refs);

	for (uint32_t i = 0; i < span.count; i++)
		hear_rule(q, image_ref(q->policy, span.first + i));
}

/* A directory changes its name and takes along what is below: rules about that are asked too. */
static void hear_below(struct question *q, const struct image_node *node)
{
	if (q->object->tree && !node->is_stars && node->below) {
		q->denied |= q->verbs;
		q->deny = node->below_rule < q->deny ? node->below_rule : q->deny;
		if (UNLIKELY(q->listener != NULL))
			q->listener->hear(q->listener->context, node->below_rule, q->verbs, BAR_NONE);
	}
}

/* False when the name needs more states than there are. */
static bool hear_name(struct question *q, enum image_root root, struct text name)
{
	struct match_nodes nodes;

	match_walk(q->policy, root, name, q->object->trail, &nodes, hear_refs, q);
	for (unsigned i = 0; i < nodes.count; i++) {
		const struct image_node *node = image_node(q->policy, nodes.at[i]);

		hear_refs(q, node->refs);
		hear_below(q, node);
	}
	return !nodes.overflow;
}

static void hear_host(struct question *q, struct text host)
{
	hear_refs(q, image_find(q->policy, EDGE_HOST, 0, host));
	for (size_t i = 0; i + 1 < host.len; i++)
		if (host.data[i] == '.')
			hear_refs(q, image_find(q->policy, EDGE_DOMAIN, 0,
						(struct text){host.data + i + 1, host.len - i - 1}));
}

static void hear_address(struct question *q, const uint8_t ip[16])
{
	const uint64_t *present = image_head(q->policy)->range_bits;

	for (unsigned bits = 0; bits <= 128; bits++) {
		struct image_range_key key;

		if (!(present[bits / 64] >> bits % 64 & 1))
			continue;
		key = image_range_key(ip, bits);
		hear_refs(q, image_find(q->policy, EDGE_RANGE, 0,
					(struct text){(const char *)key.bytes, sizeof key.bytes}));
	}
}

static void hear_any_address(struct question *q)
{
	static const uint8_t none[16];
	struct image_range_key key = image_range_key(none, 0);

	hear_refs(q, image_find(q->policy, EDGE_RANGE, 0, (struct text){(const char *)key.bytes, sizeof key.bytes}));
}

/* Is this the edge of the range that holds all addresses? */
static bool is_any(const struct policy *policy, const struct image_edge *edge)
{
	static const uint8_t none[16];
	struct image_range_key any = image_range_key(none, 0);
	struct text key = image_string(policy, edge->key);

	return edge->owner % 8 == EDGE_RANGE && key.len == sizeof any.bytes && !memcmp(key.data, any.bytes, key.len);
}

/* What leads to every address: each rule that refuses one of them covers it, and those that allow all of them. */
static void hear_everywhere(struct question *q)
{
	for (uint32_t i = 0; i < image_head(q->policy)->edges.count; i++) {
		const struct image_edge *edge = image_edge(q->policy, i);
		uint32_t kind = edge->owner % 8;
		struct image_span span;

		if (edge->hash == 0 || (kind != EDGE_HOST && kind != EDGE_DOMAIN && kind != EDGE_RANGE))
			continue;
		span = image_span(q->policy, edge->value, &image_head(q->policy)->refs);
		for (uint32_t k = 0; k < span.count; k++) {
			uint32_t number = image_ref(q->policy, span.first + k);

			if (image_rule_row(q->policy, number)->kind != VERDICT_ALLOW || is_any(q->policy, edge))
				hear_rule(q, number);
		}
	}
}

static bool hear_object(struct question *q)
{
	const struct object *object = q->object;

	switch (object->kind) {
	case OBJECT_PATH:
		return hear_name(q, ROOT_FILES, object->text);
	case OBJECT_PROGRAM:
	case OBJECT_PROCESS:
		return hear_name(q, ROOT_PROGRAMS, object->text);
	case OBJECT_HOST:
		hear_host(q, object->text);
		hear_any_address(q);
		return true;
	case OBJECT_ADDRESS:
		if (object->addr && object->addr->family == ADDR_UNIX)
			return hear_name(q, object->text.len > 0 && object->text.data[0] == '@' ? ROOT_ABSTRACT : ROOT_SOCKETS,
					 object->text);
		if (is_anywhere(object))
			hear_everywhere(q);
		else if (is_ip(object))
			hear_address(q, object->addr->ip);
		else
			hear_any_address(q);
		if (object->host.len > 0)
			hear_host(q, object->host);
		return true;
	default:
		return false;
	}
}

/* The machine's own names: asking for them tells nobody anything. */
static bool is_localhost(struct text host)
{
	struct text local = TEXT("localhost");

	return (host.len == local.len && memcmp(host.data, local.data, local.len) == 0) || in_domain(host, local);
}

static void refuse(struct verdict *out, enum verdict_kind kind, uint32_t rule, verb_set verbs, int err)
{
	*out = (struct verdict){kind, rule, verbs, err ? err : EACCES, 0, true};
}

static void decide(const struct policy *policy, verb_set verbs, const struct object *object, const struct actor *actor,
		   const struct policy_listener *listener, struct verdict *out)
{
	struct question q = {
		.policy = policy,
		.verbs = verbs,
		.section = section_of(verbs),
		.object = object,
		.actor = actor,
		.listener = listener,
		.deny = NO_RULE,
		.ask = NO_RULE,
		.allow = NO_RULE,
		.log = true,
	};
	uint8_t otherwise = image_head(policy)->defaults[q.section];
	verb_set rest;

	if (!hear_object(&q)) {
		refuse(out, VERDICT_DENY, RULE_BROKEN, verbs, 0);
		return;
	}
	rest = verbs & ~q.allowed;
	if (object->kind == OBJECT_HOST && is_localhost(object->text))
		rest = 0;
	if (q.denied)
		refuse(out, VERDICT_DENY, q.deny, q.denied, image_rule_row(policy, q.deny)->err);
	else if (q.asked)
		refuse(out, VERDICT_ASK, q.ask, q.asked, image_rule_row(policy, q.ask)->err);
	else if (rest && otherwise != VERDICT_ALLOW)
		refuse(out, otherwise == VERDICT_ASK ? VERDICT_ASK : VERDICT_DENY, RULE_DEFAULT, rest, 0);
	else
		*out = (struct verdict){VERDICT_ALLOW, q.allow == NO_RULE ? RULE_DEFAULT : q.allow, verbs, 0, q.labels, q.log};
}

void policy_decide(const struct policy *policy, verb_set verbs, const struct object *object, const struct actor *actor,
		   struct verdict *out)
{
	decide(policy, verbs, object, actor, NULL, out);
}

void policy_explain(const struct policy *policy, verb_set verbs, const struct object *object, const struct actor *actor,
		    const struct policy_listener *listener, struct verdict *out)
{
	decide(policy, verbs, object, actor, listener, out);
}

uint64_t policy_label(const struct policy *policy, uint64_t labels)
{
	if (!policy->state)
		return 0;
	return labels & ~atomic_fetch_or_explicit(&policy->state->labels, labels, memory_order_relaxed);
}

uint64_t policy_labels(const struct policy *policy)
{
	return policy->state ? atomic_load_explicit(&policy->state->labels, memory_order_relaxed) : 0;
}

enum policy_mode policy_mode(const struct policy *policy)
{
	/* What is no known mode enforces. */
	return image_head(policy)->mode <= MODE_AUDIT ? image_head(policy)->mode : MODE_ENFORCE;
}

struct policy_log policy_log(const struct policy *policy)
{
	const struct image_head *head = image_head(policy);

	return (struct policy_log){head->log_required, head->log_reads, head->log_stacks, head->log_native};
}

bool policy_twin(const struct policy *policy, uint64_t size, uint32_t number, struct policy_twin *out)
{
	uint32_t first = 0, end = image_head(policy)->twins.count;
	const struct image_twin *twin;

	while (first < end) {
		uint32_t middle = first + (end - first) / 2;

		if (image_twin(policy, middle)->size < size)
			first = middle + 1;
		else
			end = middle;
	}
	twin = image_twin(policy, first + number);
	if (twin->size != size || twin->path == 0)
		return false;
	*out = (struct policy_twin){image_string(policy, twin->path), twin->device, twin->inode, twin->print};
	return true;
}

struct policy_kernel policy_kernel(const struct policy *policy)
{
	const struct image_head *head = image_head(policy);

	return (struct policy_kernel){head->kernel_trust, head->kernel_supervisor, head->kernel_filter, head->kernel_landlock};
}

bool policy_refuses(const struct policy *policy, verb_set verbs)
{
	uint8_t section = section_of(verbs), otherwise = image_head(policy)->defaults[section];

	for (uint32_t i = 0; otherwise == VERDICT_ALLOW && i < policy_rule_count(policy); i++) {
		const struct image_rule_row *rule = image_rule_row(policy, i);

		if (rule->section == section && (rule->verbs & verbs) && rule->kind != VERDICT_ALLOW)
			return true;
	}
	return otherwise != VERDICT_ALLOW;
}

bool policy_asks_environment(const struct policy *policy)
{
	return image_head(policy)->environment;
}

bool policy_variable(const struct policy *policy, uint32_t rule, const struct object *object, const struct actor *actor,
		     struct policy_variable *out)
{
	uint32_t patterns = image_rule_row(policy, rule)->env;

	return patterns && environment_matches(policy, patterns, object, actor, out);
}

bool policy_hides(const struct policy *policy)
{
	return image_head(policy)->hides;
}

uint32_t policy_rule_count(const struct policy *policy)
{
	return image_head(policy)->rules.count;
}

int policy_rule(const struct policy *policy, uint32_t number, struct rule_info *out)
{
	const struct image_rule_row *rule = image_rule_row(policy, number);

	if (number >= policy_rule_count(policy))
		return -ENOENT;
	*out = (struct rule_info){
		.id = image_string(policy, rule->id),
		.file = image_string(policy, rule->file),
		.line = rule->line,
		.reason = image_string(policy, rule->reason),
		.kind = rule->kind <= VERDICT_ASK ? rule->kind : VERDICT_DENY,
		.section = rule->section < SECTION_COUNT ? rule->section : SECTION_FILES,
		.verbs = rule->verbs,
		.builtin = rule->builtin,
		.over = rule->over,
		.per_s = rule->per_s,
		.after = rule->after,
		.excepts = rule->except != 0,
	};
	return 0;
}

struct text policy_hint(const struct policy *policy, uint32_t rule, enum verb verb)
{
	struct text own = image_string(policy, image_rule_row(policy, rule)->hint);

	_Static_assert(ARRAY_LEN(image_head(policy)->hints) >= VERB_COUNT, "every verb has its hint");
	return own.len > 0 || verb >= VERB_COUNT ? own : image_string(policy, image_head(policy)->hints[verb]);
}

struct text policy_label_name(const struct policy *policy, unsigned number)
{
	const struct image_table *labels = &image_head(policy)->labels;
	uint32_t string;

	if (number >= labels->count)
		return TEXT("");
	memcpy(&string, policy->image + labels->at + number * sizeof string, sizeof string);
	return image_string(policy, string);
}
