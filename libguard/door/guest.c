/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest of a thread; see guest.h.
 */
#include "libguard/door/guest.h"

#include "libguard/core/buf.h"
#include "libguard/core/path.h"
#include "libguard/core/sys.h"
#include "libguard/door/dress.h"
#include "libguard/door/jail.h"
#include "libguard/hooks/self.h"
#include "libguard/session/note.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

#define PAGE 4096u
#define PIDFD_OF_THREAD O_EXCL /* PIDFD_THREAD, Linux 6.9 */

_Thread_local struct guest guest;
_Thread_local struct guard guard;

/* process_vm_readv is refused (a container's profile): /proc/PID/mem it is. */
static _Atomic bool no_vm;

pid_t self_pid(void)
{
	return guest.pid;
}

pid_t self_tid(void)
{
	return guest.tid;
}

pid_t self_pid_now(void)
{
	return guest.pid;
}

pid_t self_tid_now(void)
{
	return guest.tid;
}

bool guard_confirms(void)
{
	return guest.hooked;
}

uint32_t guest_parent(void)
{
	char status[GUEST_STATUS];
	long parent = guest_status(status) > 0 ? guest_number(status, "\nPPid:", 10) : -1;

	return parent > 0 ? (uint32_t)parent : 0;
}

/* libc acts in the process that called the hook, or in a child that it makes for that. */
bool guard_was_told(verb_set verbs, const struct object *object)
{
	bool told = !guest.hooked && object->text.len + (object->kind == OBJECT_PROCESS) > 0 &&
		    session_note_is_left(&guard.sessions[0], (uint32_t)guest.pid, guest_parent, verbs, object->kind, object->text);

	guard.sessions[0].policy.counted = guest.hooked || told;
	return told;
}

bool guard_ready(void)
{
	return true;
}

struct guest_name guest_proc(const char *name)
{
	struct guest_name out;
	struct buf buf = BUF_ON(out.text);

	buf_str(&buf, "/proc/");
	buf_i64(&buf, guest.tid);
	buf_char(&buf, '/');
	buf_str(&buf, name);
	buf_cstr(&buf);
	return out;
}

struct guest_name guest_proc_fd(const char *directory, int fd)
{
	struct guest_name out = guest_proc(directory);
	struct buf buf = {.data = out.text, .cap = sizeof out.text, .len = strlen(out.text)};

	buf_char(&buf, '/');
	buf_i64(&buf, fd);
	buf_cstr(&buf);
	return out;
}

static ssize_t read_file(const char *name, char *out, size_t cap)
{
	int fd = sys_open(name, O_RDONLY | O_CLOEXEC, 0);
	ssize_t len;

	if (fd < 0)
		return fd;
	len = sys_read(fd, out, cap - 1);
	sys_close(fd);
	out[len > 0 ? len : 0] = '\0';
	return len;
}

ssize_t guest_status(char out[GUEST_STATUS])
{
	return read_file(guest_proc("status").text, out, GUEST_STATUS);
}

long guest_number(const char *status, const char *word, int base)
{
	const char *at = strstr(status, word);

	return at ? strtol(at + strlen(word), NULL, base) : -1;
}

/* The process of a thread that is not its first. */
static pid_t process_of(pid_t tid)
{
	char status[GUEST_STATUS];

	if (guest_status(status) <= 0)
		return tid;
	return (pid_t)guest_number(status, "\nTgid:", 10);
}

/*
 * What is remembered of a guest, by thread number: to ask costs as much again as to answer. A number that is used anew
 * is told by the descriptor of the process. What turns a thread into another program or user passes here, and the next
 * that the thread asks comes after it: so it ends what is known. Only a thread that is not its process's first takes
 * another number when it becomes a program, at a time that we do not learn.
 */
#define KNOWN 256  /* of two guests that share an entry the later one is not remembered while the other is acted for */
#define FDS_SHARE 8 /* no more entries than this part of the descriptors that we may have: each holds one */
#define SLOTS 4096 /* of thread numbers */
#define STALE_NS UINT64_C(200000000) /* a program may take long to be loaded */

