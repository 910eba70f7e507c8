/* SPDX-License-Identifier: Apache-2.0 */
#include "libguard/record/redact.h"
#include "libguard/record/secret.h"

#include "tests/unit/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define X "[redacted]"
#define HEX40 "0123456789abcdef0123456789abcdef01234567"
#define JWT "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
#define PEM "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk=\nAAAA\n-----END OPENSSH PRIVATE KEY-----"

struct pair {
	const char *in;
	const char *out; /* NULL: stays as it is */
};

static void check_texts(const struct pair *pairs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *expected = pairs[i].out ? pairs[i].out : pairs[i].in;
		char storage[1024];
		struct buf out = BUF_ON(storage);

		redact_text((struct text){pairs[i].in, strlen(pairs[i].in)}, &out);
		if (strcmp(buf_cstr(&out), expected) != 0)
			printf("# %s\n#   became   %s\n#   expected %s\n", pairs[i].in, storage, expected);
		CU_ASSERT_STRING_EQUAL(storage, expected);
	}
}

static void known_tokens_go_wherever_they_stand(void)
{
	static const struct pair pairs[] = {
		{"ghp_" HEX40, X},
		{"git clone x ghs_" HEX40 " y", "git clone x " X " y"},
		{"use gho_" HEX40 ", then", "use " X ", then"},
		{"github_pat_11ABCDEFG0123456789_abcdefghij", X},
		{"glpat-abcdefghij0123456789", X},
		{"x=sk-proj-abcdEFGH0123456789xyz;", "x=" X ";"},
		{"'sk-ant-api03-abcdefghijklmnop'", "'" X "'"},
		{"AKIAIOSFODNN7EXAMPLE", X},
		{"id ASIAIOSFODNN7EXAMPLE end", "id " X " end"},
		{"xoxb-123456789012-abcdefghijkl", X},
		{"xoxp-123456789012-abcdefghijkl", X},
		{JWT, X},
		{"curl https://h/?x=" JWT "&y=1", "curl https://h/?x=" X "&y=1"},
		{"//registry/:_x npm_0123456789abcdefghijABCDEFGHIJ012345", "//registry/:_x " X},
		{"pypi-AgEIcHlwaS5vcmcCJGFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6MDEyMw", X},
		{"hf_abcdefghijklmnopqrstuvwxyzABCDEFGH", X},
		{"AIzaSyA0123456789abcdefghijklmnopqrstuv", X},
		{"echo \"" PEM "\" > id", "echo \"" X "\" > id"},
		{"-----BEGIN RSA PRIVATE KEY-----\nabc", X},
		{"-tghp_" HEX40, "-t" X},
	};

	check_texts(pairs, ARRAY_LEN(pairs));
}

static void what_a_telling_name_holds_goes(void)
{
	static const struct pair pairs[] = {
		{"export GITHUB_TOKEN=abc && make", "export GITHUB_TOKEN=" X " && make"},
		{"PGPASSWORD=abc psql -h db", "PGPASSWORD=" X " psql -h db"},
		{"PASSWORD='two words' run", "PASSWORD='" X "' run"},
		{"password = \"hunter2\"", "password = \"" X "\""},
		{"os.environ[\"API_KEY\"] = 'abc'", "os.environ[\"API_KEY\"] = '" X "'"},
		{"{\"password\":\"a\\\"b\",\"user\":\"bob\"}", "{\"password\":\"" X "\",\"user\":\"bob\"}"},
		{"\"{\\\"token\\\":\\\"abc\\\",\\\"n\\\":1}\"", "\"{\\\"token\\\":\\\"" X "\\\",\\\"n\\\":1}\""},
		{"'password' => 'abc'", "'password' => '" X "'"},
		{"https://h/p?access_token=abc&x=1", "https://h/p?access_token=" X "&x=1"},
		{"https://b.s3/k?X-Amz-Signature=abc&e=1", "https://b.s3/k?X-Amz-Signature=" X "&e=1"},
		{"-H \"X-Api-Key: abc\" u", "-H \"X-Api-Key: " X "\" u"},
		{"PRIVATE-TOKEN: abc", "PRIVATE-TOKEN: " X},
		{"db:\n  password: hunter2\n  host: h", "db:\n  password: " X "\n  host: h"},
		{"spring.datasource.password=abc x", "spring.datasource.password=" X " x"},
		{"authToken=abc", "authToken=" X},
		{"clientSecret=abc", "clientSecret=" X},
		{"//registry.npmjs.org/:_authToken=abc", "//registry.npmjs.org/:_authToken=" X},
		{"_auth=abc", "_auth=" X},
		{"MYSQL_PWD=abc mysql", "MYSQL_PWD=" X " mysql"},
		{"DB_PASS=abc", "DB_PASS=" X},
		{"credentials=abc", "credentials=" X},
		{"api-key=a apikey=b api.key=c", "api-key=" X " apikey=" X " api.key=" X},
		{"secretAccessKey=abc", "secretAccessKey=" X},
		{"private_key=MIIEvQ", "private_key=" X},
		{"TOKEN=$(cat /run/token)", "TOKEN=" X "(cat /run/token)"},
	};

	check_texts(pairs, ARRAY_LEN(pairs));
}

