/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chroot: names change their meaning, policies do not. From here on every name
 * is decided with the new root before it.
 */
#include "libguard/hooks/call.h"

#include "libguard/core/sys.h"

EXPORT int chroot(const char *path)
{
	struct call call;

	call_enter(&call, HOOK_chroot);
	call_file(&call, AT_FDCWD, path, 0);
	if (call_allowed(&call))
		call.result = gate(SYS_chroot, GATE_PTR(call.operands[0].last));
	if (call.on && call.result == 0 && call.operands[0].path.len > 0) {
		guard_set_root(call.operands[0].object.text);
		guard.has_proc = sys_has_proc();
	}
	return (int)call_leave(&call);
}
