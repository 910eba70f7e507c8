/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bounded text builder; see buf.h. Needs nothing from libc but memcpy.
 */
#include "libguard/core/buf.h"

#include <string.h>

void buf_bytes(struct buf *buf, const char *bytes, size_t len)
{
	size_t room = buf->cap - buf->len;

	if (len > room) {
		buf->overflow = true;
		len = room;
	}
	memcpy(buf->data + buf->len, bytes, len);
	buf->len += len;
}

void buf_str(struct buf *buf, const char *string)
{
	buf_bytes(buf, string, strlen(string));
}

void buf_char(struct buf *buf, char c)
{
	if (buf->len < buf->cap)
		buf->data[buf->len++] = c;
	else
		buf->overflow = true;
}

void buf_u64(struct buf *buf, uint64_t number)
{
	char digits[20];
	size_t at = sizeof digits;

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	buf_bytes(buf, digits + at, sizeof digits - at);
}

void buf_i64(struct buf *buf, int64_t number)
{
	if (number < 0)
		buf_char(buf, '-');
	buf_u64(buf, number < 0 ? -(uint64_t)number : (uint64_t)number);
}

void buf_hex(struct buf *buf, uint64_t number, unsigned digits)
{
	while (digits-- > 0)
		buf_char(buf, "0123456789abcdef"[number >> (4 * digits) & 15]);
}

const char *buf_cstr(struct buf *buf)
{
	if (buf->len == buf->cap) {
		buf->overflow = true;
		buf->len = buf->cap - 1;
	}
	buf->data[buf->len] = '\0';
	return buf->data;
}
