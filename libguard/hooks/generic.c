/* SPDX-License-Identifier: Apache-2.0 */
/*
 * syscall(2): whatever the guard mediates goes through the hook of that name;
 * all else goes on to libc, untouched.
 *
 * What changes the calling thread alone, or makes a process that comes back on
 * another stack, is asked first and then done by libc's own syscall.
 */
#include "libguard/core/buf.h"
#include "libguard/core/sys.h"
#include "libguard/hooks/act.h"
#include "libguard/hooks/call.h"
#include "libguard/hooks/generic.h"
#include "libguard/hooks/jump.h"
#include "libguard/hooks/next.h"
#include "libguard/hooks/open.h"

#include <errno.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/timex.h>
#include <sys/uio.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_faccessat2
#define SYS_faccessat2 439
#endif

void *generic_choose(long args[JUMP_ARGS], const void *caller);
#ifndef GUARD_DOOR
JUMP(syscall, generic_choose);
#endif

#define NEW_NAMESPACES                                                                                                 \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET |   \
	 0x80 /* CLONE_NEWTIME */)

static long fail(long result)
{
	return call_errno(result);
}

static void *refuse(long args[JUMP_ARGS], long error)
{
	args[0] = error;
	return (void *)fail;
}

#define NOBODY (-1)
#define HOW_MAX 4096 /* bytes, the kernel's limit */

#ifndef SYS_lsm_set_self_attr
#define SYS_lsm_set_self_attr 460
#endif

/* What has been decided is done by libc, or fails. */
static void *answer(long args[JUMP_ARGS], struct call *call)
{
	long result;

	(void)!call_allowed(call);
	result = call_finish(call);
	return result < 0 ? refuse(args, result) : next_of(HOOK_syscall);
}

/* Decide about PEER, or about this process when that is 0. */
static void *ask(long args[JUMP_ARGS], pid_t peer, verb_set verbs)
{
	struct call call;

	call_enter(&call, HOOK_syscall);
	if (peer)
		call_peer(&call, peer, verbs);
	else
		call_self(&call, verbs);
	return answer(args, &call);
}

static void *ask_signal(long args[JUMP_ARGS], pid_t peer, int number)
{
	struct call call;

	call_enter(&call, HOOK_syscall);
	call_signal(&call, peer, number);
	return answer(args, &call);
}

static bool is_own_thread(pid_t thread)
{
	return SYS_3(SYS_tgkill, self_pid(), thread, 0) == 0;
}

static pid_t behind(int pidfd)
{
	pid_t pid = peer_of_pidfd(pidfd);

	return pid > 0 ? pid : NOBODY;
}

/* Another process than this one: what harms it is judged as the signal that ends it. */
static void *ask_harm(long args[JUMP_ARGS], pid_t peer)
{
	return ask_signal(args, is_own_thread(peer) ? NOBODY : peer, SIGKILL);
}

/* The members of GROUP; all processes when it is 0. */
static void *ask_harm_of_all(long args[JUMP_ARGS], pid_t group)
{
	long error = 0;

	return !guard_ready() || act_signals_group(HOOK_syscall, group, SIGKILL, &error) ? next_of(HOOK_syscall) : refuse(args, error);
}

/* setpriority(2) and ioprio_set(2) count alike, from 0 and from 1: a process, a group, a user. */
static void *ask_priority(long args[JUMP_ARGS], long which, pid_t who)
{
	if (which == PRIO_PROCESS)
		return ask_harm(args, who);
	return ask_harm_of_all(args, which == PRIO_USER ? 0 : who ? who : (pid_t)SYS_1(SYS_getpgid, self_pid()));
}

/* Who gets the signals of a descriptor (fcntl(2), F_SETOWN and F_SETSIG): it may be any, SIGKILL too. */
static void *ask_owner(long args[JUMP_ARGS], long command, long argument)
{
	const struct f_owner_ex *owner = (const struct f_owner_ex *)argument;
	pid_t who = (pid_t)argument;

	if (command != F_SETOWN && command != F_SETOWN_EX)
		return NULL;
	if (command == F_SETOWN_EX && (uintptr_t)owner < 4096)
		return NULL;
	if (command == F_SETOWN_EX)
		who = owner->type == F_OWNER_PGRP ? -owner->pid : owner->pid;
	return who < 0 ? ask_harm_of_all(args, -who) : ask_harm(args, who);
}

