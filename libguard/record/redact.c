/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeping secrets out of the log; see redact.h.
 *
 * One pass over the text. Whatever is looked at again (the name before a '=')
 * is bounded by a constant, so that no text makes it slow.
 */
#include "libguard/record/redact.h"

#include "libguard/record/secret.h"

#include <string.h>

#define NAME_MAX_LEN 64 /* bytes of a name that are looked at */

static const struct text mask = TEXT("[redacted]");
static const struct text mark = TEXT("...");

struct scan {
	struct text in;
	size_t at;    /* what is looked at */
	size_t from;  /* up to here it is written */
	struct buf *out;
	bool is_word; /* one word of argv: NAME=value goes to its end, blanks and all */
};

/* The byte at AT, or NUL beyond the end. */
static char peek(const struct scan *scan, size_t at)
{
	return at < scan->in.len ? scan->in.data[at] : '\0';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_quote(char c)
{
	return c == '"' || c == '\'' || c == '`';
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
	       c == '.';
}

/* Does an unquoted value end before this byte? */
static bool ends_value(char c)
{
	return c == '\0' || is_blank(c) || c == '\n' || c == '\r' || is_quote(c) || c == ';' || c == '&' || c == '|' ||
	       c == '<' || c == '>' || c == '(' || c == ')' || c == '\\';
}

static void hide(struct scan *scan, size_t start, size_t end)
{
	if (start < end) {
		buf_bytes(scan->out, scan->in.data + scan->from, start - scan->from);
		buf_bytes(scan->out, mask.data, mask.len);
		scan->from = end;
	}
	scan->at = end;
}

static size_t bare_end(const struct scan *scan, size_t at)
{
	while (at < scan->in.len && !ends_value(scan->in.data[at]))
		at++;
	return at;
}

static size_t line_end(const struct scan *scan, size_t at)
{
	while (at < scan->in.len && scan->in.data[at] != '\n' && scan->in.data[at] != '\r' &&
	       !is_quote(scan->in.data[at]))
		at++;
	return at;
}

/* The end of what a quote before AT has opened; escaped quotes (JSON in a string) end where the next one stands. */
static size_t quoted_end(const struct scan *scan, size_t at, char quote, bool escaped)
{
	for (; at < scan->in.len; at++) {
		if (scan->in.data[at] == quote || (escaped && scan->in.data[at] == '\\'))
			return at;
		if (scan->in.data[at] == '\\' && quote != '\'')
			at++;
	}
	return scan->in.len;
}

/* $NAME and ${NAME} say where a secret comes from and hold none. */
static bool is_reference(const struct scan *scan, size_t at, size_t end)
{
	bool braced = peek(scan, at + 1) == '{';

	if (peek(scan, at) != '$' || end - at < 2 + 2 * (size_t)braced)
		return false;
	if (braced && scan->in.data[--end] != '}')
		return false;
	for (at += 1 + (size_t)braced; at < end; at++)
		if (!is_name(scan->in.data[at]))
			return false;
	return true;
}

/* A number, perhaps one of a list or the last of an object. */
static bool is_number(const struct scan *scan, size_t at, size_t end)
{
	while (at < end && scan->in.data[at] >= '0' && scan->in.data[at] <= '9')
		at++;
	return at == end || strchr(",]}", scan->in.data[at]);
}

static bool is_path(const struct scan *scan, size_t at)
{
	char c = peek(scan, at);

	return c == '/' || c == '~' || (c == '.' && (peek(scan, at + 1) == '/' || peek(scan, at + 1) == '.'));
}

/* A command line rather than a value: what it does must stay readable. */
static bool is_script(const struct scan *scan, size_t at)
{
	const char *rest = scan->in.data + at;
	size_t len = scan->in.len - at;

	return memchr(rest, ' ', len) && (memchr(rest, ';', len) || memchr(rest, '|', len) || memchr(rest, '\n', len) ||
					  memmem(rest, len, "&&", 2));
}

/* Replace a value unless it is one that a name of this kind may have in the open. */
static void hide_value(struct scan *scan, enum secret_name kind, size_t start, size_t end)
{
	if (is_reference(scan, start, end) || (kind == NAME_TOKENS && is_number(scan, start, end)) ||
	    (kind == NAME_KEY && is_path(scan, start)))
		scan->at = end;
	else
		hide(scan, start, end);
}

/* The name that ends before AT: back over blanks, quotes and what closes an index. `start` is where it begins. */
static struct text name_before(const struct scan *scan, size_t at, size_t *start)
{
	size_t least = at > NAME_MAX_LEN ? at - NAME_MAX_LEN : 0, end;

	while (at > least && (is_blank(scan->in.data[at - 1]) || is_quote(scan->in.data[at - 1]) ||
			      scan->in.data[at - 1] == '\\' || scan->in.data[at - 1] == ']'))
		at--;
	end = at;
	while (at > least && is_name(scan->in.data[at - 1]))
		at--;
	*start = at;
	return (struct text){scan->in.data + at, end - at};
}

/* A value in quotes begins at AT, perhaps behind backslashes. */
static bool pass_quoted(struct scan *scan, enum secret_name kind, size_t at)
{
	bool escaped = peek(scan, at) == '\\';

	while (peek(scan, at) == '\\')
		at++;
	if (!is_quote(peek(scan, at)))
		return false;
	hide_value(scan, kind, at + 1, quoted_end(scan, at + 1, scan->in.data[at], escaped));
	return true;
}

/* "Authorization: Bearer x": the scheme stays, the rest of the line goes. */
static void pass_header(struct scan *scan, size_t at)
{
	size_t end = line_end(scan, at), blank = at;

	while (blank < end && !is_blank(scan->in.data[blank]))
		blank++;
	while (blank < end && is_blank(scan->in.data[blank]))
		blank++;
	if (blank < end && peek(scan, blank) != '$' && !memchr(scan->in.data + at, '=', blank - at))
		at = blank;
	hide_value(scan, NAME_HEADER, at, end);
}

/* A bare value after "name:". With blanks between and words behind, it is a sentence and no value. */
static void pass_after_colon(struct scan *scan, struct text name, enum secret_name kind, size_t at, bool spaced)
{
	size_t end = bare_end(scan, at), next = end;
	bool compound = memchr(name.data, '-', name.len) || memchr(name.data, '_', name.len);

	while (is_blank(peek(scan, next)))
		next++;
	if (spaced && (kind == NAME_AUTH || (!compound && next > end && !ends_value(peek(scan, next)))))
		scan->at = at;
	else
		hide_value(scan, kind, at, end);
}

/* At a '=' or ':' that may stand between a name and its value. */
static void pass_value(struct scan *scan)
{
	char separator = scan->in.data[scan->at];
	size_t at = scan->at + 1, start, blanks;
	struct text name = name_before(scan, scan->at, &start);
	enum secret_name kind = name.len > 0 ? secret_name(name) : NAME_PLAIN;

	scan->at = at;
	/* Token::parse is a name too, of code. */
	if (separator == ':' && peek(scan, at) == ':')
		scan->at = at + 1;
	if (kind == NAME_PLAIN || scan->at > at)
		return;
	if (scan->is_word && separator == '=' && start == 0 && !is_script(scan, at)) {
		hide_value(scan, kind, at, scan->in.len);
		return;
	}
	if (peek(scan, at) == '=' || (separator == '=' && peek(scan, at) == '>'))
		at++;
	blanks = at;
	while (is_blank(peek(scan, at)))
		at++;
	if (kind == NAME_HEADER && !is_quote(peek(scan, at)) && peek(scan, at) != '\\') {
		pass_header(scan, at);
		return;
	}
	if (pass_quoted(scan, kind, at))
		return;
	if (separator == ':')
		pass_after_colon(scan, name, kind, at, at > blanks);
	else if (at == blanks && name.data + name.len == scan->in.data + blanks - 1)
		hide_value(scan, kind, at, bare_end(scan, at));
}

/* At "://": the password of user:password@host, or a lone user that is as long as a token. */
static void pass_url(struct scan *scan)
{
	size_t start = scan->at + 3, end = start, at = 0, colon = 0;

	for (; end < scan->in.len && !ends_value(scan->in.data[end]) && !strchr("/?#", scan->in.data[end]); end++) {
		if (scan->in.data[end] == '@')
			at = end;
		else if (scan->in.data[end] == ':' && colon == 0)
			colon = end;
	}
	scan->at = start;
	if (at == 0)
		return;
	if (colon > 0 && colon < at)
		hide_value(scan, NAME_SECRET, colon + 1, at);
	else if (at - start >= 20)
		hide_value(scan, NAME_SECRET, start, at);
	else
		scan->at = at;
}

static bool spells(const struct scan *scan, size_t at, const char *word)
{
	for (; *word; word++, at++)
		if ((peek(scan, at) | 0x20) != *word)
			return false;
	return true;
}

/* At "Bearer x" or "Basic x" in any case; a plain word behind it is no credential. */
static bool pass_scheme(struct scan *scan)
{
	size_t at = scan->at + (spells(scan, scan->at, "bearer") ? 6 : spells(scan, scan->at, "basic") ? 5 : 0);
	size_t start, end;
	bool telling = false;

	if (at == scan->at || !is_blank(peek(scan, at)) || (scan->at > 0 && is_name(scan->in.data[scan->at - 1])))
		return false;
	while (is_blank(peek(scan, at)))
		at++;
	start = at;
	end = bare_end(scan, at);
	for (; at < end && !telling; at++)
		telling = scan->in.data[at] < 'a' || scan->in.data[at] > 'z';
	if (!telling || end - start < 8)
		return false;
	hide_value(scan, NAME_SECRET, start, end);
	return true;
}

static void redact(struct text in, bool is_word, struct buf *out)
{
	struct scan scan = {.in = in, .out = out, .is_word = is_word};

	/* Once `out` is full, the rest is of no use. */
	while (scan.at < in.len && !out->overflow && scan.at - scan.from <= out->cap) {
		size_t shape = secret_shape(in, scan.at);

		if (shape > 0)
			hide(&scan, scan.at, scan.at + shape);
		else if (in.data[scan.at] == ':' && peek(&scan, scan.at + 1) == '/' && peek(&scan, scan.at + 2) == '/')
			pass_url(&scan);
		else if (in.data[scan.at] == '=' || in.data[scan.at] == ':')
			pass_value(&scan);
		else if ((in.data[scan.at] | 0x20) != 'b' || !pass_scheme(&scan))
			scan.at++;
	}
	buf_bytes(out, in.data + scan.from, scan.at - scan.from);
}

/* Say that the text is cut; only bytes from START on are ours. */
static void mark_cut(struct buf *out, size_t start)
{
	if (out->overflow && out->len - start >= mark.len)
		memcpy(out->data + out->len - mark.len, mark.data, mark.len);
}

void redact_text(struct text in, struct buf *out)
{
	size_t start = out->len;

	redact(in, false, out);
	mark_cut(out, start);
}

/* What a word makes of the one that follows it. */
enum next { NEXT_PLAIN, NEXT_SECRET, NEXT_KEY, NEXT_USER, NEXT_SCRIPT };

static bool is(struct text word, const char *what)
{
	return word.len == strlen(what) && memcmp(word.data, what, word.len) == 0;
}

/* Options without a telling name that take a user's password. */
static enum next known_option(struct text program, struct text word)
{
	if (is(program, "curl") && (is(word, "-u") || is(word, "-U") || is(word, "--user") || is(word, "--proxy-user")))
		return NEXT_USER;
	if (is(program, "sshpass") && is(word, "-p"))
		return NEXT_SECRET;
	return NEXT_PLAIN;
}

static enum next after_word(struct text program, struct text last, struct text word)
{
	enum secret_name kind;
	enum next next = known_option(program, word);

	if (next != NEXT_PLAIN || word.len < 2)
		return next;
	/* sh -c, bash -lc, python -c, perl -e, node -e: a script, where values end at blanks. docker -e is a variable. */
	if (word.data[0] == '-' && word.data[1] != '-' &&
	    (word.data[word.len - 1] == 'c' ||
	     (word.data[word.len - 1] == 'e' && !is(program, "docker") && !is(program, "podman"))))
		return NEXT_SCRIPT;
	/* --token X, and "set aws_secret_access_key X"; elsewhere a name is just something talked about. */
	if (word.data[0] != '-' && !is(last, "set"))
		return NEXT_PLAIN;
	if (memchr(word.data, '=', word.len) || memchr(word.data, ' ', word.len) || word.len > NAME_MAX_LEN)
		return NEXT_PLAIN;
	kind = secret_name(word);
	return kind == NAME_SECRET || kind == NAME_AUTH ? NEXT_SECRET : kind == NAME_KEY ? NEXT_KEY : NEXT_PLAIN;
}

/* -x and --name are options of their own even where a value could stand. */
static bool is_option(struct text word)
{
	return word.len > 1 && word.data[0] == '-' && (word.data[1] == '-' || word.len == 2);
}

static void redact_word(struct text word, enum next next, struct buf *out)
{
	struct scan scan = {.in = word, .out = out};
	const char *colon = memchr(word.data, ':', word.len);

	if ((next == NEXT_SECRET && !is_option(word)) || (next == NEXT_KEY && !is_path(&scan, 0) && !is_option(word)))
		hide(&scan, 0, word.len);
	else if (next == NEXT_USER && colon)
		hide(&scan, (size_t)(colon - word.data) + 1, word.len);
	else
		redact(word, next != NEXT_SCRIPT, out);
}

static struct text base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	return (struct text){name, strlen(name)};
}

void redact_argv(char *const *argv, size_t max_words, struct buf *out)
{
	size_t start = out->len;
	struct text program, last = TEXT("");
	enum next next = NEXT_PLAIN;

	if (!argv || !argv[0])
		return;
	program = base_name(argv[0]);
	for (size_t i = 0; argv[i] && !out->overflow; i++) {
		struct text word = {argv[i], strlen(argv[i])};

		if (i > 0)
			buf_char(out, '\0');
		if (i == max_words) {
			buf_bytes(out, mark.data, mark.len);
			break;
		}
		redact_word(word, next, out);
		next = i > 0 ? after_word(program, last, word) : NEXT_PLAIN;
		last = word;
	}
	mark_cut(out, start);
}
