/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JavaScript's frames; see node.h.
 *
 * Native addons call these functions of Node.js by the same names, so they are
 * there in every build and stay within a major version. Local<T> is one pointer
 * to a handle, given back in a register.
 */
#include "libguard/record/node.h"

#include "libguard/core/sys.h"
#include "libguard/record/peek.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define FRAME_TEXT 512 /* bytes of a file's or function's name */

/* What V8 is doing, by its own word: JavaScript, or a native function that may use the heap. */
#define STATE_SCRIPT 0
#define STATE_EXTERNAL 6

/* struct SampleInfo, and room for what later versions add. */
struct sample {
	size_t count;
	void *entry, *context, *embedder_context;
	uint16_t state; /* up to Node.js 20 the lower half of an int */
	void *room[8];
};

struct registers {
	void *pc, *sp, *fp, *lr, *saved;
	void *room[4];
};

struct handle_scope {
	void *room[8]; /* three pointers up to now */
};

/* StackTrace::kOverview. Versions compute all of it anyway, when a frame is asked. */
#define DETAILS 0x0f

#define WRITE_NO_NUL 2         /* String::NO_NULL_TERMINATION */
#define WRITE_REPLACE 8        /* String::REPLACE_INVALID_UTF8 */

static struct {
	void *(*isolate)(void);
	bool (*is_in_context)(void *isolate);
	void (*sample)(void *isolate, const struct registers *at, void **frames, size_t max, struct sample *out);
	void (*open_scope)(struct handle_scope *scope, void *isolate);
	void (*close_scope)(struct handle_scope *scope);
	void *(*stack)(void *isolate, int max, int options);
	int (*count)(const void *stack);
	void *(*frame)(const void *stack, void *isolate, uint32_t number);
	void *(*file)(const void *frame);
	void *(*name)(const void *frame);
	uint64_t (*place)(const void *frame); /* line and column from 0, 32 bits each */
	int (*utf8)(const void *string, void *isolate, char *out, int cap, int *characters, int options);
} v8;

static const struct {
	const char *name;
	void *where;
} functions[] = {
	{"_ZN2v87Isolate13TryGetCurrentEv", &v8.isolate},
	{"_ZN2v87Isolate9InContextEv", &v8.is_in_context},
	{"_ZN2v87Isolate14GetStackSampleERKNS_13RegisterStateEPPvmPNS_10SampleInfoE", &v8.sample},
	{"_ZN2v811HandleScopeC1EPNS_7IsolateE", &v8.open_scope},
	{"_ZN2v811HandleScopeD1Ev", &v8.close_scope},
	{"_ZN2v810StackTrace17CurrentStackTraceEPNS_7IsolateEiNS0_17StackTraceOptionsE", &v8.stack},
	{"_ZNK2v810StackTrace13GetFrameCountEv", &v8.count},
	{"_ZNK2v810StackTrace8GetFrameEPNS_7IsolateEj", &v8.frame},
	{"_ZNK2v810StackFrame13GetScriptNameEv", &v8.file},
	{"_ZNK2v810StackFrame15GetFunctionNameEv", &v8.name},
	{"_ZNK2v810StackFrame11GetLocationEv", &v8.place},
	{"_ZNK2v86String9WriteUtf8EPNS_7IsolateEPciPii", &v8.utf8},
};

/*
 * V8 of Node.js 18, 20, 22 and 24. Later ones call native functions that may use the heap in state "JavaScript" too, as
 * they do "fast calls", which may not. Where the frame pointer of a fast call's caller stands in the isolate is one of
 * the "IsolateData layout guarantees" of v8-internal.h; it is 0 outside of one.
 */
static const struct version {
	const char *begins;
	size_t fast_call; /* bytes from the isolate's start; 0: the state tells */
} versions[] = {
	{"10.2.", 0},
	{"11.3.", 0},
	{"12.4.", 240},
	{"13.6.", 296},
};

static const struct version *known;

static pid_t process;            /* in which V8 was found, 0: not */
static __thread bool is_asking;  /* V8 may end up in a hook itself */

/* The stack of a thread that forks now. When more threads fork at once than there are, some are not told. */
static struct fork_stack {
	_Atomic bool is_taken;
	size_t len;
	char text[4096];
} fork_stacks[8];
static __thread struct fork_stack *forking;

