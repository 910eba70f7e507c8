/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The native stack of the calling thread, as places in the files it runs.
 *
 * libunwind walks it. It is opened and not linked: as a dependency of a
 * preloaded library it would serve the exceptions of every C++ library loaded
 * later. It takes locks that a fork in another thread leaves taken for ever in
 * the child, and keeps a pipe open whose numbers a program may close and use
 * again; so nothing is walked where either could have happened. All that costs
 * each process a quarter of a millisecond at its start: only for who asks.
 *
 * Frames are told as raw places, never by the names of functions: looking those
 * up opens files and takes milliseconds. Who reads the log does it.
 */
#pragma once

#include "libguard/core/buf.h"

#define STACK_FRAMES_MAX 16 /* that are told */

/*
 * Open libunwind and try it out. Where it is missing, nothing is told later.
 *
 * Once, from a constructor: takes the loader's lock, allocates, opens two descriptors.
 *
 * Returns 0, or -ENOENT.
 */
int stack_open(void);

/*
 * Write the calling thread's frames, innermost first, our own library's left out: "FILE+0xOFFSET BUILD-ID" each,
 * separated by NUL; an address alone where no file is mapped (code made at run time).
 *
 *   out  at most STACK_FRAMES_MAX frames, as many as fit whole. OFFSET is that of the file's own addresses (what nm(1)
 *        shows), of the instruction behind the call. BUILD-ID is in hexadecimal, or "-" when the file has none.
 *        The program itself is told as "-"
 *
 * Nothing is written in a child of clone(2) or vfork(2), within an interrupted walk of the same thread, while another
 * thread forks, and once the program has closed libunwind's pipe. Safe in threads and signal handlers. Takes
 * libunwind's locks, allocates by mmap only; leaves errno alone. Cost: 1 to 20 us, 150 for a thread's first.
 *
 * Source: unw_backtrace(3), "Hazards" of libunwind(3); _dl_find_object (glibc 2.35); doc/event-log.md.
 */
void stack_write(struct buf *out) NONNULL;
