/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/policy_load.h"

#include "tools/place.h"
#include "tools/policy_rules.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *copy(const char *string)
{
	return string ? strdup(string) : NULL;
}

static int fill_text(const struct policy_rules *rules, struct policy_text *out)
{
	*out = (struct policy_text){
		.log_directory = copy(rules->log_directory),
		.keep_days = rules->keep_days,
		.keep_sessions = rules->keep_sessions,
		.log_required = rules->setting.log.required,
		.source = copy(rules->source),
		.text = malloc(rules->text_len + 1),
		.text_len = rules->text_len,
		.warnings = rules->notes.warnings,
		.floor = floor_plan_make(rules),
	};
	if (!out->source || !out->text || !out->floor || (rules->log_directory && !out->log_directory)) {
		policy_text_free(out);
		return -ENOMEM;
	}
	memcpy(out->text, rules->text, rules->text_len);
	out->text[rules->text_len] = '\0';
	return 0;
}

int policy_compile(const char *file, const struct policy_setting *setting, FILE *errors, FILE *warnings,
		   unsigned char **image, size_t *size, struct policy_text *text)
{
	CLEANUP(rules_free) struct policy_rules rules;
	int result = rules_read(file, setting, &rules);

	if (result == 0) {
		if (warnings)
			rules_lint(&rules);
		result = rules_build(&rules, image, size);
	}
	if (result == 0 && text && fill_text(&rules, text) < 0) {
		notes_error(&rules.notes, rules.source, 0, "out of memory");
		free(*image);
		result = -EINVAL;
	}
	notes_print(&rules.notes, errors, warnings);
	return result;
}

void policy_text_free(struct policy_text *text)
{
	free(text->log_directory);
	free(text->source);
	free(text->text);
	floor_plan_free(text->floor);
	*text = (struct policy_text){0};
}

/* The canonical name of PATH in OUT, or PATH itself when it does not exist; NULL when it is none. */
static const char *canonical(const char *path, char out[PATH_MAX])
{
	if (!path || *path != '/')
		return NULL;
	return realpath(path, out) ? out : path;
}

void policy_setting_here(struct policy_setting *setting)
{
	static char workspace[PATH_MAX], home[PATH_MAX], library[PLACE_MAX], program[PLACE_MAX];
	const struct passwd *user;

	*setting = (struct policy_setting){
		.workspace = getcwd(workspace, sizeof(workspace)),
		.home = canonical(getenv("HOME"), home),
		.library = place_library(library) == 0 ? library : NULL,
		.program = place_program(program) == 0 ? program : NULL,
	};
	if (setting->workspace && *setting->workspace != '/')
		setting->workspace = NULL; /* "(unreachable)": the directory lies outside the root */
	if (!setting->home) {
		user = getpwuid(getuid());
		setting->home = canonical(user ? user->pw_dir : NULL, home);
	}
	if (!setting->home)
		setting->home = "/"; /* what container engines set for a user that no file knows */
}
