/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bringing code into the process: dlopen and its kin, mapping a file for
 * execution; and dlsym, which would hand out libc's own functions past ours.
 *
 * The libraries that a library needs are loaded by the loader alone. Converters,
 * message catalogues and name services too: they are libc's own parts.
 */
#include "libguard/hooks/call.h"
#include "libguard/hooks/jump.h"
#include "libguard/hooks/library.h"
#include "libguard/hooks/next.h"
#include "libguard/hooks/notes.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>

void *load_dlopen(long args[JUMP_ARGS], const void *caller);
void *load_dlmopen(long args[JUMP_ARGS], const void *caller);
void *load_dlsym(long args[JUMP_ARGS], const void *caller);
void *load_dlvsym(long args[JUMP_ARGS], const void *caller);

JUMP(dlopen, load_dlopen);
JUMP(dlmopen, load_dlmopen);
JUMP(dlsym, load_dlsym);
JUMP(dlvsym, load_dlvsym);

/* A file that cannot exist: dlerror(3) then says it and why. */
static const char refused_name[] = "/proc/refused by libguard";

/* Decide the file behind NAME. What is put in place of a refused one, else NAME. */
static const char *ask(enum hook hook, const char *name, int mode, const void *caller)
{
	char file[PATH_NAME_CAP];
	struct notes notes = NOTES_NONE;
	struct call call;
	int error = errno;
	bool found;

	if (!name || !*name || (mode & RTLD_NOLOAD) || !guard_ready())
		return name;
	found = library_find(name, caller, file);
	errno = error;
	if (!found)
		return name;
	call_enter(&call, hook);
	call_file(&call, AT_FDCWD, file, VERB_SET(LOAD));
	if (call_allowed(&call))
		notes_add(&notes, &call); /* used up when it is mapped: libc does not come back here */
	else if (call.refused)
		name = refused_name;
	else if (call.result < 0)
		call.operands[0].verbs = 0; /* no such file */
	call_finish(&call);
	return name;
}

/* With RTLD_DEEPBIND a library would find libc's functions before ours. */
void *load_dlopen(long args[JUMP_ARGS], const void *caller)
{
	args[0] = GATE_PTR(ask(HOOK_dlopen, (const char *)args[0], (int)args[1], caller));
	args[1] &= ~(long)RTLD_DEEPBIND;
	return next_of(HOOK_dlopen);
}

void *load_dlmopen(long args[JUMP_ARGS], const void *caller)
{
	args[1] = GATE_PTR(ask(HOOK_dlmopen, (const char *)args[1], (int)args[2], caller));
	args[2] &= ~(long)RTLD_DEEPBIND;
	return next_of(HOOK_dlmopen);
}

/* ---- dlsym ---- */

static const struct link_map *object_of(const void *address)
{
	struct dl_find_object found;

	return _dl_find_object((void *)(uintptr_t)address, &found) == 0 ? found.dlfo_link_map : NULL;
}

static bool is_libc(const void *function)
{
	const struct link_map *object = object_of(function);

	return object && next_is_libc(object);
}

static void *give(void *function)
{
	return function;
}

/* FOUND is what libc found for NAME; where that is libc's own, it is ours. */
static void *answer(long args[JUMP_ARGS], void *found, void *wrapper)
{
	args[0] = GATE_PTR(found && is_libc(found) ? wrapper : found);
	return (void *)give;
}

/* RTLD_NEXT: what comes behind the caller. False: the loader had better say. */
static bool is_next_libc(const char *name, const void *caller)
{
	const struct link_map *object = object_of(caller);
	void *found = object ? next_find_behind(object, name) : NULL;

	return found && is_libc(found);
}

void *load_dlsym(long args[JUMP_ARGS], const void *caller)
{
	void *handle = (void *)args[0];
	const char *name = (const char *)args[1];
	void *wrapper = next_find_ours(name);

	if (!wrapper || handle == RTLD_DEFAULT)
		return next_of(HOOK_dlsym);
	if (handle != RTLD_NEXT)
		return answer(args, NEXT_OF(dlsym)(handle, name), wrapper);
	if (!is_next_libc(name, caller))
		return next_of(HOOK_dlsym);
	args[0] = GATE_PTR(wrapper);
	return (void *)give;
}

void *load_dlvsym(long args[JUMP_ARGS], const void *caller)
{
	void *handle = (void *)args[0];
	const char *name = (const char *)args[1];
	void *wrapper = next_find_ours(name);

	if (!wrapper || handle == RTLD_DEFAULT)
		return next_of(HOOK_dlvsym);
	if (handle != RTLD_NEXT)
		return answer(args, NEXT_OF(dlvsym)(handle, name, (const char *)args[2]), wrapper);
	if (!is_next_libc(name, caller))
		return next_of(HOOK_dlvsym);
	args[0] = GATE_PTR(wrapper);
	return (void *)give;
}

/* ---- mmap ---- */

static void *map(enum hook hook, void *address, size_t len, int protection, int flags, int fd, off_t offset)
{
	struct call call;

	if (LIKELY(!(protection & PROT_EXEC) || (flags & MAP_ANONYMOUS) || fd < 0)) {
		long result = gate(SYS_mmap, GATE_PTR(address), (long)len, protection, flags, fd, offset);

		return (unsigned long)result > -4096ul ? (call_no_pointer(result), MAP_FAILED) : (void *)result;
	}
	call_enter(&call, hook);
	call_fd(&call, fd, VERB_SET(LOAD));
	if (call_allowed(&call))
		call.result = gate(SYS_mmap, GATE_PTR(address), (long)len, protection, flags, fd, offset);
	return call_leave(&call) == -1 ? MAP_FAILED : (void *)call.result;
}

EXPORT void *mmap(void *address, size_t len, int protection, int flags, int fd, off_t offset)
{
	return map(HOOK_mmap, address, len, protection, flags, fd, offset);
}

EXPORT void *mmap64(void *address, size_t len, int protection, int flags, int fd, off64_t offset)
{
	return map(HOOK_mmap64, address, len, protection, flags, fd, offset);
}
