/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/stable.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define PIDS_MAX 200000

const char *const stable_words[STABLE_PART_COUNT] = {
	[STABLE_SESSION] = "<session>", [STABLE_WORKSPACE] = "<workspace>", [STABLE_HOME] = "~",
	[STABLE_PID] = "<pid>",		[STABLE_RANDOM] = "<random>",	    [STABLE_HASH] = "<hash>",
	[STABLE_TIME] = "<time>",	[STABLE_NUMBER] = "<number>",	    [STABLE_VERSION] = "<version>",
	[STABLE_PORT] = "<port>",
};

void stable_init(struct stable *stable, struct arena *arena, const char *const words[STABLE_PART_COUNT])
{
	*stable = (struct stable){0};
	memcpy(stable->words, words, sizeof stable->words);
	table_init(&stable->pids, arena, sizeof(struct table_entry), PIDS_MAX);
}

void stable_free(struct stable *stable)
{
	table_free(&stable->pids);
}

static void add_pid(struct stable *stable, uint32_t pid)
{
	char digits[16];
	struct buf text = BUF_ON(digits);

	buf_u64(&text, pid);
	if (text.len >= 3 && !table_at(&stable->pids, (struct text){digits, text.len}))
		return; /* too many of them: their names are told as they are */
}

void stable_add(struct stable *stable, const struct event *event)
{
	const uint32_t pids[] = {event->pid, event->tid, event->ppid};

	/* Events come in runs of one process. */
	for (size_t i = 0; i < ARRAY_LEN(pids); i++)
		if (pids[i] != stable->last[i]) {
			stable->last[i] = pids[i];
			add_pid(stable, pids[i]);
		}
}

static bool below(struct text path, struct text directory)
{
	return directory.len > 1 && path.len >= directory.len && !memcmp(path.data, directory.data, directory.len) &&
	       (path.len == directory.len || path.data[directory.len] == '/');
}

/* One component, and what is known of where it stands. */
struct component {
	const struct stable *stable;
	struct text text, parent;
	bool temporary; /* names here are made for a moment */
};

static bool is_all(struct text text, int (*in_class)(int))
{
	for (size_t i = 0; i < text.len; i++)
		if (!in_class((unsigned char)text.data[i]))
			return false;
	return text.len > 0;
}

static bool starts(struct text text, size_t at, const char *word)
{
	size_t len = strlen(word);

	return text.len - at >= len && !memcmp(text.data + at, word, len);
}

static bool is(struct text text, const char *word)
{
	return text.len == strlen(word) && starts(text, 0, word);
}

static int is_hex(int c)
{
	return isdigit(c) || (c >= 'a' && c <= 'f');
}

static size_t count_of(struct text text, int (*in_class)(int))
{
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++)
		count += in_class((unsigned char)text.data[i]) != 0;
	return count;
}

static size_t run_of(struct text text, size_t at, int (*in_class)(int))
{
	size_t len = 0;

	while (at + len < text.len && in_class((unsigned char)text.data[at + len]))
		len++;
	return len;
}

/* Letters and digits as nobody writes them: of two or three kinds, and not only a capital in front. */
static bool looks_drawn(struct text token)
{
	size_t digits = count_of(token, isdigit), upper = count_of(token, isupper), lower = count_of(token, islower);
	bool titled = upper == 1 && isupper((unsigned char)token.data[0]);

	if (digits == token.len || digits + upper == 0)
		return false;
	return digits ? digits < token.len && (lower > 0 || upper > 0) : lower > 0 && !titled;
}

static bool is_uuid(struct text text, size_t at)
{
	static const uint8_t lengths[] = {8, 4, 4, 4, 12};

	for (size_t i = 0; i < sizeof lengths; i++) {
		if (run_of(text, at, is_hex) != lengths[i])
			return false;
		at += lengths[i];
		if (i + 1 < sizeof lengths && (at >= text.len || text.data[at++] != '-'))
			return false;
	}
	return true;
}

static bool is_hash(struct text token)
{
	size_t digits = count_of(token, isdigit);

	return token.len >= 8 && is_all(token, is_hex) && digits > 0 && (digits < token.len || token.len >= 32);
}

/* The bytes of TEXT at AT that look like SHAPE: '0' any digit, '-' a mark between parts of a time, others themselves.
 */
static size_t match(struct text text, size_t at, const char *shape)
{
	size_t len = 0;

	for (; shape[len]; len++) {
		unsigned char c = at + len < text.len ? (unsigned char)text.data[at + len] : 0;

		if (shape[len] == '0' ? !isdigit(c) : shape[len] == '-' ? !c || !strchr("-_:.T ", c) : c != shape[len])
			return 0;
	}
	return len;
}

