/* SPDX-License-Identifier: Apache-2.0 */
#include "libguard/policy/image.h"
#include "libguard/policy/policy.h"

#include "tests/unit/suite.h"
#include "tools/image_build.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct image_builder *builder;
static unsigned char *image;
static size_t image_size;
static void *state;
static struct policy policy;
static struct actor actor = {.exe = {"/usr/bin/python3.11", 19}, .library = {"/opt/guard/libguard.so", 22}};

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})
#define RULE(...) add(&(struct image_rule){.file = "guard.conf", .line = 1, __VA_ARGS__})

static void add(const struct image_rule *rule)
{
	if (!builder)
		builder = image_builder_new();
	CU_ASSERT_EQUAL_FATAL(image_builder_add(builder, rule), 0);
}

static void compile(enum verdict_kind otherwise)
{
	struct image_setting setting = {.mode = MODE_ENFORCE};
	size_t state_size;

	for (int i = 0; i < SECTION_COUNT; i++)
		setting.defaults[i] = otherwise;
	if (!builder)
		builder = image_builder_new();
	CU_ASSERT_EQUAL_FATAL(image_builder_finish(builder, &setting, &image, &image_size), 0);
	state_size = policy_state_size(image, image_size);
	CU_ASSERT_TRUE_FATAL(state_size > 0);
	state = calloc(1, state_size);
	CU_ASSERT_EQUAL_FATAL(policy_attach(image, image_size, state, state_size, &policy), 0);
	CU_ASSERT_EQUAL(policy_verify(&policy), 0);
}

static void drop(void)
{
	image_builder_free(builder);
	builder = NULL;
	free(image);
	free(state);
}

static struct verdict ask(verb_set verbs, const struct object *object)
{
	struct verdict verdict;

	policy_decide(&policy, verbs, object, &actor, &verdict);
	return verdict;
}

static enum verdict_kind ask_path(verb_set verbs, const char *path)
{
	return ask(verbs, &(struct object){.kind = OBJECT_PATH, .text = {path, strlen(path)}}).kind;
}

static enum verdict_kind ask_host(const char *host)
{
	return ask(VERB_SET(RESOLVE), &(struct object){.kind = OBJECT_HOST, .text = {host, strlen(host)}}).kind;
}

static enum verdict_kind ask_ip(const char *ip, uint16_t port, const char *host)
{
	struct addr addr = {.family = ADDR_INET, .port = port};
	struct object object = {.kind = OBJECT_ADDRESS, .addr = &addr, .host = {host, strlen(host)}};

	if (strchr(ip, ':')) {
		addr.family = ADDR_INET6;
		CU_ASSERT_EQUAL_FATAL(inet_pton(AF_INET6, ip, addr.ip), 1);
	} else {
		memset(addr.ip + 10, 0xff, 2);
		CU_ASSERT_EQUAL_FATAL(inet_pton(AF_INET, ip, addr.ip + 12), 1);
	}
	return ask(VERB_SET(CONNECT), &object).kind;
}

static enum verdict_kind ask_program(const char *program, char *const *argv)
{
	return ask(VERB_SET(EXEC), &(struct object){.kind = OBJECT_PROGRAM, .text = {program, strlen(program)}, .argv = argv})
		.kind;
}

#define READ VERB_SET(READ)
#define WRITE VERB_SET(WRITE)
#define DELETE VERB_SET(DELETE)
#define DENY .kind = VERDICT_DENY
#define ALLOW .kind = VERDICT_ALLOW

static void deny_goes_over_ask_over_allow_over_default(void)
{
	RULE(.id = "all", ALLOW, .verbs = READ, .paths = LIST("/**"));
	RULE(.id = "ask", .kind = VERDICT_ASK, .verbs = READ, .paths = LIST("/a/**"));
	RULE(.id = "no", DENY, .verbs = READ, .paths = LIST("/a/b/**"));
	compile(VERDICT_DENY);
	CU_ASSERT_EQUAL(ask_path(READ, "/x"), VERDICT_ALLOW);
	CU_ASSERT_EQUAL(ask_path(READ, "/a/x"), VERDICT_ASK);
	CU_ASSERT_EQUAL(ask_path(READ, "/a/b"), VERDICT_DENY);
	CU_ASSERT_EQUAL(ask_path(WRITE, "/x"), VERDICT_DENY);
	/* verbs asked together have to be allowed one by one */
	CU_ASSERT_EQUAL(ask_path(READ | WRITE, "/x"), VERDICT_DENY);
	drop();
}

