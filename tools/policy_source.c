/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/policy_source.h"

#include "tools/escape.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 16       /* a rule's list is at depth 3 */
#define MEMBERS_MAX 256    /* libconfig looks for duplicates member by member */
#define QUOTED_MAX 60      /* bytes of a line that a message shows */

static void close_file(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* Read until the end; the text moves to the arena once its length is known. */
static int read_all(int fd, struct arena *arena, char **text, size_t *len)
{
	char *bytes = NULL;
	size_t used = 0, room = 0;
	ssize_t got;

	do {
		if (used == room) {
			char *more = realloc(bytes, room = room ? 2 * room : 65536);

			if (!more) {
				free(bytes);
				return -ENOMEM;
			}
			bytes = more;
		}
		got = read(fd, bytes + used, room - used);
		if (got > 0)
			used += (size_t)got;
	} while ((got > 0 || (got < 0 && errno == EINTR)) && used <= SOURCE_MAX);
	if (got >= 0 || used > SOURCE_MAX) {
		*text = arena_text(arena, bytes, used);
		*len = used;
		got = used > SOURCE_MAX ? -EFBIG : 0;
	} else {
		got = -errno;
	}
	free(bytes);
	return (int)got;
}

int source_read(const struct reading *reading, const char *path, char **text, size_t *len)
{
	/* A pipe without a writer must not hold us up for ever; one with a writer is waited for. */
	CLEANUP(close_file) const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int result = fd < 0 || fcntl(fd, F_SETFL, O_RDONLY) < 0 ? -errno : read_all(fd, reading->arena, text, len);

	if (result == -EFBIG)
		reading_error(reading, 0, "more than %u MiB: this is no policy; name another file", SOURCE_MAX >> 20);
	else if (result < 0)
		reading_error(reading, 0, "cannot read the %s: %s; %s", reading->profile ? "profile" : "policy",
			      strerror(-result),
			      result == -EISDIR   ? "name a file in it"
			      : result == -EACCES ? "let this user read it, or name another file"
						  : "name a file that can be read");
	return result < 0 ? -EINVAL : 0;
}

/* Where the scan of a text stands. */
struct scan {
	const struct reading *reading;
	const char *at, *end;
	unsigned line;
	unsigned depth;
	unsigned members[DEPTH_MAX + 1];
	bool wrong;
};

static void scan_error(struct scan *scan, unsigned line, const char *text)
{
	reading_error(scan->reading, line, "%s", text);
	scan->wrong = true;
}

/* Go past a string or comment that began in front of `at` and ends in CLOSE. */
static void skip_until(struct scan *scan, const char *close, bool escapes, const char *unended)
{
	unsigned began = scan->line;
	size_t len = strlen(close);

	for (; scan->at < scan->end; scan->at++) {
		if ((size_t)(scan->end - scan->at) >= len && !memcmp(scan->at, close, len)) {
			scan->at += len;
			return;
		}
		if (*scan->at == '\n')
			scan->line++;
		else if (escapes && *scan->at == '\\' && scan->at + 1 < scan->end && scan->at[1] != '\n')
			scan->at++;
	}
	scan_error(scan, began, unended);
}

static void skip_line(struct scan *scan)
{
	const char *newline = memchr(scan->at, '\n', (size_t)(scan->end - scan->at));

	scan->at = newline ? newline : scan->end;
}

/* libconfig's numbers without an L have 32 bits and wrap in silence. */
static void scan_number(struct scan *scan)
{
	bool hex = scan->at[0] == '0' && (scan->at[1] == 'x' || scan->at[1] == 'X');
	unsigned long long value;
	char *after;

	errno = 0;
	value = strtoull(scan->at, &after, hex ? 16 : 10);
	if (errno == ERANGE || (value > INT32_MAX && *after != 'L'))
		scan_error(scan, scan->line, "the number is too large: the largest is 2147483647");
	scan->at = after;
}

static void scan_open(struct scan *scan)
{
	if (scan->depth == DEPTH_MAX) {
		scan_error(scan, scan->line, "nested too deeply: close the brackets in front of it");
		scan->at = scan->end;
		return;
	}
	scan->members[++scan->depth] = 0;
}

static void scan_member(struct scan *scan)
{
	if (++scan->members[scan->depth] == MEMBERS_MAX + 1)
		scan_error(scan, scan->line, "too many settings in one group: no group has so many keys");
}

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '*';
}

