/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Naming the operands of a call: copy, resolve, hold still.
 *
 * Each function leaves in the operand a canonical name, to be decided, and a
 * (directory, last name) pair that leads to just that object whatever others do
 * to the tree meanwhile: a descriptor of the parent, or of the file itself.
 */
#include "libguard/hooks/call.h"

#include "libguard/core/buf.h"
#include "libguard/core/str.h"
#include "libguard/core/sys.h"
#include "libguard/hooks/nolinks.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define TRIES 64 /* changes of a link under our hands before we give up; one in a hundred thousand needs two */

#define HOLD (O_PATH | O_CLOEXEC)

int name_copy(char out[PATH_NAME_CAP], const char *name)
{
	size_t len;

	/* The first page is never mapped: what a program passes by mistake is the kernel's to refuse. */
	if ((uintptr_t)name < 4096)
		return -EFAULT;
	len = strnlen(name, PATH_NAME_CAP);
	if (len == PATH_NAME_CAP)
		return -ENAMETOOLONG;
	memcpy(out, name, len);
	out[len] = '\0';
	return 0;
}

void operand_named(struct operand *operand)
{
	size_t root = guard.root.len;

	operand->object.text.data = operand->path.text - root;
	/* Below a chroot, "/" is the new root itself. */
	operand->object.text.len = root > 0 && operand->path.len == 1 ? root : root + operand->path.len;
}

struct operand *call_operand(struct call *call, verb_set verbs)
{
	unsigned number = call->count < CALL_OPERANDS ? call->count++ : CALL_OPERANDS - 1;
	struct operand *operand = &call->operands[number];
	char *canonical = call->scratch ? call->scratch->canonical[number] : NULL;

	operand->object = (struct object){
		.kind = OBJECT_PATH,
		.text = {"", 0},
		.trail = call->scratch ? &call->scratch->trail : NULL,
	};
	operand->verbs = verbs;
	operand->shown = VERB_COUNT;
	operand->pin = -1;
	operand->held = false;
	operand->flags = 0;
	operand->unknown = false;
	operand->recorded = false;
	operand->confirmed = false;
	operand->loaded = false;
	operand->argv = (struct text){"", 0};
	operand->path.len = 0;
	operand->path.text = canonical;
	if (canonical && guard.root.len > 0) {
		memcpy(canonical, guard.root.data, guard.root.len);
		operand->path.text += guard.root.len;
	}
	return operand;
}

/* The operand as the guest gave it: for a guard that is off, and for names that only the kernel may judge. */
static void as_given(struct operand *operand, int dir, const char *name)
{
	operand->dir = dir;
	operand->last = name;
	operand->verbs = 0;
}

/* Begin an operand: a copy of the name, or NULL when there is nothing to resolve. */
static const char *begin(struct call *call, int dir, const char *name, verb_set verbs, struct operand **out)
{
	struct operand *operand = call_operand(call, verbs);
	char *copy;
	int error;

	*out = operand;
	as_given(operand, dir, name);
	if (!call->on)
		return NULL;
	copy = call->scratch->name[operand - call->operands];
	error = name_copy(copy, name);
	if (error || copy[0] == '\0') {
		call->result = error ? error : -ENOENT;
		return NULL;
	}
	operand->last = copy;
	operand->verbs = verbs;
	return copy;
}

/* In a removed directory nothing exists and nothing can be made; only ".." leads out of it. */
static bool stays_inside(const char *name)
{
	return name[0] != '/' && !path_climbs(name);
}

/* A link of proc(5) leads to an open file: hold that, and take its name from the descriptor, or none. */
static int hold_magic(struct operand *operand, int flags)
{
	int fd = (int)gate(SYS_openat, AT_FDCWD, GATE_PTR(operand->path.text), flags);

	if (fd >= 0 && path_of_directory(fd, &operand->path) != 0)
		operand->path.len = 0;
	return fd;
}

/* A name that was resolved has lost the slash at its end, which wants a directory. */
static int directory_flag(const char *name)
{
	return name[strlen(name) - 1] == '/' ? O_DIRECTORY : 0;
}

/*
 * Open NAME to hold it, and put its canonical name into the operand. One that climbs is always resolved: ".." leads to
 * where its directory is in that moment, which may have been moved.
 * Returns the descriptor, or -errno with the best name known in the operand.
 */
