/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What exec will run: the file it names, the interpreters that `#!` lines put
 * before it, and whether hooks will be at work in what comes of it.
 *
 * The kernel walks the name once more when it acts, and reads argv late: between
 * our look and its own, another thread can exchange a link or a word. Only a
 * door in the kernel can close that.
 */
#pragma once

#include "libguard/hooks/call.h"

/*
 * Name and decide the file that is to run and every interpreter the kernel will run for it.
 *
 *   call      entered and on
 *   at_flags  of execveat(2); 0 for a plain name
 *   argv, envp  what it gets; of the environment the end result, with what the guard adds
 *   words     room for the argv of an interpreter: program_words(argv) entries
 *   coverage  COVER_HOOKS, or why no hook will be at work
 *
 * Returns false when it is refused or cannot run (no such file): call->result says why. A file that does not exist is
 * no program: neither decided nor recorded.
 *
 * Safe in vfork children: maps nothing, and what it holds is closed by exec. Allocates nothing, leaves errno alone.
 *
 * Source: execve(2), execveat(2).
 */
bool program_allowed(struct call *call, int dir, const char *name, int at_flags, char *const *argv, char *const *envp,
		     char **words, enum event_coverage *coverage) MUST_CHECK;

size_t program_words(char *const *argv);

/* The operand of what the kernel will run at last: an interpreter where a script is run. After program_allowed. */
const struct operand *program_that_runs(const struct call *call) NONNULL;

/*
 * Record what is about to run, and that no hook will see into it if so.
 *
 *   in_child  libc runs it in a child of its own
 */
void program_record(struct call *call, enum event_coverage coverage, bool in_child) NONNULL;

/* COVER_HOOKS, or why no hook can be at work in the program of file NAME, as far as the file tells. */
enum event_coverage program_coverage(const char *name) MUST_CHECK NONNULL;
