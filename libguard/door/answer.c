/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answering one notification; see answer.h.
 */
#include "libguard/door/answer.h"

#include "libguard/core/sys.h"
#include "libguard/door/ask.h"
#include "libguard/door/await.h"
#include "libguard/door/dress.h"
#include "libguard/door/guest.h"
#include "libguard/door/limits.h"
#include "libguard/door/marshal.h"
#include "libguard/door/run.h"
#include "libguard/hooks/call.h"
#include "libguard/hooks/generic.h"
#include "libguard/hooks/nolinks.h"
#include "libguard/kernel/gate.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
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

static _Thread_local const struct door *door;
static _Atomic bool launched;

static _Thread_local struct seccomp_notif_resp reply;

/* A nudge (door.c) must not lose the answer. ENOENT: the guest has died. */
static void send_reply(void)
{
	while (ioctl(guest.listener, SECCOMP_IOCTL_NOTIF_SEND, &reply) < 0 && errno == EINTR)
		;
}

void answer(long result)
{
	reply.id = guest.asked->id;
	reply.flags = 0;
	reply.val = result < 0 ? 0 : result;
	reply.error = result < 0 ? (int)result : 0;
	send_reply();
}

void go_on(void)
{
	reply.id = guest.asked->id;
	reply.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	reply.val = 0;
	reply.error = 0;
	send_reply();
}

void answer_unknown_of(verb_set verbs, struct text name)
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

void answer_unknown(verb_set verbs)
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

static bool is(enum calls_place place)
{
	return guest.row == &calls_table[place];
}

static bool is_sent(void)
{
	return is(CALLS_sendto) || is(CALLS_sendmsg) || is(CALLS_sendmmsg);
}

/* The flags of an open, by where the call has them. */
static int *open_flags(long args[6], int *storage)
{
	unsigned at = is(CALLS_open) || is(CALLS_mq_open) ? 1 : 2;

	if (is(CALLS_creat)) {
		*storage = O_CREAT;
		return storage;
	}
	if (is(CALLS_openat2))
		return (int *)(void *)(uintptr_t)args[2];
	*storage = (int)args[at];
	return storage;
}

/* The terminal a guest calls /dev/tty is its own, not ours. */
static void see_terminal(long args[6])
{
	unsigned at = is(CALLS_open) || is(CALLS_creat) ? 0 : 1;
	const char *name = (const char *)args[at];
	char stat[512], *behind, *own;
	unsigned device;
	ssize_t len;
	int fd;

	if (is(CALLS_open_by_handle_at) || is(CALLS_mq_open) || !name || strcmp(name, "/dev/tty") != 0)
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

	if (is(CALLS_openat2) && (!args[2] || guest.asked->data.args[3] < 24))
		return PREPARED;
	if (is(CALLS_mq_open))
		guest.cloexec = true; /* the kernel's own way */
	flags = open_flags(args, &storage);
	guest.cloexec |= (*flags & O_CLOEXEC) != 0;
	guest.makes = (*flags & (O_CREAT | O_TRUNC)) != 0;
	/*
	 * Nothing is read or changed by O_PATH, and what is done through it is decided then; such a descriptor cannot be handed
	 * over. But openat2's flags lie in memory, and may be others when the kernel looks: there it is not known, as on older
	 * kernels. Hooks have them on their own stack.
	 */
	if ((*flags & O_PATH) && is(CALLS_openat2) && !guest.hooked)
		return NOT_HERE;
	if ((*flags & O_PATH) && !is(CALLS_mq_open))
		return GO_ON;
	if ((*flags & O_CREAT) || (*flags & O_TMPFILE) == O_TMPFILE)
		(void)!guest_take_umask();
	/* A terminal must not become ours. */
	if (!is(CALLS_creat) && !is(CALLS_mq_open))
		*flags |= O_NOCTTY;
	if (is(CALLS_open) || is(CALLS_openat))
		args[is(CALLS_open) ? 1 : 2] = *flags;
	see_terminal(args);
	return PREPARED;
}

static int open_flags_of(const long args[6])
{
	return is(CALLS_openat2) ? *(const int *)args[2] : (int)args[is(CALLS_open) ? 1 : 2];
}

/*
 * Files of the session that the library opens for itself where not even its gate is trusted: every process of the session has
 * them mapped, so that to open them gives nobody anything. By the name that was copied, and not otherwise.
 */
static bool opens_session(const long args[6])
{
	const char *name = (const char *)args[is(CALLS_open) ? 0 : 1];
	size_t len = strlen(door->directory);

	if ((!is(CALLS_open) && !is(CALLS_openat) && !is(CALLS_openat2)) || !name || strncmp(name, door->directory, len) != 0 || name[len] != '/')
		return false;
	name += len + 1;
	/* The gate is what a process opens first, and nobody writes to. */
	if (!strcmp(name, GATE_FILE)) {
		await_end();
		return (open_flags_of(args) & O_ACCMODE) == O_RDONLY;
	}
	/* Under rules of its own a process asks for the rest beside the gate (sys_open_by_supervisor). */
	if (!guest.hooked && (!guest.jail || !door->back || guest.asked->data.args[5] != door->cookie))
		return false;
	if (!strcmp(name, "policy.img"))
		return (open_flags_of(args) & O_ACCMODE) == O_RDONLY;
	return (!strcmp(name, "state") || (!strncmp(name, "events-", 7) && !strchr(name, '/')));
}

