/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names made safe to show; see escape.h.
 */
#include "tools/escape.h"

#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define ELLIPSIS "\xe2\x80\xa6"    /* U+2026, one column */

size_t utf8_read(struct text text, uint32_t *code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char first;
	size_t len;

	if (text.len == 0)
		return 0;
	first = (unsigned char)text.data[0];
	if (first < 0x80) {
		*code = first;
		return 1;
	}
	len = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
	if (first < 0xc2 || first > 0xf4 || text.len < len)
		return 0;
	*code = first & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		unsigned char next = (unsigned char)text.data[i];

		if ((next & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (next & 0x3f);
	}
	if (*code < least[len] || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return len;
}

size_t utf8_find_broken(struct text text)
{
	size_t at = 0, step = 1;
	uint32_t code;

	for (; at < text.len && step > 0; at += step)
		step = utf8_read((struct text){text.data + at, text.len - at}, &code);
	return at;
}

struct range {
	uint32_t first, last;
};

/* RANGES is in ascending order. */
static bool is_in(const struct range *ranges, size_t count, uint32_t code)
{
	for (size_t i = 0; i < count && ranges[i].first <= code; i++)
		if (code <= ranges[i].last)
			return true;
	return false;
}

/*
 * Characters that show nothing or change how their neighbours are shown: C1 controls, the soft hyphen, fillers,
 * zero-width and direction marks (UAX #9), line and paragraph separators, variation selectors, tags, and the
 * private and unassigned ends of the planes.
 */
static bool is_treacherous(uint32_t code)
{
	static const struct range ranges[] = {
		{0x80, 0x9f},	    {0xad, 0xad},	{0x34f, 0x34f},	    {0x61c, 0x61c},	{0x115f, 0x1160},
		{0x17b4, 0x17b5},   {0x180b, 0x180f},	{0x200b, 0x200f},   {0x2028, 0x202e},	{0x2060, 0x206f},
		{0x3164, 0x3164},   {0xe000, 0xf8ff},	{0xfe00, 0xfe0f},   {0xfeff, 0xfeff},	{0xffa0, 0xffa0},
		{0xfff0, 0xfffb},   {0xfffe, 0xffff},	{0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
		{0xf0000, 0x10ffff},
	};

	return code >= 0x80 && is_in(ranges, ARRAY_LEN(ranges), code);
}

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '\\' && c != '"';
}

/* How many bytes at the start of TEXT need no second look in any of the spellings. */
static size_t plain_run(struct text text)
{
	const uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
	size_t len = 0;
	uint64_t word;

	/* Eight bytes at a time, as long as no high bit says that one of them is below a blank, above '~' (127 too), a
	 * quote or a backslash. A byte may be taken for one wrongly, never the other way; then the loop below decides. */
	for (; text.len - len >= sizeof word; len += sizeof word) {
		uint64_t quotes, backslashes;

		memcpy(&word, text.data + len, sizeof word);
		quotes = word ^ ones * '"';
		backslashes = word ^ ones * '\\';
		if ((word | (word - ones * 0x20) | (word + ones) | (quotes - ones) | (backslashes - ones)) & highs)
			break;
	}
	while (len < text.len && is_plain((unsigned char)text.data[len]))
		len++;
	return len;
}

bool escape_is_plain(struct text text)
{
	return plain_run(text) == text.len;
}

static struct text skip(struct text text, size_t len)
{
	return (struct text){text.data + len, text.len - len};
}

static unsigned hex_digits(uint32_t number)
{
	unsigned digits = 4;

	while (digits < 8 && number >> (4 * digits))
		digits++;
	return digits;
}

static void escape_control(unsigned char c, struct buf *out)
{
	switch (c) {
	case '\n':
		buf_str(out, "\\n");
		break;
	case '\t':
		buf_str(out, "\\t");
		break;
	case '\r':
		buf_str(out, "\\r");
		break;
	default:
		buf_str(out, "\\x");
		buf_hex(out, c, 2);
	}
}

void escape_terminal(struct text text, struct buf *out)
{
	while (text.len > 0) {
		size_t len = plain_run(text);
		uint32_t code;

		buf_bytes(out, text.data, len);
		text = skip(text, len);
		if (text.len == 0)
			break;
		len = utf8_read(text, &code);
		if (len == 0 || code < 0x20 || code == 0x7f) {
			escape_control((unsigned char)text.data[0], out);
			len = 1;
		} else if (code == '\\') {
			buf_str(out, "\\\\");
		} else if (is_treacherous(code)) {
			buf_str(out, "\\u{");
			buf_hex(out, code, hex_digits(code));
			buf_char(out, '}');
		} else {
			buf_bytes(out, text.data, len);
		}
		text = skip(text, len);
	}
}

void escape_json(struct text text, struct buf *out)
{
	buf_char(out, '"');
	while (text.len > 0) {
		size_t len = plain_run(text);
		uint32_t code;

		buf_bytes(out, text.data, len);
		text = skip(text, len);
		if (text.len == 0)
			break;
		len = utf8_read(text, &code);
		if (len == 0) {
			buf_str(out, REPLACEMENT);
			len = 1;
		} else if (code == '"' || code == '\\') {
			buf_char(out, '\\');
			buf_char(out, (char)code);
		} else if (code == '\n') {
			buf_str(out, "\\n");
		} else if (code < 0x20 || code == 0x7f) {
			buf_str(out, "\\u");
			buf_hex(out, code, 4);
		} else {
			buf_bytes(out, text.data, len);
		}
		text = skip(text, len);
	}
	buf_char(out, '"');
}

void escape_utf8(struct text text, struct buf *out)
{
	while (text.len > 0) {
		uint32_t code;
		size_t len = utf8_read(text, &code);

		if (len == 0) {
			buf_str(out, REPLACEMENT);
			len = 1;
		} else {
			buf_bytes(out, text.data, len);
		}
		text = skip(text, len);
	}
}

/* East Asian wide characters and emoji; the marks that combine with what precedes them. UAX #11, UnicodeData. */
static size_t columns_of(uint32_t code)
{
	static const struct range combining[] = {
		{0x300, 0x36f},	  {0x483, 0x489},   {0x591, 0x5bd},   {0x610, 0x61a},	{0x64b, 0x65f},	  {0x93c, 0x93c},
		{0x941, 0x948},	  {0x94d, 0x94d},   {0xe31, 0xe31},   {0xe34, 0xe3a},	{0xe47, 0xe4e},	  {0x1ab0, 0x1aff},
		{0x1dc0, 0x1dff}, {0x20d0, 0x20ff}, {0x302a, 0x302f}, {0x3099, 0x309a}, {0xfe20, 0xfe2f},
	};
	static const struct range wide[] = {
		{0x1100, 0x115f},   {0x2e80, 0x303e},	{0x3041, 0x33ff},   {0x3400, 0x4dbf}, {0x4e00, 0x9fff},
		{0xa000, 0xa4cf},   {0xac00, 0xd7a3},	{0xf900, 0xfaff},   {0xfe30, 0xfe6f}, {0xff00, 0xff60},
		{0xffe0, 0xffe6},   {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
	};

	if (is_in(combining, ARRAY_LEN(combining), code))
		return 0;
	return is_in(wide, ARRAY_LEN(wide), code) ? 2 : 1;
}

size_t escape_columns(struct text text)
{
	size_t columns = 0;

	while (text.len > 0) {
		uint32_t code = 0;
		size_t len = utf8_read(text, &code);

		columns += len ? columns_of(code) : 1;
		text = skip(text, len ? len : 1);
	}
	return columns;
}

/* The longest end of TEXT that begins with a character and takes at most COLUMNS. */
static struct text tail_within(struct text text, size_t columns)
{
	while (text.len > 0 && escape_columns(text) > columns) {
		uint32_t code;
		size_t len = utf8_read(text, &code);

		text = skip(text, len ? len : 1);
	}
	return text;
}

static struct text head_within(struct text text, size_t columns)
{
	size_t at = 0;
	size_t used = 0;

	while (at < text.len) {
		uint32_t code = 0;
		size_t len = utf8_read(skip(text, at), &code);

		used += len ? columns_of(code) : 1;
		if (used > columns)
			break;
		at += len ? len : 1;
	}
	return (struct text){text.data, at};
}

void escape_cut(struct text text, size_t columns, struct buf *out)
{
	struct text head, tail;

	if (escape_columns(text) <= columns) {
		buf_bytes(out, text.data, text.len);
		return;
	}
	if (columns < 3) {
		head = head_within(text, columns);
		buf_bytes(out, head.data, head.len);
		return;
	}
	/* The end holds the file's own name, so it gets the larger part. */
	head = head_within(text, (columns - 1) * 2 / 5);
	/* Quadratic in the worst case, hence only over what can still fit: no character takes more than four bytes. */
	tail = skip(text, head.len);
	if (tail.len > 8 * columns)
		tail = skip(tail, tail.len - 8 * columns);
	while (tail.len > 0 && ((unsigned char)tail.data[0] & 0xc0) == 0x80)
		tail = skip(tail, 1);
	tail = tail_within(tail, columns - 1 - escape_columns(head));
	buf_bytes(out, head.data, head.len);
	buf_str(out, ELLIPSIS);
	buf_bytes(out, tail.data, tail.len);
}
