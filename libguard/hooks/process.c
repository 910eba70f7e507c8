/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the log says of processes; see process.h.
 */
#include "libguard/hooks/process.h"

#include "libguard/core/str.h"
#include "libguard/core/sys.h"
#include "libguard/hooks/self.h"
#include "libguard/record/redact.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static void write_from(unsigned from, const struct event *event)
{
	for (unsigned i = from; i < guard.session_count; i++)
		log_write(&guard.sessions[i].log, event);
}

static void begin(struct event *event, enum event_kind kind, enum event_coverage coverage)
{
	*event = (struct event){
		.kind = kind,
		.verb = VERB_EXEC,
		.verbs = VERB_SET(EXEC),
		.door = DOOR_HOOK,
		.coverage = (uint8_t)coverage,
		.rule = RULE_NOT_ASKED,
		.pid = (uint32_t)sys_getpid(),
		.tid = (uint32_t)sys_gettid(),
		.ppid = (uint32_t)SYS_0(SYS_getppid),
		.uid = (uint32_t)SYS_0(SYS_getuid),
		.time_ns = sys_now_ns_once(),
	};
}

/* Do our variables stand in the environment as we would put them there? */
static bool is_carried(void)
{
	size_t library = strlen(guard.carry.library);
	bool has_library = false, has_sessions = false, has_root = !guard.carry.root;

	for (char *const *at = environ; at && *at; at++) {
		if (str_starts(*at, "LD_PRELOAD=", 11) && str_starts(*at + 11, guard.carry.library, library))
			has_library = (*at)[11 + library] == '\0' || (*at)[11 + library] == ':';
		else if (str_starts(*at, SESSION_VARIABLE "=", sizeof SESSION_VARIABLE))
			has_sessions = !strcmp(*at + sizeof SESSION_VARIABLE, guard.carry.sessions);
		else if (!strncmp(*at, ROOT_VARIABLE "=", sizeof ROOT_VARIABLE))
			has_root = guard.carry.root && !strcmp(*at + sizeof ROOT_VARIABLE, guard.carry.root);
	}
	return has_library && has_sessions && has_root;
}

/* A new environment with our variables; the old one stays where it is for whoever holds it. */
void process_carry(void)
{
	size_t entries = env_count(environ) + ENV_EXTRA;
	size_t text_cap = env_text_cap(&guard.carry, environ);
	size_t len = entries * sizeof(char *) + text_cap;
	char **fresh;
	struct buf text;

	if (is_carried())
		return;
	fresh = sys_mmap(len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (sys_failed(fresh))
		return; /* every hooked exec adds them again */
	text = (struct buf){.data = (char *)(fresh + entries), .cap = text_cap};
	if (env_make(&guard.carry, environ, fresh, &text) == 1)
		environ = fresh;
	else
		sys_munmap(fresh, len);
}

void process_started(char *const *argv, bool first)
{
	struct scratch *scratch = scratch_take();
	struct event event;
	struct buf words;
	ssize_t cwd;

	if (first)
		process_carry();
	if (!scratch)
		return;
	begin(&event, EVENT_PROCESS, COVER_HOOKS);
	cwd = sys_getcwd(scratch->name[0], sizeof scratch->name[0]);
	/* Right behind it, because each page that is touched costs a fault. */
	words = (struct buf){.data = scratch->name[0] + (cwd > 0 ? cwd : 0), .cap = sizeof scratch->name - sizeof scratch->name[0]};
	redact_argv(argv, SIZE_MAX, &words);
	event_add(&event, FIELD_EXE, guard.actor.exe);
	event_add(&event, FIELD_ARGV, (struct text){words.data, words.len});
	if (cwd > 0)
		event_add(&event, FIELD_CWD, (struct text){scratch->name[0], (size_t)cwd});
	write_from(0, &event);
	scratch_give(scratch);
}

void process_uncovered(struct text program, struct text argv, enum event_coverage why, unsigned from)
{
	struct event event;

	for (unsigned i = from; i < guard.session_count; i++)
		atomic_fetch_add_explicit(&guard.sessions[i].state->uncovered, 1, memory_order_relaxed);
	begin(&event, EVENT_COVERAGE, why);
	event_add(&event, FIELD_OBJECT, program);
	event_add(&event, FIELD_ARGV, argv);
	write_from(from, &event);
}