struct heard {
	unsigned count;
	uint32_t rule[8];
	enum rule_bar bar[8];
};

static void hear(void *context, uint32_t rule, verb_set verbs, enum rule_bar bar)
{
	struct heard *heard = context;

	CU_ASSERT_EQUAL(verbs, VERB_SET(READ));
	if (heard->count < ARRAY_LEN(heard->rule)) {
		heard->rule[heard->count] = rule;
		heard->bar[heard->count] = bar;
	}
	heard->count++;
}

static void explaining_tells_every_rule_and_what_keeps_it_out(void)
{
	static const struct {
		uint32_t rule;
		enum rule_bar bar;
	} expected[] = {{0, BAR_NONE}, {1, BAR_BY}, {2, BAR_AFTER}, {3, BAR_EXCEPT}, {4, BAR_OVER}, {5, BAR_NONE}};
	const struct object object = {.kind = OBJECT_PATH, .text = {"/a/b", 4}};
	struct heard heard = {0};
	struct policy_listener listener = {hear, &heard};
	struct verdict explained, decided;

	RULE(.id = "allow", ALLOW, .verbs = READ, .paths = LIST("/a/**"));
	RULE(.id = "by", DENY, .verbs = READ, .paths = LIST("/a/**"), .by = LIST("perl"));
	RULE(.id = "after", DENY, .verbs = READ, .paths = LIST("/a/**"), .after = 1);
	RULE(.id = "except", DENY, .verbs = READ, .paths = LIST("/a/**"), .except = LIST("/a/b"));
	RULE(.id = "over", DENY, .verbs = READ, .paths = LIST("/a/**"), .over = 5, .per_s = 60);
	RULE(.id = "deny", DENY, .verbs = READ | WRITE, .paths = LIST("/a/**"), .err = EPERM);
	RULE(.id = "other verb", DENY, .verbs = WRITE, .paths = LIST("/a/**"));
	RULE(.id = "other path", DENY, .verbs = READ, .paths = LIST("/c/**"));
	compile(VERDICT_ALLOW);
	policy_explain(&policy, READ, &object, &actor, &listener, &explained);
	CU_ASSERT_EQUAL_FATAL(heard.count, ARRAY_LEN(expected));
	for (unsigned i = 0; i < heard.count; i++) {
		CU_ASSERT_EQUAL(heard.rule[i], expected[i].rule);
		CU_ASSERT_EQUAL(heard.bar[i], expected[i].bar);
	}
	decided = ask(READ, &object);
	CU_ASSERT_EQUAL(explained.kind, decided.kind);
	CU_ASSERT_EQUAL(explained.rule, 5);
	CU_ASSERT_EQUAL(decided.rule, 5);
	CU_ASSERT_EQUAL(explained.err, EPERM);
	drop();
}

static bool hint_is(uint32_t rule, enum verb verb, const char *expected)
{
	struct text hint = policy_hint(&policy, rule, verb);

	return hint.len == strlen(expected) && !memcmp(hint.data, expected, hint.len);
}

static void a_hint_is_the_rules_own_or_the_verbs(void)
{
	struct image_setting setting = {.mode = MODE_ENFORCE, .hints = {[VERB_READ] = "/w/**"}};

	RULE(.id = "own", DENY, .verbs = READ, .paths = LIST("/a/**"), .hint = "/a/b");
	RULE(.id = "none", DENY, .verbs = READ, .paths = LIST("/c/**"));
	CU_ASSERT_EQUAL_FATAL(image_builder_finish(builder, &setting, &image, &image_size), 0);
	state = NULL;
	CU_ASSERT_EQUAL_FATAL(policy_attach(image, image_size, NULL, 0, &policy), 0);
	CU_ASSERT_TRUE(hint_is(0, VERB_READ, "/a/b"));
	CU_ASSERT_TRUE(hint_is(1, VERB_READ, "/w/**"));
	CU_ASSERT_TRUE(hint_is(1, VERB_WRITE, ""));
	CU_ASSERT_TRUE(hint_is(RULE_DEFAULT, VERB_READ, "/w/**"));
	drop();
}

