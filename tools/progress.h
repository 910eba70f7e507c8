/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far the reading of a log is, on a terminal, where it takes a while.
 *
 * Written to standard error, and only when that is a terminal. What is shown is one line, which is gone at the end.
 */
#pragma once

#include "libguard/record/reader.h"

struct progress {
	bool wanted;      /* standard error is a terminal */
	unsigned columns; /* of the terminal */
	unsigned shown;   /* columns of the line that stands there; 0: none */
	uint64_t events;
	uint64_t next_ns; /* CLOCK_MONOTONIC: when it is shown again */
};

void progress_begin(struct progress *progress) NONNULL;

/* Looks at the clock once in a few thousand calls. */
void progress_step(struct progress *progress, const struct log_reader *reader) NONNULL;

/* Remove the line. To be called before anything else is written. */
void progress_end(struct progress *progress) NONNULL;
