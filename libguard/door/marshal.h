/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the guest's arguments to our own.
 */
#pragma once

#include "libguard/door/guest.h"

/*
 * Put our own copies, descriptors and directory in the place of what the row of the current guest's call names.
 *
 *   args  in: as the guest gave them; out: as they are good for us
 *
 * Returns 0, or -errno: -EACCES where it may not be read or may mean something else by now, else what the kernel would
 * say of such an argument.
 */
int marshal_in(long args[6]) MUST_CHECK NONNULL;

/* Copy results back. 0 or -errno. */
int marshal_out(long result) MUST_CHECK;
