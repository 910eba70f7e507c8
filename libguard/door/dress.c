/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking on a guest's user, rights, umask, root and mounts; see dress.h.
 *
 * Each thread of the door has its own: raw system calls change the calling thread
 * alone, and its working directory, root and umask are unshared.
 */
#include "libguard/door/dress.h"

#include "libguard/core/buf.h"
#include "libguard/core/sys.h"
#include "libguard/door/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define GROUPS_MAX 256

static _Atomic bool anyone_moved, anyone_differs;

/* Who this process is: what a thread goes back to. */
static uid_t own_uid;
static gid_t own_gid;
static gid_t own_groups[GROUPS_MAX];
static int own_group_count;
static struct __user_cap_data_struct own_caps[2];
static int own_root = -1, own_mounts = -1; /* descriptors */

void guest_moved(void)
{
	atomic_store(&anyone_moved, true);
}

void dress_differ(void)
{
	atomic_store(&anyone_differs, true);
}

static int get_caps(pid_t pid, struct __user_cap_data_struct caps[2])
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, pid};

	return (int)SYS_2(SYS_capget, &head, caps);
}

static int set_caps(const struct __user_cap_data_struct caps[2])
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};

	return (int)SYS_2(SYS_capset, &head, caps);
}

int dress_process(void)
{
	own_uid = geteuid();
	own_gid = getegid();
	own_group_count = getgroups(GROUPS_MAX, own_groups);
	if (own_group_count < 0)
		own_group_count = 0;
	(void)!get_caps(0, own_caps);
	/* A fork that opens the door again has them. */
	if (own_root < 0)
		own_root = sys_open("/", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	if (own_mounts < 0)
		own_mounts = sys_open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC, 0);
	return own_root < 0 ? own_root : 0;
}

/* Whose the process is, and whether it may do what we may. */
void dress_find(uid_t *euid, bool *plain)
{
	struct __user_cap_data_struct caps[2];
	struct stat owner = {.st_uid = own_uid, .st_gid = own_gid};

	*euid = own_uid;
	*plain = true;
	/* Without rights of our own nobody has others than we, root in a container neither: no_new_privs holds. */
	if (!own_caps[0].effective && !own_caps[1].effective &&
	    (own_uid != 0 || (!own_caps[0].permitted && !own_caps[1].permitted)))
		return;
	*plain = false;
	/* All come from a process of ours, and none gets another user without asking here. */
	if (atomic_load(&anyone_differs) && sys_fstatat(AT_FDCWD, guest_proc("").text, &owner, 0) < 0)
		return;
	*euid = owner.st_uid;
	/* Who may pass any permission has no use for the groups that he may have lost. */
	*plain = owner.st_uid == own_uid && owner.st_gid == own_gid && own_uid == 0 && get_caps(guest.tid, caps) == 0 &&
		       caps[0].effective == own_caps[0].effective && caps[1].effective == own_caps[1].effective &&
		       (caps[0].effective & 1u << CAP_DAC_OVERRIDE);
}

/* Root and mounts of a guest that has others. */
static void leave_world(void)
{
	if (guest.mounted)
		SYS_2(SYS_setns, own_mounts, CLONE_NEWNS);
	SYS_1(SYS_fchdir, own_root);
	SYS_1(SYS_chroot, ".");
	guard.root = (struct text){"", 0};
	guard.has_proc = true;
	guest.moved = guest.mounted = false;
}

void guest_undress(void)
{
	if (guest.dressed) {
		/* Rights first need the user back; raw calls change this thread alone. */
		SYS_3(SYS_setresuid, own_uid, own_uid, own_uid);
		set_caps(own_caps);
		SYS_3(SYS_setresgid, own_gid, own_gid, own_gid);
		SYS_2(SYS_setgroups, own_group_count, own_groups);
		set_caps(own_caps);
		guest.dressed = false;
	}
	if (guest.moved)
		leave_world();
}

int guest_take_umask(void)
{
	char status[GUEST_STATUS];
	long mask;

	if (guest_status(status) <= 0)
		return -EACCES;
	mask = guest_number(status, "\nUmask:", 8);
	if (mask < 0)
		return -EACCES;
	umask((mode_t)mask);
	return 0;
}