struct known {
	_Atomic bool taken; /* by the thread that acts for this guest */
	pid_t tid, pid;
	int process; /* pidfd; -1: none */
	uint32_t generation;
	uint64_t since_ns;
	uid_t euid;
	bool plain;
	const struct jail *jail;
	bool has_exe;
	uint16_t exe_len;
	char exe[1024];
};

static struct known known[KNOWN];
static unsigned known_count;
static _Thread_local struct known unremembered, *entry;
static _Atomic uint32_t generations[SLOTS];
static _Atomic uint64_t stale_until_ns[SLOTS];

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void guest_changes(void)
{
	atomic_fetch_add(&generations[(unsigned)guest.tid % SLOTS], 1);
	if (guest.tid == guest.pid)
		return;
	atomic_store(&stale_until_ns[(unsigned)guest.pid % SLOTS], now_ns() + STALE_NS);
	atomic_fetch_add(&generations[(unsigned)guest.pid % SLOTS], 1);
}

/* Is this thread's process the one that is remembered? */
static bool is_same(void)
{
	struct pollfd process = {.fd = entry->process, .events = POLLIN};

	return entry->tid == guest.tid && entry->process >= 0 && poll(&process, 1, 0) == 0 &&
	       (entry->pid == entry->tid || SYS_3(SYS_tgkill, entry->pid, entry->tid, 0) == 0);
}

/* And is it what it was then? */
static bool is_fresh(void)
{
	unsigned slot = (unsigned)guest.tid % SLOTS;

	return entry->generation == atomic_load(&generations[slot]) &&
	       entry->since_ns > atomic_load_explicit(&stale_until_ns[slot], memory_order_relaxed);
}

static size_t find_exe(char *out, size_t cap)
{
	static const char deleted[] = " (deleted)";
	const size_t tail = sizeof deleted - 1;
	ssize_t len = sys_readlinkat(AT_FDCWD, guest_proc("exe").text, out, cap);

	if (len == (ssize_t)cap)
		return 0; /* cut: a name of nothing */
	if (len > (ssize_t)tail && !memcmp(out + len - tail, deleted, tail))
		len -= (ssize_t)tail;
	return len > 0 ? (size_t)len : 0;
}

struct text guest_exe(void)
{
	if (!entry)
		return TEXT("");
	if (!entry->has_exe)
		entry->exe_len = (uint16_t)find_exe(entry->exe, sizeof entry->exe);
	entry->has_exe = true;
	return (struct text){entry->exe, entry->exe_len};
}

static void learn_process(void)
{
	entry->tid = guest.tid;
	if (entry->process >= 0)
		sys_close(entry->process);
	entry->pid = guest.tid;
	entry->process = (int)SYS_2(SYS_pidfd_open, guest.tid, 0);
	if (entry->process < 0) {
		/* Not a process's first thread. */
		entry->pid = process_of(guest.tid);
		entry->process = (int)SYS_2(SYS_pidfd_open, entry->pid, 0);
	}
}

static void learn(bool same)
{
	entry->generation = atomic_load(&generations[(unsigned)guest.tid % SLOTS]);
	entry->since_ns = now_ns();
	/* A first thread stays one, whatever its process runs. */
	if (!same || entry->pid != entry->tid)
		learn_process();
	entry->has_exe = false;
	dress_find(&entry->euid, &entry->plain);
	guest.pid = entry->pid;
	entry->jail = jail_find();
}

/* The entry of the current guest, which is this thread's until it is given back. */
static void take_entry(void)
{
	entry = &known[(unsigned)guest.tid % known_count];
	if (atomic_exchange_explicit(&entry->taken, true, memory_order_acquire))
		entry = &unremembered;
}

static void give_entry(void)
{
	if (entry)
		atomic_store_explicit(&entry->taken, false, memory_order_release);
	entry = NULL;
}