static int hold(struct call *call, struct operand *operand, int dir, const char *name, int flags, bool follow)
{
	bool direct = name[0] == '/' || !name_is_contended(), climbs;
	int error = path_lexical(dir, name, &operand->path);
	enum path_links links = PATH_AS_GIVEN;
	int fd = -ELOOP;

	if (error) {
		operand->path.len = 0;
		return error;
	}
	climbs = operand_climbs(operand, name);
	/* With threads about, DIR may mean something else by now: act on the name that was read. */
	if (direct && !climbs)
		fd = nolinks_open(dir, name, flags, 0);
	else if (!climbs)
		fd = nolinks_open(AT_FDCWD, operand->path.text, flags, 0);
	if ((fd == -EACCES || fd == -ENAMETOOLONG) && !direct) {
		/* A directory above the working directory is closed to us, or too far up: hold the start, then name that. */
		int start = nolinks_open(dir, ".", HOLD | O_DIRECTORY, 0);

		if (start < 0)
			return start;
		error = path_lexical(start, name, &operand->path);
		fd = error ? error : nolinks_open(start, name, flags, 0);
		sys_close(start);
	}
	for (unsigned tries = 0; fd == -ELOOP && tries < TRIES; tries++) {
		error = path_follow(&links, dir, name, follow, call->scratch->rest, &operand->path);
		if (error == PATH_MAGIC)
			return hold_magic(operand, flags);
		if (error)
			return error;
		fd = nolinks_open(AT_FDCWD, operand->path.text, flags | directory_flag(name), 0);
	}
	/* Where a directory above is closed to us, what was reached has a name all the same. */
	if (climbs && (fd == -EACCES || fd == -ENAMETOOLONG)) {
		fd = nolinks_open(dir, name, flags, 0);
		if (fd >= 0 && path_of_directory(fd, &operand->path) != 0)
			operand->path.len = 0;
	}
	return fd;
}

/* Let the call act on the held descriptor itself, by a name that leads to it alone. */
static void act_on_pin(struct operand *operand, int fd)
{
	struct buf buf = BUF_ON(operand->proc_name);

	operand->pin = fd;
	operand->held = true;
	operand->dir = AT_FDCWD;
	if (guard.has_proc) {
		buf_str(&buf, "/proc/self/fd/");
		buf_i64(&buf, fd);
		operand->last = buf_cstr(&buf);
	} else {
		operand->last = operand->path.text;
	}
}

/* What stands in for an operand that could not be held for want of descriptors: its name, links resolved. */
static int without_descriptor(struct call *call, struct operand *operand, int dir, const char *name, bool follow)
{
	int error = path_resolve(dir, name, follow, call->scratch->rest, &operand->path);

	if (error < 0)
		return error;
	operand->dir = AT_FDCWD;
	operand->last = operand->path.text;
	operand_named(operand);
	return 0;
}

static bool is_out_of_descriptors(int error)
{
	return error == -EMFILE || error == -ENFILE;
}

/*
 * A name could not be resolved. With a name at hand the policy still has its say, then the guest gets the error.
 * Without one, what is wrong with the guest's own arguments is the kernel's to say; all else is decided without a
 * name, which no rule can allow.
 */
static void unresolved(struct call *call, struct operand *operand, const char *copy, int error)
{
	if (operand->path.len > 0) {
		operand_named(operand);
		call->result = error;
	} else if (error == -EBADF || error == -ENOTDIR || (error == -ENOENT && stays_inside(copy))) {
		operand->verbs = 0;
	}
}

void call_file(struct call *call, int dir, const char *name, verb_set verbs)
{
	struct operand *operand;
	const char *copy = begin(call, dir, name, verbs, &operand);
	int fd;

	if (!copy)
		return;
	fd = hold(call, operand, dir, copy, HOLD, true);
	if (is_out_of_descriptors(fd))
		fd = without_descriptor(call, operand, dir, copy, true);
	else if (fd >= 0)
		act_on_pin(operand, fd);
	if (fd < 0)
		unresolved(call, operand, copy, fd);
	else if (operand->path.len > 0)
		operand_named(operand);
	else
		operand->verbs = 0;
}

/* Put the last name behind the parent's canonical one. */
static int append_last(struct operand *operand, const char *last)
{
	size_t len = str_until(last, '/');
	struct path *path = &operand->path;

	if (path->len + 1 + len >= PATH_CAP)
		return -ENAMETOOLONG;
	if (path->len > 1)
		path->text[path->len++] = '/';
	memcpy(path->text + path->len, last, len);
	path->len += len;
	path->text[path->len] = '\0';
	return 0;
}

