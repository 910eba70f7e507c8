/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walking the native stack; see stack.h.
 */
#include "libguard/record/stack.h"

#include "libguard/core/sys.h"
#include "libguard/record/peek.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>

/* libunwind's soname, and the function of it that we need: no header is necessary for one. */
#define LIBRARY "libunwind.so.8"
typedef int backtrace_function(void **counters, int max);

/* The parts of glibc's struct dl_find_object that we read; newer than the oldest glibc we build with. */
struct found_object {
	unsigned long long flags;
	void *map_start, *map_end;
	struct link_map *map;
	void *rest[12];
};
typedef int find_function(void *address, struct found_object *out);

#define DEPTH_MAX 32      /* frames that are walked: ours and those told */
#define OWN_FRAMES 16     /* of which ours may be so many */
#define ID_MAX 32         /* bytes of a build-id */
#define HEADERS_MAX 32    /* program headers that are looked at */
#define FORK_WAITS 2000   /* times a fork lets others leave the walk; then its child does without */

static backtrace_function *backtrace_real;
static find_function *find_object;
static struct stat pipe_status[2];
static int pipe_fd[2];

/* Who may walk: the process that opened the library, and its children by fork(3). */
static _Atomic pid_t owner;
static _Atomic int32_t walking; /* threads inside libunwind */
static _Atomic int32_t forking; /* forks under way */
static __thread bool is_walking;

/* Do nothing while a fork copies the locks; a fork from within a walk must not wait for itself. */
static void before_fork(void)
{
	atomic_fetch_add(&forking, 1);
	for (unsigned i = 0; i < FORK_WAITS && atomic_load(&walking) > is_walking; i++)
		SYS_0(SYS_sched_yield);
}

static void after_fork(void)
{
	atomic_fetch_sub(&forking, 1);
}

static void in_child(void)
{
	bool is_clean = atomic_load(&walking) == 0;

	atomic_store(&forking, 0);
	atomic_store(&walking, 0);
	atomic_store(&owner, is_clean ? sys_getpid() : 0);
}

static bool is_same_file(int fd, const struct stat *known)
{
	struct stat status;

	return sys_fstat(fd, &status) == 0 && status.st_dev == known->st_dev && status.st_ino == known->st_ino;
}

static bool pipe_is_there(void)
{
	return is_same_file(pipe_fd[0], &pipe_status[0]) && is_same_file(pipe_fd[1], &pipe_status[1]);
}

/* The first walk opens the pipe, at the numbers that ours would get. */
static bool try_out(void)
{
	void *counters[DEPTH_MAX];

	if (SYS_2(SYS_pipe2, pipe_fd, O_CLOEXEC) != 0)
		return false;
	sys_close(pipe_fd[0]);
	sys_close(pipe_fd[1]);
	if (backtrace_real(counters, DEPTH_MAX) <= 0)
		return false;
	/* A later version that opens no pipe there has nothing that could be closed. */
	return sys_fstat(pipe_fd[0], &pipe_status[0]) != 0 ||
	       (sys_fstat(pipe_fd[1], &pipe_status[1]) == 0 && S_ISFIFO(pipe_status[0].st_mode));
}

int stack_open(void)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	backtrace_function *found;

	if (!library)
		return -ENOENT;
	found = (backtrace_function *)dlsym(library, "unw_backtrace");
	find_object = (find_function *)dlsym(RTLD_DEFAULT, "_dl_find_object");
	if (!found || !find_object || !peek_works())
		return -ENOENT;
	backtrace_real = found;
	if (!try_out() || pthread_atfork(before_fork, after_fork, in_child) != 0)
		return -ENOENT;
	atomic_store(&owner, sys_getpid());
	return 0;
}