#define PERF_OF_GROUP 4 /* PERF_FLAG_PID_CGROUP */

/* Counting what another process does is looking into it; what the whole machine does, into the kernel. */
static void *ask_perf(long args[JUMP_ARGS], pid_t peer, long flags)
{
	if (peer == -1 || (flags & PERF_OF_GROUP))
		return ask(args, 0, VERB_SET(KERNEL));
	return peer == 0 || is_own_thread(peer) ? NULL : ask(args, peer, VERB_SET(TRACE));
}

static const void *pointer(long argument)
{
	return (const void *)argument;
}

#ifdef GUARD_DOOR
/* Is it ours, of proc(5)? A name that leads through "self" means another to who asks. */
static bool is_own(int fd)
{
	char link[64] = "", own[32];
	struct buf buf = BUF_ON(own);

	buf_str(&buf, "/proc/");
	buf_i64(&buf, sys_getpid());
	return sys_readlinkat(AT_FDCWD, open_link_of(fd).name, link, sizeof link - 1) > 0 &&
	       !strncmp(link, buf_cstr(&buf), buf.len) && (link[buf.len] == '/' || link[buf.len] == '\0');
}
#endif

/* By a name that RESOLVE_* flags give another meaning: what it leads to is held, decided, and opened again. */
static long open_held(int dir, const char *name, const struct open_how *how)
{
	struct open_how only = {.flags = O_PATH | O_CLOEXEC | (how->flags & (O_NOFOLLOW | O_DIRECTORY)),
				.resolve = how->resolve};
	int flags = (int)how->flags & ~(O_CREAT | O_EXCL | O_NOFOLLOW);
	long held, fd;

	if ((how->flags & O_CREAT) || (how->flags & O_TMPFILE) == O_TMPFILE)
		return -ENOSYS; /* what is made cannot be held first; programs know what to do on older kernels */
	held = gate(SYS_openat2, dir, GATE_PTR(name), GATE_PTR(&only), sizeof only);
#ifdef GUARD_DOOR
	if (held >= 0 && is_own((int)held)) {
		sys_close((int)held);
		return -ENOSYS;
	}
#endif
	if (held < 0 || (how->flags & O_PATH))
		return held;
	fd = guard.has_proc ? open_for(HOOK_syscall, AT_FDCWD, open_link_of((int)held).name, flags, 0) : -ENOSYS;
	sys_close((int)held);
	return fd;
}

static long open_how(int dir, const char *name, const struct open_how *given, size_t size)
{
	struct open_how how;
	char copy[PATH_NAME_CAP];
	int error;

	if (size < sizeof how || (uintptr_t)given < 4096)
		return gate(SYS_openat2, dir, GATE_PTR(name), GATE_PTR(given), (long)size);
	how = *given;
	/* Fields of later kernels, which this version cannot judge; none of them set, they mean nothing. */
	for (size_t i = sizeof how; i < size; i++)
		if (i >= HOW_MAX || ((const char *)given)[i])
			return -E2BIG;
	error = name_copy(copy, name);
	if (error)
		return error;
	if (how.resolve == 0)
		return open_for(HOOK_syscall, dir, copy, (int)how.flags, (mode_t)how.mode);
	if (how.resolve == RESOLVE_NO_SYMLINKS)
		return open_plain_for(HOOK_syscall, dir, copy, (int)how.flags, (mode_t)how.mode);
	return open_held(dir, copy, &how);
}

static const char *with_slash(const char *name, char out[256])
{
	size_t len = strnlen(name, 254);

	out[0] = '/';
	memcpy(out + 1, name, len);
	out[len + 1] = '\0';
	return out;
}

