/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The compiled policy and how to ask it.
 *
 * A policy is an image (flat, position-free, mapped read-only; image.h) and the
 * part of it that changes while a session runs: counters of `over`/`per` and
 * the labels the session carries, shared by all its processes. Everything here
 * runs inside hooks, hence: no allocation, no lock, no errno. An image is
 * bounds-checked at every access, so a damaged one gives wrong answers, never
 * a wild pointer.
 */
#pragma once

#include "libguard/core/addr.h"
#include "libguard/core/base.h"
#include "libguard/core/verb.h"

/* Numbers that stand for a verdict no rule of the policy's text gave. */
#define RULE_DEFAULT 0xffffffffu  /* the section's default */
#define RULE_NOT_ASKED 0xfffffffeu /* nothing to decide: guard off, or no object */
#define RULE_BROKEN 0xfffffffdu   /* the guard could not decide and failed closed */

enum policy_mode { MODE_OFF, MODE_AUDIT, MODE_ENFORCE };

enum verdict_kind { VERDICT_ALLOW, VERDICT_DENY, VERDICT_ASK };

struct policy_state; /* counters and labels; its layout is state.h */

struct policy {
	const unsigned char *image;
	size_t size;                /* bytes */
	struct policy_state *state; /* NULL in tools that only ask: nothing is counted, no label is carried */
	bool counted;               /* the attempt was counted already: rules with `over` have had their say */
};

enum object_kind { OBJECT_PATH, OBJECT_ADDRESS, OBJECT_HOST, OBJECT_PROGRAM, OBJECT_PROCESS };

/*
 * How a thread's last name led to its directory, through the image: names come in runs from one directory, and need
 * but their last step then. Zeroed memory is an empty trail; it belongs to one thread, and may be left half-written.
 */
struct policy_trail {
	const unsigned char *image;
	uint32_t root;       /* enum image_root */
	uint32_t len;        /* bytes of `directory`; 0: empty */
	uint32_t count;      /* of `nodes`, those that are active behind the directory */
	uint32_t nodes[15];
	char directory[240];
};

/* What an operation is attempted on. */
struct object {
	enum object_kind kind;
	struct text text;        /* canonical path; unix socket path or "@name"; host name; program's canonical path */
	const struct addr *addr; /* OBJECT_ADDRESS */
	struct text host;        /* OBJECT_ADDRESS: the name that led to it, or empty */
	char *const *argv;       /* OBJECT_PROGRAM: NULL-terminated, or NULL */
	char *const *envp;       /* OBJECT_PROGRAM: the environment it gets, NULL-terminated, or NULL */
	bool tree;               /* a directory whose name changes: a rule about anything below it counts too */
	struct policy_trail *trail; /* the calling thread's, or NULL */
};

/* Who attempts it. */
struct actor {
	struct text exe;     /* canonical path of the acting program */
	struct text (*find_exe)(void); /* tells it where it is costly to know and few rules ask; NULL: it is in `exe` */
	struct text library; /* of the guard itself, by its absolute path: not foreign in LD_PRELOAD */
};

static inline struct text actor_exe(const struct actor *actor)
{
	return actor->find_exe ? actor->find_exe() : actor->exe;
}

struct verdict {
	enum verdict_kind kind;
	uint32_t rule;   /* number in the image, or RULE_* */
	verb_set verbs;  /* those asked that the deciding rule covers */
	int err;         /* errno of a refusal */
	uint64_t labels; /* labels the session gets if the operation succeeds */
	bool log;        /* false: a rule says that this need not be recorded */
};

/*
 * Attach to an image and the session's state.
 *
 *   image, size            a mapped image, kept by reference; size in bytes
 *   state, state_size      writable shared memory of policy_state_size bytes, or NULL
 *   out                    what the functions below take
 *
 * Returns 0, or
 *   -EINVAL   not an image, another version, cut short, or the state is too small
 *
 * Safe in threads, signal handlers and after fork. Allocates nothing.
 *
 * Source: image.h.
 */
int policy_attach(const void *image, size_t size, void *state, size_t state_size, struct policy *out) MUST_CHECK;

/* -EINVAL unless the image's checksum is that of its bytes. Reads all of it: for tools, not for hooks. */
int policy_verify(const struct policy *policy) MUST_CHECK NONNULL;

/* Bytes of shared memory that the image's counters need. New memory must be zero. */
size_t policy_state_size(const void *image, size_t size) NONNULL;

/*
 * Decide whether VERBS may be done to OBJECT by ACTOR.
 *
 *   verbs  one or more verbs of one section; the answer holds for all of them together
 *   out    the verdict: deny over ask over allow over the section's default
 *
 * Counts the attempt for every rule with `over` that covers it. Never fails: what cannot be decided (a name that
 * needs more states than the matcher has) is VERDICT_DENY by RULE_BROKEN.
 *
 * Safe in threads, signal handlers and after fork. Allocates nothing, leaves errno alone; needs about 6 KiB of
 * stack. Cost: grows with the length of the name, not with the number of rules.
 *
 * Source: doc/guard.conf.5.
 */