/* The program counters, innermost first; 0 where walking could do harm. */
static unsigned walk(void *counters[DEPTH_MAX])
{
	int count = 0, saved = errno;

	if (is_walking || atomic_load(&owner) != sys_getpid())
		return 0;
	is_walking = true;
	atomic_signal_fence(memory_order_seq_cst);
	atomic_fetch_add(&walking, 1);
	if (atomic_load(&forking) == 0 && (pipe_status[0].st_ino == 0 || pipe_is_there()))
		count = backtrace_real(counters, DEPTH_MAX);
	atomic_fetch_sub(&walking, 1);
	atomic_signal_fence(memory_order_seq_cst);
	is_walking = false;
	errno = saved; /* libunwind calls libc */
	return count > 0 ? (unsigned)count : 0;
}

/* Write the build-id among the notes at ADDRESS; false when it is none of them. */
static bool write_note(struct peek *peek, uintptr_t address, size_t len, struct buf *out)
{
	const uintptr_t end = address + len;
	unsigned char id[ID_MAX];
	Elf64_Nhdr note;

	while (address + sizeof note < end && peek_bytes(peek, address, &note, sizeof note)) {
		uintptr_t data = address + sizeof note + ((note.n_namesz + 3u) & ~3u);

		if (note.n_type == NT_GNU_BUILD_ID && note.n_descsz > 0 && note.n_descsz <= sizeof id &&
		    peek_bytes(peek, data, id, note.n_descsz)) {
			for (unsigned i = 0; i < note.n_descsz; i++)
				buf_hex(out, id[i], 2);
			return true;
		}
		if (note.n_namesz > len || note.n_descsz > len)
			return false;
		address = data + ((note.n_descsz + 3u) & ~3u);
	}
	return false;
}

static void write_build_id(struct peek *peek, const struct found_object *object, struct buf *out)
{
	uintptr_t start = (uintptr_t)object->map_start;
	Elf64_Phdr segment;
	Elf64_Ehdr file;

	if (peek_bytes(peek, start, &file, sizeof file) && memcmp(file.e_ident, ELFMAG, SELFMAG) == 0)
		for (unsigned i = 0; i < file.e_phnum && i < HEADERS_MAX; i++)
			if (peek_bytes(peek, start + file.e_phoff + i * sizeof segment, &segment, sizeof segment) &&
			    segment.p_type == PT_NOTE &&
			    write_note(peek, object->map->l_addr + segment.p_vaddr, segment.p_memsz, out))
				return;
	buf_char(out, '-');
}

static void write_address(uintptr_t address, struct buf *out)
{
	unsigned digits = 1;

	while (digits < 16 && address >> (4 * digits))
		digits++;
	buf_str(out, "0x");
	buf_hex(out, address, digits);
}

static void write_frame(struct peek *peek, uintptr_t counter, const struct found_object *object, struct buf *out)
{
	size_t before = out->len;

	if (before > 0)
		buf_char(out, '\0');
	if (object) {
		buf_str(out, object->map->l_name[0] ? object->map->l_name : "-");
		buf_char(out, '+');
		write_address(counter - object->map->l_addr, out);
		buf_char(out, ' ');
		write_build_id(peek, object, out);
	} else {
		write_address(counter, out);
	}
	if (out->overflow)
		out->len = before;
}

void stack_write(struct buf *out)
{
	struct found_object object, own;
	void *counters[DEPTH_MAX];
	struct peek peek = {0};
	unsigned count, i = 0;

	if (!atomic_load_explicit(&owner, memory_order_relaxed) || find_object((void *)(uintptr_t)stack_write, &own) != 0)
		return;
	count = walk(counters);
	while (i < count && i < OWN_FRAMES && counters[i] >= own.map_start && counters[i] < own.map_end)
		i++;
	for (unsigned told = 0; i < count && told < STACK_FRAMES_MAX && !out->overflow; i++, told++) {
		bool is_found = find_object(counters[i], &object) == 0;

		write_frame(&peek, (uintptr_t)counters[i], is_found ? &object : NULL, out);
	}
}