static void credentials_of_requests_go(void)
{
	static const struct pair pairs[] = {
		{"https://bob:hunter2@example.org/x", "https://bob:" X "@example.org/x"},
		{"git clone https://x-access-token:abc@h/r.git d", "git clone https://x-access-token:" X "@h/r.git d"},
		{"postgres://u:p@ss@db:5432/x", "postgres://u:" X "@db:5432/x"},
		{"redis://:abc@h", "redis://:" X "@h"},
		{"https://" HEX40 "@github.com/r", "https://" X "@github.com/r"},
		{"Authorization: Bearer abc", "Authorization: Bearer " X},
		{"-H 'Authorization: token abc def' u", "-H 'Authorization: token " X "' u"},
		{"authorization: abc", "authorization: " X},
		{"'Proxy-Authorization: Basic dXNlcjpwYXNz'", "'Proxy-Authorization: Basic " X "'"},
		{"\"Authorization\": \"Bearer abc\"", "\"Authorization\": \"" X "\""},
		{"Cookie: a=b; c=d", "Cookie: " X},
		{"Bearer abcdef123456", "Bearer " X},
		{"x: Basic dXNlcjpwYXNz", "x: Basic " X},
	};

	check_texts(pairs, ARRAY_LEN(pairs));
}

static void ordinary_text_stays(void)
{
	static const char *const same[] = {
		"",
		"git log --author=bob",
		"git commit --author 'Bob <bob@example.org>'",
		"GIT_AUTHOR_NAME=Bob GIT_AUTHOR_EMAIL=bob@example.org",
		"--authority=x",
		"authority = \"x\"",
		"author: bob",
		"/models/tokenizer.json",
		"tokenizer=fast",
		"cat secrets.txt",
		"cat /home/user/.aws/credentials",
		"vim password.c",
		"MAX_TOKENS=4096",
		"\"max_tokens\": 4096,",
		"--token-file=/run/token",
		"SSH_AUTH_SOCK=/tmp/ssh-1/agent.2",
		"PASSWORD_FILE=/run/pw",
		"--auth-type=basic",
		"credential.helper=store",
		"TOKEN=$OTHER cmd",
		"TOKEN=\"${OTHER}\" cmd",
		"--private-key=/home/user/.ssh/id",
		"bypass=1 compass=2",
		"PWD=/home/user OLDPWD=/tmp",
		"git commit -m 'password: fix the hashing of it'",
		"git commit -m 'auth: simplify'",
		"fix(auth): simplify",
		"use Basic authentication here",
		"the bearer of this",
		"https://example.org:8080/a@b",
		"ssh://git@example.org/r.git",
		"task-force-2024-planning-1234567",
		"sk-learn-contrib-extra-things",
		"std::string token; Token::parse(x)",
		"/usr/share/doc/github/ghp_short",
		"-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----",
		"-----BEGIN PUBLIC KEY-----\nabc",
		"eyJust a word. And. another",
		"key=value a=b",
		"if token:",
		"a=b=c::d:=e",
		"=",
		":",
		"://",
		"token=",
		"password: ",
	};

	for (size_t i = 0; i < ARRAY_LEN(same); i++)
		check_texts(&(struct pair){same[i], NULL}, 1);
}

#define WORDS 8

struct argv_pair {
	const char *in[WORDS];
	const char *out[WORDS];
};

static void check_argv(const struct argv_pair *pair)
{
	char storage[1024], expected[1024];
	struct buf out = BUF_ON(storage), want = BUF_ON(expected);
	char *argv[WORDS + 1] = {0};

	for (size_t i = 0; i < WORDS && pair->in[i]; i++) {
		argv[i] = strdup(pair->in[i]);
		if (i > 0)
			buf_char(&want, '\0');
		buf_str(&want, pair->out[i]);
	}
	redact_argv(argv, WORDS, &out);
	if (out.len != want.len || memcmp(storage, expected, out.len) != 0) {
		for (size_t i = 0; i < out.len; i++)
			storage[i] = storage[i] ? storage[i] : '|';
		printf("# %s ... became %.*s\n", pair->in[0], (int)out.len, storage);
		CU_FAIL("words differ");
	}
	CU_ASSERT_FALSE(out.overflow);
	for (size_t i = 0; argv[i]; i++)
		free(argv[i]);
}

