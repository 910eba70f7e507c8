/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a secret looks like; see secret.h.
 */
#include "libguard/record/secret.h"

#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_letter(char c)
{
	return is_upper(c) || is_lower(c);
}

/* The alphabet of base64url, which most tokens keep to. */
static bool is_token(char c)
{
	return is_letter(c) || is_digit(c) || c == '_' || c == '-';
}

static char lower(char c)
{
	return is_upper(c) ? (char)(c + 'a' - 'A') : c;
}

static bool starts(struct text in, size_t at, struct text what)
{
	return in.len - at >= what.len && memcmp(in.data + at, what.data, what.len) == 0;
}

static size_t run(struct text in, size_t at)
{
	size_t end = at;

	while (end < in.len && is_token(in.data[end]))
		end++;
	return end - at;
}

/* A text in its place: a pointer to it would have to be relocated in every process. */
struct literal {
	unsigned char len;
	char data[17];
};

#define LITERAL(text) {sizeof(text) - 1, text}

static struct text text_of(const struct literal *literal)
{
	return (struct text){literal->data, literal->len};
}

/*
 * Makes of tokens: what they begin with and how many bytes follow at least. A
 * `word` must not follow a letter or digit: "task-..." holds "sk-". A `mixed`
 * one must have a digit or capital early on: "sk-learn-..." has none.
 */
static const struct make {
	struct literal prefix;
	unsigned char least;
	bool word, mixed;
} makes[] = {
	{LITERAL("AKIA"), 16, false, false},
	{LITERAL("ASIA"), 16, false, false},
	{LITERAL("AIza"), 30, false, false},
	{LITERAL("AGE-SECRET-KEY-1"), 20, false, false},
	{LITERAL("SG."), 20, true, false},
	{LITERAL("dop_v1_"), 30, false, false},
	{LITERAL("ghp_"), 16, false, false},
	{LITERAL("gho_"), 16, false, false},
	{LITERAL("ghu_"), 16, false, false},
	{LITERAL("ghs_"), 16, false, false},
	{LITERAL("ghr_"), 16, false, false},
	{LITERAL("github_pat_"), 16, false, false},
	{LITERAL("glpat-"), 12, false, false},
	{LITERAL("gsk_"), 30, true, false},
	{LITERAL("hf_"), 30, true, false},
	{LITERAL("npm_"), 30, true, false},
	{LITERAL("pypi-"), 40, true, false},
	{LITERAL("rk_live_"), 12, false, false},
	{LITERAL("sk_live_"), 12, false, false},
	{LITERAL("sk_test_"), 12, false, false},
	{LITERAL("shpat_"), 20, false, false},
	{LITERAL("sk-ant-"), 12, false, false},
	{LITERAL("sk-"), 16, true, true},
	{LITERAL("xapp-"), 10, true, true},
	{LITERAL("xoxa-"), 8, false, false},
	{LITERAL("xoxb-"), 8, false, false},
	{LITERAL("xoxp-"), 8, false, false},
	{LITERAL("xoxr-"), 8, false, false},
	{LITERAL("xoxs-"), 8, false, false},
	{LITERAL("ya29."), 20, false, false},
};

/* Only so far: a text of many prefixes must not be read many times. */
static bool is_mixed(struct text in, size_t at)
{
	for (size_t i = at; i < in.len && i < at + 40 && is_token(in.data[i]); i++)
		if (is_digit(in.data[i]) || is_upper(in.data[i]))
			return true;
	return false;
}

static size_t made(struct text in, size_t at)
{
	bool in_word = at > 0 && (is_letter(in.data[at - 1]) || is_digit(in.data[at - 1]));

	for (size_t i = 0; i < ARRAY_LEN(makes); i++) {
		const struct make *make = &makes[i];
		size_t tail = at + make->prefix.len, len;

		if (!starts(in, at, text_of(&make->prefix)) || (make->word && in_word) || (make->mixed && !is_mixed(in, tail)))
			continue;
		len = run(in, tail);
		if (len >= make->least)
			return make->prefix.len + len;
	}
	return 0;
}

/* eyJ (an object in base64url), a dot, the claims, a dot, a signature that may be empty. */
static size_t web_token(struct text in, size_t at)
{
	size_t end = at;

	if (!starts(in, at, TEXT("eyJ")) || (at > 0 && is_token(in.data[at - 1])))
		return 0;
	for (unsigned dots = 0; dots < 2; dots++) {
		size_t len = run(in, end);

		end += len;
		if (len < 4 || end == in.len || in.data[end] != '.')
			return 0;
		end++;
	}
	return end + run(in, end) - at;
}

static size_t find(struct text in, size_t at, size_t limit, struct text what)
{
	for (size_t i = at; i + what.len <= limit; i++)
		if (starts(in, i, what))
			return i;
	return limit;
}