void policy_decide(const struct policy *policy, verb_set verbs, const struct object *object,
		   const struct actor *actor, struct verdict *out) NONNULL;

/* Why a rule that covers an object does not apply to it: the first of its conditions that does not hold. */
enum rule_bar { BAR_NONE, BAR_PORT, BAR_BY, BAR_ARGS, BAR_ENV, BAR_AFTER, BAR_EXCEPT, BAR_OVER };

/* Who is told of every rule that policy_explain comes to. */
struct policy_listener {
	void (*hear)(void *context, uint32_t rule, verb_set verbs, enum rule_bar bar);
	void *context;
};

/*
 * policy_decide that tells of each rule whose objects and verbs cover the question.
 *
 *   listener  hear() gets the rule's number, those of VERBS that it covers and BAR_NONE if it applied; a rule with
 *             several patterns for one name may be told more than once
 *
 * The verdict, the counting, the safety and the cost are those of policy_decide.
 */
void policy_explain(const struct policy *policy, verb_set verbs, const struct object *object, const struct actor *actor,
		    const struct policy_listener *listener, struct verdict *out) NONNULL;

/* Let the session carry LABELS from now on; the set that is new by this call. */
uint64_t policy_label(const struct policy *policy, uint64_t labels) NONNULL;

/* The labels the session carries. */
uint64_t policy_labels(const struct policy *policy) NONNULL;

enum policy_mode policy_mode(const struct policy *policy) NONNULL;

/* What hooks and tools need to know of the `log` section. */
struct policy_log {
	bool required; /* refuse what cannot be recorded */
	uint8_t reads; /* enum policy_reads */
	uint8_t stacks; /* enum policy_stacks */
	bool native;   /* where stacks are recorded: the native one too */
};
enum policy_reads { READS_NONE, READS_LABELLED, READS_ALL };
enum policy_stacks { STACKS_NONE, STACKS_DENIED, STACKS_ALL };

struct policy_log policy_log(const struct policy *policy) NONNULL;

/* A program that rules refuse by its path, as what it was when the session began. */
struct policy_twin {
	struct text path;
	uint64_t device, inode, print; /* st_dev, st_ino, content_print */
};

/* The NUMBERth (from 0) of those that have SIZE bytes. False: there are no more. */
bool policy_twin(const struct policy *policy, uint64_t size, uint32_t number, struct policy_twin *out) MUST_CHECK NONNULL;

/* What the `kernel` section asks for, by the order of its words in policy.def. */
enum policy_trust { TRUST_FAST, TRUST_BALANCED, TRUST_STRICT };
enum policy_part { PART_AUTO, PART_REQUIRE, PART_OFF };

struct policy_kernel {
	uint8_t trust;                        /* enum policy_trust */
	uint8_t supervisor, filter, landlock; /* enum policy_part */
};

struct policy_kernel policy_kernel(const struct policy *policy) NONNULL;

/* Is anything refused to anybody for one of VERBS, by a rule or by the default? Looks at every rule. */
bool policy_refuses(const struct policy *policy, verb_set verbs) NONNULL;

/* Does any rule ask for the environment of programs? If none does, nobody needs to look at it. */
bool policy_asks_environment(const struct policy *policy) NONNULL;

/* A variable of an environment, and its value or the part of it that counts. */
struct policy_variable {
	struct text name, value;
};

/* For which variable of OBJECT's environment RULE applies to it. False: the rule asks for none. */
bool policy_variable(const struct policy *policy, uint32_t rule, const struct object *object, const struct actor *actor,
		     struct policy_variable *out) MUST_CHECK NONNULL;

/* Does any rule hide objects, so that queries (stat, access) must be decided too? */
bool policy_hides(const struct policy *policy) NONNULL;

struct rule_info {
	struct text id;     /* "base/ssh-keys" for a rule of a profile */
	struct text file;   /* the name by which the policy's text was opened */
	uint32_t line;
	struct text reason; /* may be empty */
	enum verdict_kind kind;
	enum section section;
	verb_set verbs;
	bool builtin;
	uint32_t over, per_s; /* per_s 0: no counter */
	uint64_t after;       /* labels, one of which the session must carry; 0: none asked */
	bool excepts;         /* it has exceptions */
};

uint32_t policy_rule_count(const struct policy *policy) NONNULL;

/* -ENOENT when NUMBER is none of the image's (RULE_DEFAULT and the like). Texts point into the image. */
int policy_rule(const struct policy *policy, uint32_t number, struct rule_info *out) MUST_CHECK NONNULL;

/*
 * What the policy allows in place of what RULE refused: objects as the policy writes them, its variables replaced; the
 * exceptions of the rule, else what rules allow for VERB. Empty when there is nothing to say. RULE may be RULE_DEFAULT.
 */
struct text policy_hint(const struct policy *policy, uint32_t rule, enum verb verb) NONNULL;

/* The name of label NUMBER (0 to 63), or empty. */
struct text policy_label_name(const struct policy *policy, unsigned number) NONNULL;
