/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/policy_rules.h"

#include "tools/policy_default.h"
#include "tools/policy_pattern.h"
#include "tools/policy_profile.h"
#include "tools/policy_schema.h"
#include "tools/policy_source.h"
#include "tools/policy_twins.h"
#include "tools/suggest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LABELS_MAX 64
#define BUILT_IN "built-in"

struct policy_rule *rules_add(struct policy_rules *rules, const struct policy_rule *rule)
{
	if (rules->count == rules->room) {
		size_t room = rules->room ? 2 * rules->room : 32;
		struct policy_rule *list = arena_take(&rules->arena, room * sizeof(*list));

		if (rules->count > 0)
			memcpy(list, rules->rules, rules->count * sizeof(*list));
		rules->rules = list;
		rules->room = room;
	}
	rules->rules[rules->count] = *rule;
	return &rules->rules[rules->count++];
}

static void read_sections(struct policy_rules *rules, const struct reading *reading, const config_setting_t *root)
{
	enum key_place place = reading->profile ? IN_PROFILE : IN_TOP;

	for (unsigned s = 0; s < SECTION_COUNT; s++) {
		const config_setting_t *list = schema_member(root, place, section_words[s]);

		for (unsigned i = 0; list && i < (unsigned)config_setting_length(list); i++) {
			struct policy_rule rule;

			/* A wrong rule stays for its id, so that `without` is not called wrong for it. */
			if (rule_read(reading, config_setting_get_elem(list, i), (enum section)s, i + 1, &rule) ||
			    rule.image.id)
				rules_add(rules, &rule);
		}
	}
}

static void read_profile(struct policy_rules *rules, struct reading reading)
{
	CLEANUP(config_destroy) config_t config;
	char *text = NULL;
	size_t len = 0;

	words_add(&rules->arena, &rules->files, reading.file);
	if (source_read(&reading, reading.file, &text, &len) < 0) {
		config_init(&config);
		return;
	}
	if (source_parse(&reading, text, len, &config) < 0)
		return;
	schema_check(&reading, config_root_setting(&config), IN_PROFILE);
	read_sections(rules, &reading, config_root_setting(&config));
}

static void read_profiles(struct policy_rules *rules, const struct reading *reading, const config_setting_t *root,
			  const char *policy)
{
	const config_setting_t *names = schema_member(root, IN_TOP, "profiles");

	for (unsigned i = 0; i < texts_count(names); i++) {
		unsigned line = texts_item(names, i)->line;
		const char *name = texts_text(names, i), *path;

		name = arena_text(&rules->arena, name, strlen(name));
		if (!rule_is_id(name) || !strcmp(name, "builtin")) {
			reading_error(reading, line, "\"%s\" is no profile's name: a plain word names one", name);
			continue;
		}
		if (words_have(&rules->profiles, name)) {
			reading_error(reading, line, "the profile \"%s\" is named twice: name it once", name);
			continue;
		}
		words_add(&rules->arena, &rules->profiles, name);
		path = profile_find(reading, policy, name, line);
		if (path)
			read_profile(rules, (struct reading){.arena = reading->arena,
							     .notes = reading->notes,
							     .setting = reading->setting,
							     .file = path,
							     .profile = name});
	}
}

static void read_defaults(struct policy_rules *rules, const struct reading *reading, const config_setting_t *root)
{
	const config_setting_t *group = schema_member(root, IN_TOP, "default");
	struct words missing = {0};

	if (group)
		schema_check(reading, group, IN_DEFAULT);
	for (unsigned s = 0; s < SECTION_COUNT; s++) {
		const char *name = section_words[s];

		rules->setting.defaults[s] = (enum verdict_kind)schema_word(group, IN_DEFAULT, name);
		if (rules->setting.defaults[s] == VERDICT_ASK)
			reading_error(reading, schema_member(group, IN_DEFAULT, name)->line,
				      "\"ask\" is not available yet: write \"deny\" or \"allow\"");
		if (!group || !config_setting_get_member(group, name))
			words_add(reading->arena, &missing, name);
	}
	if (missing.count > 0)
		reading_warning(reading, group ? group->line : 0,
				"no default for %s: what no rule covers is allowed there",
				words_join(reading->arena, &missing, " and "));
}

static void read_log(struct policy_rules *rules, const struct reading *reading, const config_setting_t *root)
{
	const config_setting_t *group = schema_member(root, IN_TOP, "log"), *directory;

	if (group)
		schema_check(reading, group, IN_LOG);
	rules->setting.log = (struct policy_log){
		.required = schema_flag(group, IN_LOG, "required"),
		.reads = (uint8_t)schema_word(group, IN_LOG, "reads"),
		.stacks = (uint8_t)schema_word(group, IN_LOG, "stacks"),
		.native = schema_flag(group, IN_LOG, "native"),
	};
	rules->keep_days = schema_number(group, IN_LOG, "keep_days");
	rules->keep_sessions = schema_number(group, IN_LOG, "keep_sessions");
	directory = schema_member(group, IN_LOG, "directory");
	if (!directory)
		return;
	rules->log_directory = pattern_variables(reading, directory->line, config_setting_get_string(directory));
	if (rules->log_directory && *rules->log_directory != '/')
		reading_error(reading, directory->line, "\"directory\" must be an absolute path: begin it with \"/\", \"~\" or a variable");
}

