/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that are decided and then left to the kernel, for their arguments lie in registers; or done on copies where they do
 * not: ioctl, owners of signals, limits.
 */
#include "libguard/door/ask.h"

#include "libguard/core/sys.h"
#include "libguard/door/answer.h"
#include "libguard/door/dress.h"
#include "libguard/door/guest.h"
#include "libguard/door/jail.h"
#include "libguard/door/marshal.h"
#include "libguard/hooks/call.h"
#include "libguard/hooks/generic.h"

#include <asm/sockios.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NEW_USERFAULTFD 0xaa00u /* USERFAULTFD_IOC_NEW */

static bool is(enum calls_place place)
{
	return guest.row == &calls_table[place];
}

/* What changes the world in which names have their meaning. */
static bool moves(void)
{
	return is(CALLS_unshare) || is(CALLS_clone) || is(CALLS_setns) || is(CALLS_chroot) || is(CALLS_pivot_root) ||
	       is(CALLS_mount) || is(CALLS_move_mount);
}

/*
 * Whom a descriptor's signals go to, where that stands in memory: decided on a copy, and done with it. The kernel remembers
 * who said so, and what he may signal: for another user that could be more than he may.
 */
static void ask_owner(void)
{
	const __u64 *given = guest.asked->data.args;
	struct f_owner_ex owner;
	int fd = guest_fd((int)given[0]), who, error;
	long args[6] = {fd, F_SETOWN_EX, (long)(uintptr_t)&owner}, result = 0;

	error = is(CALLS_ioctl) ? guest_read(given[2], &who, sizeof who) : guest_read(given[2], &owner, sizeof owner);
	if (error == -EACCES || fd == -EPERM) {
		answer_unknown(VERB_SET(SIGNAL));
		return;
	}
	if (error == 0 && is(CALLS_ioctl))
		owner = (struct f_owner_ex){who < 0 ? F_OWNER_PGRP : F_OWNER_PID, who < 0 ? -who : who};
	if (error < 0 || fd < 0)
		answer(error < 0 ? error : fd);
	else if (generic_done(SYS_fcntl, args, &result))
		answer(result);
	else if (!guest.plain && owner.pid != 0 && owner.pid != guest.pid && owner.pid != guest.tid)
		answer(-EPERM);
	else
		answer(sys_call(SYS_fcntl, fd, F_SETOWN_EX, args[2], 0, 0, 0));
}

/* What file systems are told by ioctl(2) that is no change: it has no argument to read, or stands here. */
static bool only_asks(unsigned command)
{
	static const unsigned asking[] = {
		0xc0046686, 0xc0286687,             /* FS_IOC_MEASURE_VERITY, FS_IOC_READ_VERITY_METADATA */
		0xc0096616, 0xc080661a, 0x400c6615, /* FS_IOC_GET_ENCRYPTION_POLICY_EX, _KEY_STATUS, _POLICY */
		0xc0c0583b,                         /* FS_IOC_GETFSMAP */
		0xc0109414, 0xd0009411, 0xd0009412, 0xc0709411, 0xc0389423, 0xc0389424, 0xd000943d, 0xd000943e, /* btrfs */
	};
	/* These are spelled as if they only asked. */
	static const unsigned lying[] = {0x800c6613, 0x8004587d}; /* FS_IOC_SET_ENCRYPTION_POLICY, FS_IOC_SHUTDOWN */

	for (size_t i = 0; i < ARRAY_LEN(asking); i++)
		if (command == asking[i])
			return true;
	return _IOC_DIR(command) == _IOC_READ && command != lying[0] && command != lying[1];
}

/* What it does to the file, a directory or not; or to the whole file system, which is the machine's. */
static verb_set verbs_of_ioctl(unsigned command, bool is_directory)
{
	static const unsigned whole[] = {
		FIFREEZE, FITHAW, FITRIM, 0x8004587d,       /* FS_IOC_SHUTDOWN */
		0x40086610, 0x40086607, 0x40286608,         /* EXT4_IOC_RESIZE_FS, _GROUP_EXTEND, _GROUP_ADD */
		0x4004662b, 0x4008662c, 0x41009432,         /* EXT4_IOC_CHECKPOINT, _SETFSUUID, FS_IOC_SETFSLABEL */
		0xc0506617, 0xc0406618, 0xc0406619,         /* FS_IOC_ADD_ENCRYPTION_KEY, _REMOVE_, _ALL_USERS */
	};

	for (size_t i = 0; i < ARRAY_LEN(whole); i++)
		if (command == whole[i])
			return VERB_SET(KERNEL);
	/* Subvolumes come and go by it, as names in the directory. */
	return VERB_SET(ATTR) | (_IOC_TYPE(command) == 0x94 && is_directory ? VERB_SET(CREATE) | VERB_SET(DELETE) : 0);
}

