/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One notification: decided, acted for or let go on, recorded, answered.
 */
#pragma once

#include "libguard/core/verb.h"
#include "libguard/door/door.h"

#include <linux/seccomp.h>

/* Answer it. The calling thread is one of guest_thread's. */
void answer_asked(const struct door *door, const struct seccomp_notif *asked) NONNULL;

/* The answer itself: a result or -errno; let the kernel go on; refuse what cannot be told, or nothing but its NAME. */
void answer(long result);
void go_on(void);
void answer_unknown(verb_set verbs);
void answer_unknown_of(verb_set verbs, struct text name);

/* The calling thread is about to wait for somebody: let another take its place meanwhile. */
void door_go_away(void);

/* May this thread hold descriptors as long as it likes? Else the call is to fail. */
bool door_has_room(void) MUST_CHECK;
/* What would get the calling thread out of a call is for THREAD, which acts while it sleeps; or for itself again. */
void door_lends(pid_t thread);

/* Is the calling thread about to act in a call that may wait? Then it is got out when its guest dies or has a signal. */
void door_waits(bool waits);

/* From here on nobody gets the calling thread out of a call, until door_calm_ends with the result. */
bool door_calm(void) MUST_CHECK;
void door_calm_ends(bool masked);

/* With which -errno a call ends that was interrupted: -EINTR, or what makes the kernel begin it anew if the guest wants so. */
int door_interrupted(void) MUST_CHECK;