static void read_kernel(struct policy_rules *rules, const struct reading *reading, const config_setting_t *root)
{
	const config_setting_t *group = schema_member(root, IN_TOP, "kernel");
	struct policy_kernel *kernel = &rules->setting.kernel;

	if (group)
		schema_check(reading, group, IN_KERNEL);
	*kernel = (struct policy_kernel){
		.trust = (uint8_t)schema_word(group, IN_KERNEL, "trust"),
		.supervisor = (uint8_t)schema_word(group, IN_KERNEL, "supervisor"),
		.filter = (uint8_t)schema_word(group, IN_KERNEL, "filter"),
		.landlock = (uint8_t)schema_word(group, IN_KERNEL, "landlock"),
	};
	if ((kernel->filter == PART_REQUIRE && kernel->supervisor == PART_OFF) ||
	    (kernel->supervisor == PART_REQUIRE && kernel->filter == PART_OFF))
		reading_error(reading, group->line, "\"filter\" and \"supervisor\" are one without the other: require both, or none");
}

static int by_id(const void *left, const void *right)
{
	const struct policy_rule *const *a = left, *const *b = right;

	return strcmp((*a)->image.id, (*b)->image.id);
}

static int compare_id(const void *id, const void *rule)
{
	return strcmp(id, (*(struct policy_rule *const *)rule)->image.id);
}

static struct policy_rule **sort_by_id(struct policy_rules *rules)
{
	struct policy_rule **sorted = arena_take(&rules->arena, (rules->count + 1) * sizeof(struct policy_rule *));

	for (size_t i = 0; i < rules->count; i++)
		sorted[i] = &rules->rules[i];
	qsort(sorted, rules->count, sizeof(*sorted), by_id);
	return sorted;
}

static void check_ids(struct policy_rules *rules, struct policy_rule **sorted)
{
	for (size_t i = 1; i < rules->count; i++) {
		const struct image_rule *one = &sorted[i - 1]->image, *other = &sorted[i]->image;
		const struct image_rule *later = one->line > other->line ? one : other;

		if (!strcmp(one->id, other->id))
			notes_error(&rules->notes, later->file, later->line,
				    "the id \"%s\" is already that of the rule in line %u: choose another", one->id,
				    later == one ? other->line : one->line);
	}
}

static void say_no_such_rule(struct policy_rules *rules, const struct reading *reading, unsigned line, const char *id)
{
	struct words known = {0};
	const char *profile = NULL;

	for (size_t i = 0; i < rules->profiles.count; i++)
		if (rule_id_is_of(id, rules->profiles.items[i]))
			profile = rules->profiles.items[i];
	for (size_t i = 0; i < rules->count; i++)
		if (strchr(rules->rules[i].image.id, '/') &&
		    (!profile || rule_id_is_of(rules->rules[i].image.id, profile)))
			words_add(reading->arena, &known, rules->rules[i].image.id);
	if (profile && known.count == 0)
		return; /* the profile itself could not be read, which is what is wrong */
	reading_error(reading, line, "no profile has a rule \"%s\"%s", id,
		      suggest(id, known.items, known.count)
			      ? suggest_text(reading->arena, suggest(id, known.items, known.count))
			      : ": profile and id are in every refusal, such as \"base/ssh-keys\"");
}

static void switch_off(struct policy_rules *rules, const struct reading *reading, const config_setting_t *root,
		       struct policy_rule **sorted)
{
	const config_setting_t *without = schema_member(root, IN_TOP, "without");

	for (unsigned i = 0; i < texts_count(without); i++) {
		unsigned line = texts_item(without, i)->line;
		const char *id = texts_text(without, i);
		struct policy_rule **found = bsearch(id, sorted, rules->count, sizeof(*sorted), compare_id);

		if (!strncmp(id, "builtin/", 8))
			reading_error(reading, line, "\"%s\": built-in rules cannot be switched off, take it out", id);
		else if (words_have(&rules->profiles, id))
			reading_error(reading, line,
				      "\"%s\" is a whole profile: take it out of \"profiles\", or name a rule \"%s/...\"",
				      id, id);
		else if (found && strchr(id, '/'))
			(*found)->off = true;
		else if (found)
			reading_error(reading, line, "\"%s\" is a rule of this policy: remove the rule itself", id);
		else
			say_no_such_rule(rules, reading, line, id);
	}
}

