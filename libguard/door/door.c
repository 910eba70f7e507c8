/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The threads that answer notifications; see door.h.
 */
#include "libguard/door/door.h"

#include "libguard/core/sys.h"
#include "libguard/door/answer.h"
#include "libguard/door/dress.h"
#include "libguard/door/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP 1ul
#endif
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif
#define THREADS_MAX 512
#define STACK (512u << 10)
#define TARGETS_MAX 16  /* threads that answer at once */
#define TICK_MS 20      /* one that answers longer than this counts no more */
#define IDLE_TICKS 50   /* without a question: then look less often */
#define IDLE_MS 200
#define REST_MS 10
#define REST_TRIES 200

static const struct door *door;
static _Atomic int threads, busy;
static int target; /* threads that should be there to answer: one a processor */
static _Atomic bool resting;

/*
 * As many threads as there are processors wait for questions; more would only take turns in cold caches. One that may
 * be held up for long, by a peer or a pipe, says so (away) or is found out by the watch, and another takes its place;
 * when it comes back, one too many goes to sleep here.
 */
static pthread_mutex_t spare_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t spare_wanted = PTHREAD_COND_INITIALIZER;
static int spares; /* threads that sleep */
static int active; /* threads that answer or wait for questions */
static int coming; /* threads that were begun and are not there yet */
static int there;  /* threads that ever were */
static int fault;  /* -errno of the last that could not begin */
static pthread_cond_t arrival = PTHREAD_COND_INITIALIZER;

struct turn {
	_Atomic uint64_t number; /* of the question that is being answered; 0: none */
	_Atomic uint64_t id;     /* the kernel's number for it */
	_Atomic bool away;
	_Atomic bool waits;      /* is in a call that may wait: only then it is nudged */
	_Atomic int32_t guest;   /* thread that asked */
	_Atomic int interrupt;   /* errno with which a call that was interrupted ends; 0: it was not */
	pid_t thread;
	struct turn *next;
};
static struct turn *_Atomic turns;
static _Thread_local struct turn *turn;

/*
 * Nobody begins threads here: a thread that acts for a guest has its user and root, and would hand them down. The watch
 * does it.
 */
static void one_less(void)
{
	pthread_mutex_lock(&spare_lock);
	active--;
	if (active < target && spares > 0)
		pthread_cond_signal(&spare_wanted);
	pthread_mutex_unlock(&spare_lock);
}

/* Back from being away; sleeps while there are enough others. */
static void one_more(void)
{
	pthread_mutex_lock(&spare_lock);
	while (active >= target && !atomic_load(&resting)) {
		spares++;
		pthread_cond_wait(&spare_wanted, &spare_lock);
		spares--;
	}
	active++;
	pthread_mutex_unlock(&spare_lock);
}

/*
 * What gets a thread out of a call that waits. Sent by others to the process as a whole, it is no business of these
 * threads: it is handed to the one that stands in for the program.
 */
#define NUDGE (SIGRTMAX - 2)

static void nudged(int number, siginfo_t *info, void *context)
{
	(void)context;
	if (info->si_code != SI_TKILL || info->si_pid != getpid())
		SYS_4(SYS_rt_tgsigqueueinfo, getpid(), getpid(), number, info);
}

static void mask_nudge(int how)
{
	sigset_t one;

	sigemptyset(&one);
	sigaddset(&one, NUDGE);
	pthread_sigmask(how, &one, NULL);
}

void door_waits(bool waits)
{
	atomic_store(&turn->waits, waits);
}

/* Who nudges says first that we are away, and looks then whether we wait. */
bool door_calm(void)
{
	atomic_store(&turn->waits, false);
	if (LIKELY(!atomic_load(&turn->away)))
		return false;
	mask_nudge(SIG_BLOCK);
	return true;
}

void door_calm_ends(bool masked)
{
	if (masked)
		mask_nudge(SIG_UNBLOCK);
}

/* Get a thread that has been said to be away out of its call. */
static void nudge(const struct turn *at)
{
	if (atomic_load(&at->waits))
		SYS_3(SYS_tgkill, getpid(), at->thread, NUDGE);
}

void door_go_away(void)
{
	if (!atomic_exchange(&turn->away, true))
		one_less();
}

#define RESTART 512 /* the kernel's ERESTARTSYS: the call begins anew, or fails with EINTR, as the signal's action says */

static unsigned long long set_behind(const char *status, const char *word)
{
	const char *at = strstr(status, word);

	return at ? strtoull(at + strlen(word), NULL, 16) : 0;
}