static void patterns_of_every_shape_are_found(void)
{
	static const struct {
		const char *path;
		bool covered;
	} rows[] = {
		{"/data", true},           {"/data/x/y", true},     {"/database", false},
		{"/w/.env", true},         {"/.env", true},         {"/w/.env.local", true},
		{"/w/x.env", false},       {"/k/a.pem", true},      {"/k/a.pemx", false},
		{"/home/u/id_rsa", true},  {"/home/id_rsa", false}, {"/home/u/v/id_rsa", false},
		{"/t/deep/er/key", true},  {"/t/key", true},        {"/t/deep/keys", false},
		{"/m/abcxx/yyd/z", true},  {"/m/abd/z", true},      {"/m/ab/z", false},
		{"/l/st*ar", true},        {"/l/star", false},      {"/q/xmidy", true},
		{"/q/xmdy", false},        {"/", false},
	};

	RULE(.id = "r", DENY, .verbs = READ,
	     .paths = LIST("/data/**", "**/.env", "**/.env.*", "**/*.pem", "/home/*/id_*", "/t/**/key", "/m/ab**d/z",
			   "/l/st\\*ar", "/q/*mid*"));
	compile(VERDICT_ALLOW);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if ((ask_path(READ, rows[i].path) == VERDICT_DENY) != rows[i].covered)
			CU_FAIL(rows[i].path);
	drop();
}

static void ten_thousand_globs_of_a_node_are_told_apart(void)
{
	char prefix[64], suffix[64], name[64];

	for (int i = 0; i < 10000; i++) {
		snprintf(prefix, sizeof prefix, "/a/p%d-*", i);
		snprintf(suffix, sizeof suffix, "/a/*-s%d", i);
		RULE(.id = "r", DENY, .verbs = READ, .paths = LIST(prefix, suffix));
	}
	compile(VERDICT_ALLOW);
	for (int i = 0; i < 10000; i += 77) {
		snprintf(name, sizeof name, "/a/p%d-x", i);
		CU_ASSERT_EQUAL(ask_path(READ, name), VERDICT_DENY);
		snprintf(name, sizeof name, "/a/x-s%d", i);
		CU_ASSERT_EQUAL(ask_path(READ, name), VERDICT_DENY);
		snprintf(name, sizeof name, "/a/x-s%dx", i);
		CU_ASSERT_EQUAL(ask_path(READ, name), VERDICT_ALLOW);
	}
	drop();
}

static void exceptions_and_actors_narrow_a_rule(void)
{
	RULE(.id = "ssh", DENY, .verbs = READ, .paths = LIST("/home/u/.ssh/**"),
	     .except = LIST("/home/u/.ssh/*.pub", "known_hosts"));
	RULE(.id = "pip", DENY, .verbs = READ, .paths = LIST("/p"), .by = LIST("pip*"));
	RULE(.id = "py", DENY, .verbs = READ, .paths = LIST("/q"), .by = LIST("**/python3*"));
	compile(VERDICT_ALLOW);
	CU_ASSERT_EQUAL(ask_path(READ, "/home/u/.ssh/id_rsa"), VERDICT_DENY);
	CU_ASSERT_EQUAL(ask_path(READ, "/home/u/.ssh/id_rsa.pub"), VERDICT_ALLOW);
	CU_ASSERT_EQUAL(ask_path(READ, "/home/u/.ssh/known_hosts"), VERDICT_ALLOW);
	CU_ASSERT_EQUAL(ask_path(READ, "/p"), VERDICT_ALLOW);
	CU_ASSERT_EQUAL(ask_path(READ, "/q"), VERDICT_DENY);
	drop();
}

static enum verdict_kind ask_rename(const char *path)
{
	return ask(DELETE, &(struct object){.kind = OBJECT_PATH, .text = {path, strlen(path)}, .tree = true}).kind;
}

