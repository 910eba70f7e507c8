/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a policy the floor can hold; see floor_plan.h.
 *
 * Each answer errs on the side of more: conditions of allow rules (who, after
 * what, how often) count as met, and deny rules count only where they hold for
 * everybody and always.
 */
#include "tools/floor_plan.h"

#include "tools/policy_pattern.h"
#include "tools/policy_rules.h"

#include <stdlib.h>
#include <string.h>

#define COMM_MAX 15       /* bytes of a program's name that /proc/N/comm has */
#define PORTS_MAX 1024    /* rules on ports that a ruleset is given; beyond, the plan does without */
#define RESOLVER_PORT 53  /* libc asks the machine's name servers by TCP, too, and no rule is about it */
#define CHANGES (VERB_SET(WRITE) | VERB_SET(CREATE) | VERB_SET(DELETE))

/* Does the rule hold for whoever does it, whenever and however often? */
static bool is_unconditional(const struct policy_rule *rule)
{
	return !rule->image.by && !rule->image.args && rule->after.count == 0 && rule->image.per_s == 0;
}

static bool is_about(const struct policy_rule *rule, enum section section, verb_set verbs)
{
	return !rule->off && rule->image.section == section && (rule->image.verbs & verbs);
}

static bool allows_any(const struct policy_rules *rules, enum section section, verb_set verbs)
{
	for (size_t i = 0; i < rules->count; i++)
		if (is_about(&rules->rules[i], section, verbs) && rules->rules[i].image.kind == VERDICT_ALLOW)
			return true;
	return false;
}

/* Is one verb of `process` refused to everybody, whomever it would be done to? */
static bool is_refused(const struct policy_rules *rules, verb_set verb)
{
	for (size_t i = 0; i < rules->count; i++) {
		const struct policy_rule *rule = &rules->rules[i];

		if (is_about(rule, SECTION_PROCESS, verb) && rule->image.kind == VERDICT_DENY && is_unconditional(rule) &&
		    !rule->image.programs && !rule->image.except)
			return true;
	}
	return rules->setting.defaults[SECTION_PROCESS] == VERDICT_DENY && !allows_any(rules, SECTION_PROCESS, verb);
}

static bool needs_path(const char *const *patterns)
{
	for (; patterns && *patterns; patterns++)
		if (strchr(*patterns, '/') || strlen(*patterns) > COMM_MAX)
			return true;
	return false;
}

/* Does a rule on signals tell the other process by its path? */
static bool sees_peers(const struct policy_rules *rules)
{
	for (size_t i = 0; i < rules->count; i++) {
		const struct policy_rule *rule = &rules->rules[i];

		if (is_about(rule, SECTION_PROCESS, VERB_SET(SIGNAL)) && !rule->image.builtin &&
		    (needs_path(rule->image.programs) || needs_path(rule->image.except)))
			return true;
	}
	return false;
}

/* Does the rule refuse VERB everywhere but for its exceptions? */
static bool closes(const struct policy_rule *rule, verb_set verb)
{
	if (!is_about(rule, SECTION_FILES, verb) || rule->image.kind != VERDICT_DENY || !is_unconditional(rule))
		return false;
	for (const char *const *path = rule->image.paths; path && *path; path++)
		if (!strcmp(*path, "/**") || !strcmp(*path, "**"))
			return true;
	return false;
}

static void add_roots(struct floor_plan *plan, const char *const *patterns)
{
	for (; patterns && *patterns; patterns++) {
		const char *root = pattern_root(&plan->arena, *patterns);

		/* The kernel makes the names below, for each process others, and opens some without being asked for a name. */
		if (!strncmp(root, "/dev/", 5))
			root = "/dev";
		else if (!strncmp(root, "/proc/", 6))
			root = "/proc";
		words_add_new(&plan->arena, &plan->roots, root);
	}
}

/* Add the places where the policy allows VERB to anybody. False: anywhere. */
static bool bound(const struct policy_rules *rules, struct floor_plan *plan, verb_set verb)
{
	if (rules->setting.defaults[SECTION_FILES] == VERDICT_DENY) {
		for (size_t i = 0; i < rules->count; i++)
			if (is_about(&rules->rules[i], SECTION_FILES, verb) && rules->rules[i].image.kind == VERDICT_ALLOW)
				add_roots(plan, rules->rules[i].image.paths);
		return true;
	}
	for (size_t i = 0; i < rules->count; i++)
		if (closes(&rules->rules[i], verb)) {
			add_roots(plan, rules->rules[i].image.except);
			return true;
		}
	return false;
}

static bool is_below(const char *path, const char *root)
{
	size_t len = strlen(root);

	return !strcmp(root, "/") || (!strncmp(path, root, len) && (path[len] == '/' || path[len] == '\0'));
}

