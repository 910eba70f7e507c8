/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guardctl check: is this policy right?
 */
#include "tools/cmd.h"

#include "tools/policy_rules.h"
#include "tools/policy_schema.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const verdict_words[] = {"allow", "deny", "ask"};
static const char *const mode_words[] = {"off", "audit", "enforce"};

/* "guard.conf: ok, enforce, 12 rules (8 from profiles, 4 built in), default allow files, deny network, ..." */
static void print_summary(const struct policy_rules *rules)
{
	size_t builtin = 0, profile = 0, off = 0;

	for (size_t i = 0; i < rules->count; i++) {
		const struct policy_rule *rule = &rules->rules[i];

		off += rule->off;
		builtin += rule->image.builtin;
		for (size_t p = 0; !rule->off && p < rules->profiles.count; p++)
			profile += rule_id_is_of(rule->image.id, rules->profiles.items[p]);
	}
	printf("%s: ok, %s, %zu rules (%zu from profiles, %zu built in), default", rules->source,
	       mode_words[rules->setting.mode], rules->count - off, profile, builtin);
	for (unsigned s = 0; s < SECTION_COUNT; s++)
		printf("%s %s %s", s > 0 ? "," : "", verdict_words[rules->setting.defaults[s]], section_words[s]);
	putchar('\n');
}

static int check(const char *file, bool strict)
{
	CLEANUP(rules_free) struct policy_rules rules;
	struct policy_setting setting;
	unsigned char *image = NULL;
	size_t size;
	int result;

	policy_setting_here(&setting);
	result = rules_read(file, &setting, &rules);
	rules_lint(&rules);
	if (result == 0)
		result = rules_build(&rules, &image, &size);
	free(image);
	notes_print(&rules.notes, stderr, stderr);
	if (result < 0)
		return EXIT_NO;
	print_summary(&rules);
	return strict && rules.notes.warnings > 0 ? EXIT_NO : EXIT_YES;
}

static int run(int argc, char **argv)
{
	static const struct option options[] = {
		{"policy", required_argument, NULL, 'p'},
		{"strict", no_argument, NULL, 's'},
		{"keys", no_argument, NULL, 'k'},
		{NULL, 0, NULL, 0},
	};
	const char *file = NULL;
	bool strict = false;
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "p:", options, NULL)) != -1)
		switch (option) {
		case 'p':
			file = optarg;
			break;
		case 's':
			strict = true;
			break;
		case 'k':
			schema_print(stdout);
			return EXIT_YES;
		default:
			return fail_usage(&cmd_check, "wrong option: %s", argv[optind - 1]);
		}
	if (optind < argc)
		return fail_usage(&cmd_check, "\"%s\" is too much; a policy is named by --policy", argv[optind]);
	return check(file, strict);
}

const struct command cmd_check = {
	.name = "check",
	.usage = "check [--policy FILE] [--strict]",
	.summary = "read a policy as a session would and say what is wrong with it",
	.help = "  -p, --policy FILE   the policy; else $GUARD_POLICY, /etc/libguard/guard.conf, the one compiled in\n"
		"      --strict        exit with 1 for warnings, too\n"
		"      --keys          print the keys a policy may have, separated by tabs, and do nothing else\n"
		"\n"
		"Exit status: 0 the policy is right, 1 it is not, 2 wrong usage.\n",
	.run = run,
};
