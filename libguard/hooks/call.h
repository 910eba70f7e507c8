/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of one hooked call:
 *
 *     struct call call;
 *     call_enter(&call, HOOK_unlink);                      who calls; scratch
 *     call_name(&call, AT_FDCWD, path, VERB_SET(DELETE));  name the operand, resolve it
 *     if (call_allowed(&call))                             decide
 *             call.result = gate(...);                     act on what was decided
 *     return call_leave(&call);                            record; result or errno
 *
 * Where the guard is off, the operands are what the guest gave and everything is
 * allowed, so the same lines serve.
 */
#pragma once

#include "libguard/hooks/guard.h"
#include "libguard/hooks/hook.h"
#include "libguard/hooks/self.h"
#include "libguard/kernel/gate.h"

#include <fcntl.h>
#include <sys/single_threaded.h>

#define CALL_OPERANDS SCRATCH_NAMES

/* One thing that a call touches. */
struct operand {
	struct object object; /* what is decided and recorded */
	verb_set verbs;       /* none: nothing to decide */
	int dir;              /* what the call acts on: a directory ... */
	const char *last;     /* ... and a name in it */
	int pin;              /* descriptor that holds it still, or -1 */
	bool held;            /* pin is the object itself, not its directory: follow `last`, which leads to it */
	uint8_t flags;        /* EVENT_* for the record */
	uint8_t shown;        /* the verb of the record; VERB_COUNT: the weightiest of verbs */
	bool unknown;         /* what it stands for cannot be told: no rule can allow it */
	bool recorded;
	bool confirmed;       /* kernel door: a hook has decided and recorded it, and libc does it */
	bool loaded;          /* a program that the loader runs, which the kernel runs in its place */
	struct path path;     /* the canonical name as this process sees it, on scratch */
	char proc_name[32];   /* "/proc/self/fd/N" */
	struct text argv;     /* a program's redacted words, for the record */
	struct verdict verdicts[SESSION_NESTED_MAX]; /* one a session */
};

struct call {
	enum hook hook;
	bool on;                /* guarded: decide and record */
	bool refused;
	unsigned count;         /* operands used */
	long result;            /* what the guest gets: a value, or -errno */
	struct scratch *scratch;
	struct operand operands[CALL_OPERANDS];
};

/* Begin. Leaves call->on false when nothing is to be decided. Never fails. */
void call_enter(struct call *call, enum hook hook) NONNULL;

/*
 * Name an operand. Each of these fills the next one of call->operands, from names that it copies first, so that
 * nobody can change them between the decision and the act. A name that cannot be resolved puts -errno into
 * call->result; call_allowed then says no.
 *
 *   call_name  the name itself, a last link not followed: remove, create, rename
 *   call_file  what the name leads to, links followed
 *   call_at    one or the other by AT_SYMLINK_NOFOLLOW, or the descriptor itself by AT_EMPTY_PATH
 *   call_fd    what a descriptor was opened on; no object when that has no name
 */
void call_name(struct call *call, int dir, const char *name, verb_set verbs);
void call_file(struct call *call, int dir, const char *name, verb_set verbs);
void call_at(struct call *call, int dir, const char *name, int at_flags, verb_set verbs);
void call_fd(struct call *call, int fd, verb_set verbs);

/* The file that gets a second name: read and write, recorded as read. Links followed by AT_SYMLINK_FOLLOW. */
void call_linked(struct call *call, int dir, const char *name, int at_flags);

/* The old name of a rename: as call_name, and rules about what lies below count. */
void call_old_name(struct call *call, int dir, const char *name, verb_set verbs);

/* The new name of a rename: create, and delete of what it replaces. */
void call_new_name(struct call *call, int dir, const char *name, verb_set verbs);

/*
 * The object of operand FROM is about to have the name of operand TO: what is refused for the old name and not for the new
 * one is decided as well, or a name would be all that kept a file from being read.
 */
void call_widens(struct call *call, unsigned from, unsigned to) NONNULL;

/* An operand that is no file: an address, a host, a program. Its texts stay the caller's. */
struct operand *call_object(struct call *call, const struct object *object, verb_set verbs) NONNULL;

/*
 * Operands of the process section: this process itself; the process PID, unless that is this one, 0 or nobody; one
 * that is sent signal NUMBER; a place that is to be mounted on or the like, to be acted on by its canonical name
 * operand->last.
 */
void call_self(struct call *call, verb_set verbs) NONNULL;
void call_peer(struct call *call, pid_t pid, verb_set verbs) NONNULL;
void call_signal(struct call *call, pid_t pid, int number) NONNULL;
void call_place(struct call *call, const char *name, bool follow, verb_set verbs);

/* The process behind a descriptor of pidfd_open(2); 0 when it is none, or the process has ended. */
pid_t peer_of_pidfd(int fd);

/* Decide all operands. False: refused, or an operand could not be named; call->result says which. */
bool call_allowed(struct call *call) MUST_CHECK NONNULL;

/* Decide one operand, or once more for further verbs; the verdicts join. False: refused. */
bool call_decide(struct call *call, struct operand *operand, verb_set verbs) MUST_CHECK NONNULL;

/*
 * Record now what is allowed, for a call that does not come back (exec) or comes back late. Should it fail, call_finish
 * records it once more, as failed.
 */
void call_record(struct call *call) NONNULL;

/*
 * Give the scratch back before the act: libc functions that block, that a signal handler may leave by longjmp, or that
 * run code which calls hooks itself. Names of files are gone with it; other operands stay if their texts are the caller's.
 */
void call_release(struct call *call) NONNULL;

/* Record every operand, let go of what was pinned. Returns the result, or -1 with errno set. */
long call_leave(struct call *call) NONNULL;

/* call_leave for calls that give a pointer: NULL with errno set on failure. */
void *call_leave_pointer(struct call *call, void *pointer);

/* The same without touching errno: for calls that return an error number (posix_spawn). */
long call_finish(struct call *call) NONNULL;

/* A result as libc gives it: negative ones become -1 and errno. */
long call_errno(long result);

/* NULL, with errno from a negative result. */
void *call_no_pointer(long result);

/* Copy a guest's name; 0, -EFAULT or -ENAMETOOLONG. */
int name_copy(char out[PATH_NAME_CAP], const char *name) MUST_CHECK;

/* The next operand, empty, with room for a canonical name; of the last one again when there are too many. */
struct operand *call_operand(struct call *call, verb_set verbs) NONNULL;

/* Say that operand->path is the object from here on. */
void operand_named(struct operand *operand) NONNULL;

/* Is a component of NAME, of which path_lexical made operand->path, ".."? Not if it is as long as its normal form. */
static inline bool operand_climbs(const struct operand *operand, const char *name)
{
	return (name[0] != '/' || name[operand->path.len] != '\0') && path_climbs(name);
}

/* Could another thread change the working directory or a descriptor between two of our calls? */
static inline bool name_is_contended(void)
{
#ifdef GUARD_DOOR
	return false; /* what a thread of the door holds is its own */
#else
	return !__libc_single_threaded;
#endif
}