#define TEXT_ARG(n) ((const char *)pointer(n))
#define INT(n) ((int)(n))
#define MODE(n) ((mode_t)(n))
#define SIZE(n) ((size_t)(n))
#define OUT(n) ((void *)(n))
#define FLAGS(n) ((unsigned)(n))

/* Those that are only there on old architectures. */
#ifdef SYS_open
#define OLD_CALLS                                                                                                      \
	CALL(open, open(TEXT_ARG(a), INT(b), MODE(c)))                                                                 \
	CALL(creat, creat(TEXT_ARG(a), MODE(b)))                                                                       \
	CALL(unlink, unlink(TEXT_ARG(a)))                                                                              \
	CALL(rmdir, rmdir(TEXT_ARG(a)))                                                                                \
	CALL(rename, rename(TEXT_ARG(a), TEXT_ARG(b)))                                                                 \
	CALL(link, link(TEXT_ARG(a), TEXT_ARG(b)))                                                                     \
	CALL(symlink, symlink(TEXT_ARG(a), TEXT_ARG(b)))                                                               \
	CALL(mkdir, mkdir(TEXT_ARG(a), MODE(b)))                                                                       \
	CALL(mknod, mknod(TEXT_ARG(a), MODE(b), (dev_t)c))                                                             \
	CALL(chmod, chmod(TEXT_ARG(a), MODE(b)))                                                                       \
	CALL(chown, chown(TEXT_ARG(a), (uid_t)b, (gid_t)c))                                                            \
	CALL(lchown, lchown(TEXT_ARG(a), (uid_t)b, (gid_t)c))                                                          \
	CALL(utime, utime(TEXT_ARG(a), pointer(b)))                                                                    \
	CALL(utimes, utimes(TEXT_ARG(a), pointer(b)))                                                                  \
	CALL(futimesat, futimesat(INT(a), TEXT_ARG(b), pointer(c)))                                                    \
	CALL(readlink, readlink(TEXT_ARG(a), OUT(b), SIZE(c)))
#define OLD_QUERIES                                                                                                    \
	CALL(stat, stat(TEXT_ARG(a), OUT(b)))                                                                          \
	CALL(lstat, lstat(TEXT_ARG(a), OUT(b)))                                                                        \
	CALL(access, access(TEXT_ARG(a), INT(b)))
#else
#define OLD_CALLS
#define OLD_QUERIES
#endif

/* The door runs no program by itself: door/run.c. */
#ifdef GUARD_DOOR
#define EXECS
#else
#define EXECS                                                                                                          \
	CALL(execve, execve(TEXT_ARG(a), OUT(b), OUT(c)))                                                              \
	CALL(execveat, execveat(INT(a), TEXT_ARG(b), OUT(c), OUT(d), INT(e)))
#endif

