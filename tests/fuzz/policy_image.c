/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy image of any bytes: attached, asked about objects of every kind, told about rule by rule.
 */
#include "libguard/policy/policy.h"

#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#define STATE_MAX (1u << 20) /* a hostile image may ask for any amount */

static char *const argv[] = {(char[]){"git"}, (char[]){"push"}, (char[]){"--force"}, (char[]){"origin"}, NULL};
static char *const envp[] = {(char[]){"PATH=/usr/bin:/bin"}, (char[]){"LD_PRELOAD=/opt/guard/libguard.so:/tmp/x.so y"},
			     (char[]){"=::"}, (char[]){"NONE"}, NULL};

static struct verdict ask(const struct policy *policy, verb_set verbs, const struct object *object)
{
	const struct actor actor = {.exe = TEXT("/usr/bin/python3.11"), .library = TEXT("/opt/guard/libguard.so")};
	struct verdict verdict;

	policy_decide(policy, verbs, object, &actor, &verdict);
	fuzz_demand(verdict.kind <= VERDICT_ASK, "a verdict is a known one");
	return verdict;
}

static void ask_paths(const struct policy *policy)
{
	static const struct text paths[] = {
		{"/", 1}, {"/home/user/.ssh/id_ed25519", 26}, {"/data/a/b/c/d.csv", 17}, {"/etc/shadow", 11}, {"", 0},
		{"/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x", 60},
	};

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		struct object object = {.kind = OBJECT_PATH, .text = paths[i]};

		ask(policy, VERB_SET(READ), &object);
		ask(policy, VERB_SET(WRITE) | VERB_SET(CREATE), &object);
		object.tree = true;
		ask(policy, VERB_SET(DELETE), &object);
	}
}

static void ask_network(const struct policy *policy)
{
	static struct addr addrs[] = {
		{.family = ADDR_INET, .port = 443, .ip = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 1}},
		{.family = ADDR_INET6, .port = 22, .ip = {0xfd, 0x00, 0x0e, 0xc2}},
		{.family = ADDR_UNIX, .socket = {"/run/docker.sock", 16}},
		{.family = ADDR_UNIX, .socket = {"@abstract", 9}},
		{.family = ADDR_OTHER, .other = 16},
	};

	for (size_t i = 0; i < ARRAY_LEN(addrs); i++) {
		struct object object = {.kind = OBJECT_ADDRESS, .addr = &addrs[i], .text = addrs[i].socket};

		ask(policy, VERB_SET(CONNECT), &object);
		object.host = TEXT("api.example.com");
		ask(policy, VERB_SET(SEND), &object);
	}
	ask(policy, VERB_SET(RESOLVE), &(struct object){.kind = OBJECT_HOST, .text = TEXT("a.b.example.com")});
}

static void tell(const struct policy *policy)
{
	uint32_t count = policy_rule_count(policy);
	struct rule_info info;

	for (uint32_t i = 0; i < count && i < 64; i++)
		if (policy_rule(policy, i, &info) == 0)
			fuzz_demand(info.section < SECTION_COUNT && info.kind <= VERDICT_ASK, "a rule has a known section");
	for (unsigned i = 0; i < 70; i++)
		(void)policy_label_name(policy, i);
	(void)policy_log(policy);
	(void)policy_hides(policy);
	(void)policy_mode(policy);
	(void)!policy_verify(policy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	/* As long as the input, so that one byte too far is seen. */
	unsigned char *image = aligned_alloc(8, (len + 8) & ~(size_t)7);
	unsigned char *last = image + (((len + 8) & ~(size_t)7) - len) / 8 * 8;
	size_t state_size;
	void *state;
	struct policy policy;

	memcpy(last, data, len);
	state_size = len ? policy_state_size(last, len) : 0;
	state = state_size && state_size <= STATE_MAX ? calloc(1, state_size) : NULL;
	if (policy_attach(last, len, state, state ? state_size : 0, &policy) == 0) {
		if (state)
			policy_label(&policy, 0x5);
		ask_paths(&policy);
		ask_network(&policy);
		ask(&policy, VERB_SET(EXEC), &(struct object){.kind = OBJECT_PROGRAM, .text = TEXT("/usr/bin/git"), .argv = argv, .envp = envp});
		ask(&policy, VERB_SET(SIGNAL), &(struct object){.kind = OBJECT_PROCESS, .text = TEXT("1")});
		tell(&policy);
	}
	free(state);
	free(image);
	return 0;
}
