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

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define FRAME_TEXT 512 /* bytes of a file's or function's name */

/*
 * What V8 is doing, by its own word: JavaScript, which up to Node.js 20 excludes native functions that may use the
 * heap and later does not, or such a function.
 */
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

/* V8 of Node.js 18, 20, 22 and 24. */
static const char *const versions[] = {"10.2.", "11.3.", "12.4.", "13.6."};

static pid_t process;            /* in which V8 was found, 0: not */
static __thread bool is_asking;  /* V8 may end up in a hook itself */

/* The stack of a thread that forks now. When more threads fork at once than there are, some are not told. */
static struct fork_stack {
	_Atomic bool is_taken;
	size_t len;
	char text[4096];
} fork_stacks[8];
static __thread struct fork_stack *forking;

static bool is_known(const char *version)
{
	if (!strstr(version, "-node."))
		return false; /* another embedder may do otherwise */
	for (size_t i = 0; i < ARRAY_LEN(versions); i++)
		if (!strncmp(version, versions[i], strlen(versions[i])))
			return true;
	return false;
}

static void before_fork(void);
static void after_fork(void);

bool node_find(void *(*find)(const char *name))
{
	const char *(*version)(void) = (__typeof__(version))find("_ZN2v82V810GetVersionEv");

	if (!version || !is_known(version()))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(functions); i++) {
		void *address = find(functions[i].name);

		if (!address)
			return false;
		memcpy(functions[i].where, &address, sizeof address);
	}
	process = sys_getpid();
	return pthread_atfork(before_fork, after_fork, NULL) == 0;
}

/*
 * Are we within a native function that may use V8's heap? No fast call forks, so in front of a fork it is enough that
 * JavaScript has been left by a call, and not by a signal: then V8 finds frames without any help of ours.
 */
static bool may_ask(void *isolate, bool is_fork)
{
	struct registers at = {.sp = __builtin_frame_address(0)};
	struct sample sample = {.state = UINT16_MAX};
	void *frames[1];

	if (!isolate || !v8.is_in_context(isolate))
		return false;
	v8.sample(isolate, &at, frames, ARRAY_LEN(frames), &sample);
	return sample.state == STATE_EXTERNAL || (is_fork && sample.state == STATE_SCRIPT && sample.count > 0);
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

static void ask(struct buf *out, bool is_fork)
{
	struct handle_scope scope;
	int saved = errno;
	void *isolate;

	if (is_asking)
		return;
	is_asking = true;
	atomic_signal_fence(memory_order_seq_cst);
	isolate = v8.isolate();
	if (may_ask(isolate, is_fork)) {
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
	ask(&out, true);
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
		ask(out, false);
	else if (forking)
		buf_bytes(out, forking->text, forking->len);
}
