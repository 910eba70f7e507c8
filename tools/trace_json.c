/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session as JSON trace events, which Perfetto and Chrome show.
 *
 * A process has a track for each thread. What runs in it lies on the one of its first thread, from the program's
 * start to the last that was heard of the process, or to its next program: the log does not tell of ends. What it
 * did are instants, since the log has one time for each; what was refused lies on a track of the process, and is
 * counted on one of the session.
 *
 * Source: "Trace Event Format", the catapult project; within a thread, B and E are in the order of their times.
 */
#include "tools/trace.h"

#include "tools/event_id.h"
#include "tools/json.h"
#include "tools/report.h"
#include "tools/rule_text.h"
#include "tools/selection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIDS (1u << 17)  /* processes are looked up by the low bits of their pid, as in programs.c */
#define THREADS (1u << 16)
#define NAME_MAX_LEN 120 /* bytes of a name; all of it is among the arguments */

struct process {
	uint32_t pid;
	bool known;       /* it has a name in what was written */
	bool told;        /* that name says what it runs */
	bool open;        /* a program runs in it */
	uint64_t last_ns; /* when it was last heard of */
};

struct thread {
	uint32_t pid, tid;
	bool known;
};

struct trace_json {
	yajl_gen json;
	struct process *processes;
	struct thread *threads;
	uint64_t start_ns;
	uint64_t refused;
	uint32_t counter_pid; /* whose track counts them */
	bool started;
	char raw[EVENT_SLOT * EVENT_SLOTS_MAX * 4];
};

static void put_output(void *output, const char *text, size_t len)
{
	output_bytes(output, text, len);
}

static void *begin_json(struct trace *trace)
{
	struct trace_json *state = arena_take(&trace->summary.arena, sizeof *state);
	const struct session_info *info = &trace->view->info;

	state->processes = arena_take(&trace->summary.arena, PIDS * sizeof *state->processes);
	state->threads = arena_take(&trace->summary.arena, THREADS * sizeof *state->threads);
	state->json = yajl_gen_alloc(NULL);
	if (!state->json)
		exit(fail(EXIT_GUARD, "no memory"));
	yajl_gen_config(state->json, yajl_gen_print_callback, put_output, trace->output);
	yajl_gen_map_open(state->json);
	json_put_string(state->json, "displayTimeUnit", "ns");
	json_key(state->json, "otherData");
	yajl_gen_map_open(state->json);
	json_put_string(state->json, "session", info->id);
	json_put_string(state->json, "host", info->host);
	json_put_time(state->json, "started", info->started_ns);
	yajl_gen_map_close(state->json);
	json_key(state->json, "traceEvents");
	yajl_gen_array_open(state->json);
	return state;
}

/* Microseconds since the start, as the format has them. */
static void put_ts(struct trace_json *state, uint64_t time_ns)
{
	uint64_t since = time_ns > state->start_ns ? time_ns - state->start_ns : 0;
	char number[32];
	int len = snprintf(number, sizeof number, "%llu.%03u", (unsigned long long)(since / 1000), (unsigned)(since % 1000));

	json_key(state->json, "ts");
	yajl_gen_number(state->json, number, (size_t)len);
}

static void begin_event(struct trace_json *state, const char *phase, uint32_t pid, uint32_t tid)
{
	yajl_gen_map_open(state->json);
	json_put_string(state->json, "ph", phase);
	json_put_number(state->json, "pid", pid);
	json_put_number(state->json, "tid", tid);
}

static void end_event(struct trace *trace, struct trace_json *state)
{
	yajl_gen_map_close(state->json);
	output_string(trace->output, "\n");
}

static void put_text(struct trace_json *state, const char *key, struct text text)
{
	if (text.len > 0)
		json_put_text(state->json, key, text);
}

