/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules that protect the guard from what it guards. No policy switches them
 * off; the log and the state are not written by calls that a rule decides.
 */
#include "tools/policy_rules.h"

#include "tools/policy_path.h"
#include "tools/policy_pattern.h"

#include <stdlib.h>
#include <string.h>

static const verb_set changes = VERB_SET(WRITE) | VERB_SET(CREATE) | VERB_SET(DELETE) | VERB_SET(ATTR);

/* A relative name as the policy's file may have one. */
static const char *absolute(struct arena *arena, const char *path)
{
	char *real = *path == '/' ? NULL : realpath(path, NULL);
	const char *copy = real ? arena_text(arena, real, strlen(real)) : path;

	free(real);
	return copy;
}

/* Every name of PATH as a pattern; SUFFIX is put behind. */
static void add_path(struct arena *arena, struct words *patterns, const char *path, const char *suffix)
{
	struct words names = {0};

	path = absolute(arena, path);
	if (*path != '/')
		return;
	path_names(arena, path, &names);
	for (size_t i = 0; i < names.count; i++)
		words_add_new(arena, patterns,
			      arena_format(arena, "%s%s", pattern_escape(arena, names.items[i]), suffix));
}

static void add_files_rule(struct policy_rules *rules, const char *id, const struct words *patterns,
			   const char *reason)
{
	const struct policy_rule rule = {
		.image = {.id = id,
			  .file = "built-in",
			  .reason = reason,
			  .kind = VERDICT_DENY,
			  .section = SECTION_FILES,
			  .verbs = changes,
			  .builtin = true,
			  .paths = patterns->items},
		.objects = words_join(&rules->arena, patterns, ", "),
	};

	if (patterns->count > 0)
		rules_add(rules, &rule);
}

void rules_add_builtin(struct policy_rules *rules, const struct policy_setting *setting)
{
	struct arena *arena = &rules->arena;
	struct words session = {0}, policy = {0}, guard = {0}, loader = {0}, program = {0};

	if (setting->session)
		add_path(arena, &session, setting->session, "/**");
	add_files_rule(rules, "builtin/session", &session, "the session's log and policy are the guard's");

	for (size_t i = 0; i < rules->files.count; i++)
		add_path(arena, &policy, rules->files.items[i], "");
	words_add(arena, &policy, "/etc/libguard/**");
	add_files_rule(rules, "builtin/policy", &policy, "the policy does not change from inside");

	if (setting->library)
		add_path(arena, &guard, setting->library, "");
	if (setting->program)
		add_path(arena, &guard, setting->program, "");
	add_files_rule(rules, "builtin/guard", &guard, "the guard's own files");

	words_add(arena, &loader, "/etc/ld.so.preload");
	add_files_rule(rules, "builtin/loader", &loader, "what every program loads first");

	if (setting->program) {
		add_path(arena, &program, setting->program, "");
		/* By the name alone it is known to who may not look at it. */
		if (strrchr(setting->program, '/'))
			words_add_new(arena, &program, pattern_escape(arena, strrchr(setting->program, '/') + 1));
		rules_add(rules, &(const struct policy_rule){
					 .image = {.id = "builtin/supervisor",
						   .file = "built-in",
						   .reason = "the supervisor is the guard's",
						   .kind = VERDICT_DENY,
						   .section = SECTION_PROCESS,
						   .verbs = VERB_SET(SIGNAL) | VERB_SET(TRACE),
						   .builtin = true,
						   .programs = program.items},
					 .objects = words_join(arena, &program, ", "),
				 });
	}
}
