/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules that do nothing: an allow that a deny covers entirely, a rule that is
 * there twice, an exception that no object of its rule can meet.
 */
#include "tools/policy_rules.h"

#include "tools/policy_net.h"
#include "tools/policy_pattern.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* One object of an unconditional deny. */
struct refusal {
	const char *object; /* kind of object, a blank, the object */
	const struct policy_rule *rule;
};

struct refusals {
	struct refusal *list;
	size_t count;
};

static bool is_unconditional(const struct image_rule *rule)
{
	return !rule->args && !rule->env && !rule->by && !rule->except && rule->per_s == 0;
}

/* All objects of a rule as strings that begin with the section and the kind of the object. */
static void objects_of(struct arena *arena, const struct policy_rule *rule, struct words *out)
{
	const struct {
		const char *kind;
		const char *const *items;
	} lists[] = {
		{"path", rule->image.paths},
		{"program", rule->image.programs},
		{"socket", rule->image.sockets},
		{"host", rule->image.hosts},
	};

	for (size_t l = 0; l < ARRAY_LEN(lists); l++)
		for (const char *const *item = lists[l].items; item && *item; item++)
			words_add(arena, out, arena_format(arena, "%u %s %s", rule->image.section, lists[l].kind, *item));
	for (size_t i = 0; i < rule->image.range_count; i++)
		words_add(arena, out, arena_format(arena, "%u address %s", rule->image.section,
						   net_range_text(arena, &rule->image.ranges[i])));
}

static int by_object(const void *left, const void *right)
{
	return strcmp(((const struct refusal *)left)->object, ((const struct refusal *)right)->object);
}

static struct refusals collect(struct policy_rules *rules)
{
	struct refusals refusals = {0};
	size_t room = 0;

	for (int pass = 0; pass < 2; pass++) {
		if (pass == 1)
			refusals.list = arena_take(&rules->arena, (room + 1) * sizeof(*refusals.list));
		for (size_t i = 0; i < rules->count; i++) {
			const struct policy_rule *rule = &rules->rules[i];
			struct words objects = {0};

			if (rule->off || rule->image.kind != VERDICT_DENY || !is_unconditional(&rule->image) ||
			    rule->after.count > 0 || rule->image.port_count > 0)
				continue;
			objects_of(&rules->arena, rule, &objects);
			room += objects.count;
			for (size_t o = 0; pass == 1 && o < objects.count; o++)
				refusals.list[refusals.count++] = (struct refusal){objects.items[o], rule};
		}
	}
	qsort(refusals.list, refusals.count, sizeof(*refusals.list), by_object);
	return refusals;
}

/* A deny of exactly this object that refuses all of VERBS. */
static const struct policy_rule *find_exact(const struct refusals *refusals, const char *object, verb_set verbs)
{
	size_t low = 0, high = refusals->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(refusals->list[middle].object, object) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < refusals->count && !strcmp(refusals->list[low].object, object); low++)
		if ((verbs & ~refusals->list[low].rule->image.verbs) == 0)
			return refusals->list[low].rule;
	return NULL;
}

/* A deny that covers the object: the same, "any" address, or a directory above it with everything in it. */
static const struct policy_rule *find_cover(struct arena *arena, const struct refusals *refusals, const char *object,
					    verb_set verbs)
{
	const struct policy_rule *rule = find_exact(refusals, object, verbs);
	const char *text = strchr(strchr(object, ' ') + 1, ' ') + 1;
	int kind = (int)(text - object);

	if (!strncmp(object + 2, "address ", 8) && !rule)
		return find_exact(refusals, arena_format(arena, "%.*sany", kind, object), verbs);
	if (!strncmp(object + 2, "host ", 5))
		return rule;
	for (const char *slash = text; !rule && (slash = strchr(slash, '/')); slash++)
		rule = find_exact(refusals, arena_format(arena, "%.*s/**", (int)(slash - object), object), verbs);
	return rule ? rule : find_exact(refusals, arena_format(arena, "%.*s**", kind, object), verbs);
}

static void check_reach(struct policy_rules *rules, const struct refusals *refusals, const struct policy_rule *rule)
{
	const struct policy_rule *cover = NULL;
	struct words objects = {0};

	objects_of(&rules->arena, rule, &objects);
	for (size_t i = 0; i < objects.count; i++) {
		cover = find_cover(&rules->arena, refusals, objects.items[i], rule->image.verbs);
		if (!cover)
			return;
	}
	if (!cover)
		return;
	if (cover->image.line > 0)
		notes_warning(&rules->notes, rule->image.file, rule->image.line,
			      "rule \"%s\" allows nothing: rule \"%s\" (%s:%u) refuses all of it", rule->image.id,
			      cover->image.id, cover->image.file, cover->image.line);
	else
		notes_warning(&rules->notes, rule->image.file, rule->image.line,
			      "rule \"%s\" allows nothing: the built-in rule \"%s\" refuses all of it", rule->image.id,
			      cover->image.id);
}

