/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Samples of a file; see content.h.
 */
#include "libguard/core/content.h"

#include "libguard/core/sys.h"

#include <string.h>

#define SAMPLES 16
#define SAMPLE 1024 /* bytes */

static uint64_t mix(uint64_t print, const char *data, size_t len)
{
	for (size_t at = 0; at < len; at += sizeof print) {
		uint64_t word = 0;

		memcpy(&word, data + at, len - at < sizeof word ? len - at : sizeof word);
		print = (print ^ word) * UINT64_C(0xa0761d6478bd642f);
		print ^= print >> 29;
	}
	return print;
}

uint64_t content_print(int fd, uint64_t size)
{
	uint64_t print = size ^ UINT64_C(0x9e3779b97f4a7c15);
	uint64_t step = size > SAMPLES * SAMPLE ? (size - SAMPLE) / (SAMPLES - 1) : SAMPLE;

	for (uint64_t at = 0, number = 0; number < SAMPLES && at < size; number++, at += step) {
		char sample[SAMPLE];
		ssize_t len = sys_pread(fd, sample, sizeof sample, (off_t)at);

		if (len <= 0)
			return 0;
		print = mix(print, sample, (size_t)len);
	}
	return print ? print : 1;
}
