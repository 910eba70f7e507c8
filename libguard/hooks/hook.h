/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions we stand in front of: their numbers and names, read from
 * hooks.def. Libc's own of those that go on to it: next.h.
 */
#pragma once

#include "libguard/core/base.h"

#include <dirent.h>
#include <fcntl.h>
#include <fts.h>
#include <ftw.h>
#include <glob.h>
#include <grp.h>
#include <mntent.h>
#include <mqueue.h>
#include <netdb.h>
#include <pwd.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/fanotify.h>
#include <sys/fsuid.h>
#include <sys/inotify.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/quota.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>
#ifdef HAVE_IOPL
#include <sys/io.h>
#endif
#ifdef HAVE_PIDFD_SEND_SIGNAL
#include <sys/pidfd.h>
#endif

/* Exported by glibc, declared in no header that we could include: for fortified programs, for old ones, and its own insides. */
int __open_2(const char *name, int flags);
int __open64_2(const char *name, int flags);
int __openat_2(int dir, const char *name, int flags);
int __openat64_2(int dir, const char *name, int flags);
int __open(const char *name, int flags, ...);
int __open64(const char *name, int flags, ...);
int __open_nocancel(const char *name, int flags, ...);
int __open64_nocancel(const char *name, int flags, ...);
int stime(const time_t *now);
FILE *_IO_fopen(const char *name, const char *mode);
FILE *_IO_file_fopen(FILE *stream, const char *name, const char *mode, int is32);
FILE *_IO_file_open(FILE *stream, const char *name, int flags, int protection, int read_write, int is32);
FILE *__setmntent(const char *name, const char *mode);
mqd_t __mq_open_2(const char *name, int flags);
ssize_t __readlink_chk(const char *path, char *out, size_t size, size_t room);
ssize_t __readlinkat_chk(int dir, const char *path, char *out, size_t size, size_t room);
char *__realpath_chk(const char *name, char *resolved, size_t size);
void __chk_fail(void) __attribute__((noreturn));
int __xmknod(int version, const char *path, mode_t mode, dev_t *device);
int __xmknodat(int version, int dir, const char *path, mode_t mode, dev_t *device);
int __xstat(int version, const char *path, struct stat *out);
int __xstat64(int version, const char *path, struct stat64 *out);
int __lxstat(int version, const char *path, struct stat *out);
int __lxstat64(int version, const char *path, struct stat64 *out);
int __fxstatat(int version, int dir, const char *path, struct stat *out, int flags);
int __fxstatat64(int version, int dir, const char *path, struct stat64 *out, int flags);
int __libc_system(const char *command);
FILE *_IO_popen(const char *command, const char *mode);
FILE *_IO_proc_open(FILE *stream, const char *command, const char *mode);
int __connect(int fd, const struct sockaddr *address, socklen_t len);
int __sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags);
int __adjtimex(struct timex *clock);
int capset(void *header, const void *data);
int init_module(void *image, unsigned long size, const char *parameters);
int delete_module(const char *name, unsigned flags);
int pivot_root(const char *root, const char *old);
int __clone(int (*run)(void *), void *stack, int flags, void *argument, ...);

enum hook {
#define HOOK(result, name, ...) HOOK_##name,
#define QUERY(result, name, ...) HOOK_##name,
#define CUSTOM(name) HOOK_##name,
#define NEXT(name) HOOK_##name,
#define PASS(result, name, ...) HOOK_##name,
#include "libguard/hooks.def"
#undef HOOK
#undef QUERY
#undef CUSTOM
#undef NEXT
#undef PASS
	HOOK_COUNT
};

const char *hook_name(enum hook hook);

/* What the kernel door calls as functions of its own, under names that are not libc's. */
#ifdef GUARD_DOOR
#include "libguard/door_names.h"
#endif
