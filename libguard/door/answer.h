/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One notification: decided, acted for or let go on, recorded, answered.
 */
#pragma once

#include "libguard/door/door.h"

#include <linux/seccomp.h>

/* Answer it. The calling thread is one of guest_thread's. */
void answer_asked(const struct door *door, const struct seccomp_notif *asked) NONNULL;

/* The calling thread is about to wait for somebody: let another take its place meanwhile. */
void door_go_away(void);

/* While CALM, nobody gets the calling thread out of a call that waits. */
void door_calm(bool calm);

/* With which -errno a call ends that was interrupted: -EINTR, or what makes the kernel begin it anew if the guest wants so. */
int door_interrupted(void) MUST_CHECK;