/* TEXT as a name that fits on a track. Cut between characters. */
static void put_name(struct trace_json *state, const char *key, const struct buf *name)
{
	char storage[NAME_MAX_LEN + 4];
	struct buf cut = BUF_ON(storage);
	size_t len = name->len;

	if (len > NAME_MAX_LEN)
		for (len = NAME_MAX_LEN; len > 0 && ((unsigned char)name->data[len] & 0xc0) == 0x80;)
			len--;
	buf_bytes(&cut, name->data, len);
	if (len < name->len)
		buf_str(&cut, "\xe2\x80\xa6");
	json_put_text(state->json, key, (struct text){cut.data, cut.len});
}

static void put_metadata(struct trace *trace, struct trace_json *state, const char *what, uint32_t pid, uint32_t tid,
			 const struct buf *name)
{
	begin_event(state, "M", pid, tid);
	json_put_string(state->json, "name", what);
	json_key(state->json, "args");
	yajl_gen_map_open(state->json);
	put_name(state, "name", name);
	yajl_gen_map_close(state->json);
	end_event(trace, state);
}

/*
 * "git push -q", "part of python3 agent.py": a process that runs no program of its own is told by its parent's. False
 * when there is nothing but its number.
 */
static bool write_process_name(const struct trace *trace, const struct event *event, struct buf *out)
{
	const struct program *program = programs_of(&trace->summary.programs, event);

	if (event->kind == EVENT_PROCESS) {
		struct text words = event_get(event, FIELD_ARGV), exe = event_get(event, FIELD_EXE);

		if (words.len > 0)
			report_write_words(words, out);
		else
			buf_bytes(out, exe.data, exe.len);
	} else if (program && program->argv.len > 0) {
		buf_str(out, "part of ");
		report_write_words(program->argv, out);
	}
	if (out->len > 0)
		return true;
	buf_str(out, "process ");
	buf_u64(out, event->pid);
	return false;
}

static void close_program(struct trace *trace, struct trace_json *state, struct process *process)
{
	if (!process->open)
		return;
	begin_event(state, "E", process->pid, process->pid);
	put_ts(state, process->last_ns);
	end_event(trace, state);
	process->open = false;
}

/* The process of EVENT, with a name. */
static struct process *process_of(struct trace *trace, struct trace_json *state, const struct event *event)
{
	struct process *process = &state->processes[event->pid % PIDS];
	struct buf name = BUF_ON(state->raw);

	if (process->known && process->pid != event->pid) {
		close_program(trace, state, process);
		*process = (struct process){0};
	}
	if (process->known && event->kind != EVENT_PROCESS && (process->told || !event->ppid))
		return process;
	process->told = write_process_name(trace, event, &name);
	if (process->told || !process->known)
		put_metadata(trace, state, "process_name", event->pid, event->pid, &name);
	process->known = true;
	process->pid = event->pid;
	return process;
}

/* A thread's name is said again when another took its place here; that does no harm. */
static void name_thread(struct trace *trace, struct trace_json *state, const struct event *event)
{
	struct thread *thread = &state->threads[event->tid % THREADS];
	struct text exe = trace_base_name(event_get(event, FIELD_EXE));
	bool first = event->tid == event->pid;
	struct buf name = BUF_ON(state->raw);

	if (thread->known && thread->pid == event->pid && thread->tid == event->tid && event->kind != EVENT_PROCESS)
		return;
	*thread = (struct thread){event->pid, event->tid, true};
	if (first && exe.len > 0)
		buf_bytes(&name, exe.data, exe.len);
	else
		buf_str(&name, first ? "first thread" : "thread");
	put_metadata(trace, state, "thread_name", event->pid, event->tid, &name);
}

static void put_words(struct trace_json *state, const char *key, struct text words)
{
	if (words.len == 0)
		return;
	json_key(state->json, key);
	yajl_gen_array_open(state->json);
	while (words.len > 0) {
		const char *end = memchr(words.data, '\0', words.len);
		size_t len = end ? (size_t)(end - words.data) : words.len;

		json_text(state->json, (struct text){words.data, len});
		len += end != NULL;
		words = (struct text){words.data + len, words.len - len};
	}
	yajl_gen_array_close(state->json);
}

