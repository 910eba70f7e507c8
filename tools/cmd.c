/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every command says to its user; see cmd.h.
 */
#include "tools/cmd.h"

#include <stdarg.h>
#include <stdio.h>

static int PRINTF(2, 0) complain(enum exit_code code, const char *format, va_list arguments)
{
	fflush(stdout);
	fputs("guardctl: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	return (int)code;
}

int fail(enum exit_code code, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	complain(code, format, arguments);
	va_end(arguments);
	return (int)code;
}

int fail_usage(const struct command *command, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	complain(EXIT_USAGE, format, arguments);
	va_end(arguments);
	fprintf(stderr, "usage: guardctl %s\nguardctl %s --help says more\n", command->usage, command->name);
	return EXIT_USAGE;
}

void print_help(const struct command *command)
{
	printf("usage: guardctl %s\n\n%s\n\n%s", command->usage, command->summary, command->help);
}