#define CALLS                                                                                                          \
	OLD_CALLS                                                                                                      \
	CALL(openat, openat(INT(a), TEXT_ARG(b), INT(c), MODE(d)))                                                     \
	CALL(openat2, call_errno(open_how(INT(a), TEXT_ARG(b), pointer(c), SIZE(d))))                                  \
	CALL(open_by_handle_at, open_by_handle_at(INT(a), OUT(b), INT(c)))                                             \
	CALL(unlinkat, unlinkat(INT(a), TEXT_ARG(b), INT(c)))                                                          \
	CALL(renameat, renameat(INT(a), TEXT_ARG(b), INT(c), TEXT_ARG(d)))                                             \
	CALL(renameat2, renameat2(INT(a), TEXT_ARG(b), INT(c), TEXT_ARG(d), FLAGS(e)))                                 \
	CALL(linkat, linkat(INT(a), TEXT_ARG(b), INT(c), TEXT_ARG(d), INT(e)))                                         \
	CALL(symlinkat, symlinkat(TEXT_ARG(a), INT(b), TEXT_ARG(c)))                                                   \
	CALL(mkdirat, mkdirat(INT(a), TEXT_ARG(b), MODE(c)))                                                           \
	CALL(mknodat, mknodat(INT(a), TEXT_ARG(b), MODE(c), (dev_t)d))                                                 \
	CALL(fchmod, fchmod(INT(a), MODE(b)))                                                                          \
	CALL(fchmodat, fchmodat(INT(a), TEXT_ARG(b), MODE(c), 0))                                                      \
	CALL(fchmodat2, fchmodat(INT(a), TEXT_ARG(b), MODE(c), INT(d)))                                                \
	CALL(fchown, fchown(INT(a), (uid_t)b, (gid_t)c))                                                               \
	CALL(fchownat, fchownat(INT(a), TEXT_ARG(b), (uid_t)c, (gid_t)d, INT(e)))                                      \
	CALL(utimensat, b ? utimensat(INT(a), TEXT_ARG(b), pointer(c), INT(d)) : futimens(INT(a), pointer(c)))         \
	CALL(truncate, truncate(TEXT_ARG(a), b))                                                                       \
	CALL(readlinkat, readlinkat(INT(a), TEXT_ARG(b), OUT(c), SIZE(d)))                                             \
	CALL(getxattr, getxattr(TEXT_ARG(a), TEXT_ARG(b), OUT(c), SIZE(d)))                                            \
	CALL(lgetxattr, lgetxattr(TEXT_ARG(a), TEXT_ARG(b), OUT(c), SIZE(d)))                                          \
	CALL(fgetxattr, fgetxattr(INT(a), TEXT_ARG(b), OUT(c), SIZE(d)))                                               \
	CALL(listxattr, listxattr(TEXT_ARG(a), OUT(b), SIZE(c)))                                                       \
	CALL(llistxattr, llistxattr(TEXT_ARG(a), OUT(b), SIZE(c)))                                                     \
	CALL(flistxattr, flistxattr(INT(a), OUT(b), SIZE(c)))                                                          \
	CALL(setxattr, setxattr(TEXT_ARG(a), TEXT_ARG(b), pointer(c), SIZE(d), INT(e)))                                \
	CALL(lsetxattr, lsetxattr(TEXT_ARG(a), TEXT_ARG(b), pointer(c), SIZE(d), INT(e)))                              \
	CALL(fsetxattr, fsetxattr(INT(a), TEXT_ARG(b), pointer(c), SIZE(d), INT(e)))                                   \
	CALL(removexattr, removexattr(TEXT_ARG(a), TEXT_ARG(b)))                                                       \
	CALL(lremovexattr, lremovexattr(TEXT_ARG(a), TEXT_ARG(b)))                                                     \
	CALL(fremovexattr, fremovexattr(INT(a), TEXT_ARG(b)))                                                          \
	CALL(inotify_add_watch, inotify_add_watch(INT(a), TEXT_ARG(b), FLAGS(c)))                                      \
	CALL(fanotify_mark, fanotify_mark(INT(a), FLAGS(b), (uint64_t)c, INT(d), TEXT_ARG(e)))                         \
	CALL(mq_open, mq_open(with_slash(TEXT_ARG(a), (char[256]){0}), INT(b), MODE(c), OUT(d)))                       \
	CALL(mq_unlink, mq_unlink(with_slash(TEXT_ARG(a), (char[256]){0})))                                            \
	EXECS                                                                                                          \
	CALL(socket, socket(INT(a), INT(b), INT(c)))                                                                   \
	CALL(setsockopt, setsockopt(INT(a), INT(b), INT(c), pointer(d), (socklen_t)e))                                 \
	CALL(connect, connect(INT(a), pointer(b), (socklen_t)c))                                                       \
	CALL(bind, bind(INT(a), pointer(b), (socklen_t)c))                                                             \
	CALL(listen, listen(INT(a), INT(b)))                                                                           \
	CALL(sendto, sendto(INT(a), pointer(b), SIZE(c), INT(d), pointer(e), (socklen_t)f))                            \
	CALL(sendmsg, sendmsg(INT(a), pointer(b), INT(c)))                                                             \
	CALL(sendmmsg, sendmmsg(INT(a), OUT(b), FLAGS(c), INT(d)))                                                     \
	CALL(kill, kill((pid_t)a, INT(b)))                                                                             \
	CALL(tgkill, tgkill((pid_t)a, (pid_t)b, INT(c)))                                                               \
	CALL(process_vm_readv, process_vm_readv((pid_t)a, pointer(b), SIZE(c), pointer(d), SIZE(e), SIZE(f)))          \
	CALL(process_vm_writev, process_vm_writev((pid_t)a, pointer(b), SIZE(c), pointer(d), SIZE(e), SIZE(f)))        \
	CALL(chroot, chroot(TEXT_ARG(a)))                                                                              \
	CALL(pivot_root, pivot_root(TEXT_ARG(a), TEXT_ARG(b)))                                                         \
	CALL(mount, mount(TEXT_ARG(a), TEXT_ARG(b), TEXT_ARG(c), SIZE(d), pointer(e)))                                 \
	CALL(umount2, umount2(TEXT_ARG(a), INT(b)))                                                                    \
	CALL(adjtimex, adjtimex(OUT(a)))                                                                               \
	CALL(clock_adjtime, clock_adjtime((clockid_t)a, OUT(b)))                                                                    \
	CALL(swapon, swapon(TEXT_ARG(a), INT(b)))                                                                      \
	CALL(swapoff, swapoff(TEXT_ARG(a)))

