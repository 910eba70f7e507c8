/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where in a Python program the calling thread is: the source lines of its own
 * frames, read without the interpreter's help.
 *
 * While a thread is inside a C call, its frames and the code they run belong to
 * it: nothing can change or free them, whether the thread holds the
 * interpreter's lock or not. So they are only read. No reference is taken, no
 * lock, no memory. Should a layout be another than it is taken for, the types
 * of the objects on the way say so, and peek.h keeps a wild pointer from doing
 * harm: the answer is then empty.
 */
#pragma once

#include "libguard/core/buf.h"

#define PYTHON_FRAMES_MAX 16 /* that are told */

struct python_layout;

/* The interpreter in this process. All zero: there is none. */
struct python {
	const struct python_layout *layout; /* NULL: nothing can be told */
	void *(*thread_state)(void);        /* PyGILState_GetThisThreadState: reads a thread-specific value, no more */
	uintptr_t code_type, frame_type, text_type, bytes_type;
};

/*
 * Find the interpreter.
 *
 *   find  gives the address of a symbol by its name, or NULL; dlsym(3) in the library
 *   out   all zero when there is no interpreter, or none of a version that is known (CPython 3.8 to 3.14)
 *
 * Not for hooks: FIND may take locks.
 */
void python_find(void *(*find)(const char *name), struct python *out) NONNULL;

/*
 * Write the calling thread's frames, innermost first: "FILE:LINE NAME" each, separated by NUL.
 *
 *   out  at most PYTHON_FRAMES_MAX frames, as many as fit whole; a recursion is told once. Nothing when the thread runs
 *        no Python. Bytes below 0x20 are written as '?', blanks in NAME too. LINE is 0 where it is not known
 *
 * Safe in threads, signal handlers, after fork and in vfork children. Allocates nothing, leaves errno alone. Needs
 * about 300 bytes of stack. Cost: one system call of 100 ns for each page that the frames and their names lie on.
 *
 * Source: CPython 3.8 to 3.14, Include/internal/pycore_frame.h, pycore_debug_offsets.h; doc/event-log.md.
 */
void python_write_stack(const struct python *python, struct buf *out) NONNULL;