static void a_directory_takes_along_what_is_denied_below(void)
{
	RULE(.id = "secret", DENY, .verbs = READ, .paths = LIST("/w/a/secret/**"));
	RULE(.id = "env", DENY, .verbs = READ, .paths = LIST("**/.env"));
	RULE(.id = "some", DENY, .verbs = READ, .paths = LIST("/v/a/**/x"));
	compile(VERDICT_ALLOW);
	CU_ASSERT_EQUAL(ask_rename("/w"), VERDICT_DENY);
	CU_ASSERT_EQUAL(ask_rename("/w/a"), VERDICT_DENY);
	CU_ASSERT_EQUAL(ask_rename("/w/b"), VERDICT_ALLOW);
	CU_ASSERT_EQUAL(ask_rename("/v"), VERDICT_ALLOW);
	CU_ASSERT_EQUAL(ask_path(DELETE, "/w/a"), VERDICT_ALLOW);
	drop();
}

static void addresses_match_by_their_longest_and_shortest_ranges(void)
{
	struct image_range metadata = {{[10] = 0xff, 0xff, 169, 254}, 112};
	struct image_range v6 = {{0xfd, 0x00, 0x0e, 0xc2}, 32};
	struct image_range any = {{0}, 0};
	struct image_ports web[] = {{443, 443}, {8000, 8999}};

	RULE(.id = "web", ALLOW, .section = SECTION_NETWORK, .verbs = VERB_SET(CONNECT), .ranges = &any, .range_count = 1,
	     .ports = web, .port_count = 2);
	RULE(.id = "meta", DENY, .section = SECTION_NETWORK, .verbs = VERB_SET(CONNECT), .ranges = &metadata,
	     .range_count = 1);
	RULE(.id = "v6", DENY, .section = SECTION_NETWORK, .verbs = VERB_SET(CONNECT), .ranges = &v6, .range_count = 1);
	compile(VERDICT_DENY);
	CU_ASSERT_EQUAL(ask_ip("1.2.3.4", 443, ""), VERDICT_ALLOW);
	CU_ASSERT_EQUAL(ask_ip("1.2.3.4", 8500, ""), VERDICT_ALLOW);
	CU_ASSERT_EQUAL(ask_ip("1.2.3.4", 80, ""), VERDICT_DENY);
	CU_ASSERT_EQUAL(ask_ip("169.254.169.254", 443, ""), VERDICT_DENY);
	CU_ASSERT_EQUAL(ask_ip("169.253.169.254", 443, ""), VERDICT_ALLOW);
	CU_ASSERT_EQUAL(ask_ip("fd00:ec2::254", 443, ""), VERDICT_DENY);
	CU_ASSERT_EQUAL(ask_ip("fd01:ec2::254", 443, ""), VERDICT_ALLOW);
	drop();
}

static void hosts_match_by_name_and_domain(void)
{
	struct image_ports https = {443, 443};

	RULE(.id = "api", ALLOW, .section = SECTION_NETWORK, .verbs = VERB_SET(CONNECT), .hosts = LIST("api.example.com"),
	     .ports = &https, .port_count = 1);
	RULE(.id = "sub", ALLOW, .section = SECTION_NETWORK, .verbs = VERB_SET(CONNECT), .hosts = LIST("*.mirror.net"));
	RULE(.id = "bad", DENY, .section = SECTION_NETWORK, .verbs = VERB_SET(CONNECT) | VERB_SET(RESOLVE),
	     .hosts = LIST("evil.mirror.net"));
	compile(VERDICT_DENY);
	CU_ASSERT_EQUAL(ask_ip("1.2.3.4", 443, "api.example.com"), VERDICT_ALLOW);
	CU_ASSERT_EQUAL(ask_ip("1.2.3.4", 80, "api.example.com"), VERDICT_DENY);
	CU_ASSERT_EQUAL(ask_ip("1.2.3.4", 443, ""), VERDICT_DENY);
	CU_ASSERT_EQUAL(ask_ip("1.2.3.4", 1, "a.b.mirror.net"), VERDICT_ALLOW);
	CU_ASSERT_EQUAL(ask_ip("1.2.3.4", 1, "mirror.net"), VERDICT_DENY);
	CU_ASSERT_EQUAL(ask_ip("1.2.3.4", 1, "evilmirror.net"), VERDICT_DENY);
	/* to allow the way is to allow finding it */
	CU_ASSERT_EQUAL(ask_host("api.example.com"), VERDICT_ALLOW);
	CU_ASSERT_EQUAL(ask_host("x.mirror.net"), VERDICT_ALLOW);
	CU_ASSERT_EQUAL(ask_host("evil.mirror.net"), VERDICT_DENY);
	CU_ASSERT_EQUAL(ask_host("other.org"), VERDICT_DENY);
	CU_ASSERT_EQUAL(ask_host("localhost"), VERDICT_ALLOW);
	drop();
}

