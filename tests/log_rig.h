/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log with somebody who makes its segments: what tests and benchmarks write to
 * when there is no session.
 */
#pragma once

#include "libguard/record/writer.h"

#include <sys/types.h>

struct log_rig {
	char directory[200];
	struct log_state *state;  /* shared with children */
	struct log_writer writer; /* this process's */
	pid_t maker;              /* the process that makes segments; 0: none */
};

/*
 * Make a log in a new directory below PARENT, or in DIRECTORY itself when it is given, and attach to it.
 *
 * false after a line on stderr.
 */
bool rig_start(struct log_rig *rig, const char *parent, const char *directory) MUST_CHECK;

/* Make no more segments. */
void rig_finish(struct log_rig *rig) NONNULL;

/* Detach and remove the files. */
void rig_remove(struct log_rig *rig) NONNULL;

/* $TMPDIR or /tmp. */
const char *rig_parent(void);

/* The event of a program that opens a file: what most records are. */
struct event rig_event(const char *path, uint32_t pid) NONNULL;
