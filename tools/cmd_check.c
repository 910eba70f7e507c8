/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guardctl check: does a policy compile, and what may be wrong with it?
 */
#include "tools/cmd.h"
#include "tools/options.h"
#include "tools/policy_load.h"
#include "tools/policy_schema.h"
#include "tools/unused.h"

#include "libguard/policy/policy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static int finish(int code)
{
	return fflush(stdout) == 0 ? code : fail(EXIT_GUARD, "standard output cannot be written");
}

static int run_check(int argc, char **argv)
{
	static const struct option options[] = {
		{"policy", required_argument, NULL, 'p'},
		{"strict", no_argument, NULL, 's'},
		{"keys", no_argument, NULL, 'k'},
		{"unused", no_argument, NULL, 'u'},
		{"log", required_argument, NULL, 'l'},
		{NULL, 0, NULL, 0},
	};
	static char last[] = "last";
	static char *const newest[] = {last};
	const char *file = NULL, *log_directory = NULL;
	bool strict = false, keys = false, unused = false;
	struct policy_setting setting;
	struct policy_text text;
	struct policy policy;
	unsigned char *image;
	size_t size;

	opterr = 0;
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
		switch (option) {
		case 'p':
			file = optarg;
			break;
		case 's':
			strict = true;
			break;
		case 'k':
			keys = true;
			break;
		case 'u':
			unused = true;
			break;
		case 'l':
			log_directory = optarg;
			break;
		default:
			return options_fail(&cmd_check, options, argv);
		}
	if (unused && !keys)
		return optind < argc ? unused_print(file, log_directory, argv + optind, (size_t)(argc - optind), strict)
				     : unused_print(file, log_directory, newest, 1, strict);
	if (log_directory)
		return fail_usage(&cmd_check, "--log goes with --unused");
	if (optind < argc)
		return fail_usage(&cmd_check, "\"%s\" is one argument too many; a policy follows --policy", argv[optind]);
	if (keys && (file || strict || unused))
		return fail_usage(&cmd_check, "--keys looks at no policy: leave %s out",
				  file ? "--policy" : strict ? "--strict" : "--unused");
	if (keys) {
		schema_print(stdout);
		return finish(EXIT_YES);
	}
	policy_setting_here(&setting);
	if (policy_compile(file, &setting, stderr, stderr, &image, &size, &text) != 0)
		return EXIT_NO;
	if (policy_attach(image, size, NULL, 0, &policy) != 0 || policy_verify(&policy) != 0)
		return fail(EXIT_GUARD, "the image that was made is not sound");
	strict &= text.warnings > 0;
	if (strict)
		fprintf(stderr, "%s: not ok: %u warning%s, and --strict allows none\n", text.source, text.warnings,
			text.warnings > 1 ? "s" : "");
	else
		printf("%s: ok, %u rules\n", text.source, policy_rule_count(&policy));
	policy_text_free(&text);
	free(image);
	return finish(strict ? EXIT_NO : EXIT_YES);
}

const struct command cmd_check = {
	.name = "check",
	.usage = "check [--policy FILE] [--strict] | check --keys\n"
		 "       guardctl check --unused [--policy FILE] [--strict] [--log DIR] [RUN...]",
	.summary = "say whether a policy compiles, and what looks wrong in it",
	.help = "  --unused       name the rules that nothing which the runs did had any use for\n"
		"  --log DIR      the runs are below this directory, not in the usual places\n"
		"  --policy FILE  the policy (default: $GUARD_POLICY, /etc/libguard/guard.conf, the one compiled in)\n"
		"  --strict       warnings are findings too\n"
		"  --keys         print what can be configured: places, key, type, default, range, meaning; tabs between\n"
		"\n"
		"Errors and warnings go to standard error, each as FILE:LINE: sentence.\n"
		"RUN is a session: an id, the beginning of one, a path, or last (the default). The runs are asked again under\n"
		"the policy, whichever decided them; rules are named on standard output.\n"
		"Exit status: 0 it compiles, 1 it does not, 2 usage, 125 own failure.\n",
	.run = run_check,
};