static void words_of_a_command_match_in_order(void)
{
	char git[] = "git", push[] = "push", force[] = "--force-with-lease", origin[] = "origin", c[] = "-c", send[] = "send-pack";

	RULE(.id = "push", DENY, .section = SECTION_COMMANDS, .verbs = VERB_SET(EXEC), .programs = LIST("git"),
	     .args = LIST("push\nsend-pack", "--force*"));
	compile(VERDICT_ALLOW);
	CU_ASSERT_EQUAL(ask_program("/usr/bin/git", (char *[]){git, push, origin, force, NULL}), VERDICT_DENY);
	CU_ASSERT_EQUAL(ask_program("/usr/bin/git", (char *[]){git, c, push, force, NULL}), VERDICT_DENY);
	CU_ASSERT_EQUAL(ask_program("/usr/bin/git", (char *[]){git, send, force, NULL}), VERDICT_DENY);
	CU_ASSERT_EQUAL(ask_program("/usr/bin/git", (char *[]){git, force, push, NULL}), VERDICT_ALLOW);
	CU_ASSERT_EQUAL(ask_program("/usr/bin/git", (char *[]){push, force, NULL}), VERDICT_ALLOW);
	CU_ASSERT_EQUAL(ask_program("/usr/bin/gitk", (char *[]){git, push, force, NULL}), VERDICT_ALLOW);
	drop();
}

static bool is_refused_with(char *variable)
{
	char path[] = "PATH=/bin";
	const struct object program = {.kind = OBJECT_PROGRAM, .text = TEXT("/usr/bin/x"), .envp = (char *[]){path, variable, NULL}};

	return ask(VERB_SET(EXEC), &program).kind == VERDICT_DENY;
}

static void an_environment_matches_by_name_and_value(void)
{
	struct object program = {.kind = OBJECT_PROGRAM, .text = TEXT("/usr/bin/x")};
	struct policy_variable variable;
	char twice[] = "LD_PRELOAD=/opt/guard/libguard.so /tmp/y.so";

	RULE(.id = "env", DENY, .section = SECTION_COMMANDS, .verbs = VERB_SET(EXEC),
	     .env = LIST("LD_PRELOAD", "BASH_*", "OPTIONS=**--load**", "PLACES=/tmp/**"));
	compile(VERDICT_ALLOW);
	CU_ASSERT_TRUE(policy_asks_environment(&policy));
	CU_ASSERT_FALSE(is_refused_with((char[]){"LD_PRELOAD=/opt/guard/libguard.so"}));
	CU_ASSERT_FALSE(is_refused_with((char[]){"LD_PRELOAD= :/opt/guard/libguard.so: "}));
	CU_ASSERT_TRUE(is_refused_with((char[]){"LD_PRELOAD=/opt/guard/libguard.so:/x.so"}));
	CU_ASSERT_TRUE(is_refused_with((char[]){"LD_PRELOAD=/tmp/libguard.so"}));
	CU_ASSERT_FALSE(is_refused_with((char[]){"LD_PRELOADS=/tmp/x.so"}));
	CU_ASSERT_FALSE(is_refused_with((char[]){"LD_PRELOAD"}));
	CU_ASSERT_TRUE(is_refused_with((char[]){"BASH_ENV="}));
	CU_ASSERT_TRUE(is_refused_with((char[]){"OPTIONS=-a --load=/x/y -b"}));
	CU_ASSERT_FALSE(is_refused_with((char[]){"OPTIONS=-a"}));
	CU_ASSERT_TRUE(is_refused_with((char[]){"PLACES=/usr:/tmp/x:/opt"}));
	CU_ASSERT_FALSE(is_refused_with((char[]){"PLACES=/usr:/opt/tmp"}));
	CU_ASSERT_FALSE(is_refused_with((char[]){"=LD_PRELOAD="}));
	CU_ASSERT_EQUAL(ask(VERB_SET(EXEC), &program).kind, VERDICT_ALLOW);
	program.envp = (char *[]){twice, NULL};
	CU_ASSERT_TRUE_FATAL(policy_variable(&policy, ask(VERB_SET(EXEC), &program).rule, &program, &actor, &variable));
	CU_ASSERT_EQUAL(variable.name.len, sizeof "LD_PRELOAD" - 1);
	CU_ASSERT_EQUAL(variable.value.len, sizeof "/tmp/y.so" - 1);
	drop();
	RULE(.id = "no", DENY, .section = SECTION_COMMANDS, .verbs = VERB_SET(EXEC), .programs = LIST("rm"));
	compile(VERDICT_ALLOW);
	CU_ASSERT_FALSE(policy_asks_environment(&policy));
	drop();
}