/* Refusals that begin below a root, or above one. */
static unsigned count_inside(const struct policy_rules *rules, struct floor_plan *plan)
{
	unsigned count = 0;

	for (size_t i = 0; i < rules->count; i++) {
		const struct policy_rule *rule = &rules->rules[i];
		const char *const *path = rule->image.paths;
		bool found = false;

		if (!is_about(rule, SECTION_FILES, CHANGES) || rule->image.kind != VERDICT_DENY || rule->image.builtin)
			continue;
		for (; !found && path && *path; path++)
			for (size_t r = 0; !found && r < plan->roots.count; r++)
				found = is_below(pattern_root(&plan->arena, *path), plan->roots.items[r]) ||
					is_below(plan->roots.items[r], pattern_root(&plan->arena, *path));
		count += found && !(closes(rule, rule->image.verbs & CHANGES) && rule->image.except);
	}
	return count;
}

/*
 * All changes have the same places. Were they told apart, the kernel would refuse to move a file where more may be done
 * to it than before, whatever the policy says.
 */
static void plan_changes(const struct policy_rules *rules, struct floor_plan *plan)
{
	if (!is_refused(rules, VERB_SET(MOUNT))) {
		plan->no_changes = "the policy lets somebody mount, which the kernel would refuse as well";
		return;
	}
	if (!bound(rules, plan, VERB_SET(WRITE)) || !bound(rules, plan, VERB_SET(CREATE)) ||
	    !bound(rules, plan, VERB_SET(DELETE))) {
		plan->no_changes = "the policy allows changes wherever no rule refuses them";
		return;
	}
	if (words_have(&plan->roots, "/")) {
		plan->no_changes = "the policy allows changes at the top, or by names that may begin anywhere";
		return;
	}
	plan->changes = true;
	plan->inside = count_inside(rules, plan);
}

static void add_port(struct floor_ports *ports, unsigned port)
{
	ports->count += !(ports->may[port / 8] & 1u << port % 8);
	ports->may[port / 8] |= (unsigned char)(1u << port % 8);
}

static void plan_ports(const struct policy_rules *rules, verb_set verbs, struct floor_ports *ports)
{
	if (rules->setting.defaults[SECTION_NETWORK] != VERDICT_DENY)
		return;
	for (size_t i = 0; i < rules->count; i++) {
		const struct image_rule *rule = &rules->rules[i].image;

		if (!is_about(&rules->rules[i], SECTION_NETWORK, verbs) || rule->kind != VERDICT_ALLOW ||
		    (rule->sockets && !rule->hosts && rule->range_count == 0 && rule->port_count == 0))
			continue;
		if (rule->port_count == 0)
			return;
		for (size_t p = 0; p < rule->port_count; p++)
			for (unsigned port = rule->ports[p].first; port <= rule->ports[p].last; port++)
				add_port(ports, port);
	}
	if (verbs & VERB_SET(CONNECT))
		add_port(ports, RESOLVER_PORT);
	ports->limited = ports->count <= PORTS_MAX;
}

static bool reaches_abstract(const struct policy_rules *rules)
{
	for (size_t i = 0; i < rules->count; i++) {
		const struct policy_rule *rule = &rules->rules[i];

		if (!is_about(rule, SECTION_NETWORK, VERB_SET(CONNECT) | VERB_SET(SEND)) || rule->image.kind != VERDICT_ALLOW)
			continue;
		for (const char *const *socket = rule->image.sockets; socket && *socket; socket++)
			if (**socket == '@' || **socket == '*')
				return true;
	}
	return false;
}

/*
 * What the kernel does to whoever is in a floor at all: those outside can be neither traced nor looked into, which
 * includes what program they run.
 */
static const char *reason_against(const struct policy_rules *rules)
{
	if (rules->setting.mode != MODE_ENFORCE)
		return "the policy only audits, and refuses nothing";
	if (rules->setting.kernel.landlock == PART_OFF)
		return "the policy switches it off";
	if (!is_refused(rules, VERB_SET(TRACE)))
		return "the policy lets somebody trace other processes, which the kernel would refuse as well";
	if (sees_peers(rules) && !is_refused(rules, VERB_SET(SIGNAL)))
		return "rules on signals tell by path who gets them, which the kernel would not show";
	return NULL;
}

struct floor_plan *floor_plan_make(const struct policy_rules *rules)
{
	struct floor_plan *plan = calloc(1, sizeof *plan);

	if (!plan)
		return NULL;
	plan->nothing = reason_against(rules);
	if (plan->nothing)
		return plan;
	plan_changes(rules, plan);
	plan_ports(rules, VERB_SET(CONNECT) | VERB_SET(SEND), &plan->connect);
	plan_ports(rules, VERB_SET(BIND), &plan->bind);
	plan->signals = is_refused(rules, VERB_SET(SIGNAL));
	plan->abstract = rules->setting.defaults[SECTION_NETWORK] == VERDICT_DENY && !reaches_abstract(rules);
	if (!plan->changes && !plan->connect.limited && !plan->bind.limited && !plan->signals && !plan->abstract)
		plan->nothing = plan->no_changes;
	return plan;
}

void floor_plan_free(struct floor_plan *plan)
{
	if (plan)
		arena_free(&plan->arena);
	free(plan);
}
