/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chroot, pivot_root: names change their meaning, policies do not. From here on
 * every name is decided with the new root before it.
 */
#include "libguard/hooks/call.h"

#include "libguard/core/sys.h"

static void enter_root(const struct operand *operand)
{
	guard_set_root(operand->object.text);
	guard.has_proc = sys_has_proc();
}

EXPORT int chroot(const char *path)
{
	struct call call;

	call_enter(&call, HOOK_chroot);
	call_file(&call, AT_FDCWD, path, VERB_SET(MOUNT));
	call.operands[0].object.kind = OBJECT_PROCESS;
	if (call_allowed(&call))
		call.result = gate(SYS_chroot, GATE_PTR(call.operands[0].last));
	if (call.on && call.result == 0 && call.operands[0].path.len > 0)
		enter_root(&call.operands[0]);
	return (int)call_leave(&call);
}

/* The old root lives on below the new one, by a name with the new root before it. */
EXPORT int pivot_root(const char *root, const char *old)
{
	struct call call;

	call_enter(&call, HOOK_pivot_root);
	call_place(&call, root, true, VERB_SET(MOUNT));
	call_place(&call, old, true, 0);
	if (call_allowed(&call))
		call.result = gate(SYS_pivot_root, GATE_PTR(call.operands[0].last), GATE_PTR(call.operands[1].last));
	if (call.on && call.result == 0 && call.operands[0].path.len > 1)
		enter_root(&call.operands[0]);
	return (int)call_leave(&call);
}
