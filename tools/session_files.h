/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directory of a session on disk: made file by file, and removed.
 *
 * Directory and files are the user's alone. Root's session may go on under
 * other users, when a container's start script drops its rights: its files are
 * open to all who know the directory's name, which then ends in 64 random bits
 * and lies in a directory that others cannot list, one below the place if need
 * be. The name is known to the session's processes alone: /proc shows it to
 * their own user and to root.
 */
#pragma once

#include "libguard/core/base.h"
#include "libguard/session/session.h"
#include "tools/place.h"

#include <sys/stat.h>
#include <sys/types.h>

#define SESSION_ID_MAX 64
#define SESSION_FILES_UNLISTED "unlisted" /* directory in a place, for root's sessions */

struct session_files {
	const void *image; /* policy.img */
	size_t image_size;
	const char *text;  /* policy.conf */
	size_t text_len;
	bool shared;       /* processes of other users join */
};

/* The name of a session that begins now: "20260102T030405-PID" in UTC, with a random end for root. */
void session_files_id(pid_t child, char out[SESSION_ID_MAX]) NONNULL;

/*
 * Make the directory of session ID in PLACE, and PLACE itself where it is missing.
 *
 *   own     refuse a place that is not ours alone: one that nobody has named explicitly
 *   out     canonical path of the session's directory
 *   shared  whether other users can be let in (see above): not where they cannot pass the directories above, or
 *           where somebody else could put another session in the place of this one
 *
 * Returns 0, or
 *   -EPERM         the place, or a directory above it, is another user's or writable by others
 *   -ENAMETOOLONG  the path exceeds 255 bytes
 *   -EINVAL        the path holds a ':', which separates sessions in GUARD_SESSION
 *   -errno         of mkdir(2), realpath(3)
 *
 * Source: hier(7), XDG base directory specification.
 */
int session_files_directory(const char *place, const char *id, bool own, char out[256], bool *shared) MUST_CHECK NONNULL;

/*
 * Make policy.conf, policy.img, state and the first segment.
 *
 *   state  the mapped state file, for the life of the process
 *
 * Returns 0 or -errno (-ENOSPC: the disk is full); then the directory is gone again.
 */
int session_files_make(const char *directory, const struct session_files *files, struct session_state **state)
		MUST_CHECK NONNULL;

/* Make the file `gate`, readable by whoever joins. *status tells which file it is. 0 or -errno. */
int session_files_gate(const char *directory, bool shared, const void *page, size_t size, struct stat *status)
		MUST_CHECK NONNULL;

/* Let other users write segment NUMBER of a shared session. 0 or -errno. */
int session_files_share(const char *directory, uint32_t number) MUST_CHECK NONNULL;

/* Open the state file of a session for session_files_in_use. The descriptor or -errno. */
int session_files_open_state(const char *directory) MUST_CHECK NONNULL;

/*
 * Has anybody but the caller mapped the session? Every process that joined it has, whoever its parent is by now.
 *
 *   state  of session_files_open_state; the caller's own mapping must be by this descriptor, or count as another's
 *
 * False also where the file system knows no leases. Source: F_SETLEASE in fcntl(2).
 */
bool session_files_in_use(int state) MUST_CHECK;

/* The same for a session that the caller has not mapped. */
bool session_files_joined(const char *directory) MUST_CHECK NONNULL;

/* Remove a session's directory and all in it, following no link. 0 or -errno of the first failure. */
int session_files_remove(const char *directory) NONNULL;
