/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest that a thread of the kernel door acts for: who it is, what stands in
 * its memory, and its place in the world, taken on for the length of one call.
 *
 * All of it is read once; what cannot be read is refused. A number of a process
 * may mean another one when we come to it: what was read counts only if the
 * notification is still valid afterwards.
 */
#pragma once

#include "libguard/hooks/guard.h"
#include "libguard/kernel/calls.h"

#include <linux/seccomp.h>
#include <sys/types.h>

#define GUEST_FDS 300          /* held for one call: names' directories, sockets, what a message carries */
#define GUEST_ROOM (320u << 10) /* bytes of one call's arguments */

enum guest_out_kind {
	OUT_RESULT, /* as many bytes as the call's result says */
	OUT_WHOLE,
	OUT_LENGTHS /* of as many messages as were sent */
};

struct guest_out {
	const void *from;
	uint64_t to;   /* in the guest's memory */
	size_t size;   /* bytes; of messages, how many */
	enum guest_out_kind kind;
};

struct guest {
	int listener;
	const struct seccomp_notif *asked;
	const struct calls_row *row;
	pid_t tid, pid;
	bool hooked;   /* a hook decided and recorded: only confirm */
	bool asks;     /* what the hooks' code does at last is the kernel's to do */
	bool reached;  /* it came so far */
	bool placed;   /* the working directory is the guest's */
	bool dressed;  /* the thread has the guest's user and rights */
	bool moved;    /* and its root directory */
	bool mounted;  /* and its mounts */
	unsigned fd_count, out_count;
	int fds[GUEST_FDS];
	struct guest_out outs[2];
	size_t used;
	bool plain;    /* has the user and the rights of this process */
	bool unheld;   /* the kernel gives none of its descriptors: only the guest itself can act on them */
	bool cloexec;  /* the descriptor that it opens is not for its children */
	bool makes;    /* what it opens it makes or empties */
	const struct jail *jail; /* that it has shut itself in (jail.h); NULL: none */
	char root[4096]; /* what a chroot puts before its names */
	char *room;    /* GUEST_ROOM bytes */
};

/* The calling thread's. */
extern _Thread_local struct guest guest;

/* Once, before any thread of the door. */
void guest_process(void);

/* Once a thread, which has a working directory and an umask of its own. 0 or -errno. */
int guest_thread(int listener, const char *directory, const char *library) MUST_CHECK;

/* Begin to act for who asks. 0, or -errno: it cannot be seen, and is to be refused. */
int guest_enter(const struct seccomp_notif *asked, const struct calls_row *row) MUST_CHECK NONNULL;

/* Give everything back. */
void guest_leave(void);

/* Does the guest still wait for this very answer? */
bool guest_waits(void);

/* LEN bytes of room that last until guest_leave, or NULL. */
void *guest_room(size_t len);

/* /proc/TID/status of the guest: its length, or below 1; and the number that stands behind WORD in it, -1 if none does. */
#define GUEST_STATUS 8192
ssize_t guest_status(char out[GUEST_STATUS]) MUST_CHECK;
long guest_number(const char *status, const char *word, int base) MUST_CHECK NONNULL;

/* The program that the guest runs, by its canonical name; empty when it cannot be told. */
struct text guest_exe(void);

/* The parent of the guest's process; 0 when it cannot be told. */
uint32_t guest_parent(void);

/* Copy from the guest's memory; 0, -EFAULT, or -EACCES: it may not be read. */
int guest_read(uint64_t address, void *out, size_t len) MUST_CHECK NONNULL;
int guest_write(uint64_t address, const void *data, size_t len) MUST_CHECK NONNULL;

/* A copy of a text of at most CAP bytes, its NUL among them; 0, -EFAULT, -EACCES, -ENAMETOOLONG, -ENOMEM. */
int guest_text(uint64_t address, size_t cap, char **out) MUST_CHECK NONNULL;

/* The guest's descriptor FD to go on from (O_PATH); -EBADF. Closed by guest_leave. */
int guest_place_fd(int fd) MUST_CHECK;

/* A duplicate of the guest's descriptor FD; -EBADF, or -EPERM: the kernel gives none. Closed by guest_leave. */
int guest_fd(int fd) MUST_CHECK;

/* A descriptor that shows what the guest's FD is: guest_fd, or guest_place_fd where the kernel gives none. */
int guest_seen_fd(int fd) MUST_CHECK;

/* Close all of these now. */
void guest_let_go(void);

/* Has the guest's process one thread alone? */
bool guest_is_single(void);

/* Keep a descriptor until guest_leave. */
int guest_keep(int fd);

/*
 * Take on the guest's working directory; its umask; its root and mounts, where they are others, and its user and rights.
 * 0 or -errno. From the last on, /proc may be missing: read before what is to be read.
 */
int guest_go_there(void) MUST_CHECK;
int guest_take_umask(void) MUST_CHECK;
int guest_dress(void) MUST_CHECK;

/* Be ourselves again. */
void guest_undress(void);

/* A guest was let change the world it lives in: look from now on. */
void guest_moved(void);

/* A guest is about to become another program or another user: what is remembered of guests is stale for a while. */
void guest_changes(void);

/* "/proc/TID/" and NAME; and with a number behind it. */
struct guest_name {
	char text[64];
};
struct guest_name guest_proc(const char *name) NONNULL;
struct guest_name guest_proc_fd(const char *directory, int fd) NONNULL;
