/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions about hidden objects; see query.h.
 */
#include "libguard/hooks/query.h"

#include "libguard/hooks/call.h"

#include <errno.h>

#ifndef SYS_faccessat2
#define SYS_faccessat2 439
#endif

bool query_is_hidden(enum hook hook, int dir, const char *name, int at_flags)
{
	struct call call;
	bool hidden;

	call_enter(&call, hook);
	call_at(&call, dir, name, at_flags, VERB_SET(READ));
	hidden = !call_allowed(&call) && call.refused && call.result == -ENOENT;
	if (!hidden && call.count > 0)
		call.operands[0].verbs = 0; /* nothing to record */
	call_finish(&call);
	return hidden;
}

long ask_access(int dir, const char *name, int mode, int flags)
{
	if (flags == 0)
		return gate(SYS_faccessat, dir, GATE_PTR(name), mode);
	return gate(SYS_faccessat2, dir, GATE_PTR(name), mode, flags);
}

long ask_stat(int version, int dir, const char *name, void *out, int flags)
{
	if (version < 0 || version > 1)
		return -EINVAL;
	return gate(SYS_newfstatat, dir, GATE_PTR(name), GATE_PTR(out), flags);
}