/* Hold the directory in which COPY's last name stands, and name the object. */
static int hold_parent(struct call *call, struct operand *operand, int dir, const char *copy)
{
	size_t at = path_last(copy);
	char *parent = call->scratch->text;
	int fd;

	_Static_assert(sizeof call->scratch->text >= PATH_NAME_CAP, "a parent's name fits");
	operand->last = copy + at;
	if (at == 0 && !name_is_contended()) {
		/* A bare name in a directory that nobody can exchange: nothing to hold. */
		fd = path_of_directory(dir, &operand->path);
		if (fd < 0) {
			operand->path.len = 0;
			return fd;
		}
		operand->dir = dir;
		return append_last(operand, operand->last);
	}
	memcpy(parent, at ? copy : ".", at ? at : 1);
	parent[at ? at : 1] = '\0';
	fd = hold(call, operand, dir, parent, HOLD | O_DIRECTORY, true);
	if (fd < 0)
		return fd;
	operand->pin = fd;
	operand->dir = fd;
	return append_last(operand, operand->last);
}

void call_name(struct call *call, int dir, const char *name, verb_set verbs)
{
	struct operand *operand;
	const char *copy = begin(call, dir, name, verbs, &operand);
	int error;

	if (!copy)
		return;
	if (path_is_dots(copy + path_last(copy))) {
		/* "." and ".." can be neither made nor removed: the kernel refuses whatever they lead to. */
		error = path_resolve(dir, copy, true, call->scratch->rest, &operand->path);
		operand->last = copy;
		operand->dir = dir;
	} else {
		error = hold_parent(call, operand, dir, copy);
		if (is_out_of_descriptors(error))
			error = without_descriptor(call, operand, dir, copy, false);
	}
	if (error < 0)
		unresolved(call, operand, copy, error);
	else
		operand_named(operand);
}

void call_fd(struct call *call, int fd, verb_set verbs)
{
	struct operand *operand = call_operand(call, verbs);

	as_given(operand, fd, "");
	/* A pipe, a socket, a removed directory: no name, nothing that a policy could speak of. */
	if (call->on && path_of_directory(fd, &operand->path) == 0) {
		operand->verbs = verbs;
		operand_named(operand);
	}
}

void call_at(struct call *call, int dir, const char *name, int at_flags, verb_set verbs)
{
	bool empty = (uintptr_t)name >= 4096 && name[0] == '\0';
	size_t len;

	if ((at_flags & AT_EMPTY_PATH) && (empty || !name)) {
		call_fd(call, dir, verbs);
		call->operands[call->count - 1].last = name;
		return;
	}
	/* A trailing slash, "." and ".." lead to the directory itself, whatever the flags say. */
	len = (uintptr_t)name >= 4096 ? strlen(name) : 0;
	if ((at_flags & AT_SYMLINK_NOFOLLOW) && len > 0 && name[len - 1] != '/' && !path_is_dots(name + path_last(name)))
		call_name(call, dir, name, verbs);
	else
		call_file(call, dir, name, verbs);
}

void call_linked(struct call *call, int dir, const char *name, int at_flags)
{
	verb_set verbs = VERB_SET(READ) | VERB_SET(WRITE);

	if (at_flags & AT_SYMLINK_FOLLOW)
		call_file(call, dir, name, verbs);
	else
		call_at(call, dir, name, at_flags | AT_SYMLINK_NOFOLLOW, verbs);
	call->operands[call->count - 1].shown = VERB_READ;
}

void call_old_name(struct call *call, int dir, const char *name, verb_set verbs)
{
	struct stat status;
	struct operand *operand;

	call_name(call, dir, name, verbs);
	operand = &call->operands[call->count - 1];
	if (call->on && operand->verbs && call->result == 0)
		operand->object.tree =
			sys_fstatat(operand->dir, operand->last, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
			S_ISDIR(status.st_mode);
}

void call_new_name(struct call *call, int dir, const char *name, verb_set verbs)
{
	struct stat status;
	struct operand *operand;

	call_name(call, dir, name, verbs | VERB_SET(CREATE));
	operand = &call->operands[call->count - 1];
	if (!call->on || !operand->verbs || call->result != 0)
		return;
	if (sys_fstatat(operand->dir, operand->last, &status, AT_SYMLINK_NOFOLLOW) == 0) {
		operand->verbs |= VERB_SET(DELETE);
		operand->shown = VERB_CREATE;
		operand->flags |= EVENT_REPLACED;
		operand->object.tree = S_ISDIR(status.st_mode);
	}
}
