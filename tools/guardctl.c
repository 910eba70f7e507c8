/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guardctl: finds the command and hands over.
 */
#include "tools/cmd.h"
#include "tools/suggest.h"

#include <stdio.h>
#include <string.h>

static const struct command *const commands[] = {
#define COMMAND(name) &cmd_##name,
#include "tools/commands.def"
#undef COMMAND
	NULL,
};

static void print_overview(FILE *out)
{
	fputs("usage: guardctl COMMAND [OPTION...]\n\n", out);
	for (const struct command *const *c = commands; *c; c++)
		fprintf(out, "  %-10s %s\n", (*c)->name, (*c)->summary);
	fputs("\nguardctl COMMAND --help says more about one. Manual: guardctl(1), guard.conf(5), libguard(7).\n", out);
}

static int fail_unknown(const char *word)
{
	CLEANUP(arena_free) struct arena arena = {0};
	const char *known[ARRAY_LEN(commands)] = {NULL};

	for (size_t i = 0; commands[i]; i++)
		known[i] = commands[i]->name;
	return fail(EXIT_USAGE, "no command \"%s\"%s; guardctl --help lists them", word,
		    suggest_text(&arena, suggest(word, known, ARRAY_LEN(known))));
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		print_overview(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		print_overview(stdout);
		return EXIT_YES;
	}
	if (!strcmp(argv[1], "--version")) {
		puts(PACKAGE_STRING);
		return EXIT_YES;
	}
	for (const struct command *const *c = commands; *c; c++)
		if (!strcmp((*c)->name, argv[1])) {
			if (argc > 2 && !strcmp(argv[2], "--help")) {
				print_help(*c);
				return EXIT_YES;
			}
			return (*c)->run(argc - 1, argv + 1);
		}
	return fail_unknown(argv[1]);
}
