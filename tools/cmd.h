/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One guardctl command: a file cmd_NAME.c that ends in one const struct,
 * listed in commands.def.
 */
#pragma once

#include "libguard/core/base.h"

/* Exit codes of every command; the shell's for what was run (126, 127, 128 + signal). */
enum exit_code { EXIT_YES = 0, EXIT_NO = 1, EXIT_USAGE = 2, EXIT_GUARD = 125, EXIT_REFUSED = 126, EXIT_NOT_FOUND = 127 };

struct command {
	const char *name;
	const char *usage;   /* "run [--policy FILE] -- COMMAND [ARGUMENT...]" */
	const char *summary; /* one line, for the list of commands */
	const char *help;    /* what --help prints below the usage: options, one a line, and examples */
	int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns an exit code */
};

/* Print "guardctl: " and a sentence on stderr; the result is CODE, so that a command can return it. */
int fail(enum exit_code code, const char *format, ...) PRINTF(2, 3) NONNULL;

/* The same for a wrong option or argument: adds where help is. Returns EXIT_USAGE. */
int fail_usage(const struct command *command, const char *format, ...) PRINTF(2, 3) NONNULL;

/* Print usage and help on stdout. */
void print_help(const struct command *command) NONNULL;

#define COMMAND(name) extern const struct command cmd_##name;
#include "tools/commands.def"
#undef COMMAND
