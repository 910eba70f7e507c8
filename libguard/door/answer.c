/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answering one notification; see answer.h.
 */
#include "libguard/door/answer.h"

#include "libguard/core/sys.h"
#include "libguard/door/await.h"
#include "libguard/door/guest.h"
#include "libguard/door/jail.h"
#include "libguard/door/marshal.h"
#include "libguard/door/run.h"
#include "libguard/hooks/call.h"
#include "libguard/hooks/generic.h"
#include "libguard/hooks/nolinks.h"
#include "libguard/kernel/gate.h"

#include <errno.h>
#include <asm/sockios.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#ifndef SECCOMP_ADDFD_FLAG_SEND
#define SECCOMP_ADDFD_FLAG_SEND (1ul << 1)
#endif

#define NAMES_WAIT_S 2
#define NEW_USERFAULTFD 0xaa00u /* USERFAULTFD_IOC_NEW */

static _Thread_local const struct door *door;
static _Atomic bool launched;

static _Thread_local struct seccomp_notif_resp reply;

/* A nudge (door.c) must not lose the answer. ENOENT: the guest has died. */
static void send_reply(void)
{
	while (ioctl(guest.listener, SECCOMP_IOCTL_NOTIF_SEND, &reply) < 0 && errno == EINTR)
		;
}

static void answer(long result)
{
	reply.id = guest.asked->id;
	reply.flags = 0;
	reply.val = result < 0 ? 0 : result;
	reply.error = result < 0 ? (int)result : 0;
	send_reply();
}

static void go_on(void)
{
	reply.id = guest.asked->id;
	reply.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	reply.val = 0;
	reply.error = 0;
	send_reply();
}

/* Refuse what cannot be told, of which NAME is known. */
static void answer_unknown_of(verb_set verbs, struct text name)
{
	struct call call;
	struct operand *operand;

	call_enter(&call, HOOK_syscall);
	if (call.on) {
		operand = call_operand(&call, verbs);
		operand->object.text = name;
		operand->unknown = true;
		if (call_allowed(&call)) {
			/* Audit mode refuses nothing. */
			call_finish(&call);
			go_on();
			return;
		}
	}
	call_finish(&call);
	answer(call.result < 0 ? call.result : -EACCES);
}

static void answer_unknown(verb_set verbs)
{
	answer_unknown_of(verbs, TEXT(""));
}

