/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/policy_pattern.h"

#include "libguard/core/buf.h"
#include "tools/policy_path.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define PATTERN_MAX 4096
#define EXPANSIONS_MAX 4096
#define SPECIAL "*?[]{}\\,"

/* What a pattern is being made from, for messages and for where the results go. */
struct making {
	const struct reading *reading;
	unsigned line;
	enum pattern_kind kind;
	const char *text; /* as the policy has it */
	struct words *out;
	unsigned expansions;
};

/* Note an error; false. */
#define making_error(making, ...) (reading_error((making)->reading, (making)->line, __VA_ARGS__), false)

const char *pattern_escape(struct arena *arena, const char *text)
{
	char *escaped = arena_take(arena, 2 * strlen(text) + 1), *to = escaped;

	for (; *text; text++) {
		if (strchr(SPECIAL, *text))
			*to++ = '\\';
		*to++ = *text;
	}
	return escaped;
}

/* Take the backslashes of a pattern without any other special byte away. */
static const char *unescape(struct arena *arena, const char *pattern, size_t len)
{
	char *plain = arena_take(arena, len + 1), *to = plain;

	for (size_t i = 0; i < len; i++) {
		if (pattern[i] == '\\' && i + 1 < len)
			i++;
		*to++ = pattern[i];
	}
	return plain;
}

static const char *variable(const struct making *making, const char *name)
{
	const struct policy_setting *setting = making->reading->setting;
	const char *value;

	if (!strcmp(name, "HOME"))
		value = setting->home;
	else if (!strcmp(name, "WORKSPACE"))
		value = setting->workspace;
	else
		value = getenv(name);
	if (value && *value)
		return value;
	reading_error(making->reading, making->line, "${%s} is not set, in \"%s\": set it where the session starts",
		      name, making->text);
	return NULL;
}

static bool put_value(const struct making *making, const char *name, bool glob, struct buf *out)
{
	const char *value = variable(making, name);

	if (!value)
		return false;
	buf_str(out, glob ? pattern_escape(making->reading->arena, value) : value);
	return true;
}

