/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cancellation points; see cancel.h.
 */
#include "libguard/hooks/cancel.h"

#include <errno.h>

void cancel_call(void *call)
{
	struct call *ended = call;

	if (!ended)
		return;
	ended->result = -EINTR;
	call_finish(ended);
}
