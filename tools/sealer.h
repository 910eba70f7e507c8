/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealing a session's log while it grows: the supervisor's part.
 *
 * What is finished is hashed from where the last block ended, block by block,
 * in the order of the log. A record whose writer does not finish it holds up
 * those behind it, but not for long: then its slots are left out (a hole).
 *
 * The chain's last link is kept in memory: a change of the file is not carried
 * on. When an entry cannot be written (the disk is full), it is tried again.
 */
#pragma once

#include "libguard/core/base.h"

struct sealer;

/* A file of the session that does not change and is sealed with it. */
struct sealer_file {
	const char *name;
	const void *data;
	size_t len;
};

/*
 * Make the file `seal` of a session, its user's alone, and begin the chain.
 *
 *   directory  absolute path
 *   files      what is sealed first; ends with a name that is NULL
 *   out        to be given back with sealer_free
 *
 * Returns 0, or -errno of open(2), write(2); -ENOMEM. Keeps the descriptors of sealer_files: nobody can put another
 * file in the place of the one that is written.
 *
 * Source: doc/event-log.md.
 */
int sealer_make(const char *directory, const struct sealer_file *files, struct sealer **out) MUST_CHECK NONNULL;

#define SEALER_FILES 2

/* The descriptors that must stay open; -1: none. */
void sealer_files(const struct sealer *sealer, int out[SEALER_FILES]) NONNULL;

/*
 * Seal what is finished, a piece at a time: some 256 KiB, and some milliseconds at most.
 *
 * True when it should be called again at once; false when there is nothing to do now, or it cannot be done.
 * One thread at a time. Keeps one descriptor more.
 */
bool sealer_step(struct sealer *sealer) MUST_CHECK NONNULL;

/* Has the log more than is sealed, be it finished or not? Costs a read(2) or two. As sealer_step. */
bool sealer_is_behind(struct sealer *sealer) MUST_CHECK NONNULL;

/* Seal a file of the session as it is now. 0 or -errno. */
int sealer_add_file(struct sealer *sealer, const char *name) NONNULL;

/*
 * Seal what the log has now, finished or not, and end the chain.
 *
 *   survivors  processes that may go on, without anybody who seals
 */
void sealer_finish(struct sealer *sealer, unsigned survivors) NONNULL;

/* Close and free; NULL is allowed. The chain goes without an end unless there was one. */
void sealer_free(struct sealer *sealer);