/* The numbers of a line of /proc/PID/status. */
static int read_numbers(const char *status, const char *word, unsigned *out, int cap)
{
	const char *at = strstr(status, word);
	int count = 0;

	for (at = at ? at + strlen(word) : ""; count < cap;) {
		char *end;
		unsigned long number = strtoul(at, &end, 10);

		/* strtoul would cross the line's end. */
		if (end == at || memchr(at, '\n', (size_t)(end - at)))
			break;
		out[count++] = (unsigned)number;
		at = end;
	}
	return count;
}

/* Put on another's user, groups and rights. What we have not, he has not. */
static int dress_as(const char *status, const struct __user_cap_data_struct caps[2])
{
	unsigned uids[4], gids[4], groups[GROUPS_MAX];
	int count = read_numbers(status, "\nGroups:", groups, GROUPS_MAX);
	struct __user_cap_data_struct narrowed[2];
	long result;

	if (read_numbers(status, "\nUid:", uids, 4) != 4 || read_numbers(status, "\nGid:", gids, 4) != 4)
		return -EACCES;
	for (int i = 0; i < 2; i++) {
		narrowed[i].effective = caps[i].effective & own_caps[i].permitted;
		narrowed[i].permitted = own_caps[i].permitted;
		narrowed[i].inheritable = 0;
	}
	guest.dressed = true;
	guard.euid = uids[3];
	if ((result = SYS_2(SYS_setgroups, count, groups)) < 0 || (result = SYS_3(SYS_setresgid, gids[3], gids[3], -1)) < 0)
		return (int)result;
	/* The saved one stays ours, to come back by; the kernel's keepcaps is not needed then. */
	if ((result = SYS_3(SYS_setresuid, -1, uids[3], own_uid)) < 0)
		return (int)result;
	return set_caps(narrowed);
}

static bool is_same_object(const char *name)
{
	struct buf buf;
	char own[64];
	struct stat a, b;

	buf = (struct buf)BUF_ON(own);
	buf_str(&buf, "/proc/self/");
	buf_str(&buf, name);
	buf_cstr(&buf);
	return sys_fstatat(AT_FDCWD, guest_proc(name).text, &a, 0) == 0 && sys_fstatat(AT_FDCWD, own, &b, 0) == 0 &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static int enter(int root, int mounts, int place)
{
	if (mounts >= 0 && SYS_2(SYS_setns, mounts, CLONE_NEWNS) < 0)
		return -EACCES;
	guest.mounted = mounts >= 0;
	guest.moved = true;
	if (SYS_1(SYS_fchdir, root) < 0 || SYS_1(SYS_chroot, ".") < 0 || SYS_1(SYS_fchdir, place) < 0)
		return -EACCES;
	guest.placed = true;
	return 0;
}

/* See names as a guest with another root or other mounts does. Those with users of their own are beyond us. */
static int enter_world(void)
{
	int root, place, mounts = -1, result;
	ssize_t len;

	if (!atomic_load_explicit(&anyone_moved, memory_order_relaxed))
		return 0;
	if (!is_same_object("ns/user"))
		return -EACCES;
	if (!is_same_object("ns/mnt"))
		mounts = sys_open(guest_proc("ns/mnt").text, O_RDONLY | O_CLOEXEC, 0);
	else if (is_same_object("root"))
		return 0;
	(void)guest_exe(); /* can be asked for here, not there */
	len = sys_readlinkat(AT_FDCWD, guest_proc("root").text, guest.root, sizeof guest.root - 1);
	root = sys_open(guest_proc("root").text, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	place = sys_open(guest_proc("cwd").text, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	result = len <= 0 || root < 0 || place < 0 ? -EACCES : enter(root, mounts, place);
	if (result == 0 && len > 1)
		guard.root = (struct text){guest.root, (size_t)len};
	if (result == 0)
		guard.has_proc = sys_has_proc();
	if (root >= 0)
		sys_close(root);
	if (place >= 0)
		sys_close(place);
	if (mounts >= 0)
		sys_close(mounts);
	return result;
}

int guest_dress(void)
{
	struct __user_cap_data_struct caps[2];
	char status[GUEST_STATUS];
	int result;

	if (!guest.plain && (get_caps(guest.tid, caps) < 0 || guest_status(status) <= 0))
		return -EACCES;
	result = enter_world();
	return result < 0 || guest.plain ? result : dress_as(status, caps);
}
