/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wrappers that hooks.def describes in full, and the names of all hooks.
 */
#include "libguard/hooks/act.h"
#include "libguard/hooks/call.h"
#include "libguard/hooks/next.h"
#include "libguard/hooks/notes.h"
#include "libguard/hooks/query.h"

#include <errno.h>
#include <sched.h>

#define NEW_NAMESPACES                                                                                                 \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET |   \
	 0x80 /* CLONE_NEWTIME */)

/* All names in one piece, without a pointer to each: the loader has nothing to relocate when a process starts. */
struct names {
#define HOOK(result, name, ...) char of_##name[sizeof #name];
#define QUERY HOOK
#define PASS HOOK
#define CUSTOM(name) char of_##name[sizeof #name];
#define NEXT CUSTOM
#include "libguard/hooks.def"
#undef HOOK
#undef CUSTOM
};

static const struct names names = {
#define HOOK(result, name, ...) #name,
#define CUSTOM(name) #name,
#include "libguard/hooks.def"
#undef HOOK
#undef CUSTOM
};

static const uint16_t name_at[HOOK_COUNT] = {
#define HOOK(result, name, ...) offsetof(struct names, of_##name),
#define CUSTOM(name) offsetof(struct names, of_##name),
#include "libguard/hooks.def"
#undef HOOK
#undef CUSTOM
#undef QUERY
#undef PASS
#undef NEXT
};

const char *hook_name(enum hook hook)
{
	return (const char *)&names + name_at[hook];
}

#define LINK(dir, path, verb) call_name(&call, dir, path, VERB_SET(verb));
#define PATH(dir, path, verb) call_file(&call, dir, path, VERB_SET(verb));
#define AT(dir, path, flags, verb) call_at(&call, dir, path, flags, VERB_SET(verb));
#define FD(fd, verb) call_fd(&call, fd, VERB_SET(verb));
#define NOFOLLOW(path, verb) AT(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, verb)
#define ROOM(size, room) if ((size) > (room)) __chk_fail(); else
#define SOURCE(dir, path, flags) call_linked(&call, dir, path, flags);
#define OLD(dir, path, verbs) call_old_name(&call, dir, path, VERB_SET(DELETE) | (verbs));
#define NEW(dir, path, verbs) call_new_name(&call, dir, path, verbs);
#define WIDENS(from, to) call_widens(&call, from, to);

#define SELF(verb) call_self(&call, VERB_SET(verb));
#define SELF_IF(condition, verb) call_self(&call, (condition) ? VERB_SET(verb) : 0);
#define PEER(pid, verb) call_peer(&call, pid, VERB_SET(verb));
#define SENT(pid, number) call_signal(&call, pid, number);
#define SENT_FD(fd, number, flags) act_sent_by_fd(&call, fd, number, flags);
#define PLACE(path, follow, verb) call_place(&call, path, follow, VERB_SET(verb));

#define ACT(number, ...) gate(SYS_##number, __VA_ARGS__)
#define DIR(n) call.operands[n].dir
#define LAST(n) GATE_PTR(call.operands[n].last)
#define NAME(n) GATE_PTR(act_name(&call.operands[n], (char[ACT_NAME_CAP]){0}))
#define FLAGS(n, flags) act_flags(&call.operands[n], flags)
#define LINK_FLAGS(n, flags) act_link_flags(&call.operands[n], flags)

#define HOOK(result_type, name, parameters, touches, act)                                                              \
	EXPORT result_type name parameters                                                                             \
	{                                                                                                              \
		struct call call;                                                                                      \
                                                                                                                       \
		call_enter(&call, HOOK_##name);                                                                        \
		touches if (call_allowed(&call)) call.result = act;                                                    \
		return (result_type)call_leave(&call);                                                                 \
	}
/* Decided here, done by libc: what libc does in more than a system call (identity, in all threads), or keeps account of. */
#define PASS(result_type, name, parameters, touches, arguments)                                                        \
	EXPORT result_type name parameters                                                                             \
	{                                                                                                              \
		struct notes notes = NOTES_NONE;                                                                       \
		struct call call;                                                                                      \
                                                                                                                       \
		call_enter(&call, HOOK_##name);                                                                        \
		touches if (call_allowed(&call))                                                                       \
		{                                                                                                      \
			notes_add(&notes, &call);                                                                      \
			call.result = act_of_libc(NEXT_OF(name) arguments);                                            \
			notes_end(&notes);                                                                             \
		}                                                                                                      \
		return (result_type)call_leave(&call);                                                                 \
	}
/* The door: choose_asked of generic.c. */
#ifdef GUARD_DOOR
#undef PASS
#define PASS(...)
#endif
#define ASK(number, ...) gate(SYS_##number, ask_dir, GATE_PTR(ask_path), __VA_ARGS__)
#define QUERY(result_type, name, parameters, dir, path, flags, act)                                                    \
	EXPORT result_type name parameters                                                                             \
	{                                                                                                              \
		int ask_dir = dir;                                                                                     \
		const char *ask_path = path;                                                                           \
                                                                                                                       \
		if (UNLIKELY(guard.hides) && query_is_hidden(HOOK_##name, ask_dir, ask_path, flags))                   \
			return (result_type)call_errno(-ENOENT);                                                     \
		return (result_type)call_errno(act);                                                                 \
	}
#define CUSTOM(name)
#define NEXT(name)
#include "libguard/hooks.def"
