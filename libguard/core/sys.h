/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls without libc: nothing here can be hooked, nothing writes errno.
 *
 * Every function returns the kernel's result, or -errno. They are what the
 * guard itself uses; a call that the guest asked for goes through the gate
 * (kernel/gate.h), and so do those of its own that the kernel door would ask
 * about. Safe in threads, signal handlers, after fork and vfork.
 *
 * Source: the man page of section 2 that has the function's name.
 */
#pragma once

#include "libguard/core/base.h"

#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#if defined(__x86_64__)
#include "libguard/core/sys_x86_64.h"
#elif defined(__aarch64__)
#include "libguard/core/sys_aarch64.h"
#else
#error "libguard knows the system call instruction of x86-64 and aarch64 only"
#endif

#define SYS_ARG(value) ((long)(value))
#define SYS_0(nr) sys_call(nr, 0, 0, 0, 0, 0, 0)
#define SYS_1(nr, a) sys_call(nr, SYS_ARG(a), 0, 0, 0, 0, 0)
#define SYS_2(nr, a, b) sys_call(nr, SYS_ARG(a), SYS_ARG(b), 0, 0, 0, 0)
#define SYS_3(nr, a, b, c) sys_call(nr, SYS_ARG(a), SYS_ARG(b), SYS_ARG(c), 0, 0, 0)
#define SYS_4(nr, a, b, c, d) sys_call(nr, SYS_ARG(a), SYS_ARG(b), SYS_ARG(c), SYS_ARG(d), 0, 0)
#define SYS_5(nr, a, b, c, d, e)                                                                   \
	sys_call(nr, SYS_ARG(a), SYS_ARG(b), SYS_ARG(c), SYS_ARG(d), SYS_ARG(e), 0)

/* openat2(2); the header of old kernels lacks it, hence our own words. */
#define RESOLVE_NO_MAGIC 0x02u
#define RESOLVE_NO_LINKS 0x04u

int sys_open(const char *path, int flags, mode_t mode) MUST_CHECK NONNULL;
/*
 * The same for a file of the session where rules that this process is under (Landlock) refuse it: by the supervisor, who is
 * not, and knows who asks by the gate's number. -EACCES without one.
 */
int sys_open_by_supervisor(const char *path, int flags) MUST_CHECK NONNULL;
int sys_openat2(int dir, const char *path, int flags, mode_t mode, unsigned resolve) MUST_CHECK NONNULL;
void sys_close(int fd);
ssize_t sys_readlinkat(int dir, const char *path, char *out, size_t cap) MUST_CHECK NONNULL;
/* The length of the name without its NUL. */
ssize_t sys_getcwd(char *out, size_t cap) MUST_CHECK NONNULL;
ssize_t sys_read(int fd, void *out, size_t cap) MUST_CHECK NONNULL;
ssize_t sys_pread(int fd, void *out, size_t cap, off_t at) MUST_CHECK NONNULL;
ssize_t sys_write(int fd, const void *data, size_t len) NONNULL;
int sys_fstat(int fd, struct stat *out) MUST_CHECK NONNULL;
int sys_fstatat(int dir, const char *path, struct stat *out, int flags) MUST_CHECK NONNULL;
int sys_faccessat(int dir, const char *path, int mode) MUST_CHECK NONNULL;
/* Does /proc show this process? Asked of its link "self": a process's own directory is slow to come into being. */
bool sys_has_proc(void) MUST_CHECK;
/* The address, or -errno: test with sys_failed. */
void *sys_mmap(size_t len, int prot, int flags, int fd, off_t offset) MUST_CHECK;
void sys_munmap(void *address, size_t len);
pid_t sys_getpid(void);
pid_t sys_gettid(void);
/* CLOCK_REALTIME in nanoseconds. */
uint64_t sys_now_ns(void);
/* The same by a system call, for a process that may ask but once: the vDSO's pages cost three faults, 5 us. */
uint64_t sys_now_ns_once(void);
/* Wait while *word == value, at most timeout_ms; wake every waiter. Shared between processes. */
int sys_futex_wait(const _Atomic uint32_t *word, uint32_t value, unsigned timeout_ms) NONNULL;
void sys_futex_wake(const _Atomic uint32_t *word) NONNULL;
/* Leave the process at once, all threads, running no handler. */
void sys_exit(int status) __attribute__((noreturn));

static inline bool sys_failed(const void *address)
{
	return (uintptr_t)address >= (uintptr_t)-4095;
}