/* From "-----BEGIN ... PRIVATE KEY-----" to the end of its END line, or of the text. */
static size_t private_key(struct text in, size_t at)
{
	const struct text begin = TEXT("-----BEGIN "), kind = TEXT("PRIVATE KEY"), end = TEXT("-----END ");
	size_t limit = in.len - at < 64 ? in.len : at + 64, last;

	if (!starts(in, at, begin) || find(in, at, limit, kind) == limit)
		return 0;
	last = find(in, at + begin.len, in.len, end);
	if (last < in.len)
		last = find(in, last + end.len, in.len, TEXT("-----"));
	return (last + 5 < in.len ? last + 5 : in.len) - at;
}

size_t secret_shape(struct text in, size_t at)
{
	switch (in.data[at]) {
	case '-':
		return private_key(in, at);
	case 'e':
		return web_token(in, at);
	case 'A':
	case 'S':
	case 'd':
	case 'g':
	case 'h':
	case 'n':
	case 'p':
	case 'r':
	case 's':
	case 'x':
	case 'y':
		return made(in, at);
	default:
		return 0;
	}
}

/*
 * Words that make a name a secret's. '_' stands for any separator or none. A
 * `whole` one must begin where a part of the name begins: "pass", not "bypass".
 */
static const struct word {
	struct literal word;
	enum secret_name kind;
	bool whole;
} words[] = {
	{LITERAL("authorization"), NAME_HEADER, false},
	{LITERAL("cookie"), NAME_HEADER, true},
	{LITERAL("password"), NAME_SECRET, false},
	{LITERAL("passwd"), NAME_SECRET, false},
	{LITERAL("passphrase"), NAME_SECRET, false},
	{LITERAL("secret"), NAME_SECRET, false},
	{LITERAL("tokens"), NAME_TOKENS, false},
	{LITERAL("token"), NAME_SECRET, false},
	{LITERAL("api_key"), NAME_SECRET, false},
	{LITERAL("access_key"), NAME_SECRET, false},
	{LITERAL("credential"), NAME_SECRET, false},
	{LITERAL("account_key"), NAME_SECRET, true},
	{LITERAL("signature"), NAME_SECRET, true},
	{LITERAL("pass"), NAME_SECRET, true},
	{LITERAL("mysql_pwd"), NAME_SECRET, true},
	{LITERAL("jwt"), NAME_SECRET, true},
	{LITERAL("private_key"), NAME_KEY, false},
	{LITERAL("signing_key"), NAME_KEY, false},
	{LITERAL("encryption_key"), NAME_KEY, false},
	{LITERAL("auth"), NAME_AUTH, false},
};

/* What a name ends in that speaks about a secret without holding it: --token-file, SSH_AUTH_SOCK. */
static const struct literal about[] = {
	LITERAL("file"), LITERAL("path"), LITERAL("dir"), LITERAL("url"), LITERAL("uri"),
	LITERAL("type"), LITERAL("mode"), LITERAL("method"), LITERAL("name"), LITERAL("sock"),
	LITERAL("env"), LITERAL("length"), LITERAL("count"), LITERAL("ttl"), LITERAL("expiry"),
	LITERAL("timeout"), LITERAL("prompt"), LITERAL("policy"), LITERAL("helper"), LITERAL("command"),
	LITERAL("user"), LITERAL("limit"), LITERAL("provider"), LITERAL("endpoint"),
};

static bool is_separator(char c)
{
	return c == '_' || c == '-' || c == '.';
}

/* Where fooBar goes up, a new part of the name begins. */
static bool goes_up(struct text name, size_t at)
{
	return at > 0 && at < name.len && is_upper(name.data[at]) && is_lower(name.data[at - 1]);
}

static bool part_begins(struct text name, size_t at)
{
	return at == 0 || !is_letter(name.data[at - 1]) || goes_up(name, at);
}

static bool part_ends(struct text name, size_t at)
{
	return at == name.len || !is_letter(name.data[at]) || goes_up(name, at);
}

/* The bytes of NAME at AT that spell WORD, or 0. */
static size_t spells(struct text name, size_t at, struct text word)
{
	size_t end = at;

	for (size_t i = 0; i < word.len; i++) {
		if (word.data[i] == '_') {
			end += end < name.len && is_separator(name.data[end]);
			continue;
		}
		if (end == name.len || lower(name.data[end]) != word.data[i])
			return 0;
		end++;
	}
	return end - at;
}

/* Does the rest of the name, after the word that ends at FROM, end in a word of `about`? */
static bool is_about(struct text name, size_t from)
{
	for (size_t i = 0; i < ARRAY_LEN(about); i++) {
		size_t at = name.len - about[i].len;

		if (name.len >= from + about[i].len && part_begins(name, at) && spells(name, at, text_of(&about[i])))
			return true;
	}
	return false;
}

static bool holds(struct text name, const struct word *word)
{
	for (size_t at = 0; at < name.len; at++) {
		size_t len = spells(name, at, text_of(&word->word)), end = at + len;

		if (len == 0 || (word->whole && !part_begins(name, at)))
			continue;
		if (end < name.len && lower(name.data[end]) == 's' && part_ends(name, end + 1))
			end++;
		if (part_ends(name, end) && !is_about(name, end))
			return true;
	}
	return false;
}

enum secret_name secret_name(struct text name)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (holds(name, &words[i]))
			return words[i].kind;
	return NAME_PLAIN;
}
