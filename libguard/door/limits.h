/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's resource limits, where the kernel would go by ours because we act
 * in the guest's place.
 */
#pragma once

#include "libguard/core/base.h"

#include <stdint.h>

/*
 * Look up what binds the call that is about to be done for the guest: what it `truncates` must not grow beyond the limit on
 * sizes, what it `makes` must not be there if it has no number left for the descriptor. Before guest_dress: another user may
 * not ask. What cannot be told binds nothing.
 */
void limits_look(bool truncates, bool makes);

/* The same call, at last: may it make the file NAME LENGTH bytes long? 0, or -EFBIG, and the guest has got SIGXFSZ. */
long limits_size(const char *name, uint64_t length) NONNULL;

/* May it open a file with FLAGS? 0 or -EMFILE. */
long limits_open(uint64_t flags);