static void scan_byte(struct scan *scan)
{
	char c = *scan->at++;

	if (c == '\n')
		scan->line++;
	else if (c == '"')
		skip_until(scan, "\"", true, "the string does not end: a \" is missing");
	else if (c == '#' || (c == '/' && *scan->at == '/'))
		skip_line(scan);
	else if (c == '/' && *scan->at == '*')
		skip_until(scan, "*/", false, "the comment does not end: a */ is missing");
	else if (c == '{' || c == '(' || c == '[')
		scan_open(scan);
	else if ((c == '}' || c == ')' || c == ']') && scan->depth > 0)
		scan->depth--;
	else if (c == '=' || c == ':')
		scan_member(scan);
	else if (c == '@' && !strncmp(scan->at, "include", 7))
		scan_error(scan, scan->line, "a policy includes no files: name a profile in \"profiles\" instead");
	else if (isdigit((unsigned char)c)) {
		scan->at--;
		scan_number(scan);
	} else if (is_name(c) && c != '-') {
		while (is_name(*scan->at))
			scan->at++;
	}
}

/* The text up to the end, which is marked by a NUL. */
static bool scan_text(const struct reading *reading, const char *text, size_t len)
{
	struct scan scan = {.reading = reading, .at = text, .end = text + len, .line = 1};
	const char *nul = memchr(text, '\0', len);
	size_t broken;

	if (nul) {
		for (const char *c = text; c < nul; c++)
			scan.line += *c == '\n';
		scan_error(&scan, scan.line, "a NUL byte: this is not text; save it as plain UTF-8");
		return false;
	}
	broken = utf8_find_broken((struct text){text, len});
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
		scan_error(&scan, 1, "a byte order mark: save the file without it");
		return false;
	}
	if (broken < len) {
		for (const char *c = text; c < text + broken; c++)
			scan.line += *c == '\n';
		scan_error(&scan, scan.line,
			   arena_format(reading->arena, "a byte that is no UTF-8: in a string it is written \\x%02x",
					(unsigned char)text[broken]));
		return false;
	}
	while (scan.at < scan.end)
		scan_byte(&scan);
	return !scan.wrong;
}

/* Line NUMBER of the text, trimmed, for a message. */
static const char *quote_line(struct arena *arena, const char *text, int number)
{
	size_t len;

	for (; number > 1 && text; number--) {
		text = strchr(text, '\n');
		text += text != NULL;
	}
	if (!text)
		return "";
	text += strspn(text, " \t\r");
	len = strcspn(text, "\n");
	while (len > 0 && isspace((unsigned char)text[len - 1]))
		len--;
	return len > QUOTED_MAX ? arena_format(arena, "%.*s...", QUOTED_MAX, text) : arena_text(arena, text, len);
}

/* libconfig's words made ours, with the way out. */
static const char *parse_error(const char *text)
{
	static const struct {
		const char *theirs, *ours;
	} words[] = {
		{"mismatched element type in array",
		 "a list in [ ] mixes strings and numbers: write each in quotes, such as [\"80\", \"8000-8999\"]"},
		{"duplicate setting name", "this key is there twice in one group: keep one"},
		{"syntax error", "syntax error: look for a missing \";\", \",\", quote or bracket"},
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (!strcmp(text, words[i].theirs))
			return words[i].ours;
	return text;
}

int source_parse(const struct reading *reading, const char *text, size_t len, config_t *config)
{
	const char *line;

	config_init(config);
	if (!scan_text(reading, text, len))
		return -EINVAL;
	/* libconfig wants a line end behind a comment. */
	if (len > 0 && text[len - 1] != '\n')
		text = arena_format(reading->arena, "%s\n", text);
	if (config_read_string(config, text) == CONFIG_TRUE)
		return 0;
	line = quote_line(reading->arena, text, config_error_line(config));
	reading_error(reading, config_error_line(config) > 0 ? (unsigned)config_error_line(config) : 0, "%s%s%s",
		      parse_error(config_error_text(config)), *line ? ", at or before: " : "", line);
	return -EINVAL;
}