static void a_budget_applies_beyond_its_number(void)
{
	RULE(.id = "purge", DENY, .verbs = DELETE, .paths = LIST("/**"), .over = 3, .per_s = 60);
	RULE(.id = "zero", DENY, .verbs = WRITE, .paths = LIST("/z"), .over = 0, .per_s = 60);
	compile(VERDICT_ALLOW);
	for (int i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(ask_path(DELETE, "/a"), VERDICT_ALLOW);
	CU_ASSERT_EQUAL(ask_path(DELETE, "/a"), VERDICT_DENY);
	CU_ASSERT_EQUAL(ask_path(READ, "/a"), VERDICT_ALLOW);
	CU_ASSERT_EQUAL(ask_path(WRITE, "/z"), VERDICT_DENY);
	drop();
}

static void labels_are_carried_and_asked_for(void)
{
	struct image_range any = {{0}, 0};
	struct verdict verdict;
	int label;

	builder = image_builder_new();
	label = image_builder_label(builder, "secret");
	CU_ASSERT_EQUAL(image_builder_label(builder, "secret"), label);
	RULE(.id = "env", ALLOW, .verbs = READ, .paths = LIST("**/.env"), .labels = UINT64_C(1) << label);
	RULE(.id = "exfil", DENY, .section = SECTION_NETWORK, .verbs = VERB_SET(CONNECT), .ranges = &any, .range_count = 1,
	     .after = UINT64_C(1) << label, .except = LIST("api.example.com", "10.0.0.0/8"));
	compile(VERDICT_ALLOW);
	CU_ASSERT_EQUAL(ask_ip("1.2.3.4", 80, ""), VERDICT_ALLOW);
	verdict = ask(READ, &(struct object){.kind = OBJECT_PATH, .text = TEXT("/w/.env")});
	CU_ASSERT_EQUAL(verdict.labels, UINT64_C(1) << label);
	CU_ASSERT_EQUAL(policy_label(&policy, verdict.labels), verdict.labels);
	CU_ASSERT_EQUAL(policy_label(&policy, verdict.labels), 0);
	CU_ASSERT_EQUAL(ask_ip("1.2.3.4", 80, ""), VERDICT_DENY);
	CU_ASSERT_EQUAL(ask_ip("1.2.3.4", 80, "api.example.com"), VERDICT_ALLOW);
	CU_ASSERT_EQUAL(ask_ip("10.9.9.9", 80, ""), VERDICT_ALLOW);
	CU_ASSERT_EQUAL(policy_label_name(&policy, (unsigned)label).len, 6);
	drop();
}

static void refusals_name_rule_and_errno(void)
{
	struct object hidden = {.kind = OBJECT_PATH, .text = TEXT("/h")};
	struct object other = {.kind = OBJECT_PATH, .text = TEXT("/o")};
	struct rule_info info;
	struct verdict verdict;

	RULE(.id = "hide", DENY, .verbs = READ, .paths = LIST("/h"), .hide = true, .reason = "not for you");
	RULE(.id = "eperm", DENY, .verbs = READ, .paths = LIST("/o"), .err = EPERM);
	compile(VERDICT_ALLOW);
	verdict = ask(READ, &hidden);
	CU_ASSERT_EQUAL(verdict.err, ENOENT);
	CU_ASSERT_EQUAL_FATAL(policy_rule(&policy, verdict.rule, &info), 0);
	CU_ASSERT_STRING_EQUAL(info.id.data, "hide");
	CU_ASSERT_STRING_EQUAL(info.reason.data, "not for you");
	CU_ASSERT_STRING_EQUAL(info.file.data, "guard.conf");
	CU_ASSERT_EQUAL(ask(READ, &other).err, EPERM);
	CU_ASSERT_EQUAL(policy_rule(&policy, RULE_DEFAULT, &info), -ENOENT);
	CU_ASSERT_TRUE(policy_hides(&policy));
	drop();
}

static void a_name_beyond_the_matcher_is_refused(void)
{
	static char name[4096], pattern[64];
	struct buf path = BUF_ON(name);

	for (int i = 0; i < 400; i++) {
		snprintf(pattern, sizeof pattern, "**/d%d/**/x", i);
		RULE(.id = "r", ALLOW, .verbs = READ, .paths = LIST(pattern));
		buf_str(&path, "/d");
		buf_u64(&path, (uint64_t)i);
	}
	compile(VERDICT_ALLOW);
	CU_ASSERT_EQUAL(ask(READ, &(struct object){.kind = OBJECT_PATH, .text = {name, path.len}}).rule, RULE_BROKEN);
	CU_ASSERT_EQUAL(ask_path(READ, "/d1/d2/x"), VERDICT_ALLOW);
	drop();
}

static void a_damaged_image_is_refused_or_harmless(void)
{
	RULE(.id = "r", DENY, .verbs = READ, .paths = LIST("/a/**", "/b/*.c", "**/x"));
	compile(VERDICT_ALLOW);
	for (size_t size = 0; size < image_size; size++)
		CU_ASSERT_NOT_EQUAL(policy_attach(image, size, NULL, 0, &policy), 0);
	for (size_t at = 0; at < image_size; at++) {
		image[at] ^= 0xff;
		if (policy_attach(image, image_size, NULL, 0, &policy) == 0) {
			ask_path(READ, "/a/b/x.c");
			ask_path(READ, "/b/y.c");
			if (at >= 16)
				CU_ASSERT_NOT_EQUAL(policy_verify(&policy), 0);
		}
		image[at] ^= 0xff;
	}
	drop();
}

static void programs_are_known_by_what_they_are(void)
{
	struct stat files[] = {{.st_size = 20, .st_ino = 1}, {.st_size = 10, .st_ino = 2}, {.st_size = 20, .st_ino = 3}};
	struct policy_twin twin;

	RULE(.id = "x", .section = SECTION_COMMANDS, .verbs = VERB_SET(EXEC), .kind = VERDICT_DENY, .programs = LIST("/a", "/b"));
	image_builder_twin(builder, "/a", &files[0], 5);
	image_builder_twin(builder, "/b", &files[1], 6);
	image_builder_twin(builder, "/c", &files[2], 7);
	image_builder_twin(builder, "/a", &files[0], 5);
	compile(VERDICT_ALLOW);
	CU_ASSERT_FALSE(policy_twin(&policy, 5, 0, &twin));
	CU_ASSERT_FALSE(policy_twin(&policy, 15, 0, &twin));
	CU_ASSERT_FALSE(policy_twin(&policy, 25, 0, &twin));
	CU_ASSERT_TRUE_FATAL(policy_twin(&policy, 10, 0, &twin));
	CU_ASSERT_TRUE(twin.path.len == 2 && !memcmp(twin.path.data, "/b", 2));
	CU_ASSERT_TRUE(twin.inode == 2 && twin.print == 6);
	CU_ASSERT_FALSE(policy_twin(&policy, 10, 1, &twin));
	CU_ASSERT_TRUE(policy_twin(&policy, 20, 1, &twin));
	CU_ASSERT_FALSE(policy_twin(&policy, 20, 2, &twin));
	drop();
}

static enum verdict_kind ask_anywhere(enum verb verb)
{
	struct addr addr = {.family = ADDR_ANYWHERE};
	struct object object = {.kind = OBJECT_ADDRESS, .addr = &addr};

	return ask(1u << verb, &object).kind;
}

static void what_leads_to_every_address_is_refused_with_one(void)
{
	struct image_range one = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1}, 128}, any = {{0}, 0};
	struct image_ports web = {443, 443};

	RULE(.id = "one", .section = SECTION_NETWORK, .verbs = VERB_SET(SEND), .kind = VERDICT_DENY, .ranges = &one,
	     .range_count = 1, .ports = &web, .port_count = 1);
	RULE(.id = "any", .section = SECTION_NETWORK, .verbs = VERB_SET(BIND), .kind = VERDICT_ALLOW, .ranges = &any,
	     .range_count = 1);
	RULE(.id = "few", .section = SECTION_NETWORK, .verbs = VERB_SET(CONNECT), .kind = VERDICT_ALLOW, .ranges = &one,
	     .range_count = 1);
	compile(VERDICT_DENY);
	CU_ASSERT_EQUAL(ask_anywhere(VERB_SEND), VERDICT_DENY);
	CU_ASSERT_EQUAL(ask_anywhere(VERB_BIND), VERDICT_ALLOW);
	CU_ASSERT_EQUAL(ask_anywhere(VERB_CONNECT), VERDICT_DENY);
	drop();
	RULE(.id = "host", .section = SECTION_NETWORK, .verbs = VERB_SET(SEND), .kind = VERDICT_DENY, .hosts = LIST("*.example.org"));
	RULE(.id = "socket", .section = SECTION_NETWORK, .verbs = VERB_SET(BIND), .kind = VERDICT_DENY, .sockets = LIST("/run/**"));
	compile(VERDICT_ALLOW);
	CU_ASSERT_EQUAL(ask_anywhere(VERB_SEND), VERDICT_DENY);
	CU_ASSERT_EQUAL(ask_anywhere(VERB_BIND), VERDICT_ALLOW);
	drop();
}