static void words_of_a_command_are_seen_together(void)
{
	static const struct argv_pair pairs[] = {
		{{"prog", "--password=two words", "x"}, {"prog", "--password=" X, "x"}},
		{{"prog", "--token", "abc", "x"}, {"prog", "--token", X, "x"}},
		{{"prog", "--token", "--verbose", "x"}, {"prog", "--token", "--verbose", "x"}},
		{{"prog", "-password", "abc"}, {"prog", "-password", X}},
		{{"env", "PASSWORD=two words", "x"}, {"env", "PASSWORD=" X, "x"}},
		{{"docker", "run", "-e", "TOKEN=two words"}, {"docker", "run", "-e", "TOKEN=" X}},
		{{"docker", "--env=TOKEN=abc"}, {"docker", "--env=TOKEN=" X}},
		{{"bash", "-c", "TOKEN=abc; rm -rf /"}, {"bash", "-c", "TOKEN=" X "; rm -rf /"}},
		{{"bash", "-lc", "TOKEN=abc curl x"}, {"bash", "-lc", "TOKEN=" X " curl x"}},
		{{"ssh", "h", "TOKEN=abc; rm -rf /"}, {"ssh", "h", "TOKEN=" X "; rm -rf /"}},
		{{"python3", "-c", "token = 'abc'; go()"}, {"python3", "-c", "token = '" X "'; go()"}},
		{{"/usr/bin/curl", "-u", "bob:abc", "h"}, {"/usr/bin/curl", "-u", "bob:" X, "h"}},
		{{"docker", "-u", "1000:1000"}, {"docker", "-u", "1000:1000"}},
		{{"sshpass", "-p", "abc", "ssh"}, {"sshpass", "-p", X, "ssh"}},
		{{"aws", "configure", "set", "aws_secret_access_key", "abc"},
		 {"aws", "configure", "set", "aws_secret_access_key", X}},
		{{"grep", "-r", "aws_secret_access_key", "/home"}, {"grep", "-r", "aws_secret_access_key", "/home"}},
		{{"git", "commit", "--author", "Bob"}, {"git", "commit", "--author", "Bob"}},
		{{"run", "--token-file", "/run/t"}, {"run", "--token-file", "/run/t"}},
		{{"run", "--private-key", "/run/k"}, {"run", "--private-key", "/run/k"}},
		{{"run", "--max-tokens", "4096"}, {"run", "--max-tokens", "4096"}},
		{{"curl", "-H", "Authorization: Bearer abc"}, {"curl", "-H", "Authorization: Bearer " X}},
		{{"prog", "", "x"}, {"prog", "", "x"}},
	};

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
		check_argv(&pairs[i]);
}

static void a_text_too_long_is_cut_and_says_so(void)
{
	char storage[16];
	struct buf out = BUF_ON(storage);
	char *argv[] = {strdup("one"), strdup("two"), strdup("a-long-third-word"), NULL};

	redact_argv(argv, 10, &out);
	CU_ASSERT_TRUE(out.overflow);
	CU_ASSERT_EQUAL(out.len, sizeof storage);
	CU_ASSERT_EQUAL(memcmp(storage, "one\0two\0a-lon...", 16), 0);
	out = BUF_ON(storage);
	redact_argv(argv, 2, &out);
	CU_ASSERT_FALSE(out.overflow);
	CU_ASSERT_EQUAL(out.len, 11);
	CU_ASSERT_EQUAL(memcmp(storage, "one\0two\0...", 11), 0);
	for (size_t i = 0; argv[i]; i++)
		free(argv[i]);
}

static void no_words_are_no_text(void)
{
	char storage[4];
	struct buf out = BUF_ON(storage);
	char *none[] = {NULL};

	redact_argv(NULL, 5, &out);
	redact_argv(none, 5, &out);
	CU_ASSERT_EQUAL(out.len, 0);
}

/* What an attacker may put into argv to make the guard slow: every piece that starts a look at what follows. */
static void time_grows_with_the_length_only(void)
{
	static const char *const pieces[] = {"sk-", "eyJ", "eyJaaaa.", "://", "://a:b@", "token=", "a:", "-----BEGIN ",
					     "-----BEGIN PRIVATE KEY", "bearer ", "\"", "\\\"token\\\":\\\"", "ghp_",
					     "token: x ", "= ", "AIza", "token='", "password: $a", "token:\\"};
	static char text[1 << 20], storage[1 << 22];
	struct timespec start, end;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		size_t len = strlen(pieces[i]);
		struct buf out = BUF_ON(storage);

		for (size_t at = 0; at + len <= sizeof text; at += len)
			memcpy(text + at, pieces[i], len);
		redact_text((struct text){text, sizeof text / len * len}, &out);
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	/* 19 MiB: 2 s with sanitizers; the square of any of it takes a minute and more. */
	CU_ASSERT_TRUE(end.tv_sec - start.tv_sec < 30);
}

static const CU_TestInfo tests[] = {
	{"known_tokens_go_wherever_they_stand", known_tokens_go_wherever_they_stand},
	{"what_a_telling_name_holds_goes", what_a_telling_name_holds_goes},
	{"credentials_of_requests_go", credentials_of_requests_go},
	{"ordinary_text_stays", ordinary_text_stays},
	{"words_of_a_command_are_seen_together", words_of_a_command_are_seen_together},
	{"a_text_too_long_is_cut_and_says_so", a_text_too_long_is_cut_and_says_so},
	{"no_words_are_no_text", no_words_are_no_text},
	{"time_grows_with_the_length_only", time_grows_with_the_length_only},
	CU_TEST_INFO_NULL,
};

const struct suite redact_suite = {"redact", tests};