static const char *join_list(struct arena *arena, const char *const *items)
{
	struct words words = {0};

	for (; items && *items; items++)
		words_add(arena, &words, *items);
	return words_join(arena, &words, ", ");
}

/* Everything a rule says but its name, line and reason. */
static const char *meaning(struct arena *arena, const struct policy_rule *rule)
{
	const struct image_rule *image = &rule->image;
	struct words objects = {0}, ports = {0};

	objects_of(arena, rule, &objects);
	for (size_t i = 0; i < image->port_count; i++)
		words_add(arena, &ports, arena_format(arena, "%u-%u", image->ports[i].first, image->ports[i].last));
	return arena_format(arena, "%d %u %x|%s|%s|%s|%s|%s|%s|%s|%s|%u %u %d %d %d", image->kind, image->section,
			    image->verbs, words_join(arena, &objects, ", "), words_join(arena, &ports, ", "),
			    join_list(arena, image->args), join_list(arena, image->env), join_list(arena, image->by), join_list(arena, image->except),
			    words_join(arena, &rule->after, ", "), words_join(arena, &rule->labels, ", "), image->over,
			    image->per_s, image->err, image->hide, image->no_log);
}

static void check_twins(struct policy_rules *rules)
{
	struct refusals all = {.list = arena_take(&rules->arena, (rules->count + 1) * sizeof(*all.list))};

	for (size_t i = 0; i < rules->count; i++)
		if (!rules->rules[i].off && !rules->rules[i].image.builtin)
			all.list[all.count++] =
				(struct refusal){meaning(&rules->arena, &rules->rules[i]), &rules->rules[i]};
	qsort(all.list, all.count, sizeof(*all.list), by_object);
	for (size_t i = 1; i < all.count; i++) {
		const struct image_rule *one = &all.list[i - 1].rule->image, *other = &all.list[i].rule->image;
		const struct image_rule *first = one->line < other->line ? one : other;
		const struct image_rule *second = first == one ? other : one;

		if (!strcmp(all.list[i - 1].object, all.list[i].object))
			notes_warning(&rules->notes, second->file, second->line,
				      "rule \"%s\" says the same as rule \"%s\" (%s:%u)", second->id, first->id,
				      first->file, first->line);
	}
}

/* Could one path match both? Only told apart by what stands in front of their first wildcards. */
static bool may_meet(const char *one, const char *other)
{
	size_t one_len = pattern_literal_prefix(one), other_len = pattern_literal_prefix(other);
	size_t len = one_len < other_len ? one_len : other_len;
	const char *longer = one_len < other_len ? other : one;

	if (strncmp(one, other, len))
		return false;
	return one_len == other_len || longer[len] == '/' || len == 0;
}

static void check_exceptions(struct policy_rules *rules, const struct policy_rule *rule)
{
	/* What a variable stands for differs from session to session. */
	for (size_t i = 0; i < rule->written_except.count; i++)
		if (strchr(rule->written_except.items[i], '$'))
			return;
	for (const char *const *except = rule->image.except; except && *except; except++)
		for (const char *const *path = rule->image.paths; path && *path; path++)
			if (may_meet(*path, *except))
				return;
	if (rule->image.except && rule->image.paths)
		notes_warning(&rules->notes, rule->image.file, rule->image.line,
			      "rule \"%s\" excepts nothing: no path it covers is under \"except\"", rule->image.id);
}

/* "/proc/self" in a rule that allows is every process: whose it is, the resolved name does not say. */
static void check_own_process(struct policy_rules *rules, const struct policy_rule *rule)
{
	for (const char *const *path = rule->image.paths; path && *path; path++)
		if (rule->image.kind == VERDICT_ALLOW &&
		    (!strncmp(*path, "/proc/self", 10) || !strncmp(*path, "/proc/thread-self", 17))) {
			notes_warning(&rules->notes, rule->image.file, rule->image.line,
				      "rule \"%s\" allows it for every process: /proc/self is resolved to /proc/NUMBER",
				      rule->image.id);
			return;
		}
}

static void check_file(struct policy_rules *rules)
{
	struct stat status;

	for (size_t i = 0; i < rules->files.count; i++)
		if (stat(rules->files.items[i], &status) == 0 && S_ISREG(status.st_mode) && status.st_mode & S_IWOTH)
			notes_warning(&rules->notes, rules->files.items[i], 0,
				      "everybody on this machine can write it");
}

void rules_lint(struct policy_rules *rules)
{
	struct refusals refusals = collect(rules);

	check_file(rules);
	for (size_t i = 0; i < rules->count; i++) {
		const struct policy_rule *rule = &rules->rules[i];

		if (rule->off || rule->image.builtin)
			continue;
		/* A policy that refuses what its profile allows does so on purpose. */
		if (rule->image.kind == VERDICT_ALLOW && !strchr(rule->image.id, '/'))
			check_reach(rules, &refusals, rule);
		check_exceptions(rules, rule);
		check_own_process(rules, rule);
	}
	check_twins(rules);
}
