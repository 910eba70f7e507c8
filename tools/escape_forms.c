/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names for the forms of the report; see escape.h.
 *
 * Each first makes a name one line without bytes that act, as a terminal needs it, then takes its form's own meaning
 * from what is left.
 */
#include "tools/escape.h"

#include "libguard/record/event.h"

#include <string.h>

#define SAFE_MAX (8 * EVENT_SLOT * EVENT_SLOTS_MAX) /* a record's longest text, quoted and escaped */

static struct text safe_of(struct text text)
{
	static char storage[SAFE_MAX];
	struct buf safe = BUF_ON(storage);

	escape_terminal(text, &safe);
	return (struct text){safe.data, safe.len};
}

/* Spreadsheets take these at the beginning for a formula, the wide ones too. */
static bool is_formula(struct text text)
{
	uint32_t code = 0;

	return utf8_read(text, &code) > 0 && (code == '=' || code == '+' || code == '-' || code == '@' ||
					      code == 0xff1d || code == 0xff0b || code == 0xff0d || code == 0xff20);
}

void escape_csv(struct text text, struct buf *out)
{
	struct text safe = safe_of(text);

	buf_char(out, '"');
	if (is_formula(safe))
		buf_char(out, '\'');
	for (size_t i = 0; i < safe.len; i++) {
		if (safe.data[i] == '"')
			buf_char(out, '"');
		buf_char(out, safe.data[i]);
	}
	buf_char(out, '"');
}

void escape_xml(struct text text, struct buf *out)
{
	struct text safe = safe_of(text);

	while (safe.len > 0) {
		uint32_t code = 0;
		size_t len = utf8_read(safe, &code);

		if (len == 0)
			len = 1;
		if (code == '&')
			buf_str(out, "&amp;");
		else if (code == '<')
			buf_str(out, "&lt;");
		else if (code == '>')
			buf_str(out, "&gt;");
		else if (code == '"')
			buf_str(out, "&quot;");
		else if (code == 0xfffe || code == 0xffff)
			buf_str(out, "\xef\xbf\xbd");
		else
			buf_bytes(out, safe.data, len);
		safe = (struct text){safe.data + len, safe.len - len};
	}
}

void escape_markdown(struct text text, struct buf *out)
{
	struct text safe = safe_of(text);

	for (size_t i = 0; i < safe.len; i++) {
		char c = safe.data[i];
		/* A dot acts only behind www: GitHub makes a link of it. */
		bool acts = c == '.' ? i >= 3 && !strncasecmp(safe.data + i - 3, "www", 3)
				     : c != '\0' && strchr("!\"#$&'()*+:;<=>?@[\\]^_`{|}~", c) != NULL;

		if (!acts) {
			buf_char(out, c);
			continue;
		}
		buf_str(out, "&#");
		buf_u64(out, (unsigned char)c);
		buf_char(out, ';');
	}
}

void escape_github(struct text text, bool property, struct buf *out)
{
	struct text safe = safe_of(text);

	for (size_t i = 0; i < safe.len; i++)
		switch (safe.data[i]) {
		case '%':
			buf_str(out, "%25");
			break;
		case ':':
			buf_str(out, property ? "%3A" : ":");
			break;
		case ',':
			buf_str(out, property ? "%2C" : ",");
			break;
		default:
			buf_char(out, safe.data[i]);
		}
}

void escape_uri(struct text text, struct buf *out)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-._~/", c))) {
			buf_char(out, (char)c);
			continue;
		}
		buf_char(out, '%');
		buf_char(out, hex[c >> 4]);
		buf_char(out, hex[c & 15]);
	}
}
