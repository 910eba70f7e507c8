/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening by a handle, which has no name: what it leads to is held, named,
 * decided, and opened again through the descriptor held. To get a handle for a
 * name opens nothing.
 */
#include "libguard/core/sys.h"
#include "libguard/hooks/call.h"
#include "libguard/hooks/open.h"

#include <errno.h>

static long open_handle(int mount, struct file_handle *handle, int flags)
{
	long held = gate(SYS_open_by_handle_at, mount, GATE_PTR(handle), O_PATH | O_CLOEXEC);
	long fd;

	if (held < 0 || (flags & O_PATH))
		return held;
	if (guard.has_proc)
		fd = open_for(HOOK_open_by_handle_at, AT_FDCWD, open_link_of((int)held).name,
			      flags & ~(O_CREAT | O_EXCL | O_NOFOLLOW), 0);
	else
		fd = guard_ready() ? -EACCES : gate(SYS_open_by_handle_at, mount, GATE_PTR(handle), flags);
	sys_close((int)held);
	return fd;
}

EXPORT int open_by_handle_at(int mount, struct file_handle *handle, int flags)
{
	return (int)call_errno(open_handle(mount, handle, flags));
}
