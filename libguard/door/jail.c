/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guests under rules of their own; see jail.h.
 *
 * The kernel tells nobody who lives under which. So it is remembered who entered; those that it starts later are found
 * through their parents when they first ask, which is at the latest when they run a program. Whose parents are gone by then
 * is told by his process group and session, or may have lived in any: he is held by all of them.
 */
#include "libguard/door/jail.h"

#include "libguard/core/sys.h"
#include "libguard/door/answer.h"
#include "libguard/door/door.h"
#include "libguard/door/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

#ifndef SYS_landlock_restrict_self
#define SYS_landlock_restrict_self 446
#endif

#define PIDS (4u << 20) /* the kernel's limit, PID_MAX_LIMIT */
#define GENERATIONS 64  /* of parents that are looked at */
#define STACK (64u << 10)
#define TICKS 100 /* a second, in proc(5): USER_HZ of every machine here */

struct jail {
	int ruleset;
	uint64_t since;           /* in the kernel's ticks since its start: who is older is outside */
	const struct jail *outer; /* put on before, or by another */
};

/* Of each thread that entered one, or has been looked for. */
static struct inmate {
	const struct jail *jail;
	uint64_t start; /* a number is used again; 0: not looked for yet */
} *inmates;
static const struct jail *every; /* all rules that anybody has put on */
static _Atomic bool anyone;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

struct family {
	uint64_t start;
	pid_t parent, group, session;
};

/* False: it is gone. */
static bool look(pid_t tid, struct family *out)
{
	char name[32], stat[1024], *behind;
	unsigned long long ticks;
	ssize_t len;
	int fd;

	snprintf(name, sizeof name, "/proc/%d/stat", (int)tid);
	fd = sys_open(name, O_RDONLY | O_CLOEXEC, 0);
	len = fd < 0 ? -1 : sys_read(fd, stat, sizeof stat - 1);
	if (fd >= 0)
		sys_close(fd);
	stat[len > 0 ? len : 0] = '\0';
	behind = strrchr(stat, ')');
	if (!behind || sscanf(behind + 1, " %*c %d %d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
			      &out->parent, &out->group, &out->session, &ticks) != 4)
		return false;
	out->start = ticks + 1;
	return true;
}

/* What somebody that began then inherits. */
static const struct jail *inherited(const struct jail *jail, uint64_t start)
{
	while (jail && start < jail->since)
		jail = jail->outer;
	return jail;
}

static struct inmate *inmate_of(pid_t tid)
{
	return tid > 0 && (unsigned)tid < PIDS ? &inmates[tid] : &inmates[0];
}

static bool is_known(pid_t tid, uint64_t start)
{
	return tid > 0 && inmate_of(tid)->start == start;
}

/* Whose parents are gone. */
static const struct jail *of_orphan(const struct family *own)
{
	const struct jail *jail = inmate_of(own->group)->jail;

	if (!jail)
		jail = inmate_of(own->session)->jail;
	return inherited(jail ? jail : every, own->start);
}

static const struct jail *of_parents(const struct family *own)
{
	pid_t parent = own->parent;

	for (int i = 0; i < GENERATIONS; i++) {
		struct family family;

		if (parent <= 1 || parent == sys_getpid() || !look(parent, &family))
			return of_orphan(own);
		if (is_known(parent, family.start) || parent == door_first())
			return inherited(inmate_of(parent)->jail, own->start);
		parent = family.parent;
	}
	return of_orphan(own);
}

/* Under the lock. */
static const struct jail *find(void)
{
	struct family own, leader;
	struct inmate *inmate = inmate_of(guest.tid);
	const struct jail *jail = NULL;

	if (!look(guest.tid, &own))
		return every;
	if (is_known(guest.tid, own.start))
		return inmate->jail;
	if (guest.pid == guest.tid)
		jail = guest.pid == door_first() ? NULL : of_parents(&own);
	else if (look(guest.pid, &leader) && is_known(guest.pid, leader.start))
		jail = inherited(inmate_of(guest.pid)->jail, own.start);
	else if (guest.pid != door_first())
		jail = of_parents(&own);
	*inmate = (struct inmate){jail, own.start};
	return jail;
}

const struct jail *jail_find(void)
{
	const struct jail *jail;

	if (LIKELY(!atomic_load_explicit(&anyone, memory_order_relaxed)))
		return NULL;
	pthread_mutex_lock(&lock);
	jail = find();
	pthread_mutex_unlock(&lock);
	return jail;
}

static uint64_t ticks_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_BOOTTIME, &time);
	return (uint64_t)time.tv_sec * TICKS + (uint64_t)time.tv_nsec / (1000000000 / TICKS) + 1;
}

/* Under the lock. */
static bool make_room(void)
{
	void *room;

	if (inmates)
		return true;
	room = mmap(NULL, PIDS * sizeof *inmates, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	inmates = room == MAP_FAILED ? NULL : room;
	return inmates != NULL;
}

/* Takes over the ruleset. 0 or -errno. */
static int enter(int ruleset)
{
	struct jail *own = malloc(sizeof *own), *one = malloc(sizeof *one);
	struct family family;
	int error = -ENOMEM;

	pthread_mutex_lock(&lock);
	if (own && one && make_room()) {
		error = look(guest.tid, &family) ? 0 : -ESRCH;
		*own = (struct jail){ruleset, ticks_now(), error ? NULL : find()};
		*one = (struct jail){ruleset, own->since, every};
	}
	if (error == 0) {
		*inmate_of(guest.tid) = (struct inmate){own, family.start};
		every = one;
		atomic_store(&anyone, true);
	}
	pthread_mutex_unlock(&lock);
	if (error) {
		free(own);
		free(one);
		sys_close(ruleset);
	}
	return error;
}

int jail_enter(int fd)
{
	int given = guest_fd(fd), held;

	if (given < 0)
		return given;
	held = (int)SYS_3(SYS_fcntl, given, F_DUPFD_CLOEXEC, 0);
	return held < 0 ? held : enter(held);
}

/* ---- acting ---- */

struct errand {
	const struct jail *jail;
	long number;
	const long *args;
	long result;
};

static int run(void *of)
{
	struct errand *errand = of;

	door_lends(sys_gettid());
	errand->result = SYS_5(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	for (const struct jail *jail = errand->jail; jail && errand->result == 0; jail = jail->outer)
		errand->result = SYS_2(SYS_landlock_restrict_self, jail->ruleset, 0);
	if (errand->result < 0)
		errand->result = -EACCES;
	else
		errand->result = sys_call(errand->number, errand->args[0], errand->args[1], errand->args[2], errand->args[3],
					  errand->args[4], errand->args[5]);
	return 0;
}

/* A thread with this one's user, place and descriptors, and its identity towards libc, which sleeps until that ends. */
long jail_call(const struct jail *jail, long number, const long args[6])
{
	const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_VFORK;
	static _Thread_local char *stack;
	struct errand errand = {jail, number, args, -EACCES};
	pid_t own = sys_gettid();

	if (!stack) {
		stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
		if (stack == MAP_FAILED) {
			stack = NULL;
			return -EACCES;
		}
	}
	(void)!clone(run, stack + STACK, flags, &errand);
	door_lends(own);
	return errand.result;
}