static void put_rule(struct trace *trace, struct trace_json *state, const struct event *event)
{
	struct rule_text rule = rule_text_of(session_view_policy(trace->view), event->rule, event->verb);
	char storage[512];
	struct buf name = BUF_ON(storage);

	rule_text_write_name(&rule, &name);
	put_text(state, "rule", (struct text){name.data, name.len});
	name.len = 0;
	rule_text_write_place(&rule, &name);
	put_text(state, "place", (struct text){name.data, name.len});
	put_text(state, "reason", rule.reason);
}

static void put_error(struct trace_json *state, int err)
{
	const char *word = err ? strerrorname_np(err) : NULL;

	if (word)
		json_put_string(state->json, "error", word);
	else if (err)
		json_put_number(state->json, "error", (uint64_t)(uint32_t)err);
}

static void put_source(struct trace *trace, struct trace_json *state, const struct event *event)
{
	struct buf source = BUF_ON(state->raw);
	struct source_line line;
	bool inherited;

	line = summary_source(&trace->summary, event, &inherited);
	if (line.frame.file.len == 0)
		return;
	source_write(&line, trace->summary.workspace, &source);
	if (inherited)
		buf_str(&source, ", which started it");
	put_text(state, "source", (struct text){source.data, source.len});
}

static void put_arguments(struct trace *trace, struct trace_json *state, const struct event *event)
{
	char storage[EVENT_ID_MAX];
	struct buf id = BUF_ON(storage);

	event_id_write(trace->view->info.id, event->segment, event->slot, &id);
	json_key(state->json, "args");
	yajl_gen_map_open(state->json);
	json_put_text(state->json, "event", (struct text){id.data, id.len});
	put_text(state, "object", event_get(event, FIELD_OBJECT));
	put_text(state, "other", event_get(event, FIELD_OTHER));
	put_text(state, "host", event_get(event, FIELD_HOST));
	put_text(state, "program", event_get(event, FIELD_EXE));
	put_words(state, "argv", event_get(event, FIELD_ARGV));
	put_text(state, "cwd", event_get(event, FIELD_CWD));
	put_text(state, "label", event_get(event, FIELD_LABEL));
	put_text(state, "call", event_get(event, FIELD_CALL));
	if (event->ppid)
		json_put_number(state->json, "parent", event->ppid);
	if (event->kind == EVENT_OPERATION) {
		json_put_string(state->json, "verdict", selection_verdicts[event->verdict]);
		put_rule(trace, state, event);
	} else {
		put_text(state, "why", event_get(event, FIELD_REASON));
	}
	if (event->kind == EVENT_COVERAGE)
		json_put_string(state->json, "coverage", report_coverage[event->coverage]);
	put_error(state, event->err);
	put_source(trace, state, event);
	put_words(state, "native", event_get(event, FIELD_STACK));
	yajl_gen_map_close(state->json);
}

/* What is shown of an event that is no start of a program. */
static void write_name(const struct event *event, enum outcome outcome, struct buf *out)
{
	static const char *const words[] = {
		[EVENT_COVERAGE] = "not covered:", [EVENT_HOST] = "host", [EVENT_LABEL] = "label", [EVENT_NOTE] = "guard:",
	};
	struct text name = event_get(event, FIELD_OBJECT);

	if (event->kind == EVENT_OPERATION) {
		buf_str(out, outcome == OUTCOME_REFUSED ? "refused: " : outcome_refuses(outcome) ? "would be refused: " : "");
		buf_str(out, verb_table[event->verb].word);
	} else {
		buf_str(out, words[event->kind]);
		if (event->kind == EVENT_LABEL)
			name = event_get(event, FIELD_LABEL);
		else if (event->kind == EVENT_NOTE)
			name = event_get(event, FIELD_REASON);
	}
	buf_char(out, ' ');
	buf_bytes(out, name.data, name.len);
}