void guest_process(void)
{
	struct rlimit files = {0};

	getrlimit(RLIMIT_NOFILE, &files);
	for (unsigned i = 0; i < KNOWN; i++) {
		if (known_count == 0)
			known[i].process = -1;
		atomic_store(&known[i].taken, false); /* by a thread that is not there in this fork */
	}
	known_count = files.rlim_cur / FDS_SHARE < KNOWN ? (unsigned)(files.rlim_cur / FDS_SHARE) : KNOWN;
	known_count += known_count == 0;
}

int guest_thread(int listener, const char *directory, const char *library)
{
	int result;

	guest.listener = listener;
	guest.room = malloc(GUEST_ROOM);
	unremembered.process = -1;
	if (!guest.room)
		return -ENOMEM;
	guard = (struct guard){.phase = GUARD_ON, .has_proc = true, .actor = {.library = {library, strlen(library)}, .find_exe = guest_exe}};
	result = session_join(directory, &guard.sessions[0]);
	guard.session_count = 1;
	guard.hides = result == 0 && policy_hides(&guard.sessions[0].policy);
	return result;
}

int guest_enter(const struct seccomp_notif *asked, const struct calls_row *row)
{
	bool same;

	guest.asked = asked;
	guest.row = row;
	guest.tid = (pid_t)asked->pid;
	guest.hooked = guest.asks = guest.reached = guest.placed = guest.cloexec = guest.makes = guest.unheld = false;
	guest.fd_count = guest.out_count = 0;
	guest.used = 0;
	if (guest.tid <= 0)
		return -EACCES; /* of a process namespace that we cannot see into */
	take_entry();
	same = is_same();
	if (!same || !is_fresh())
		learn(same);
	guest.pid = entry->pid;
	guest.plain = entry->plain;
	guest.jail = entry->jail;
	guard.pid = (uint32_t)guest.pid;
	guard.euid = entry->euid;
	path_guest = (struct path_guest){.pid = guest.pid, .tid = guest.tid};
	return 0;
}


void guest_let_go(void)
{
	for (unsigned i = 0; i < guest.fd_count; i++)
		sys_close(guest.fds[i]);
	guest.fd_count = 0;
}

void guest_leave(void)
{
	guest_undress();
	guest_let_go();
	/* Nobody's mount is held busy by our being there. */
	if (guest.placed)
		SYS_1(SYS_chdir, "/");
	guest.placed = false;
	path_guest = (struct path_guest){.pid = 0};
	give_entry();
}

bool guest_waits(void)
{
	uint64_t id = guest.asked->id;

	while (ioctl(guest.listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) < 0)
		if (errno != EINTR)
			return false;
	return true;
}

void *guest_room(size_t len)
{
	size_t at = guest.used;

	if (len > GUEST_ROOM - at)
		return NULL;
	guest.used = at + ((len + 15) & ~(size_t)15);
	if (guest.used > GUEST_ROOM)
		guest.used = GUEST_ROOM;
	return guest.room + at;
}

/* By /proc/PID/mem; the number of bytes or -errno. */
static ssize_t copy_by_file(uint64_t address, void *data, size_t len, bool write)
{
	int fd = sys_open(guest_proc("mem").text, (write ? O_RDWR : O_RDONLY) | O_CLOEXEC, 0);
	ssize_t done;

	if (fd < 0)
		return -EACCES;
	done = SYS_4(write ? SYS_pwrite64 : SYS_pread64, fd, data, len, address);
	sys_close(fd);
	if (done == -EIO || done == 0)
		return -EFAULT;
	return done;
}