static bool reads_file(const long args[6])
{
	return (is(CALLS_open) || is(CALLS_openat) || is(CALLS_openat2)) && (open_flags_of(args) & (O_ACCMODE | O_CREAT)) == O_RDONLY;
}

static int open_copy(void)
{
	char name[32];

	snprintf(name, sizeof name, "/proc/self/fd/%d", door->gate_copy);
	return sys_open(name, O_RDONLY | O_CLOEXEC, 0);
}

static void open_session(const long args[6])
{
	const char *name = (const char *)args[is(CALLS_open) ? 0 : 1];
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
	if (is(CALLS_connect))
		return VERB_SET(CONNECT);
	if (is(CALLS_bind) || is(CALLS_listen))
		return VERB_SET(BIND);
	return is_sent() ? VERB_SET(SEND) : VERB_SET(ATTR);
}

/* A message on a connected stream goes where connect decided; its name is not looked at. Unix packets are like it. */
static bool is_on_stream(void)
{
	int fd = guest_fd((int)guest.asked->data.args[0]), type = 0, domain = 0;
	unsigned flags = (unsigned)guest.asked->data.args[is(CALLS_sendmmsg) ? 3 : 2];
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

static _Thread_local bool holds_names;

static int hold_names(void)
{
	struct timespec until;

	if (changes_names()) {
		holds_names = pthread_rwlock_rdlock(&moving) == 0;
	} else if (is(CALLS_bind)) {
		/* Somebody may be in a file system that does not answer. */
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += NAMES_WAIT_S;
		holds_names = pthread_rwlock_timedwrlock(&moving, &until) == 0;
	} else {
		return 0;
	}
	/* Audit mode refuses nothing. */
	return holds_names || policy_mode(&guard.sessions[0].policy) != MODE_ENFORCE ? 0 : -EAGAIN;
}

static void free_names(void)
{
	if (holds_names)
		pthread_rwlock_unlock(&moving);
	holds_names = false;
}

static bool creates_names(void)
{
	return !strncmp(guest.row->name, "mk", 2) || is(CALLS_bind);
}

/* Is it this machine, of which the kernel knows at once who listens? One that has no room for more is found by the watch. */
static bool is_here(const struct sockaddr *to)
{
	return to && guest.asked->data.args[2] >= sizeof(struct sockaddr_in) && to->sa_family == AF_INET &&
	       ntohl(((const struct sockaddr_in *)to)->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

static void act(void)
{
	enum preparation opens = PREPARED;
	long args[6], result = 0;
	bool done;
	int error;

	memcpy(args, guest.asked->data.args, sizeof args);
	if ((is(CALLS_sendmsg) || is(CALLS_sendmmsg)) && is_on_stream()) {
		go_on();
		return;
	}
	if (!door_has_room()) {
		answer(-ENFILE);
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
		bool jailed = guest.jail != NULL;

		/* Its own rules are not about the guard; its rights are. */
		guest.jail = NULL;
		if (jailed && guest_dress() < 0)
			answer(-EACCES);
		else
			open_session(args);
		guest_undress();
		return;
	}
	if (guest.row->work == WORK_OPENS)
		await_look(error == 0 && reads_file(args) ? (const char *)args[is(CALLS_open) ? 0 : 1] : NULL);
	if (error == 0 && creates_names())
		error = guest_take_umask();
	if (error < 0) {
		answer(error);
		return;
	}
	/* A peer may let us wait. */
	if ((is(CALLS_connect) && !is_here((const struct sockaddr *)args[1])) || is_sent())
		door_go_away();
	limits_look(is(CALLS_truncate), guest.makes);
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
	if (result >= 0 && guest.row->work == WORK_OPENS && !is(CALLS_mq_unlink)) {
		hand_over((int)result);
		return;
	}
	if (result == -EINTR)
		result = door_interrupted();
	if (result >= 0)
		error = marshal_out(result);
	if (result == -EPIPE && guest.row->arguments[0] == 'f' &&
	    !((unsigned)guest.asked->data.args[is(CALLS_sendmsg) ? 2 : 3] & MSG_NOSIGNAL))
		SYS_3(SYS_tgkill, guest.pid, guest.tid, SIGPIPE);
	answer(error < 0 ? error : result);
}

/* Code that is mapped, or the gate. */
static void map(void)
{
	const __u64 *args = guest.asked->data.args;
	struct stat status;
	struct call call;
	int fd = guest_seen_fd((int)args[4]);
	bool near = door->gate && args[0] >> 32 == door->gate >> 32;

	if (door->gate && args[0] == door->gate) {
		bool ours = fd >= 0 && sys_fstat(fd, &status) == 0 && status.st_dev == door->gate_device &&
			    status.st_ino == door->gate_inode && args[1] == 4096 && args[2] == (PROT_READ | PROT_EXEC) &&
			    args[5] == 0 && (args[3] & MAP_TYPE) == MAP_SHARED;

		guest_let_go();
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
	/* Before the guest goes on: what it closes is to be closed. */
	guest_let_go();
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
		       (data->args[5] == door->cookie || row->work == WORK_MAPS || is(CALLS_sendto) || !strncmp(row->name, "process_vm", 10));
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