static const CU_TestInfo tests[] = {
	{"deny_goes_over_ask_over_allow_over_default", deny_goes_over_ask_over_allow_over_default},
	{"explaining_tells_every_rule_and_what_keeps_it_out", explaining_tells_every_rule_and_what_keeps_it_out},
	{"a_hint_is_the_rules_own_or_the_verbs", a_hint_is_the_rules_own_or_the_verbs},
	{"patterns_of_every_shape_are_found", patterns_of_every_shape_are_found},
	{"ten_thousand_globs_of_a_node_are_told_apart", ten_thousand_globs_of_a_node_are_told_apart},
	{"exceptions_and_actors_narrow_a_rule", exceptions_and_actors_narrow_a_rule},
	{"a_directory_takes_along_what_is_denied_below", a_directory_takes_along_what_is_denied_below},
	{"addresses_match_by_their_longest_and_shortest_ranges", addresses_match_by_their_longest_and_shortest_ranges},
	{"hosts_match_by_name_and_domain", hosts_match_by_name_and_domain},
	{"what_leads_to_every_address_is_refused_with_one", what_leads_to_every_address_is_refused_with_one},
	{"programs_are_known_by_what_they_are", programs_are_known_by_what_they_are},
	{"words_of_a_command_match_in_order", words_of_a_command_match_in_order},
	{"an_environment_matches_by_name_and_value", an_environment_matches_by_name_and_value},
	{"a_budget_applies_beyond_its_number", a_budget_applies_beyond_its_number},
	{"labels_are_carried_and_asked_for", labels_are_carried_and_asked_for},
	{"refusals_name_rule_and_errno", refusals_name_rule_and_errno},
	{"a_name_beyond_the_matcher_is_refused", a_name_beyond_the_matcher_is_refused},
	{"a_damaged_image_is_refused_or_harmless", a_damaged_image_is_refused_or_harmless},
	CU_TEST_INFO_NULL,
};

const struct suite decide_suite = {"decide", tests};
