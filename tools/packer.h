/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes packed by zlib and written as lines of base64. The only user of zlib.
 */
#pragma once

#include "tools/output.h"

#include <zlib.h>

struct packer {
	struct output *output;
	z_stream stream;
	size_t len;                   /* bytes that wait to be packed */
	unsigned char plain[1 << 15];
	unsigned char packed[3 << 12]; /* a line's: a multiple of three */
};

/* Begin. When memory is out the program ends, as arena.h says. */
void packer_begin(struct packer *packer, struct output *output) NONNULL;

/* Pack what waits. */
void packer_pack(struct packer *packer) NONNULL;

void packer_bytes(struct packer *packer, const void *bytes, size_t len) NONNULL;

static inline void packer_byte(struct packer *packer, unsigned char byte)
{
	packer->plain[packer->len++] = byte;
	if (packer->len == sizeof packer->plain)
		packer_pack(packer);
}

/* Write what is left and give the memory back. */
void packer_end(struct packer *packer) NONNULL;