static const struct version *find_version(const char *version)
{
	if (!strstr(version, "-node."))
		return NULL; /* another embedder may do otherwise */
	for (size_t i = 0; i < ARRAY_LEN(versions); i++)
		if (!strncmp(version, versions[i].begins, strlen(versions[i].begins)))
			return &versions[i];
	return NULL;
}

static void before_fork(void);
static void after_fork(void);

bool node_find(void *(*find)(const char *name))
{
	const char *(*version)(void) = (__typeof__(version))find("_ZN2v82V810GetVersionEv");

	known = version ? find_version(version()) : NULL;
	if (!known)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(functions); i++) {
		void *address = find(functions[i].name);

		if (!address)
			return false;
		memcpy(functions[i].where, &address, sizeof address);
	}
	if (!peek_works() || pthread_atfork(before_fork, after_fork, NULL) != 0)
		return false;
	process = sys_getpid();
	return true;
}

/*
 * Are we within a native function that may use V8's heap? In state "JavaScript" we are if it has been left by a call of
 * the ordinary kind: neither a fast one nor a signal. Then V8 finds frames although we tell it of none.
 */
static bool may_ask(void *isolate)
{
	struct registers at = {.sp = __builtin_frame_address(0)};
	struct sample sample = {.state = UINT16_MAX};
	struct peek peek = {0};
	uintptr_t fast_call;
	void *frames[1];

	if (!isolate || !v8.is_in_context(isolate))
		return false;
	v8.sample(isolate, &at, frames, ARRAY_LEN(frames), &sample);
	if (sample.state != STATE_SCRIPT || !known->fast_call)
		return sample.state == STATE_EXTERNAL;
	return sample.count > 0 && peek_bytes(&peek, (uintptr_t)isolate + known->fast_call, &fast_call, sizeof fast_call) &&
	       fast_call == 0;
}

/* A string, or OTHERWISE for none. What could be taken for the end of a frame or of its file is written as '?'. */
static void write_string(const void *string, void *isolate, const char *otherwise, bool blanks, struct buf *out)
{
	char text[FRAME_TEXT];
	int len = string ? v8.utf8(string, isolate, text, sizeof text, NULL, WRITE_NO_NUL | WRITE_REPLACE) : 0;

	if (len <= 0)
		buf_str(out, otherwise);
	for (int i = len > 7 && !memcmp(text, "file://", 7) ? 7 : 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		buf_char(out, c < 0x20 || c == 0x7f || (c == ' ' && !blanks) ? '?' : (char)c);
	}
}

static void write_frames(void *isolate, struct buf *out)
{
	const void *stack = v8.stack(isolate, NODE_FRAMES_MAX, DETAILS);
	int count = stack ? v8.count(stack) : 0;

	for (int i = 0; i < count && !out->overflow; i++) {
		const void *frame = v8.frame(stack, isolate, (uint32_t)i);
		size_t before = out->len;

		if (!frame)
			return;
		if (before > 0)
			buf_char(out, '\0');
		write_string(v8.file(frame), isolate, "<unknown>", true, out);
		buf_char(out, ':');
		buf_u64(out, (uint32_t)v8.place(frame) + 1);
		buf_char(out, ' ');
		write_string(v8.name(frame), isolate, "<anonymous>", false, out);
		if (out->overflow)
			out->len = before;
	}
}

static void ask(struct buf *out)
{
	struct handle_scope scope;
	int saved = errno;
	void *isolate;

	if (is_asking)
		return;
	is_asking = true;
	atomic_signal_fence(memory_order_seq_cst);
	isolate = v8.isolate();
	if (may_ask(isolate)) {
		v8.open_scope(&scope, isolate);
		write_frames(isolate, out);
		v8.close_scope(&scope);
	}
	atomic_signal_fence(memory_order_seq_cst);
	is_asking = false;
	errno = saved; /* V8 calls libc */
}

static void before_fork(void)
{
	struct buf out;

	if (sys_getpid() != process)
		return;
	for (size_t i = 0; i < ARRAY_LEN(fork_stacks) && !forking; i++)
		if (!atomic_exchange(&fork_stacks[i].is_taken, true))
			forking = &fork_stacks[i];
	if (!forking)
		return;
	out = BUF_ON(forking->text);
	ask(&out);
	forking->len = out.len;
}

static void after_fork(void)
{
	if (forking)
		atomic_store(&forking->is_taken, false);
	forking = NULL;
}

void node_write_stack(struct buf *out)
{
	if (!process)
		return;
	if (sys_getpid() == process)
		ask(out);
	else if (forking)
		buf_bytes(out, forking->text, forking->len);
}