/* Hand the descriptor over as the call's result. */
static void hand_over(int fd)
{
	struct seccomp_notif_addfd add = {
		.id = guest.asked->id,
		.flags = SECCOMP_ADDFD_FLAG_SEND,
		.srcfd = (__u32)fd,
		.newfd_flags = guest.cloexec ? O_CLOEXEC : 0,
	};
	int given;
	bool calm;

	/* Interrupted, the kernel has answered already, with a descriptor 0 that is none. */
	calm = door_calm();
	given = ioctl(guest.listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
	if (given < 0 && (errno == EINVAL)) {
		/* Before Linux 5.14: in two steps. */
		add.flags = 0;
		given = ioctl(guest.listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
		if (given >= 0)
			answer(given);
	}
	if (given < 0 && errno != ENOENT)
		answer(-errno);
	door_calm_ends(calm);
	sys_close(fd);
}

static bool is(const char *name)
{
	return !strcmp(guest.row->name, name);
}

/* The flags of an open, by where the call has them. */
static int *open_flags(long args[6], int *storage)
{
	unsigned at = is("open") || is("mq_open") ? 1 : 2;

	if (is("creat")) {
		*storage = O_CREAT;
		return storage;
	}
	if (is("openat2"))
		return (int *)(void *)(uintptr_t)args[2];
	*storage = (int)args[at];
	return storage;
}

/* The terminal a guest calls /dev/tty is its own, not ours. */
static void see_terminal(long args[6])
{
	unsigned at = is("open") || is("creat") ? 0 : 1;
	const char *name = (const char *)args[at];
	char stat[512], *behind, *own;
	unsigned device;
	ssize_t len;
	int fd;

	if (is("open_by_handle_at") || is("mq_open") || !name || strcmp(name, "/dev/tty") != 0)
		return;
	if (getsid(guest.pid) == getsid(0))
		return;
	fd = sys_open(guest_proc("stat").text, O_RDONLY | O_CLOEXEC, 0);
	len = fd < 0 ? -1 : sys_read(fd, stat, sizeof stat - 1);
	if (fd >= 0)
		sys_close(fd);
	stat[len > 0 ? len : 0] = '\0';
	behind = strrchr(stat, ')');
	if (!behind || sscanf(behind + 1, " %*c %*d %*d %*d %u", &device) != 1 || !(own = guest_room(32)))
		return;
	if (gnu_dev_major(device) >= 136 && gnu_dev_major(device) < 144)
		snprintf(own, 32, "/dev/pts/%u", (gnu_dev_major(device) - 136) * 256 + gnu_dev_minor(device));
	else if (gnu_dev_major(device) == 4)
		snprintf(own, 32, "/dev/tty%u", gnu_dev_minor(device));
	else
		return;
	args[at] = (long)(uintptr_t)own;
}

enum preparation { PREPARED, GO_ON, NOT_HERE };

static enum preparation prepare_open(long args[6])
{
	int storage, *flags;

	if (is("openat2") && (!args[2] || guest.asked->data.args[3] < 24))
		return PREPARED;
	if (is("mq_open"))
		guest.cloexec = true; /* the kernel's own way */
	flags = open_flags(args, &storage);
	guest.cloexec |= (*flags & O_CLOEXEC) != 0;
	/*
	 * Nothing is read or changed by O_PATH, and what is done through it is decided then; such a descriptor cannot be handed
	 * over. But openat2's flags lie in memory, and may be others when the kernel looks: there it is not known, as on older
	 * kernels. Hooks have them on their own stack.
	 */
	if ((*flags & O_PATH) && is("openat2") && !guest.hooked)
		return NOT_HERE;
	if ((*flags & O_PATH) && !is("mq_open"))
		return GO_ON;
	if ((*flags & O_CREAT) || (*flags & O_TMPFILE) == O_TMPFILE)
		(void)!guest_take_umask();
	/* A terminal must not become ours. */
	if (!is("creat") && !is("mq_open"))
		*flags |= O_NOCTTY;
	if (is("open") || is("openat"))
		args[is("open") ? 1 : 2] = *flags;
	see_terminal(args);
	return PREPARED;
}

static int open_flags_of(const long args[6])
{
	return is("openat2") ? *(const int *)args[2] : (int)args[is("open") ? 1 : 2];
}

/*
 * Files of the session that the library opens for itself where not even its gate is trusted: every process of the session has
 * them mapped, so that to open them gives nobody anything. By the name that was copied, and not otherwise.
 */
static bool opens_session(const long args[6])
{
	const char *name = (const char *)args[is("open") ? 0 : 1];
	size_t len = strlen(door->directory);

	if ((!is("open") && !is("openat") && !is("openat2")) || !name || strncmp(name, door->directory, len) != 0 || name[len] != '/')
		return false;
	name += len + 1;
	/* The gate is what a process opens first, and nobody writes to. */
	if (!strcmp(name, GATE_FILE)) {
		await_end();
		return (open_flags_of(args) & O_ACCMODE) == O_RDONLY;
	}
	/* Under rules of its own a process asks for the rest beside the gate (sys_open_by_supervisor). */
	if (!guest.hooked && (!door->back || guest.asked->data.args[5] != door->cookie))
		return false;
	if (!strcmp(name, "policy.img"))
		return (open_flags_of(args) & O_ACCMODE) == O_RDONLY;
	return (!strcmp(name, "state") || (!strncmp(name, "events-", 7) && !strchr(name, '/')));
}

static bool reads_file(const long args[6])
{
	return (is("open") || is("openat") || is("openat2")) && (open_flags_of(args) & (O_ACCMODE | O_CREAT)) == O_RDONLY;
}

static int open_copy(void)
{
	char name[32];

	snprintf(name, sizeof name, "/proc/self/fd/%d", door->gate_copy);
	return sys_open(name, O_RDONLY | O_CLOEXEC, 0);
}

static void open_session(const long args[6])
{
	const char *name = (const char *)args[is("open") ? 0 : 1];
	int fd;

	if (door->gate_copy >= 0 && !strcmp(name + strlen(door->directory) + 1, GATE_FILE))
		fd = open_copy(); /* a position of its own: it is read */
	else
		fd = nolinks_open(AT_FDCWD, name, open_flags_of(args) & (O_ACCMODE | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY), 0);

	if (fd < 0)
		answer(fd);
	else
		hand_over(fd);
}

static verb_set verb_of_row(void)
{
	if (is("connect"))
		return VERB_SET(CONNECT);
	if (is("bind") || is("listen"))
		return VERB_SET(BIND);
	return !strncmp(guest.row->name, "send", 4) ? VERB_SET(SEND) : VERB_SET(ATTR);
}

/* A message on a connected stream goes where connect decided; its name is not looked at. Unix packets are like it. */
static bool is_on_stream(void)
{
	int fd = guest_fd((int)guest.asked->data.args[0]), type = 0, domain = 0;
	unsigned flags = (unsigned)guest.asked->data.args[is("sendmmsg") ? 3 : 2];
	socklen_t len = sizeof type;

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0 || getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0)
		return false;
	return (type == SOCK_STREAM && !(flags & MSG_FASTOPEN)) || (type == SOCK_SEQPACKET && domain == AF_UNIX);
}

/*
 * Where we cannot act on a guest's descriptor, it has to: on arguments that nobody can change any more because they lie
 * in registers, or that a hook has copied. Else the address might not be the one that was judged.
 */
static bool may_act_itself(void)
{
	return guest.hooked || !strpbrk(guest.row->arguments, "amM") || policy_mode(&guard.sessions[0].policy) != MODE_ENFORCE ||
	       !policy_refuses(&guard.sessions[0].policy, verb_of_row());
}

/*
 * A unix socket is bound by the name that was given, for others are told it: the kernel finds the way once more. Names go, or
 * change, through this door alone (unless the policy trusts the hooks in all): not while somebody binds.
 */
static pthread_rwlock_t moving = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;

static bool changes_names(void)
{
	return guest.row->way == WAY_CONFIRMED && strchr(guest.row->arguments, 'p');
}

static int hold_names(void)
{
	struct timespec until;

	if (changes_names())
		return -pthread_rwlock_rdlock(&moving);
	if (!is("bind"))
		return 0;
	/* Somebody may be in a file system that does not answer. */
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += NAMES_WAIT_S;
	return pthread_rwlock_timedwrlock(&moving, &until) == 0 ? 0 : -EAGAIN;
}

static void free_names(void)
{
	if (changes_names() || is("bind"))
		pthread_rwlock_unlock(&moving);
}

static bool creates_names(void)
{
	return !strncmp(guest.row->name, "mk", 2) || is("bind");
}

static void act(void)
{
	enum preparation opens = PREPARED;
	long args[6], result = 0;
	bool done;
	int error;

	memcpy(args, guest.asked->data.args, sizeof args);
	if ((is("sendmsg") || is("sendmmsg")) && is_on_stream()) {
		go_on();
		return;
	}
	error = marshal_in(args);
	if (!guest_waits())
		return;
	if (error == -EACCES) {
		answer_unknown(VERB_SET(READ));
		return;
	}
	if (error == 0 && guest.row->work == WORK_OPENS)
		opens = prepare_open(args);
	if (opens != PREPARED) {
		if (opens == GO_ON)
			go_on();
		else
			answer(-ENOSYS);
		return;
	}
	if (error == 0 && guest.row->work == WORK_OPENS && opens_session(args)) {
		guest.jail = NULL; /* its own rules are not about the guard */
		open_session(args);
		return;
	}
	if (guest.row->work == WORK_OPENS)
		await_look(error == 0 && reads_file(args) ? (const char *)args[is("open") ? 0 : 1] : NULL);
	if (error == 0 && creates_names())
		error = guest_take_umask();
	if (error < 0) {
		answer(error);
		return;
	}
	/* A peer may let us wait. */
	if (is("connect") || !strncmp(guest.row->name, "send", 4))
		door_go_away();
	if (guest_dress() < 0) {
		guest_undress();
		answer_unknown(VERB_SET(READ));
		return;
	}
	guest.asks = guest.unheld;
	error = hold_names();
	if (error < 0) {
		guest_undress();
		answer(error);
		return;
	}
	door_waits(true);
	done = generic_done(guest.row->number[CALLS_HERE], args, &result);
	door_waits(false);
	free_names();
	guest_undress();
	if (!done || (guest.unheld && guest.reached)) {
		if (guest.unheld && !may_act_itself())
			answer_unknown(verb_of_row());
		else
			go_on();
		return;
	}
	if (result >= 0 && guest.row->work == WORK_OPENS && !is("mq_unlink")) {
		hand_over((int)result);
		return;
	}
	if (result == -EINTR)
		result = door_interrupted();
	if (result >= 0)
		error = marshal_out(result);
	if (result == -EPIPE && guest.row->arguments[0] == 'f' &&
	    !((unsigned)guest.asked->data.args[is("sendmsg") ? 2 : 3] & MSG_NOSIGNAL))
		SYS_3(SYS_tgkill, guest.pid, guest.tid, SIGPIPE);
	answer(error < 0 ? error : result);
}

/* What changes the world in which names have their meaning. */
static bool moves(void)
{
	static const char *const names[] = {"unshare", "clone", "setns", "chroot", "pivot_root", "mount", "move_mount"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (is(names[i]))
			return true;
	return false;
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

	error = is("ioctl") ? guest_read(given[2], &who, sizeof who) : guest_read(given[2], &owner, sizeof owner);
	if (error == -EACCES || fd == -EPERM) {
		answer_unknown(VERB_SET(SIGNAL));
		return;
	}
	if (error == 0 && is("ioctl"))
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

void answer_first(pid_t first)
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

static void ask(void)
{
	long args[6], result = 0;
	int error;

	if (is("ioctl")) {
		ask_ioctl();
		return;
	}
	if (is("setrlimit") || (is("prlimit64") && guest.asked->data.args[1] == RLIMIT_CORE)) {
		const __u64 *given = guest.asked->data.args;
		pid_t pid = is("setrlimit") || (pid_t)given[0] == 0 ? guest.pid : (pid_t)given[0];

		limit_cores(pid, given[is("setrlimit") ? 1 : 2], is("setrlimit") ? 0 : given[3]);
		return;
	}
	if (is("landlock_restrict_self")) {
		error = jail_enter((int)guest.asked->data.args[0]);
		guest_changes();
		if (error < 0)
			answer(error);
		else
			go_on();
		return;
	}
	if (is("fcntl") && guest.asked->data.args[1] == F_SETOWN_EX) {
		ask_owner();
		return;
	}
	memcpy(args, guest.asked->data.args, sizeof args);
	if (is("kill") && (pid_t)args[0] == 0)
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
	if (moves() || !strncmp(guest.row->name, "set", 3) || is("capset") || is("prctl"))
		guest_changes();
	go_on();
}

/* Code that is mapped, or the gate. */
static void map(void)
{
	const __u64 *args = guest.asked->data.args;
	struct stat status;
	struct call call;
	int fd = guest_place_fd((int)args[4]);
	bool near = door->gate && args[0] >> 32 == door->gate >> 32;

	if (door->gate && args[0] == door->gate) {
		bool ours = fd >= 0 && sys_fstat(fd, &status) == 0 && status.st_dev == door->gate_device &&
			    status.st_ino == door->gate_inode && args[1] == 4096 && args[2] == (PROT_READ | PROT_EXEC) &&
			    args[5] == 0 && (args[3] & MAP_TYPE) == MAP_SHARED;

		if (ours)
			go_on();
		else
			answer(-EPERM);
		return;
	}
	if (near || (door->gate && (args[3] & (MAP_FIXED | MAP_FIXED_NOREPLACE)) && args[0] < door->gate &&
		     args[1] > door->gate - args[0])) {
		answer(-EPERM);
		return;
	}
	if (!(args[2] & PROT_EXEC) || (args[3] & MAP_ANONYMOUS)) {
		go_on();
		return;
	}
	if (fd < 0) {
		answer(fd);
		return;
	}
	call_enter(&call, HOOK_mmap);
	call_fd(&call, fd, VERB_SET(LOAD));
	(void)!call_allowed(&call);
	if (call_finish(&call) < 0)
		answer(call.result);
	else
		go_on();
}

/* The session's own program is not asked about, whoever starts it. */
static bool is_launch(void)
{
	struct stat own, its;

	if (!door->launcher || guest.pid != door->launcher || atomic_load(&launched))
		return false;
	if (sys_fstatat(AT_FDCWD, "/proc/self/exe", &own, 0) == 0 && sys_fstatat(AT_FDCWD, guest_proc("exe").text, &its, 0) == 0 &&
	    own.st_dev == its.st_dev && own.st_ino == its.st_ino)
		return true;
	atomic_store(&launched, true);
	return false;
}

static void run(void)
{
	static _Thread_local struct run program;
	int error;

	guest_changes();
	if (is_launch()) {
		await_begin();
		go_on();
		return;
	}
	await_look(NULL);
	error = run_decide(&program);
	if (!guest_waits())
		return;
	if (error == -EACCES && !program.program.len && guest.used == 0)
		answer_unknown(VERB_SET(EXEC));
	else if (error < 0)
		answer(error);
	else {
		if (program.loads)
			await_begin();
		else
			await_end();
		run_watch(&program, go_on);
	}
}

void answer_asked(const struct door *of, const struct seccomp_notif *asked)
{
	const struct calls_row *row = calls_find(CALLS_HERE, asked->data.nr);
	const struct seccomp_data *data = &asked->data;
	int error;

	door = of;
	guest.asked = asked;
	if (!row) {
		answer(-ENOSYS);
		return;
	}
	error = guest_enter(asked, row);
	/* Two calls have no room for the cookie; a record that is missing is all that could be had by that. */
	guest.hooked = door->back && data->instruction_pointer == door->back &&
		       (data->args[5] == door->cookie || row->work == WORK_MAPS || is("sendto") || !strncmp(row->name, "process_vm", 10));
	guard.sessions[0].policy.counted = guest.hooked;
	if (guest.hooked)
		await_end();
	else if (error == 0 && row->work == WORK_ACTS && !strchr(row->arguments, 'o'))
		await_look(NULL); /* loaders only ask and read */
	if (error < 0)
		answer(error);
	else if (row->work == WORK_RUNS)
		run();
	else if (row->work == WORK_MAPS)
		map();
	else if (row->work == WORK_ASKS)
		ask();
	else
		act();
	guest_leave();
}
