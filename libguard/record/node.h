/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where in a Node.js program the calling thread is: the source lines of its
 * JavaScript, told by V8 itself.
 *
 * V8 makes a stack trace on its own heap, so it may be asked only within a
 * native function that may use the heap too: not when it collects garbage or
 * compiles, not outside a context, and not in a child of fork(2), where the
 * threads that a collection waits for are missing. So a fork is preceded by a
 * look at the stack, and the child tells that: what child_process starts.
 *
 * Not told are "fast calls" of compiled code, which may not use the heap (WASI's
 * file functions, os.freemem), and asynchronous calls: libuv makes them on
 * threads of its own, which run no JavaScript.
 */
#pragma once

#include "libguard/core/buf.h"

#define NODE_FRAMES_MAX 16 /* that are told */

/*
 * Find V8 in this process.
 *
 *   find  gives the address of a symbol by its name, or NULL
 *
 * Returns whether there is one of a version whose interface is known. Once, from a constructor: FIND may take locks,
 * and registers handlers for fork(3).
 */
bool node_find(void *(*find)(const char *name)) MUST_CHECK NONNULL;

/*
 * Write the calling thread's JavaScript frames, innermost first: "FILE:LINE NAME" each, separated by NUL.
 *
 *   out  at most NODE_FRAMES_MAX frames, as many as fit whole. Bytes below 0x20 are written as '?', blanks in NAME too;
 *        functions without a name are "<anonymous>". Nothing where V8 may not be asked
 *
 * Safe in threads, where a signal handler interrupted V8, and after fork: there it tells nothing. Uses V8's heap, no
 * other; leaves errno alone. Cost: 5 us, 600 the first time.
 *
 * Source: v8-isolate.h, v8-debug.h, v8-unwinder.h of Node.js 18 to 24; doc/event-log.md.
 */
void node_write_stack(struct buf *out) NONNULL;