/* Only where a rule hides objects. */
#define QUERIES                                                                                                        \
	OLD_QUERIES                                                                                                    \
	CALL(newfstatat, fstatat(INT(a), TEXT_ARG(b), OUT(c), INT(d)))                                                 \
	CALL(statx, statx(INT(a), TEXT_ARG(b), INT(c), FLAGS(d), OUT(e)))                                              \
	CALL(faccessat, faccessat(INT(a), TEXT_ARG(b), INT(c), 0))                                                     \
	CALL(faccessat2, faccessat(INT(a), TEXT_ARG(b), INT(c), INT(d)))

static long decoded(long number, long a, long b, long c, long d, long e, long f)
{
	switch (number) {
#define CALL(name, does)                                                                                               \
	case SYS_##name:                                                                                               \
		return does;
		CALLS
		QUERIES
#undef CALL
#ifndef GUARD_DOOR
	case SYS_mmap:
		return (long)mmap(OUT(a), SIZE(b), INT(c), INT(d), INT(e), f);
#endif
	default:
		return call_errno(-ENOSYS);
	}
}

/* What the guard asks about and libc does; NULL when it is none of these. */
static void *choose_asked(long args[JUMP_ARGS])
{
	const uint64_t *clone_flags = pointer(args[1]);

	switch (args[0]) {
	case SYS_setuid:
	case SYS_setgid:
	case SYS_setreuid:
	case SYS_setregid:
	case SYS_setresuid:
	case SYS_setresgid:
	case SYS_setgroups:
	case SYS_setfsuid:
	case SYS_setfsgid:
	case SYS_capset:
		return ask(args, 0, VERB_SET(IDENTITY));
	case SYS_unshare:
	case SYS_clone:
		return args[1] & NEW_NAMESPACES ? ask(args, 0, VERB_SET(NAMESPACE)) : NULL;
	case SYS_clone3:
		return args[1] && (*clone_flags & NEW_NAMESPACES) ? ask(args, 0, VERB_SET(NAMESPACE)) : NULL;
	case SYS_setns:
		return ask(args, 0, VERB_SET(NAMESPACE));
	case SYS_open_tree:
		return args[3] & OPEN_TREE_CLONE ? ask(args, 0, VERB_SET(MOUNT)) : NULL;
	case SYS_fsopen:
	case SYS_fsmount:
	case SYS_fsconfig:
	case SYS_fspick:
	case SYS_move_mount:
	case SYS_mount_setattr:
		return ask(args, 0, VERB_SET(MOUNT));
	case SYS_reboot:
	case SYS_init_module:
	case SYS_finit_module:
	case SYS_delete_module:
	case SYS_kexec_load:
	case SYS_sethostname:
	case SYS_setdomainname:
	case SYS_settimeofday:
	case SYS_clock_settime:
	case SYS_acct:
	case SYS_syslog:
	case SYS_vhangup:
#ifdef SYS_iopl
	case SYS_iopl:
	case SYS_ioperm:
#endif
		return ask(args, 0, VERB_SET(KERNEL));
	case SYS_quotactl:
		return act_sets_quota((int)args[1]) ? ask(args, 0, VERB_SET(KERNEL)) : NULL;
	case SYS_prctl:
		/* What program this is seen to run. */
		return args[1] == PR_SET_MM && (args[2] == PR_SET_MM_EXE_FILE || args[2] == PR_SET_MM_MAP)
			       ? ask(args, 0, VERB_SET(IDENTITY)) : NULL;
	case SYS_lsm_set_self_attr:
		return ask(args, 0, VERB_SET(IDENTITY));
	case SYS_fcntl:
		return ask_owner(args, args[2], args[3]);
	case SYS_prlimit64:
		return args[3] ? ask_harm(args, (pid_t)args[1]) : NULL;
	case SYS_sched_setparam:
	case SYS_sched_setscheduler:
	case SYS_sched_setattr:
	case SYS_sched_setaffinity:
		return ask_harm(args, (pid_t)args[1]);
	case SYS_setpriority:
		return ask_priority(args, args[1], (pid_t)args[2]);
	case SYS_ioprio_set:
		return ask_priority(args, args[1] - 1, (pid_t)args[2]);
	case SYS_perf_event_open:
		return ask_perf(args, (pid_t)args[2], args[5]);
	case SYS_ptrace:
		if (args[1] == PTRACE_TRACEME)
			return ask(args, 0, VERB_SET(TRACE)); /* to its parent */
		return ask(args, args[1] == PTRACE_ATTACH || args[1] == PTRACE_SEIZE ? (pid_t)args[2] : NOBODY,
			   VERB_SET(TRACE));
	case SYS_pidfd_getfd:
		return ask(args, behind((int)args[1]), VERB_SET(TRACE));
	case SYS_tkill:
		return ask_signal(args, is_own_thread((pid_t)args[1]) ? NOBODY : (pid_t)args[1], (int)args[2]);
	case SYS_rt_sigqueueinfo:
		return ask_signal(args, (pid_t)args[1], (int)args[2]);
	case SYS_rt_tgsigqueueinfo:
		return ask_signal(args, (pid_t)args[1], (int)args[3]);
	case SYS_pidfd_send_signal:
		if (args[4] & ACT_SIGNAL_GROUP)
			return ask_harm_of_all(args, behind((int)args[1]));
		return ask_signal(args, behind((int)args[1]), (int)args[2]);
	case SYS_io_uring_setup:
		/* A ring's operations pass no hook: as on a kernel without. */
		return refuse(args, -ENOSYS);
	default:
		return NULL;
	}
}

void *generic_choose(long args[JUMP_ARGS], const void *caller)
{
	void *asked;

	(void)caller;
	switch (args[0]) {
#define CALL(name, does) case SYS_##name:
		CALLS
		return (void *)decoded;
		QUERIES
		return guard.hides ? (void *)decoded : next_of(HOOK_syscall);
#undef CALL
#ifndef GUARD_DOOR
	case SYS_mmap:
		return args[3] & PROT_EXEC ? (void *)decoded : next_of(HOOK_syscall);
#endif
	default:
		asked = guard_ready() ? choose_asked(args) : NULL;
		return asked ? asked : next_of(HOOK_syscall);
	}
}

#ifdef GUARD_DOOR
bool generic_done(long number, const long args[6], long *result)
{
	long words[JUMP_ARGS] = {number, args[0], args[1], args[2], args[3], args[4]};
	void *chosen = generic_choose(words, NULL);

	if (chosen == next_of(HOOK_syscall))
		return false;
	if (chosen == (void *)decoded)
		*result = decoded(number, args[0], args[1], args[2], args[3], args[4], args[5]);
	else
		*result = fail(words[0]);
	if (*result == -1)
		*result = -errno;
	return true;
}
#endif
