/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calling process and thread; see self.h.
 */
#include "libguard/hooks/self.h"

#include "libguard/core/sys.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

/* glibc keeps the values of the first keys in the thread itself; a later one would be calloc'ed inside a hook. */
#define KEYS_IN_THREAD 32

struct per_thread {
	struct scratch *scratch;
	_Atomic bool busy;
	pid_t tid;
	pid_t pid; /* the process for which tid is right */
};

static FRONT struct {
	pthread_key_t key;
	bool has_key;
#ifndef GUARD_DOOR
	/*
	 * A page that the kernel empties in every child with memory of its own: how we learn of any fork. Mapped when a number is
	 * asked for first, for many programs end before they do anything. `numberless`: it cannot be had (before 4.14).
	 */
	_Atomic pid_t *_Atomic process;
	_Atomic bool numberless;
	size_t kept; /* bytes used of what is kept */
	bool is_long;
#endif
} own;
static __thread struct per_thread self;

#ifndef GUARD_DOOR
/* Most programs' names are short: they lie with what else is written at the start. */
static FRONT char kept[512];
static char kept_long[SELF_KEPT_CAP];

/*
 * The first thread's scratch: of the library's own memory, so that nothing is mapped for it. It begins .bss, because this
 * file is the first that is linked: its head and a short name lie on the page of .data.
 */
static struct scratch first_scratch;

char *self_keep(const char *text, size_t len)
{
	char *at;

	if (own.kept + len >= sizeof kept && !own.is_long) {
		own.is_long = true;
		own.kept = 0;
	}
	at = (own.is_long ? kept_long : kept) + own.kept;
	memcpy(at, text, len);
	at[len] = '\0';
	own.kept += len + 1;
	return at;
}

static void thread_ends(void *scratch)
{
	self.scratch = NULL;
	sys_munmap(scratch, sizeof(struct scratch));
}

void self_start(void)
{
	own.has_key = pthread_key_create(&own.key, thread_ends) == 0 && own.key < KEYS_IN_THREAD;
	self.scratch = &first_scratch;
}

/* The page of the number; NULL where every number has to be asked for, which is slow, and right. */
static _Atomic pid_t *map_number(void)
{
	_Atomic pid_t *none = NULL;
	void *page;

	if (atomic_load_explicit(&own.numberless, memory_order_relaxed))
		return NULL;
	page = sys_mmap(sizeof *own.process, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (sys_failed(page))
		return NULL;
	if (SYS_3(SYS_madvise, page, sizeof *own.process, MADV_WIPEONFORK) != 0)
		atomic_store(&own.numberless, true);
	else if (atomic_compare_exchange_strong(&own.process, &none, page))
		return page;
	sys_munmap(page, sizeof *own.process);
	return none;
}

/*
 * Is PID, the caller's, that of all who share this memory? A child of vfork shares its parent's, which would take it for
 * its own. libc does not tell such a child from the parent's thread; the number that it has of that stands in its clock,
 * and costs no system call.
 */
static bool is_everyones(pid_t pid)
{
	clockid_t clock;
	pid_t thread;

	if (pthread_getcpuclockid(pthread_self(), &clock) != 0)
		return false;
	thread = ~(clock >> 3); /* CPUCLOCK_*, part of the kernel's interface */
	return thread == pid || thread == sys_gettid();
}

pid_t self_pid(void)
{
	_Atomic pid_t *process = atomic_load_explicit(&own.process, memory_order_acquire);
	pid_t pid;

	if (UNLIKELY(!process) && !(process = map_number()))
		return sys_getpid();
	pid = atomic_load_explicit(process, memory_order_relaxed);
	if (UNLIKELY(pid == 0)) {
		pid = sys_getpid();
		if (is_everyones(pid))
			atomic_store_explicit(process, pid, memory_order_relaxed);
	}
	return pid;
}

pid_t self_tid(void)
{
	pid_t pid = self_pid();

	if (UNLIKELY(self.pid != pid || !atomic_load_explicit(&own.process, memory_order_relaxed))) {
		self.tid = sys_gettid();
		self.pid = pid;
	}
	return self.tid;
}

pid_t self_pid_now(void)
{
	return sys_getpid();
}

pid_t self_tid_now(void)
{
	return sys_gettid();
}
#endif

static struct scratch *map_block(void)
{
	void *block = sys_mmap(sizeof(struct scratch), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return sys_failed(block) ? NULL : block;
}

struct scratch *scratch_take(void)
{
	if (UNLIKELY(atomic_load_explicit(&self.busy, memory_order_relaxed))) {
		struct scratch *block = map_block();

		if (block)
			block->nested = true;
		return block;
	}
	atomic_store_explicit(&self.busy, true, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
	if (UNLIKELY(!self.scratch)) {
		self.scratch = map_block();
		if (!self.scratch)
			atomic_store_explicit(&self.busy, false, memory_order_relaxed);
		else if (own.has_key)
			pthread_setspecific(own.key, self.scratch);
	}
	return self.scratch;
}

void scratch_give(struct scratch *scratch)
{
	if (UNLIKELY(scratch->nested)) {
		sys_munmap(scratch, sizeof *scratch);
		return;
	}
	scratch_abandon(scratch);
}

void scratch_abandon(struct scratch *scratch)
{
	if (scratch->nested)
		return;
	atomic_signal_fence(memory_order_seq_cst);
	atomic_store_explicit(&self.busy, false, memory_order_relaxed);
}