/*
 * Has a signal come for a guest for whom we wait? The kernel lets it sleep on, we have to end the call. What came for
 * the whole process may be another thread's to take: then nothing would begin anew.
 */
static int pending(pid_t tid)
{
	char name[32], status[8192];
	unsigned long long own, shared, blocked;
	ssize_t len;
	int fd;

	snprintf(name, sizeof name, "/proc/%d/status", (int)tid);
	fd = sys_open(name, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return 0;
	len = sys_read(fd, status, sizeof status - 1);
	sys_close(fd);
	status[len > 0 ? len : 0] = '\0';
	own = set_behind(status, "\nSigPnd:");
	shared = set_behind(status, "\nShdPnd:");
	blocked = set_behind(status, "\nSigBlk:");
	if (own & ~blocked)
		return RESTART;
	if (shared & ~blocked)
		return strstr(status, "\nThreads:\t1\n") ? RESTART : EINTR;
	return 0;
}

/* Whoever waits in the place of a guest stops when that has died or gets a signal. */
static void free_waiting(void)
{
	for (struct turn *at = atomic_load(&turns); at; at = at->next) {
		uint64_t number = atomic_load(&at->number), id = atomic_load(&at->id);
		int error;

		if (!atomic_load(&at->away) || number == 0)
			continue;
		if (ioctl(door->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) < 0)
			error = EINTR;
		else
			error = pending(atomic_load(&at->guest));
		if (error && atomic_load(&at->number) == number) {
			atomic_store(&at->interrupt, error);
			nudge(at);
		}
	}
}

int door_interrupted(void)
{
	int error = atomic_load(&turn->interrupt);

	return error ? -error : -EINTR;
}

static void arrived(int error)
{
	pthread_mutex_lock(&spare_lock);
	coming--;
	there += error == 0;
	if (error) {
		fault = error;
		atomic_fetch_sub(&threads, 1);
	}
	pthread_cond_broadcast(&arrival);
	pthread_mutex_unlock(&spare_lock);
}

/* A thread's life, once it has a working directory of its own. */
static int serve(void *nothing)
{
	struct seccomp_notif_sizes sizes;
	struct seccomp_notif *asked;
	size_t size = sizeof *asked;
	uint64_t number = 0;
	int error;

	(void)nothing;
	turn = calloc(1, sizeof *turn);
	/* A newer kernel may write more than this one's header knows. */
	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) == 0 && sizes.seccomp_notif > size)
		size = sizes.seccomp_notif;
	asked = malloc(size);
	error = turn && asked ? guest_thread(door->listener, door->directory, door->library) : -ENOMEM;
	if (error < 0) {
		arrived(error);
		return 0;
	}
	turn->thread = sys_gettid();
	mask_nudge(SIG_UNBLOCK);
	turn->next = atomic_load(&turns);
	while (!atomic_compare_exchange_weak(&turns, &turn->next, turn))
		;
	one_more();
	arrived(0);
	while (!atomic_load(&resting)) {
		int received;

		memset(asked, 0, size);
		door_waits(true);
		received = atomic_load(&resting) ? -1 : ioctl(door->listener, SECCOMP_IOCTL_NOTIF_RECV, asked);
		door_waits(false);
		if (received < 0) {
			/* ENOENT: who asked has died meanwhile. */
			if ((errno != EINTR && errno != ENOENT) || door_is_empty())
				break;
			continue;
		}
		atomic_fetch_add(&busy, 1);
		atomic_store(&turn->id, asked->id);
		atomic_store(&turn->guest, (int32_t)asked->pid);
		atomic_store(&turn->interrupt, 0);
		atomic_store(&turn->number, ++number);
		answer_asked(door, asked);
		atomic_store(&turn->number, 0);
		atomic_fetch_sub(&busy, 1);
		if (atomic_exchange(&turn->away, false))
			one_more();
	}
	atomic_fetch_sub(&threads, 1);
	return 0;
}

/*
 * A container's profile refuses unshare(2) to who has no rights, also where only a working directory is to be one's own,
 * and lets clone(2) leave it unshared. pthread_create(3) has no word for that: so this thread makes another, lends it
 * its identity towards libc, and sleeps as long as that lives (CLONE_VFORK).
 */
static void serve_apart(void)
{
	const int flags = CLONE_VM | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_VFORK;
	char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

	if (stack == MAP_FAILED) {
		arrived(-ENOMEM);
		return;
	}
	if (clone(serve, stack + STACK, flags, NULL) < 0)
		arrived(-errno);
	munmap(stack, STACK);
}

static void *work(void *nothing)
{
	if (unshare(CLONE_FS) == 0)
		serve(nothing);
	else
		serve_apart();
	return NULL;
}

