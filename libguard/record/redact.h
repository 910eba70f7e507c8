/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeping secrets out of the log.
 *
 * What is replaced, by "[redacted]": the value of a NAME=value, --name=value,
 * --name value, "name": "value" or header whose name speaks of a secret; the
 * password of scheme://user:password@host; what follows Bearer and Basic;
 * tokens and private keys that can be told by their shape. Only the secret's
 * own bytes go; what a program was asked to do stays readable.
 *
 * A secret that has neither a telling name nor a known shape stays: -pSECRET,
 * a word on its own.
 *
 * Safe in threads, signal handlers, after fork and vfork. Allocates nothing,
 * leaves errno alone. Time grows with the length of the text.
 */
#pragma once

#include "libguard/core/buf.h"

#include <stddef.h>

/*
 * Write one text, a script or a command line in one string, without its secrets.
 *
 *   out  what does not fit is cut; the text then ends in "..." and out->overflow is set
 *
 * Source: doc/event-log.md, "Redaction".
 */
void redact_text(struct text in, struct buf *out) NONNULL;

/*
 * Write the words of ARGV without their secrets, separated by NUL.
 *
 *   argv       NULL-terminated; NULL counts as no words
 *   max_words  of more words, the rest is left out and a word "..." added
 *   out        as above
 *
 * Source: doc/event-log.md, "Redaction".
 */
void redact_argv(char *const *argv, size_t max_words, struct buf *out) __attribute__((nonnull(3)));
