/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules of a policy that no run had any use for.
 *
 * The runs are asked again under the policy. A rule is used where it applies
 * to an operation, whether it decides it or not; one with a counter (`over`)
 * where it counts.
 */
#pragma once

#include "tools/cmd.h"

/*
 * Print the rules that nothing used, each as "FILE:LINE: rule ID is not used", in the policy's order, built-in ones
 * left out, then how many there are.
 *
 *   file           the policy, or NULL: the one that holds here
 *   log_directory  or NULL
 *   names, count   sessions, as session_find takes them
 *   strict         such a rule is a finding
 *
 * Returns an exit code: EXIT_YES, EXIT_NO for findings and for a policy with errors, EXIT_GUARD when a run is not
 * there or cannot be read.
 */
int unused_print(const char *file, const char *log_directory, char *const *names, size_t count, bool strict)
	__attribute__((nonnull(3))) MUST_CHECK;
