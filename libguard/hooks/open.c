/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening: open and its twins, fopen, opendir.
 *
 * The descriptor that the guest gets is of the very file that was decided: it
 * is opened by a name that must not lead through a link, and a name that does
 * is resolved, decided again and opened the same way.
 */
#include "libguard/hooks/open.h"

#include "libguard/hooks/call.h"

#include "libguard/core/sys.h"
#include "libguard/hooks/cancel.h"
#include "libguard/hooks/nolinks.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#define TRIES 64 /* links that change and files that come and go between our calls */

struct opening {
	struct call call;
	struct operand *operand;
	const char *copy; /* of the guest's name */
	int dir;
	int flags;
	mode_t mode;
	bool plain; /* a link on the way is an error */
	enum path_links links; /* followed in operand->path; with PATH_RESOLVED it holds none, as far as we know */
};

static bool makes_unnamed(int flags)
{
	return (flags & O_TMPFILE) == O_TMPFILE;
}

/* What a set of flags does to a file that exists; creation is found out while opening. */
static verb_set verbs_of(int flags)
{
	verb_set verbs = 0;

	if (flags & O_PATH)
		return 0;
	if ((flags & O_ACCMODE) == O_RDONLY || (flags & O_ACCMODE) == O_RDWR)
		verbs |= VERB_SET(READ);
	if ((flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC))
		verbs |= VERB_SET(WRITE);
	if (makes_unnamed(flags) || (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		verbs |= VERB_SET(CREATE);
	return verbs;
}

/* Where other threads may cancel this one. Apart, because what calls sigsetjmp(3) cannot be laid into its caller. */
static NOINLINE int open_cancelled(struct call *call, int dir, const char *name, int flags, mode_t mode)
{
	int fd;

	CANCEL_POINT(call, fd = nolinks_open(dir, name, flags, mode));
	return fd;
}

static NOINLINE void open_unguarded(struct call *call, int dir, const char *name, int flags, mode_t mode)
{
	CANCEL_POINT(call, call->result = gate(SYS_openat, dir, GATE_PTR(name), flags, mode));
}

/* Open by the guest's own name while nothing can have changed its start, else by the canonical one. */
static int open_once(struct opening *opening, int flags)
{
	bool own = opening->links == PATH_AS_GIVEN && (opening->copy[0] == '/' || !name_is_contended());
	const char *name = own ? opening->copy : opening->operand->path.text;
	int dir = own ? opening->dir : AT_FDCWD;

	if (!name_is_contended() || (flags & (O_DIRECTORY | O_PATH))) /* these never block */
		return nolinks_open(dir, name, flags, opening->mode);
	return open_cancelled(&opening->call, dir, name, flags, opening->mode);
}

/* Where a directory above the working directory is closed to us, hold the start itself and name that. */
static int open_from_start(struct opening *opening, int flags)
{
	int start = nolinks_open(opening->dir, ".", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	int fd;

	if (start < 0)
		return start;
	fd = path_lexical(start, opening->copy, &opening->operand->path);
	if (fd == 0) {
		operand_named(opening->operand);
		fd = call_decide(&opening->call, opening->operand, opening->operand->verbs)
			     ? nolinks_open(start, opening->copy, flags, opening->mode)
			     : (int)opening->call.result;
	}
	sys_close(start);
	return fd;
}

/* What stands at the name just now, the name's last link not followed; 0 or -errno. */
static int look(const struct opening *opening, struct stat *status)
{
	if (opening->links == PATH_AS_GIVEN && (opening->copy[0] == '/' || !name_is_contended()))
		return sys_fstatat(opening->dir, opening->copy, status, AT_SYMLINK_NOFOLLOW);
	return sys_fstatat(AT_FDCWD, opening->operand->path.text, status, AT_SYMLINK_NOFOLLOW);
}

/*
 * Open or make. To make a file is a decision of its own, so each way is tried by itself: a file that is there is
 * opened without O_CREAT, one that is not is made with O_EXCL. A file of another owner keeps O_CREAT, because the
 * kernel protects those in sticky directories only then (fs.protected_regular).
 */
static int open_or_make(struct opening *opening)
{
	struct call *call = &opening->call;
	struct operand *operand = opening->operand;
	struct stat status;
	int fd;

	for (unsigned tries = 0; tries < TRIES; tries++) {
		int error = look(opening, &status);
		bool missing = error == -ENOENT;

		if (error == 0 && S_ISDIR(status.st_mode))
			return -EISDIR;
		if (error == 0 && status.st_uid == guard.euid) {
			fd = open_once(opening, opening->flags & ~O_CREAT);
			if (fd != -ENOENT)
				return fd;
			continue;
		}
		if (!(operand->verbs & VERB_SET(CREATE)) && !call_decide(call, operand, VERB_SET(CREATE))) {
			if (missing)
				return (int)call->result;
			call->refused = false;
			return open_once(opening, opening->flags & ~O_CREAT);
		}
		fd = open_once(opening, missing ? opening->flags | O_EXCL : opening->flags);
		if (fd != -EEXIST)
			return fd;
	}
	return -EAGAIN;
}

/* Of which other process "/proc/N/..." tells; 0: of none. */
static pid_t owner_of(const struct path *path)
{
	const char *at = path->text + sizeof "/proc/" - 1;
	pid_t pid = 0;

	if (LIKELY(path->len < sizeof "/proc/1/" || memcmp(path->text, "/proc/", sizeof "/proc/" - 1) != 0))
		return 0;
	for (; *at >= '0' && *at <= '9'; at++)
		pid = pid * 10 + (*at - '0');
	return *at == '/' && pid != self_pid() && SYS_3(SYS_tgkill, self_pid(), pid, 0) != 0 ? pid : 0;
}

static bool is_memory(const struct path *path)
{
	static const char tail[] = "/mem";

	return path->len > sizeof tail && memcmp(path->text + path->len - (sizeof tail - 1), tail, sizeof tail - 1) == 0;
}

/* Decide about process PID as well. */
static bool peer_allowed(struct call *call, pid_t pid, enum verb verb)
{
	unsigned count = call->count;

	if (verb == VERB_SIGNAL)
		call_signal(call, pid, SIGKILL);
	else
		call_peer(call, pid, 1u << verb);
	return call->count == count || !call->operands[count].verbs || call_decide(call, &call->operands[count], 1u << verb);
}

/*
 * To open another process's memory is to trace it. What can be written of one otherwise decides how it fares: whether it
 * is killed where memory is short, who it is.
 */
static bool owner_allowed(struct opening *opening)
{
	const struct path *path = &opening->operand->path;
	pid_t pid = owner_of(path);

	if (LIKELY(pid == 0))
		return true;
	if (is_memory(path))
		return peer_allowed(&opening->call, pid, VERB_TRACE);
	return (opening->flags & O_ACCMODE) == O_RDONLY || peer_allowed(&opening->call, pid, VERB_SIGNAL);
}

static int open_decided(struct opening *opening)
{
	bool plain = (opening->flags & (O_CREAT | O_EXCL)) != O_CREAT || (opening->flags & O_DIRECTORY);

	if (!owner_allowed(opening))
		return (int)opening->call.result;
	return plain ? open_once(opening, opening->flags) : open_or_make(opening);
}

/* A pipe, or a file that was removed or never had a name. */
static bool is_nameless(int fd)
{
	struct stat status;
	char first;

	return sys_fstat(fd, &status) == 0 &&
	       (status.st_nlink == 0 || sys_readlinkat(AT_FDCWD, open_link_of(fd).name, &first, 1) != 1 || first != '/');
}

/* A link of proc(5) leads to an open file: hold it, name it, and open it again through the descriptor held. */
static int open_magic(struct opening *opening)
{
	struct operand *operand = opening->operand;
	char again[32];
	struct buf buf = BUF_ON(again);
	int flags = opening->flags & ~(O_CREAT | O_EXCL | O_NOFOLLOW);
	int held = (int)gate(SYS_openat, AT_FDCWD, GATE_PTR(operand->path.text), O_PATH | O_CLOEXEC, 0);
	pid_t owner = owner_of(&operand->path);
	int fd;

	if (held < 0)
		return held;
	if (owner && is_nameless(held)) {
		operand->verbs = 0;
		if (!peer_allowed(&opening->call, owner, VERB_TRACE)) {
			sys_close(held);
			return (int)opening->call.result;
		}
	} else if (path_of_directory(held, &operand->path) == 0) {
		operand_named(operand);
		if (!call_decide(&opening->call, operand, operand->verbs)) {
			sys_close(held);
			return (int)opening->call.result;
		}
	} else {
		operand->verbs = 0; /* a pipe, a socket: no name that a policy could speak of */
	}
	buf_str(&buf, "/proc/self/fd/");
	buf_i64(&buf, held);
	fd = (int)gate(SYS_openat, AT_FDCWD, GATE_PTR(buf_cstr(&buf)), flags, opening->mode);
	sys_close(held);
	return fd;
}

/* With O_NOFOLLOW a last link is the guest's own ELOOP; resolving again would not change that. */
static bool ends_in_link(const struct opening *opening)
{
	char link[4];

	return (opening->flags & O_NOFOLLOW) &&
	       sys_readlinkat(AT_FDCWD, opening->operand->path.text, link, sizeof link) > 0;
}

/* Put the name with one link less into the operand, or with none if ALL. True when that changed it. 0 or -errno in *error. */
static bool resolve(struct opening *opening, bool all, int *error)
{
	struct operand *operand = opening->operand;
	size_t before = operand->path.len;
	bool follow = !(opening->flags & O_NOFOLLOW) &&
		      (opening->flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);

	/* The old name is kept beside for the comparison: refusals are rare. */
	memcpy(opening->call.scratch->text, operand->path.text, before < 4096 ? before : 4096);
	if (all)
		opening->links = PATH_TWO_FOLLOWED;
	*error = path_follow(&opening->links, opening->dir, opening->copy, follow, opening->call.scratch->rest, &operand->path);
	if (*error >= 0)
		operand_named(operand);
	return operand->path.len != before || before >= 4096 ||
	       memcmp(opening->call.scratch->text, operand->path.text, before) != 0;
}

static int open_tries(struct opening *opening)
{
	struct call *call = &opening->call;
	struct operand *operand = opening->operand;
	int error = path_lexical(opening->dir, opening->copy, &operand->path);
	int fd = -ELOOP;

	if (error) {
		operand->path.len = 0;
		return error;
	}
	operand_named(operand);
	/* ".." leads to where its directory is in that moment: what is opened is what it was when it was decided. */
	if (UNLIKELY(operand_climbs(operand, opening->copy))) {
		if (opening->copy[strlen(opening->copy) - 1] == '/' && !(opening->flags & O_CREAT))
			opening->flags |= O_DIRECTORY;
		if (resolve(opening, true, &error) && opening->plain)
			error = -ELOOP;
		if (error < 0) {
			operand->verbs = 0;
			return error;
		}
	}
	for (unsigned tries = 0; fd == -ELOOP && tries < TRIES; tries++) {
		if (error == PATH_MAGIC)
			return open_magic(opening);
		if (!call_decide(call, operand, operand->verbs)) {
			bool unsure = opening->links != PATH_AS_GIVEN;

			/* Only the name without links may be refused; see whether this is it. */
			if (opening->links == PATH_RESOLVED || (!resolve(opening, true, &error) && !unsure))
				return (int)call->result;
			call->refused = false;
			call->result = 0;
			if (error < 0)
				return error;
			if (opening->plain) {
				operand->verbs = 0;
				return -ELOOP;
			}
			continue;
		}
		fd = open_decided(opening);
		if ((fd == -EACCES || fd == -ENAMETOOLONG) && !call->refused && opening->copy[0] != '/' &&
		    name_is_contended() && opening->links == PATH_AS_GIVEN)
			fd = open_from_start(opening, opening->flags);
		if (fd != -ELOOP || opening->plain || ends_in_link(opening))
			break;
		/* What is made is decided by its own name at once. */
		resolve(opening, opening->flags & O_CREAT, &error);
		if (error < 0)
			return error;
	}
	return fd;
}

/* No name could be made for it. What is wrong with the guest's own arguments, the kernel says. */
static long open_nameless(struct opening *opening, int error)
{
	if (error != -EBADF && error != -ENOTDIR && error != -ENOENT) {
		if (!call_decide(&opening->call, opening->operand, opening->operand->verbs))
			return opening->call.result;
		/* Allowed without a name: links are as good as the rest. */
		return gate(SYS_openat, opening->dir, GATE_PTR(opening->copy), opening->flags, opening->mode);
	}
	opening->operand->verbs = 0;
	return nolinks_open(opening->dir, opening->copy, opening->flags, opening->mode);
}

/* Open for the hook HOOK. The call is left for the caller to leave: it may have more to do. */
static void opening_start_as(struct opening *opening, enum hook hook, int dir, const char *name, int flags, mode_t mode,
			     bool plain)
{
	struct call *call = &opening->call;
	int error;

	call_enter(call, hook);
	opening->dir = dir;
	opening->flags = flags;
	opening->mode = mode;
	opening->links = PATH_AS_GIVEN;
	opening->plain = plain;
	if (UNLIKELY(!call->on)) {
		if (!call->refused)
			open_unguarded(call, dir, name, flags, mode);
		return;
	}
	opening->operand = call_operand(call, verbs_of(flags));
	opening->copy = call->scratch->name[0];
	error = name_copy(call->scratch->name[0], name);
	if (UNLIKELY(error || opening->copy[0] == '\0' || !opening->operand->verbs)) {
		/* Nothing that could be read or changed: the kernel's to answer. */
		opening->operand->verbs = 0;
		call->result = error == -ENAMETOOLONG ? error : gate(SYS_openat, dir, GATE_PTR(name), flags, mode);
		return;
	}
	error = open_tries(opening);
	if (error < 0 && opening->operand->path.len == 0)
		error = (int)open_nameless(opening, error);
	call->result = error;
}

static inline void opening_start(struct opening *opening, enum hook hook, int dir, const char *name, int flags, mode_t mode)
{
	opening_start_as(opening, hook, dir, name, flags, mode, false);
}

/* Flat, so that few returns follow the kernel's own, which the processor does not foresee: 9 ns each. */
static __attribute__((flatten)) int open_hook(enum hook hook, int dir, const char *name, int flags, mode_t mode)
{
	struct opening opening;

	opening_start(&opening, hook, dir, name, flags, mode);
	return (int)call_leave(&opening.call);
}

int open_for(enum hook hook, int dir, const char *name, int flags, mode_t mode)
{
	struct opening opening;

	opening_start(&opening, hook, dir, name, flags, mode);
	return (int)call_finish(&opening.call);
}

int open_plain_for(enum hook hook, int dir, const char *name, int flags, mode_t mode)
{
	struct opening opening;

	opening_start_as(&opening, hook, dir, name, flags, mode, true);
	return (int)call_finish(&opening.call);
}

struct open_link open_link_of(int fd)
{
	struct open_link link;
	struct buf buf = BUF_ON(link.name);

#ifdef GUARD_DOOR
	/* "self" is the guest. */
	buf_str(&buf, "/proc/");
	buf_i64(&buf, sys_getpid());
	buf_str(&buf, "/fd/");
#else
	buf_str(&buf, "/proc/self/fd/");
#endif
	buf_i64(&buf, fd);
	buf_cstr(&buf);
	return link;
}

/*
 * The mode, where there is one, is the third argument, or the fourth: by the calling conventions of x86-64 and AArch64 a
 * variadic function finds an integer where any other does, and one that is not variadic hands over by a jump.
 */
#ifdef GUARD_DOOR
#define ENTRY(name) "as_guest_" #name
#else
#define ENTRY(name) #name
#endif
#define OPEN(name)                                                                                                     \
	EXPORT int entry_of_##name(const char *path, int flags, mode_t mode) __asm__(ENTRY(name));                     \
	EXPORT int entry_of_##name(const char *path, int flags, mode_t mode)                                           \
	{                                                                                                              \
		return open_hook(HOOK_##name, AT_FDCWD, path, flags, mode);                                            \
	}
#define OPENAT(name)                                                                                                   \
	EXPORT int entry_of_##name(int dir, const char *path, int flags, mode_t mode) __asm__(ENTRY(name));            \
	EXPORT int entry_of_##name(int dir, const char *path, int flags, mode_t mode)                                  \
	{                                                                                                              \
		return open_hook(HOOK_##name, dir, path, flags, mode);                                                 \
	}

OPEN(open)
OPEN(open64)
OPEN(__open)
OPEN(__open64)
OPEN(__open_nocancel)
OPEN(__open64_nocancel)
OPENAT(openat)
OPENAT(openat64)

#define CREAT(name)                                                                                                    \
	EXPORT int name(const char *path, mode_t mode)                                                                 \
	{                                                                                                              \
		return open_hook(HOOK_##name, AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);                     \
	}

CREAT(creat)
CREAT(creat64)

/* What a fortified program calls when it gives no mode; libc aborts it for O_CREAT, and we leave that to libc. */
#define OPEN_2(name)                                                                                                   \
	EXPORT int name(const char *path, int flags)                                                                   \
	{                                                                                                              \
		return open_hook(HOOK_##name, AT_FDCWD, path, flags, 0);                                               \
	}
#define OPENAT_2(name)                                                                                                 \
	EXPORT int name(int dir, const char *path, int flags)                                                          \
	{                                                                                                              \
		return open_hook(HOOK_##name, dir, path, flags, 0);                                                    \
	}

OPEN_2(__open_2)
OPEN_2(__open64_2)
OPENAT_2(__openat_2)
OPENAT_2(__openat64_2)

int open_flags_of_mode(const char *mode)
{
	int flags;

	switch (*mode) {
	case 'r':
		flags = O_RDONLY;
		break;
	case 'w':
		flags = O_WRONLY | O_CREAT | O_TRUNC;
		break;
	case 'a':
		flags = O_WRONLY | O_CREAT | O_APPEND;
		break;
	default:
		return -1;
	}
	/* glibc looks at six characters after the first, and at none behind a comma. */
	for (int i = 1; i < 7 && mode[i] && mode[i] != ','; i++) {
		if (mode[i] == '+')
			flags = (flags & ~O_ACCMODE) | O_RDWR;
		else if (mode[i] == 'x')
			flags |= O_EXCL;
		else if (mode[i] == 'e')
			flags |= O_CLOEXEC;
	}
	return flags;
}

FILE *open_stream(enum hook hook, const char *name, const char *mode)
{
	struct opening opening;
	int flags = open_flags_of_mode(mode);
	FILE *file;

	if (flags < 0) {
		errno = EINVAL;
		return NULL;
	}
	opening_start(&opening, hook, AT_FDCWD, name, flags, 0666);
	if (opening.call.result < 0)
		return call_leave_pointer(&opening.call, NULL);
	file = fdopen((int)opening.call.result, mode);
	if (!file) {
		sys_close((int)opening.call.result);
		opening.call.result = -errno;
	}
	return call_leave_pointer(&opening.call, file);
}

#define FOPEN(function)                                                                                                \
	EXPORT FILE *function(const char *name, const char *mode)                                                      \
	{                                                                                                              \
		return open_stream(HOOK_##function, name, mode);                                                       \
	}

FOPEN(fopen)
FOPEN(fopen64)
FOPEN(_IO_fopen)

DIR *open_directory(enum hook hook, int dir, const char *name)
{
	struct opening opening;
	DIR *stream;

	opening_start(&opening, hook, dir, name, O_RDONLY | O_NONBLOCK | O_DIRECTORY | O_CLOEXEC, 0);
	if (opening.call.result < 0)
		return call_leave_pointer(&opening.call, NULL);
	stream = fdopendir((int)opening.call.result);
	if (!stream) {
		sys_close((int)opening.call.result);
		opening.call.result = -errno;
	}
	return call_leave_pointer(&opening.call, stream);
}

EXPORT DIR *opendir(const char *name)
{
	return open_directory(HOOK_opendir, AT_FDCWD, name);
}

EXPORT int posix_openpt(int flags)
{
	return open_hook(HOOK_posix_openpt, AT_FDCWD, "/dev/ptmx", flags, 0);
}

EXPORT int getpt(void)
{
	return open_hook(HOOK_getpt, AT_FDCWD, "/dev/ptmx", O_RDWR, 0);
}