/* 2026-01-02, 2026-01-02T03-04-05.678Z, 20260102T030405: the longest that nothing follows at once. */
static size_t time_length(struct text text, size_t at)
{
	static const char *const shapes[] = {
		"0000-00-00-00-00-00-000Z", "0000-00-00-00-00-00-000",
		"0000-00-00-00-00-00Z",	    "0000-00-00-00-00-00",
		"0000-00-00-000000Z",	    "0000-00-00-000000",
		"0000-00-00-00-00Z",	    "0000-00-00-00-00",
		"0000-00-00-0000",	    "0000-00-00",
		"00000000-000000Z",	    "00000000-000000",
	};

	if (!starts(text, at, "19") && !starts(text, at, "20"))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
		size_t len = match(text, at, shapes[i]);

		if (len > 0 && (at + len == text.len || !isalnum((unsigned char)text.data[at + len])))
			return len;
	}
	return 0;
}

/* Which part begins at AT, where a token does; its length in *len. */
static enum stable_part find_part(const struct component *component, size_t at, size_t *len)
{
	struct text text = component->text, token = {text.data + at, run_of(text, at, isalnum)};
	bool after_mark = at > 0 && memchr(".-_", text.data[at - 1], 3);
	bool before_end = at + token.len == text.len || text.data[at + token.len] == '.';
	size_t digits = run_of(text, at, isdigit), end = at + digits;

	if (is_uuid(text, at)) {
		*len = 36;
		return STABLE_HASH;
	}
	*len = digits >= 4 ? time_length(text, at) : 0;
	if (*len > 0)
		return STABLE_TIME;
	*len = token.len;
	if (digits == token.len && digits >= 8)
		return STABLE_NUMBER;
	if (digits == token.len && component->temporary && table_find(&component->stable->pids, token))
		return STABLE_PID;
	while (digits && end + 1 < text.len && text.data[end] == '.' && isdigit((unsigned char)text.data[end + 1]))
		end += 1 + run_of(text, end + 1, isdigit);
	if (end > at + digits) {
		*len = end - at;
		return STABLE_VERSION;
	}
	if (is_hash(token))
		return STABLE_HASH;
	if ((token.len == 6 || (token.len == 10 && component->temporary)) && after_mark && before_end &&
	    looks_drawn(token))
		return STABLE_RANDOM;
	if (token.len >= 12 && count_of(token, isdigit) && count_of(token, isupper) && count_of(token, islower))
		return STABLE_RANDOM;
	return STABLE_PART_COUNT;
}

static int is_tempfile(int c)
{
	return isalnum(c) || c == '_';
}

/* What Python tries a directory for temporary files with: eight characters and nothing else. */
static bool is_trial(const struct component *component)
{
	struct text text = component->text;

	return is(component->parent, "tmp") && text.len == 8 && is_all(text, is_tempfile) && !count_of(text, isupper);
}

/* "tmp" and the six or eight characters that mkstemp(3) and Python draw; gcc's "cc" and six; git's "t" and six. */
static size_t find_temporary(const struct component *component, size_t at)
{
	struct text text = component->text;
	bool git = at == 0 && is(component->parent, ".git") && starts(text, 0, "t");
	size_t prefix = starts(text, at, "tmp") ? 3 : git ? 1 : component->temporary && starts(text, at, "cc") ? 2 : 0;
	size_t len = prefix ? run_of(text, at + prefix, is_tempfile) : 0;
	struct text drawn = {text.data + at + prefix, len};

	if (prefix && prefix < 3)
		return len == 6 && looks_drawn(drawn) ? prefix : 0;
	return (len == 6 && looks_drawn(drawn)) || (len == 8 && !is_all(drawn, isupper)) ? prefix : 0;
}

static bool put(const struct component *component, enum stable_part part, struct buf *out)
{
	const char *word = part < STABLE_PART_COUNT ? component->stable->words[part] : NULL;

	if (word)
		buf_str(out, word);
	return word != NULL;
}

