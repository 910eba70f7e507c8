/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/options.h"

#include "tools/suggest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS_MAX 32

static int fail_unknown(const struct command *command, const struct option *options, const char *word)
{
	CLEANUP(arena_free) struct arena arena = {0};
	const char *name = arena_text(&arena, word, strcspn(word, "="));
	const char *known[OPTIONS_MAX] = {"--help"};

	for (size_t i = 0; options[i].name && i + 1 < OPTIONS_MAX; i++)
		known[i + 1] = arena_format(&arena, "--%s", options[i].name);
	return fail_usage(command, "unknown option \"%s\"%s", name,
			  suggest_text(&arena, suggest(name, known, OPTIONS_MAX)));
}

int options_fail(const struct command *command, const struct option *options, char **argv)
{
	const char *word = argv[optind - 1];
	const char letter[] = {'-', (char)optopt, '\0'};

	if (word[0] != '-' || word[1] != '-')
		return fail_unknown(command, options, letter);
	for (; optopt && options->name; options++)
		if (options->val == optopt)
			return fail_usage(command, "option \"--%s\" %s", options->name,
					  options->has_arg == required_argument ? "needs an argument" : "takes no argument");
	return fail_unknown(command, options, word);
}

int options_number(const char *text, size_t *out)
{
	unsigned long long number;
	char *end;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno || end == text || *end || text[0] == '-' || number > SIZE_MAX)
		return -EINVAL;
	*out = (size_t)number;
	return 0;
}
