/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cancellation points: calls that may block, and that pthread_cancel(3) ends.
 *
 *     CANCEL_POINT(call, call->result = gate(SYS_connect, ...));
 */
#pragma once

#include "libguard/hooks/call.h"

#include <pthread.h>

/* A thread that is cancelled in the act: its call is recorded as failed, and what it held is given back. */
void cancel_call(void *call);

/*
 * Do STATEMENT so that a cancelled thread ends in it, as libc does: the cancellation type is asynchronous for its length.
 * CALL may be NULL. A process of one thread has nobody to cancel it.
 */
#define CANCEL_POINT(call, statement)                                                                                  \
	do {                                                                                                           \
		if (LIKELY(!name_is_contended())) {                                                                    \
			statement;                                                                                     \
		} else {                                                                                               \
			int cancel_type;                                                                               \
                                                                                                                       \
			pthread_cleanup_push(cancel_call, call);                                                       \
			pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &cancel_type);                              \
			statement;                                                                                     \
			pthread_setcanceltype(cancel_type, NULL);                                                      \
			pthread_cleanup_pop(0);                                                                        \
		}                                                                                                      \
	} while (0)