static void check_labels(struct policy_rules *rules, const struct reading *reading)
{
	struct words given = {0};

	for (size_t i = 0; i < rules->count; i++)
		for (size_t l = 0; !rules->rules[i].off && l < rules->rules[i].labels.count; l++)
			words_add_new(reading->arena, &given, rules->rules[i].labels.items[l]);
	if (given.count > LABELS_MAX)
		reading_error(reading, 0, "%zu labels, a policy has at most %d", given.count, LABELS_MAX);
	for (size_t i = 0; i < rules->count; i++) {
		const struct policy_rule *rule = &rules->rules[i];

		for (size_t l = 0; !rule->off && l < rule->after.count; l++)
			if (!words_have(&given, rule->after.items[l]))
				notes_error(&rules->notes, rule->image.file, rule->after_line,
					    "no rule gives the label \"%s\"%s", rule->after.items[l],
					    given.count > 0 ? suggest_text(reading->arena,
									   suggest(rule->after.items[l],
										   given.items, given.count))
							    : ": an allow rule gives one by label = \"...\"");
	}
}

static void read_policy(struct policy_rules *rules, const struct reading *reading, const config_setting_t *root,
			const char *policy)
{
	struct policy_rule **sorted;

	schema_check(reading, root, IN_TOP);
	rules->setting.mode = (enum policy_mode)schema_word(root, IN_TOP, "mode");
	read_defaults(rules, reading, root);
	read_log(rules, reading, root);
	read_kernel(rules, reading, root);
	read_sections(rules, reading, root);
	read_profiles(rules, reading, root, policy);
	sorted = sort_by_id(rules);
	check_ids(rules, sorted);
	switch_off(rules, reading, root, sorted);
	check_labels(rules, reading);
}

/* What to read when nobody names a file; NULL: the policy compiled in. */
static const char *default_file(void)
{
	const char *named = getenv("GUARD_POLICY");

	if (named && *named)
		return named;
	return access(POLICY_FILE, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR) ? POLICY_FILE : NULL;
}

int rules_read(const char *file, const struct policy_setting *setting, struct policy_rules *out)
{
	struct reading reading = {.arena = &out->arena, .notes = &out->notes, .setting = setting};
	CLEANUP(config_destroy) config_t config;
	char *text = NULL;

	*out = (struct policy_rules){.notes = {.arena = &out->arena}};
	config_init(&config);
	if (!file)
		file = default_file();
	reading.file = out->source = file ? arena_text(&out->arena, file, strlen(file)) : BUILT_IN;
	if (file) {
		if (source_read(&reading, file, &text, &out->text_len) < 0)
			return -EINVAL;
		words_add(&out->arena, &out->files, reading.file);
		out->text = text;
	} else {
		out->text = policy_default;
		out->text_len = strlen(policy_default);
	}
	config_destroy(&config);
	if (source_parse(&reading, out->text, out->text_len, &config) < 0)
		return -EINVAL;
	if (config_setting_length(config_root_setting(&config)) == 0)
		reading_error(&reading, 1, "the policy is empty and would allow everything: write version = 1; if that is meant");
	read_policy(out, &reading, config_root_setting(&config), file);
	if (out->notes.errors > 0)
		return -EINVAL;
	rules_add_builtin(out, setting);
	rules_add_hints(out, setting);
	return 0;
}

static int label_set(struct image_builder *builder, const struct words *names, uint64_t *set)
{
	*set = 0;
	for (size_t i = 0; i < names->count; i++) {
		int number = image_builder_label(builder, names->items[i]);

		if (number < 0)
			return number;
		*set |= 1ull << number;
	}
	return 0;
}

static int build_rule(struct image_builder *builder, struct policy_rule *rule)
{
	int result = label_set(builder, &rule->labels, &rule->image.labels);

	if (result == 0)
		result = label_set(builder, &rule->after, &rule->image.after);
	if (result == 0)
		policy_twins(builder, &rule->image);
	return result < 0 ? result : image_builder_add(builder, &rule->image);
}

static void free_builder(struct image_builder **builder)
{
	image_builder_free(*builder);
}

int rules_build(struct policy_rules *rules, unsigned char **image, size_t *size)
{
	CLEANUP(free_builder) struct image_builder *builder = image_builder_new();
	int result = builder ? 0 : -ENOMEM;

	for (size_t i = 0; i < rules->count && result == 0; i++) {
		struct policy_rule *rule = &rules->rules[i];

		if (rule->off)
			continue;
		result = build_rule(builder, rule);
		if (result < 0)
			notes_error(&rules->notes, rule->image.file, rule->image.line, "rule \"%s\" cannot be compiled: %s",
				    rule->image.id, strerror(-result));
	}
	if (result == 0) {
		result = image_builder_finish(builder, &rules->setting, image, size);
		if (result < 0)
			notes_error(&rules->notes, rules->source, 0, "the policy cannot be compiled: %s",
				    strerror(-result));
	} else if (!builder) {
		notes_error(&rules->notes, rules->source, 0, "out of memory");
	}
	return result < 0 ? -EINVAL : 0;
}

void rules_free(struct policy_rules *rules)
{
	arena_free(&rules->arena);
}
