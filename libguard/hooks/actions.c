/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File actions of posix_spawn; see actions.h.
 */
#include "libguard/hooks/actions.h"

#include "libguard/core/sys.h"

#include <errno.h>

/* One action as glibc keeps it since 2.29; later versions add kinds at the end. */
enum kind { DO_CLOSE, DO_DUP2, DO_OPEN, DO_CHDIR, DO_FCHDIR, DO_CLOSEFROM, DO_TCSETPGRP };

struct action {
	int kind;
	union {
		struct {
			int fd;
		} close;
		struct {
			int from, to;
		} dup2;
		struct {
			int fd;
			const char *path;
			int flags;
			mode_t mode;
		} open;
		const char *chdir;
		int fchdir;
	} of;
};

/* The child's directory becomes FD's, or PATH seen from where it is. */
static long enter(struct actions *state, int fd, const char *path)
{
	long entered;

	if (path)
		entered = gate(SYS_openat, state->dir, GATE_PTR(path), O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	else
		entered = gate(SYS_openat, fd, GATE_PTR("."), O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	if (entered < 0)
		return 0; /* the child will not get there either, and runs nothing */
	if (state->ours)
		sys_close(state->dir);
	state->dir = (int)entered;
	state->ours = true;
	return 0;
}

static long ask_open(enum hook hook, struct actions *state, const struct action *action)
{
	int flags = action->of.open.flags;
	verb_set verbs = 0;
	struct stat status;
	struct call call;

	if (flags & O_PATH)
		return 0;
	if ((flags & O_ACCMODE) != O_WRONLY)
		verbs |= VERB_SET(READ);
	if ((flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC))
		verbs |= VERB_SET(WRITE);
	if ((flags & O_CREAT) && sys_fstatat(state->dir, action->of.open.path, &status, 0) != 0)
		verbs |= VERB_SET(CREATE);
	call_enter(&call, hook);
	call_file(&call, state->dir, action->of.open.path, verbs);
	if (call.result == -ENOENT && (flags & O_CREAT))
		call.result = 0;
	if (call_allowed(&call))
		notes_add(&state->notes, &call);
	return call_finish(&call) < 0 && call.refused ? call.result : 0;
}

/* The descriptor of ours behind the child's FD, as far as the actions before number AT tell; a file they open by PATH. */
static int origin(const struct action *all, int at, int fd, const char **path)
{
	*path = NULL;
	while (at-- > 0) {
		if (all[at].kind == DO_DUP2 && all[at].of.dup2.to == fd) {
			fd = all[at].of.dup2.from;
		} else if (all[at].kind == DO_OPEN && all[at].of.open.fd == fd) {
			*path = all[at].of.open.path;
			break;
		}
	}
	return fd;
}

long actions_ask(enum hook hook, const posix_spawn_file_actions_t *actions, struct actions *out)
{
	const struct action *all = actions ? (const void *)actions->__actions : NULL;
	long error = 0;

	*out = (struct actions){.dir = AT_FDCWD};
	for (int i = 0; actions && !error && i < actions->__used; i++) {
		const char *path = NULL;
		int fd;

		switch (all[i].kind) {
		case DO_OPEN:
			error = ask_open(hook, out, &all[i]);
			break;
		case DO_CHDIR:
			error = enter(out, -1, all[i].of.chdir);
			break;
		case DO_FCHDIR:
			fd = origin(all, i, all[i].of.fchdir, &path);
			error = enter(out, fd, path);
			break;
		case DO_CLOSE:
		case DO_DUP2:
		case DO_CLOSEFROM:
		case DO_TCSETPGRP:
			break;
		default:
			error = -ENOSYS;
		}
	}
	return error;
}

void actions_end(struct actions *actions)
{
	if (actions->ours)
		sys_close(actions->dir);
	actions->ours = false;
	notes_end(&actions->notes);
	actions->notes.count = 0;
}
