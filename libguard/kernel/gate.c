/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate; see gate.h.
 */
#include "libguard/kernel/gate.h"

#include "libguard/core/sys.h"

/* Never inlined: the gate is one instruction at one address. */
NOINLINE long gate_call(long number, const long args[GATE_ARGS])
{
	return sys_call(number, args[0], args[1], args[2], args[3], args[4], args[5]);
}