static ssize_t copy(uint64_t address, void *data, size_t len, bool write)
{
	struct iovec here = {data, len}, there = {(void *)(uintptr_t)address, len};
	ssize_t done = -EPERM;

	if (!atomic_load_explicit(&no_vm, memory_order_relaxed))
		done = sys_call(write ? SYS_process_vm_writev : SYS_process_vm_readv, guest.tid, (long)&here, 1, (long)&there, 1, 0);
	if (done == -EPERM || done == -ENOSYS) {
		ssize_t by_file = copy_by_file(address, data, len, write);

		if (by_file >= 0)
			atomic_store_explicit(&no_vm, true, memory_order_relaxed);
		done = by_file;
	}
	return done == -ESRCH ? -EACCES : done;
}

int guest_read(uint64_t address, void *out, size_t len)
{
	ssize_t done = len ? copy(address, out, len, false) : 0;

	if (done < 0)
		return (int)done;
	return (size_t)done == len ? 0 : -EFAULT;
}

int guest_write(uint64_t address, const void *data, size_t len)
{
	ssize_t done = len ? copy(address, (void *)(uintptr_t)data, len, true) : 0;

	if (done < 0)
		return (int)done;
	return (size_t)done == len ? 0 : -EFAULT;
}

int guest_text(uint64_t address, size_t cap, char **out)
{
	size_t len = 0, left = GUEST_ROOM - guest.used;
	char *to = guest.room + guest.used;

	if (address < PAGE)
		return -EFAULT;
	if (cap > left)
		cap = left;
	while (len < cap) {
		size_t step = PAGE - (address + len) % PAGE;
		ssize_t got;
		const char *end;

		if (step > 256 && len == 0 && step > 256)
			step = 256; /* most names are short */
		if (step > cap - len)
			step = cap - len;
		got = copy(address + len, to + len, step, false);
		if (got < 0)
			return (int)got;
		end = memchr(to + len, '\0', (size_t)got);
		if (end) {
			*out = guest_room((size_t)(end - to) + 1);
			return 0;
		}
		if ((size_t)got < step)
			return -EFAULT;
		len += (size_t)got;
	}
	return -ENAMETOOLONG;
}

int guest_keep(int fd)
{
	if (fd < 0)
		return fd;
	if (guest.fd_count == GUEST_FDS) {
		sys_close(fd);
		return -ETOOMANYREFS;
	}
	guest.fds[guest.fd_count++] = fd;
	return fd;
}

int guest_place_fd(int fd)
{
	int held = sys_open(guest_proc_fd("fd", fd).text, O_PATH | O_CLOEXEC, 0);

	return held == -ENOENT ? -EBADF : guest_keep(held);
}

bool guest_is_single(void)
{
	char status[GUEST_STATUS];

	return guest_status(status) > 0 && guest_number(status, "\nThreads:", 10) == 1;
}

int guest_fd(int fd)
{
	/* A process's first thread may have ended, and another can have descriptors of its own. */
	int thread = guest.tid == guest.pid ? -EINVAL : (int)SYS_2(SYS_pidfd_open, guest.tid, PIDFD_OF_THREAD), copied;

	if (thread < 0 && thread != -EINVAL)
		return thread == -ESRCH ? -EBADF : -EPERM;
	if (thread < 0 && entry->process < 0)
		return -EPERM;
	copied = (int)SYS_3(SYS_pidfd_getfd, thread < 0 ? entry->process : thread, fd, 0);
	if (thread >= 0)
		sys_close(thread);
	if (copied == -ESRCH)
		return -EBADF;
	return copied == -ENOSYS ? -EPERM : guest_keep(copied);
}

int guest_seen_fd(int fd)
{
	/* Names in /proc/PID/fd are made for each process anew. */
	int seen = guest_fd(fd);

	return seen == -EPERM ? guest_place_fd(fd) : seen;
}

int guest_go_there(void)
{
	int fd, result;

	if (guest.placed)
		return 0;
	fd = sys_open(guest_proc("cwd").text, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	if (fd < 0)
		return fd == -ENOENT ? -ENOENT : -EACCES;
	result = (int)SYS_1(SYS_fchdir, fd);
	sys_close(fd);
	guest.placed = result == 0;
	return result;
}
