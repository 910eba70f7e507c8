/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wrong with a policy: errors and warnings, each with its file and line.
 *
 * They are collected while files are read in the order that suits the loader,
 * and printed in the order in which a person reads the files.
 */
#pragma once

#include "tools/arena.h"

#include <stdio.h>

struct note {
	const char *file; /* kept by reference */
	unsigned line;    /* 0: the file as a whole */
	unsigned number;  /* order of arrival */
	bool warning;
	const char *text;
};

/* All zero is an empty collection. */
struct notes {
	struct arena *arena; /* where the texts live */
	struct note *list;
	unsigned count, room;
	unsigned errors, warnings;
};

/* Note an error. Control characters of FORMAT's arguments are shown as \xNN when it is printed. */
void notes_error(struct notes *notes, const char *file, unsigned line, const char *format, ...) PRINTF(4, 5) NONNULL;

void notes_warning(struct notes *notes, const char *file, unsigned line, const char *format, ...) PRINTF(4, 5) NONNULL;

/* Print "FILE:LINE: text" lines by file and line; a NULL stream drops its kind. */
void notes_print(struct notes *notes, FILE *errors, FILE *warnings) __attribute__((nonnull(1)));