static bool start_thread(void *(*function)(void *))
{
	pthread_attr_t attributes;
	pthread_t thread;
	bool done;

	if (pthread_attr_init(&attributes) != 0)
		return false;
	pthread_attr_setstacksize(&attributes, STACK);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	done = pthread_create(&thread, &attributes, function, NULL) == 0;
	pthread_attr_destroy(&attributes);
	return done;
}

/* As many threads as are missing. False: there is none at all. */
static bool refill(void)
{
	int missing;

	pthread_mutex_lock(&spare_lock);
	missing = spares > 0 || atomic_load(&resting) ? 0 : target - active - coming;
	if (missing > THREADS_MAX - atomic_load(&threads))
		missing = THREADS_MAX - atomic_load(&threads);
	for (; missing > 0; missing--) {
		atomic_fetch_add(&threads, 1);
		coming++;
		if (!start_thread(work)) {
			atomic_fetch_sub(&threads, 1);
			coming--;
			break;
		}
	}
	pthread_mutex_unlock(&spare_lock);
	return atomic_load(&threads) > 0;
}

static void *watch(void *nothing)
{
	unsigned idle = 0;

	(void)nothing;
	for (;;) {
		uint64_t seen[TARGETS_MAX * 4];
		unsigned count = 0;

		if (atomic_load_explicit(&busy, memory_order_relaxed) == 0) {
			poll(NULL, 0, idle < IDLE_TICKS ? TICK_MS : IDLE_MS);
			idle++;
			continue;
		}
		idle = 0;
		for (struct turn *at = atomic_load(&turns); at && count < ARRAY_LEN(seen); at = at->next)
			seen[count++] = atomic_load(&at->number);
		poll(NULL, 0, TICK_MS);
		count = 0;
		for (struct turn *at = atomic_load(&turns); at && count < ARRAY_LEN(seen); at = at->next, count++)
			if (seen[count] && atomic_load(&at->number) == seen[count] && !atomic_exchange(&at->away, true))
				one_less();
		free_waiting();
		refill();
	}
	return NULL;
}

int door_open(const struct door *to)
{
	struct sigaction action = {.sa_sigaction = nudged, .sa_flags = SA_SIGINFO};
	cpu_set_t processors;
	int result;

	door = to;
	dress_process();
	guest_process();
	sigaction(NUDGE, &action, NULL);
	/* Since Linux 6.6; without it each answer wakes another processor. */
	(void)!ioctl(to->listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	if (sched_getaffinity(0, sizeof processors, &processors) == 0)
		target = CPU_COUNT(&processors);
	target = target < 2 ? 2 : target > TARGETS_MAX ? TARGETS_MAX : target;
	if (!refill() || !start_thread(watch))
		return -EAGAIN;
	/* Begun is not done: a guest that asks would wait for nobody. */
	pthread_mutex_lock(&spare_lock);
	while (there == 0 && atomic_load(&threads) > 0)
		pthread_cond_wait(&arrival, &spare_lock);
	result = there > 0 ? 0 : fault;
	pthread_mutex_unlock(&spare_lock);
	return result;
}

void door_rest(void)
{
	if (!door)
		return;
	atomic_store(&resting, true);
	for (int i = 0; i < REST_TRIES; i++) {
		int sleeping;

		/* Those that wait for questions at once; those that act for somebody after a while. */
		for (struct turn *at = atomic_load(&turns); at; at = at->next)
			if (atomic_load(&at->number) == 0 || i > REST_TRIES / 2) {
				atomic_store(&at->away, true);
				nudge(at);
			}
		pthread_mutex_lock(&spare_lock);
		sleeping = spares;
		pthread_mutex_unlock(&spare_lock);
		if (atomic_load(&threads) <= sleeping)
			return;
		poll(NULL, 0, i < 10 ? 1 : REST_MS);
	}
}

int door_open_again(void)
{
	if (!door)
		return 0;
	atomic_store(&threads, 0);
	atomic_store(&busy, 0);
	atomic_store(&turns, NULL);
	pthread_mutex_init(&spare_lock, NULL);
	pthread_cond_init(&spare_wanted, NULL);
	pthread_cond_init(&arrival, NULL);
	spares = active = coming = there = 0;
	atomic_store(&resting, false);
	return door_open(door);
}

bool door_is_there(void)
{
	return door != NULL;
}

bool door_is_empty(void)
{
	struct pollfd listener = {.fd = door ? door->listener : -1};

	return door && poll(&listener, 1, 0) == 1 && (listener.revents & POLLHUP);
}