/* Put what "${NAME}" at AT stands for; the byte behind it, or NULL. */
static const char *put_variable(const struct making *making, const char *at, bool glob, struct buf *out)
{
	size_t len = strspn(at + 2, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");

	if (len == 0 || at[2 + len] != '}') {
		reading_error(making->reading, making->line, "a variable is written ${NAME}, in \"%s\"",
			      making->text);
		return NULL;
	}
	if (!put_value(making, arena_text(making->reading->arena, at + 2, len), glob, out))
		return NULL;
	return at + len + 3;
}

/* A word that a program gets, and no path. */
static bool is_word(enum pattern_kind kind)
{
	return kind == PATTERN_ARGUMENT || kind == PATTERN_VARIABLE;
}

/* GLOB: the result is a pattern, so values are escaped and backslashes stay. */
static bool put_variables(const struct making *making, bool glob, struct buf *out)
{
	const char *at = making->text;

	if (*at == '~' && !is_word(making->kind)) {
		if (at[1] != '/' && at[1] != '\0')
			return making_error(making, "\"~\" is the user's own home only, in \"%s\": write the other's directory",
					    making->text);
		if (!put_value(making, "HOME", glob, out))
			return false;
		at++;
	}
	while (*at) {
		if (at[0] == '$' && at[1] == '{') {
			at = put_variable(making, at, glob, out);
			if (!at)
				return false;
		} else if (at[0] == '$' && isalpha((unsigned char)at[1]) && !is_word(making->kind)) {
			return making_error(making, "write ${NAME} for a variable and \\$ for a dollar, in \"%s\"",
					    making->text);
		} else {
			if (glob && at[0] == '\\' && at[1])
				buf_char(out, *at++);
			buf_char(out, *at++);
		}
	}
	if (out->overflow)
		return making_error(making, "longer than %d bytes once its variables are replaced", PATTERN_MAX - 1);
	return true;
}

const char *pattern_variables(const struct reading *reading, unsigned line, const char *text)
{
	const struct making making = {.reading = reading, .line = line, .text = text};
	char storage[PATTERN_MAX];
	struct buf out = BUF_ON(storage);

	return put_variables(&making, false, &out) ? arena_text(reading->arena, out.data, out.len) : NULL;
}

/* The byte behind the class that begins at '[', or NULL when it does not close. A first ']' is one of the class. */
static const char *class_end(const char *at)
{
	at++;
	if (*at == '!' || *at == '^')
		at++;
	if (*at == ']')
		at++;
	while (*at && *at != ']' && *at != '/')
		at++;
	return *at == ']' ? at + 1 : NULL;
}

/* The byte behind one unit: an escaped byte, a class, or a byte. Classes are known to close. */
static const char *next_unit(const char *at)
{
	if (*at == '\\' && at[1])
		return at + 2;
	return *at == '[' ? class_end(at) : at + 1;
}

/* A range such as z-a in the class that begins at `[`, or NULL. */
static const char *empty_range(const char *at)
{
	const char *end = class_end(at) - 1;

	for (at += 1 + (at[1] == '!' || at[1] == '^'); at + 2 < end; at++)
		if (at[1] == '-') {
			if ((unsigned char)at[0] > (unsigned char)at[2])
				return at;
			at += 2;
		}
	return NULL;
}

static bool check_brackets(const struct making *making, const char *pattern)
{
	unsigned open = 0;

	for (const char *at = pattern; *at; at = next_unit(at)) {
		if (*at == '\\' && (!at[1] || at[1] == '/'))
			return making_error(making, "a backslash with nothing to escape, in \"%s\"; a plain one is written \\\\\\\\",
					    making->text);
		if (*at == '[' && !class_end(at))
			return making_error(making, "\"[\" without \"]\" in \"%s\"; \\\\[ is a plain bracket",
					    making->text);
		if (*at == '[' && empty_range(at))
			return making_error(making, "the range \"%.3s\" in \"%s\" is empty: its ends change places",
					    empty_range(at), making->text);
		if (*at == '{')
			open++;
		if (*at == '}' && open-- == 0)
			return making_error(making, "\"}\" without \"{\" in \"%s\"; \\\\} is a plain brace",
					    making->text);
	}
	return open == 0 || making_error(making, "\"{\" without \"}\" in \"%s\"; \\\\{ is a plain brace", making->text);
}

/* The comma or brace that ends the alternative that begins at AT. Braces are known to balance. */
static const char *alternative_end(const char *at)
{
	unsigned depth = 0;

	for (;; at = next_unit(at)) {
		if (depth == 0 && (*at == ',' || *at == '}'))
			return at;
		if (*at == '{')
			depth++;
		else if (*at == '}')
			depth--;
	}
}

static bool finish(const struct making *making, const char *pattern);

/* Expand the first brace and what comes of it; finish a pattern that has none. */
static bool expand_braces(struct making *making, const char *pattern)
{
	const char *open = pattern, *close, *end;

	if (++making->expansions > EXPANSIONS_MAX)
		return making_error(making, "too many alternatives in \"%s\": make several patterns of it", making->text);
	while (*open && *open != '{')
		open = next_unit(open);
	if (!*open)
		return finish(making, pattern);
	for (close = alternative_end(open + 1); *close == ','; close = alternative_end(close + 1))
		continue;
	for (const char *at = open + 1; at <= close; at = end + 1) {
		const char *one;

		end = alternative_end(at);
		one = arena_format(making->reading->arena, "%.*s%.*s%s", (int)(open - pattern), pattern,
				   (int)(end - at), at, close + 1);
		if (!expand_braces(making, one))
			return false;
	}
	return true;
}

size_t pattern_literal_prefix(const char *pattern)
{
	size_t whole = 0;
	const char *at = pattern;

	for (; *at && !strchr("*?[", *at); at = next_unit(at))
		if (*at == '/')
			whole = (size_t)(at - pattern);
	return *at ? whole : (size_t)(at - pattern);
}

const char *pattern_root(struct arena *arena, const char *pattern)
{
	size_t prefix = pattern_literal_prefix(pattern);

	/* A whole name comes and goes in the directory that holds it. */
	while (!pattern[prefix] && prefix > 0 && pattern[--prefix] != '/')
		;
	return prefix > 0 && *pattern == '/' ? unescape(arena, pattern, prefix) : "/";
}

/* "a//b" and "a/./b" to "a/b", no '/' at the end. */
static const char *normalise(const struct making *making, const char *pattern)
{
	char *normal = arena_take(making->reading->arena, strlen(pattern) + 2), *to = normal;

	while (*pattern) {
		size_t slashes = strspn(pattern, "/");
		size_t span = strcspn(pattern + slashes, "/");

		pattern += slashes;
		if (span == 2 && !strncmp(pattern, "..", 2)) {
			reading_error(making->reading, making->line,
				      "\"..\" in \"%s\": write the directory it leads to", making->text);
			return NULL;
		}
		if (span > 0 && !(span == 1 && *pattern == '.')) {
			if (slashes > 0)
				*to++ = '/';
			to = mempcpy(to, pattern, span);
		}
		pattern += span;
	}
	if (to == normal)
		*to = '/';
	return normal;
}

/* /proc/self is a link: a process that opens it is seen to open /proc/1234. */
static void add_own_process(const struct making *making, const char *link, const char *seen, const char *pattern)
{
	size_t len = strlen(link);

	if (!strncmp(pattern, link, len) && (pattern[len] == '/' || pattern[len] == '\0'))
		words_add_new(making->reading->arena, making->out,
			      arena_format(making->reading->arena, "%s%s", seen, pattern + len));
}

/* The pattern, and the same with its literal beginning as the kernel will name it. */
static void add_names(const struct making *making, const char *pattern)
{
	struct arena *arena = making->reading->arena;
	size_t prefix = pattern_literal_prefix(pattern);
	struct words names = {0};

	words_add_new(arena, making->out, pattern);
	if (prefix == 0)
		return;
	path_names(arena, unescape(arena, pattern, prefix), &names);
	for (size_t i = 1; i < names.count; i++) {
		const char *name = !strcmp(names.items[i], "/") && pattern[prefix] ? "" : names.items[i];

		words_add_new(arena, making->out,
			      arena_format(arena, "%s%s", pattern_escape(arena, name), pattern + prefix));
	}
	for (size_t i = 0, count = making->out->count; i < count; i++) {
		add_own_process(making, "/proc/self", "/proc/[0-9]*", making->out->items[i]);
		add_own_process(making, "/proc/thread-self", "/proc/[0-9]*/task/[0-9]*", making->out->items[i]);
	}
}

/* A program that is many by the name it is called by: who names one of them does not mean all. */
static bool is_many_programs(const char *name)
{
	return !strcmp(name, "busybox") || !strcmp(name, "toybox") || !strcmp(name, "coreutils");
}

/*
 * What links of this name in the system's own directories lead to: the kernel names a program by the end of its
 * links, so "python3" must cover /usr/bin/python3.11.
 */
static void add_system_programs(const struct making *making, const char *name)
{
	struct arena *arena = making->reading->arena;

	for (const char *const *directory = path_programs; *directory; directory++) {
		struct words names = {0};
		const char *target, *base;

		path_names(arena, arena_format(arena, "%s/%s", *directory, name), &names);
		target = names.items[names.count - 1];
		base = strrchr(target, '/') + 1;
		if (strcmp(base, name) && !is_many_programs(base))
			words_add_new(arena, making->out, pattern_escape(arena, target));
	}
}

/* A program's bare name is that program in any directory. */
static void add_bare(const struct making *making, const char *pattern)
{
	struct arena *arena = making->reading->arena;
	bool literal = !strpbrk(pattern, "*?[");

	if (literal && making->kind == PATTERN_PROGRAM)
		words_add_new(arena, making->out, unescape(arena, pattern, strlen(pattern)));
	else
		words_add_new(arena, making->out, arena_format(arena, "**/%s", pattern));
	if (literal)
		add_system_programs(making, unescape(arena, pattern, strlen(pattern)));
}

/* "NAME" or "NAME=VALUE". A value is no path: `*` stands for any of its bytes. */
static bool add_variable(const struct making *making, const char *pattern)
{
	size_t name = strcspn(pattern, "=");
	char *wide = arena_take(making->reading->arena, 2 * strlen(pattern) + 1), *to = mempcpy(wide, pattern, name);

	if (name == 0 || strcspn(pattern, "/ \t") < name)
		return making_error(making, "\"%s\" is no variable: write NAME, or NAME=VALUE", making->text);
	for (const char *at = pattern + name, *next; *at; at = next) {
		next = *at == '*' ? at + strspn(at, "*") : next_unit(at);
		to = *at == '*' ? stpcpy(to, "**") : mempcpy(to, at, (size_t)(next - at));
	}
	words_add_new(making->reading->arena, making->out, wide);
	return true;
}

/* A pattern without variables and braces. */
static bool finish(const struct making *making, const char *pattern)
{
	bool program = making->kind == PATTERN_PROGRAM || making->kind == PATTERN_ACTOR;
	bool anywhere = !strncmp(pattern, "**", 2);

	if (making->kind == PATTERN_VARIABLE)
		return add_variable(making, pattern);
	if (making->kind == PATTERN_ARGUMENT || (making->kind == PATTERN_SOCKET && *pattern == '@')) {
		words_add_new(making->reading->arena, making->out, pattern);
		return true;
	}
	if (program && *pattern && !anywhere && !strchr(pattern, '/')) {
		add_bare(making, pattern);
		return true;
	}
	if (*pattern != '/' && !anywhere)
		return making_error(making, "\"%s\" is relative: write \"${WORKSPACE}/%s\" or \"**/%s\"", making->text,
				    making->text, making->text);
	pattern = normalise(making, pattern);
	if (pattern)
		add_names(making, pattern);
	return pattern != NULL;
}

bool pattern_add(const struct reading *reading, unsigned line, enum pattern_kind kind, const char *text,
		 struct words *out)
{
	struct words found = {0};
	struct making making = {.reading = reading, .line = line, .kind = kind, .text = text, .out = &found};
	size_t len = strlen(text);
	char storage[PATTERN_MAX];
	struct buf pattern = BUF_ON(storage);

	if (len == 0)
		return making_error(&making, "an empty string names nothing: write what the rule is about, or take it out");
	if (!put_variables(&making, true, &pattern) || !check_brackets(&making, buf_cstr(&pattern)) ||
	    !expand_braces(&making, arena_text(reading->arena, pattern.data, pattern.len)))
		return false;
	/* Words of a command have their places: what stands for one place stays together. */
	for (size_t i = 1; kind == PATTERN_ARGUMENT && i < found.count; i++)
		found.items[0] = arena_format(reading->arena, "%s\n%s", found.items[0], found.items[i]);
	for (size_t i = 0; i < (kind == PATTERN_ARGUMENT ? 1 : found.count); i++)
		words_add(reading->arena, out, found.items[i]);
	if (kind == PATTERN_PATH && len > 1 && text[len - 1] == '/')
		reading_warning(reading, line, "\"%s\" is the directory alone; \"%s**\" is what is in it, too", text, text);
	return true;
}
