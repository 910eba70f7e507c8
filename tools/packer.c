/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zlib and base64; see packer.h.
 */
#include "tools/packer.h"

#include "tools/cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void packer_begin(struct packer *packer, struct output *output)
{
	packer->output = output;
	packer->len = 0;
	memset(&packer->stream, 0, sizeof packer->stream);
	if (deflateInit2(&packer->stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS, MAX_MEM_LEVEL,
			 Z_DEFAULT_STRATEGY) != Z_OK) {
		fputs("guardctl: out of memory\n", stderr);
		exit(EXIT_GUARD);
	}
	packer->stream.next_out = packer->packed;
	packer->stream.avail_out = sizeof packer->packed;
}

/* Source: RFC 4648, 4. */
static void put_line(struct packer *packer, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char line[sizeof packer->packed / 3 * 4 + 1];
	size_t at = 0;

	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		uint32_t bits = (uint32_t)packer->packed[i] << 16;

		bits |= left > 1 ? (uint32_t)packer->packed[i + 1] << 8 : 0;
		bits |= left > 2 ? packer->packed[i + 2] : 0;
		line[at++] = digits[bits >> 18];
		line[at++] = digits[bits >> 12 & 63];
		line[at++] = left > 1 ? digits[bits >> 6 & 63] : '=';
		line[at++] = left > 2 ? digits[bits & 63] : '=';
	}
	line[at++] = '\n';
	output_bytes(packer->output, line, at);
}

/* With Z_FINISH until nothing is left. */
static void pack(struct packer *packer, int flush)
{
	int status;

	packer->stream.next_in = packer->plain;
	packer->stream.avail_in = (uInt)packer->len;
	do {
		status = deflate(&packer->stream, flush);
		if (packer->stream.avail_out == 0) {
			put_line(packer, sizeof packer->packed);
			packer->stream.next_out = packer->packed;
			packer->stream.avail_out = sizeof packer->packed;
		}
	} while (packer->stream.avail_in > 0 || (flush == Z_FINISH && status != Z_STREAM_END));
	packer->len = 0;
}

void packer_pack(struct packer *packer)
{
	pack(packer, Z_NO_FLUSH);
}

void packer_bytes(struct packer *packer, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;

	while (len > 0) {
		size_t room = sizeof packer->plain - packer->len;
		size_t part = len < room ? len : room;

		memcpy(packer->plain + packer->len, at, part);
		packer->len += part;
		at += part;
		len -= part;
		if (packer->len == sizeof packer->plain)
			packer_pack(packer);
	}
}

void packer_end(struct packer *packer)
{
	pack(packer, Z_FINISH);
	if (packer->stream.avail_out < sizeof packer->packed)
		put_line(packer, sizeof packer->packed - packer->stream.avail_out);
	deflateEnd(&packer->stream);
}
