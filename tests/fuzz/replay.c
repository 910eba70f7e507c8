/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fuzzer's inputs without a fuzzer, for any compiler: each file as it is, cut at many places, and with other bytes.
 *
 * Usage: NAME FILE...
 */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMES 200 /* a file is cut and altered */

static uint32_t draw(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

static void try_all(const uint8_t *data, size_t len)
{
	uint8_t *other = malloc(len + 1);
	uint64_t seed = len;

	LLVMFuzzerTestOneInput(data, len);
	for (size_t i = 0; other && i < TIMES; i++) {
		LLVMFuzzerTestOneInput(data, len * i / TIMES);
		memcpy(other, data, len);
		for (unsigned k = draw(&seed) % 4 + 1; k > 0 && len > 0; k--)
			other[draw(&seed) % len] = (uint8_t)draw(&seed);
		LLVMFuzzerTestOneInput(other, len);
	}
	free(other);
}

int main(int argc, char **argv)
{
	static uint8_t data[1 << 16];

	for (int i = 1; i < argc; i++) {
		FILE *file = fopen(argv[i], "r");
		size_t len;

		fuzz_demand(file != NULL, "an input can be read");
		len = fread(data, 1, sizeof data, file);
		fclose(file);
		try_all(data, len);
	}
	return argc < 2;
}