static void write_component(const struct component *component, struct buf *out)
{
	struct text text = component->text;
	bool fresh = true; /* a token begins here */

	if (is_trial(component) && put(component, STABLE_RANDOM, out))
		return;
	for (size_t at = 0; at < text.len;) {
		unsigned char c = (unsigned char)text.data[at];
		size_t len = 1, prefix = fresh && isalnum(c) ? find_temporary(component, at) : 0;
		/* The version behind a name: python3.11, v1.2. */
		bool tail = !fresh && isdigit(c) && isalpha((unsigned char)text.data[at - 1]);
		enum stable_part part = STABLE_PART_COUNT;

		if (prefix) {
			buf_bytes(out, text.data + at, prefix);
			at += prefix;
			len = run_of(text, at, is_tempfile);
			part = STABLE_RANDOM;
		} else if (fresh && isalnum(c)) {
			part = find_part(component, at, &len);
		} else if (tail) {
			part = find_part(component, at, &len);
			part = part == STABLE_VERSION ? part : STABLE_PART_COUNT;
		}
		if (!put(component, part, out)) {
			len = part == STABLE_PART_COUNT ? 1 : len;
			buf_bytes(out, text.data + at, len);
		}
		at += len;
		fresh = !isalnum((unsigned char)text.data[at - 1]);
	}
}

static int to_lower(int c)
{
	return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

static bool contains(struct text text, const char *word)
{
	size_t len = strlen(word);

	for (size_t at = 0; at + len <= text.len; at++) {
		size_t same = 0;

		if ((text.data[at] | 0x20) != *word)
			continue;
		while (same < len && to_lower((unsigned char)text.data[at + same]) == word[same])
			same++;
		if (same == len)
			return true;
	}
	return false;
}

/* Names like /tmp/x.123, cache.lock.123: where a number may be a process. */
static bool is_temporary(struct text component)
{
	return contains(component, "tmp") || contains(component, "temp") || contains(component, "lock") ||
	       contains(component, "pid") || is(component, "shm");
}

/* git's objects: two digits of the checksum, and the rest of it one level below. */
static bool is_fan_out(struct text before, struct text component, struct text rest)
{
	return (is(before, "objects") || starts(before, 0, "tmp_objdir-")) && component.len == 2 &&
	       is_all(component, is_hex) &&
	       (rest.len == 0 || run_of(rest, 1, is_hex) >= 30 || starts(rest, 0, "/tmp_obj_"));
}

static void write_components(const struct stable *stable, struct text path, struct buf *out)
{
	struct component component = {.stable = stable};
	struct text before = {"", 0};

	while (path.len > 0) {
		const char *slash = memchr(path.data + 1, '/', path.len - 1);
		size_t len = slash ? (size_t)(slash - path.data) : path.len;
		struct text rest;
		bool process;

		component.text = (struct text){path.data + 1, len - 1};
		component.parent = before;
		rest = (struct text){path.data + len, path.len - len};
		component.temporary |= is_temporary(component.text);
		process = (is(before, "proc") || is(before, "task")) && is_all(component.text, isdigit);
		buf_char(out, '/');
		if (process ? !put(&component, STABLE_PID, out)
			    : !is_fan_out(before, component.text, rest) || !put(&component, STABLE_HASH, out))
			write_component(&component, out);
		before = component.text;
		path = rest;
	}
}

void stable_write_path(const struct stable *stable, struct text path, struct buf *out)
{
	static const enum stable_part order[] = {STABLE_SESSION, STABLE_WORKSPACE, STABLE_HOME};
	const struct text places[] = {stable->session, stable->workspace, stable->home};

	for (size_t i = 0; i < ARRAY_LEN(order); i++)
		if (stable->words[order[i]] && below(path, places[i])) {
			buf_str(out, stable->words[order[i]]);
			path = (struct text){path.data + places[i].len, path.len - places[i].len};
			break;
		}
	if (path.len > 0 && path.data[0] != '/')
		buf_bytes(out, path.data, path.len);
	else
		write_components(stable, path, out);
}

static bool is_loopback(struct text address)
{
	return starts(address, 0, "127.") || is(address, "::1");
}

bool stable_is_drawn(struct text address, uint16_t port)
{
	return port >= STABLE_PORT_FIRST && is_loopback(address);
}

void stable_write_peer(const struct stable *stable, struct text host, struct text address, uint16_t port,
		       struct buf *out)
{
	bool brackets = host.len == 0 && port && memchr(address.data, ':', address.len);

	if (address.len > 0 && address.data[0] == '/') {
		stable_write_path(stable, address, out);
		return;
	}
	buf_str(out, brackets ? "[" : "");
	buf_bytes(out, host.len ? host.data : address.data, host.len ? host.len : address.len);
	buf_str(out, brackets ? "]" : "");
	if (!port)
		return;
	buf_char(out, ':');
	if (stable_is_drawn(address, port) && stable->words[STABLE_PORT])
		buf_str(out, stable->words[STABLE_PORT]);
	else
		buf_u64(out, port);
}