static void put_instant(struct trace *trace, struct trace_json *state, const struct event *event)
{
	enum outcome outcome = event->kind == EVENT_OPERATION ? outcome_of(event) : OUTCOME_DONE;
	bool refuses = outcome_refuses(outcome);
	struct buf name = BUF_ON(state->raw);

	begin_event(state, "i", event->pid, event->tid);
	put_ts(state, event->time_ns);
	/* On the process's own track stands what should catch the eye. */
	json_put_string(state->json, "s", refuses || event->kind == EVENT_COVERAGE ? "p" : "t");
	json_put_string(state->json, "cat", refuses ? "refused" : event->kind == EVENT_OPERATION ? "operation" : "guard");
	if (refuses)
		json_put_string(state->json, "cname", "terrible");
	write_name(event, outcome, &name);
	put_name(state, "name", &name);
	put_arguments(trace, state, event);
	end_event(trace, state);
}

static void put_counter(struct trace *trace, struct trace_json *state, const struct event *event)
{
	begin_event(state, "C", state->counter_pid, state->counter_pid);
	put_ts(state, event->time_ns);
	json_put_string(state->json, "name", "refused");
	json_key(state->json, "args");
	yajl_gen_map_open(state->json);
	json_put_number(state->json, "count", ++state->refused);
	yajl_gen_map_close(state->json);
	end_event(trace, state);
}

static void hear(struct process *process, uint64_t time_ns)
{
	if (time_ns > process->last_ns)
		process->last_ns = time_ns;
}

static void open_program(struct trace *trace, struct trace_json *state, struct process *process, const struct event *event)
{
	struct text exe = event_get(event, FIELD_EXE);
	struct text name = trace_base_name(exe);
	struct buf raw = BUF_ON(state->raw);

	close_program(trace, state, process);
	hear(process, event->time_ns);
	process->open = true;
	begin_event(state, "B", event->pid, event->pid);
	put_ts(state, process->last_ns);
	json_put_string(state->json, "cat", "program");
	buf_bytes(&raw, name.data, name.len);
	if (raw.len == 0)
		buf_str(&raw, "?");
	put_name(state, "name", &raw);
	put_arguments(trace, state, event);
	end_event(trace, state);
}

static void add_event(struct trace *trace, void *closure, const struct event *event, bool selected)
{
	struct trace_json *state = closure;
	struct process *process, *parent = &state->processes[event->ppid % PIDS];

	if (!state->started) {
		uint64_t started_ns = trace->view->info.started_ns;

		state->started = true;
		state->counter_pid = event->pid;
		state->start_ns = started_ns < event->time_ns ? started_ns : event->time_ns;
	}
	/* Who starts another lives then. */
	if (event->ppid && parent->known && parent->pid == event->ppid)
		hear(parent, event->time_ns);
	if (!selected && event->kind != EVENT_PROCESS) {
		process = &state->processes[event->pid % PIDS];
		if (process->known && process->pid == event->pid)
			hear(process, event->time_ns);
		return;
	}
	process = process_of(trace, state, event);
	name_thread(trace, state, event);
	if (event->kind == EVENT_PROCESS) {
		open_program(trace, state, process, event);
		return;
	}
	hear(process, event->time_ns);
	put_instant(trace, state, event);
	if (event->kind == EVENT_OPERATION && outcome_refuses(outcome_of(event)))
		put_counter(trace, state, event);
}

static void end_json(struct trace *trace, void *closure)
{
	struct trace_json *state = closure;
	const struct session_info *info = &trace->view->info;
	struct process *first = &state->processes[(uint32_t)info->pid % PIDS];

	/* The first process's end is known: it is the session's. */
	if (first->pid == (uint32_t)info->pid)
		hear(first, info->ended_ns);
	for (uint32_t i = 0; i < PIDS; i++)
		close_program(trace, state, &state->processes[i]);
	yajl_gen_array_close(state->json);
	yajl_gen_map_close(state->json);
	output_string(trace->output, "\n");
	yajl_gen_free(state->json);
}

const struct trace_format trace_format_json = {
	.name = "json",
	.begin = begin_json,
	.event = add_event,
	.end = end_json,
};
