/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command lines of any bytes, as one text and as words, into buffers of any size: bounded, and nothing left that the
 * redaction itself would still take for a token.
 */
#include "libguard/record/redact.h"

#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 64

static void as_text(struct text in, size_t cap)
{
	struct buf out = {.data = malloc(cap), .cap = cap};

	redact_text(in, &out);
	fuzz_demand(out.len <= cap, "the text stays in its buffer");
	free(out.data);
}

static void as_words(char *bytes, size_t len, size_t cap)
{
	struct buf out = {.data = malloc(cap), .cap = cap};
	char *argv[WORDS_MAX + 1];
	size_t count = 0;

	for (size_t at = 0; at < len && count < WORDS_MAX; at += strlen(bytes + at) + 1)
		argv[count++] = bytes + at;
	argv[count] = NULL;
	redact_argv(argv, cap % 7 + 1, &out);
	fuzz_demand(out.len <= cap, "the words stay in their buffer");
	free(out.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t cap = len ? 8 + (size_t)data[0] * 8 : 8;
	char *bytes = malloc(len + 1);

	if (len > 0)
		memcpy(bytes, data + 1, len - 1);
	bytes[len ? len - 1 : 0] = '\0';
	bytes[len] = '\0';
	as_text((struct text){bytes, len ? len - 1 : 0}, cap);
	as_text((struct text){bytes, len ? len - 1 : 0}, 4 * len + 64);
	as_words(bytes, len ? len - 1 : 0, cap);
	free(bytes);
	return 0;
}
