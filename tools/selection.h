/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which events a user wants: the filters that reading commands share.
 */
#pragma once

#include "libguard/record/event.h"
#include "tools/cmd.h"

#include <getopt.h>

struct selection {
	uint32_t pid;     /* 0: any */
	verb_set verbs;   /* 0: any */
	int verdict;      /* enum verdict_kind, or -1: any */
	const char *path; /* glob over the object, or NULL; not owned */
	uint64_t since_ns;
};

/* Selects everything. */
#define SELECTION_ALL ((struct selection){.verdict = -1})

/* Values of getopt_long(3) for the rows below; commands use others. */
enum { SELECT_PID = 0x100, SELECT_OPERATION, SELECT_VERDICT, SELECT_PATH, SELECT_SINCE };

/* Rows for the table of options of a command. */
#define SELECTION_OPTIONS \
	{"pid", required_argument, NULL, SELECT_PID}, {"operation", required_argument, NULL, SELECT_OPERATION}, \
	{"verdict", required_argument, NULL, SELECT_VERDICT}, {"path", required_argument, NULL, SELECT_PATH}, \
	{"since", required_argument, NULL, SELECT_SINCE}

/* Their words for a command's usage and help. */
#define SELECTION_USAGE "[--pid N] [--operation WORD[,WORD...]] [--verdict WORD] [--path GLOB] [--since TIME]"
#define SELECTION_HELP \
	"  --pid N           events of this process\n" \
	"  --operation WORD  events of these operations: read, write, delete, exec, connect, ...\n" \
	"  --verdict WORD    allow, deny or ask\n" \
	"  --path GLOB       events whose object this pattern covers\n" \
	"  --since TIME      not older than 5m, 2h, 2026-01-02T03:04:05Z, or seconds since 1970\n"

/* "allow", "deny", "ask" by enum verdict_kind. */
extern const char *const selection_verdicts[EVENT_VERDICT_LAST + 1];

/*
 * Take in one option with its argument.
 *
 * Returns 0, EXIT_USAGE after a sentence on stderr, or -ENOENT: OPTION is none of the rows above.
 */
int selection_option(const struct command *command, int option, const char *argument, struct selection *selection)
	__attribute__((nonnull(1, 4)));

bool selection_is_all(const struct selection *selection) NONNULL;

bool selection_covers(const struct selection *selection, const struct event *event) NONNULL;