static void ask_file(int fd, unsigned command)
{
	struct stat status;
	struct call call;
	verb_set verbs;

	/* Devices and sockets have commands of the same letters. */
	if (sys_fstat(fd, &status) < 0 || (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) || only_asks(command)) {
		go_on();
		return;
	}
	verbs = verbs_of_ioctl(command, S_ISDIR(status.st_mode));
	call_enter(&call, HOOK_syscall);
	if (verbs == VERB_SET(KERNEL)) {
		call_self(&call, verbs);
	} else {
		call_fd(&call, fd, verbs);
		call.operands[0].object.tree = verbs != VERB_SET(ATTR);
	}
	(void)!call_allowed(&call);
	if (call_finish(&call) < 0)
		answer(call.result);
	else
		go_on();
}

/* Does the kernel write the memory of a program that ends badly into its working directory? It asks nobody then. */
static bool writes_cores(void)
{
	char pattern[8];
	int fd = sys_open("/proc/sys/kernel/core_pattern", O_RDONLY | O_CLOEXEC, 0);
	ssize_t len = fd < 0 ? 0 : sys_read(fd, pattern, 1);

	if (fd >= 0)
		sys_close(fd);
	return policy_mode(&guard.sessions[0].policy) == MODE_ENFORCE && (len < 1 || (*pattern != '|' && *pattern != '/'));
}

/* How much of that process PID lets be written is set on a copy, or refused: into which directory cannot be told. */
static void limit_cores(pid_t pid, uint64_t to, uint64_t old)
{
	long args[6] = {pid, RLIMIT_CORE, (long)to}, result = 0;
	struct rlimit limit, before;
	int error = to ? guest_read(to, &limit, sizeof limit) : 0;

	if (error == -EACCES || (error == 0 && to && limit.rlim_cur > 0 && writes_cores())) {
		answer_unknown_of(VERB_SET(CREATE), TEXT("core"));
		return;
	}
	if (error == 0 && pid != guest.pid && generic_done(SYS_prlimit64, args, &result))
		error = (int)result;
	if (error == 0 && (error = guest_dress()) == 0)
		error = (int)sys_call(SYS_prlimit64, pid, RLIMIT_CORE, to ? (long)(uintptr_t)&limit : 0, (long)(uintptr_t)&before, 0, 0);
	guest_undress();
	if (error == 0 && old)
		error = guest_write(old, &before, sizeof before);
	answer(error);
}

void ask_first(pid_t first)
{
	struct rlimit limit;

	if (writes_cores() && prlimit(first, RLIMIT_CORE, NULL, &limit) == 0 && limit.rlim_cur > 0) {
		limit.rlim_cur = 0;
		(void)!prlimit(first, RLIMIT_CORE, &limit, NULL);
	}
}

static void ask_ioctl(void)
{
	unsigned command = (unsigned)guest.asked->data.args[1];
	int fd;

	switch (command) {
	case TIOCSTI:
		answer(-EIO); /* as kernels do that have it switched off: nobody types for others */
		return;
	case TIOCLINUX:
	case NEW_USERFAULTFD:
		answer(-EPERM); /* nor pastes; and there is no userfaultfd(2) either */
		return;
	case FIOSETOWN:
	case SIOCSPGRP:
		ask_owner();
		return;
	default:
		fd = guest_place_fd((int)guest.asked->data.args[0]);
		if (fd < 0)
			answer(fd);
		else
			ask_file(fd, command);
	}
}

void ask(void)
{
	long args[6], result = 0;
	int error;

	if (is(CALLS_ioctl)) {
		ask_ioctl();
		return;
	}
	if (is(CALLS_setrlimit) || (is(CALLS_prlimit64) && guest.asked->data.args[1] == RLIMIT_CORE)) {
		const __u64 *given = guest.asked->data.args;
		pid_t pid = is(CALLS_setrlimit) || (pid_t)given[0] == 0 ? guest.pid : (pid_t)given[0];

		limit_cores(pid, given[is(CALLS_setrlimit) ? 1 : 2], is(CALLS_setrlimit) ? 0 : given[3]);
		return;
	}
	if (is(CALLS_landlock_restrict_self)) {
		error = jail_enter((int)guest.asked->data.args[0]);
		guest_changes();
		if (error < 0)
			answer(error);
		else
			go_on();
		return;
	}
	if (is(CALLS_fcntl) && guest.asked->data.args[1] == F_SETOWN_EX) {
		ask_owner();
		return;
	}
	memcpy(args, guest.asked->data.args, sizeof args);
	if (is(CALLS_kill) && (pid_t)args[0] == 0)
		args[0] = -getpgid(guest.pid);
	error = marshal_in(args);
	if (!guest_waits())
		return;
	if (error < 0) {
		if (error == -EACCES)
			answer_unknown(VERB_SET(KERNEL));
		else
			answer(error);
		return;
	}
	guest.asks = true;
	if (strchr(guest.row->arguments, 'p') && guest_dress() < 0) {
		guest_undress();
		answer_unknown(VERB_SET(KERNEL));
		return;
	}
	if (generic_done(guest.row->number[CALLS_HERE], args, &result) && !guest.reached) {
		answer(result);
		return;
	}
	if (moves())
		guest_moved();
	if (moves() || !strncmp(guest.row->name, "set", 3) || is(CALLS_capset) || is(CALLS_prctl)) {
		dress_differ();
		guest_changes();
	}
	go_on();
}
