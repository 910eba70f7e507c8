/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A seal and a segment of any bytes: verified without a crash, in bounded time, and with findings that make sense.
 *
 * The first byte says whether links are mended first (1), without which hardly any change gets past the first check,
 * and whether the session goes on (2); the next two, how long the seal is.
 */
#include "tools/verify.h"

#include "libguard/record/segment.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

/* What is read is what would be written, and only that. */
static void check_line(struct text line, const struct seal_entry *entry, const struct seal_hash *before)
{
	char storage[SEAL_LINE_MAX];
	struct buf again = BUF_ON(storage);
	struct seal_hash link, expected;

	seal_write(entry, before, &again, &link);
	seal_link(line, before, &expected);
	fuzz_demand(!again.overflow && again.len == line.len + 1, "a line is as long as when it is written");
	fuzz_demand(memcmp(again.data, line.data, line.len - SEAL_HASH_DIGITS) == 0, "a line is what would be written");
	fuzz_demand(seal_same(&link, &expected), "a link is told as it is written");
}

/* The seal with the links that its lines should have. */
static size_t mend(const char *from, size_t len, char *to, size_t cap)
{
	const char *end = from + len;
	struct seal_hash before, link;
	bool first = true;
	size_t used = 0;

	while (from < end) {
		const char *newline = memchr(from, '\n', (size_t)(end - from));
		struct text line = {from, (size_t)((newline ? newline : end) - from)};
		struct buf out = {.data = to + used, .cap = cap - used};
		struct seal_entry entry;

		if (seal_read(line, &entry, &link) == 0) {
			check_line(line, &entry, first ? NULL : &before);
			seal_write(&entry, first ? NULL : &before, &out, &link);
			before = link;
			first = false;
		} else {
			buf_bytes(&out, line.data, line.len);
			buf_char(&out, '\n');
		}
		used += out.len;
		from += line.len + 1;
	}
	return used;
}

static void check(const struct verify_result *result, size_t len)
{
	fuzz_demand(result->sealed, "a seal is there");
	fuzz_demand(result->lines <= len + 1, "there are no more lines than bytes");
	fuzz_demand(result->blocks + result->holes <= result->lines, "a line is one thing");
	for (size_t i = 0; i < result->found && i < VERIFY_FINDINGS; i++) {
		const struct verify_finding *finding = &result->findings[i];

		fuzz_demand(finding->segment <= SEGMENT_NUMBER_MAX, "a segment has a number");
		fuzz_demand(finding->segment == 0 || finding->first + finding->count <= segment_size(finding->segment) / EVENT_SLOT,
			    "slots lie in their segment");
		fuzz_demand(memchr(finding->name, '\0', sizeof finding->name) && !strchr(finding->name, '/'), "a file has a name");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct verify_result result;
	static char mended[1 << 18];
	const char *seal;
	size_t seal_len;

	if (len < 3 || len > sizeof mended / 2)
		return 0;
	seal_len = data[1] | (size_t)data[2] << 8;
	seal = (const char *)data + 3;
	seal_len = seal_len < len - 3 ? seal_len : len - 3;
	fuzz_put("policy.conf", "version = 1;", 12);
	fuzz_put("events-0001.log", seal + seal_len, len - 3 - seal_len);
	if (data[0] & 1)
		fuzz_put("seal", mended, mend(seal, seal_len, mended, sizeof mended));
	else
		fuzz_put("seal", seal, seal_len);
	fuzz_demand(verify_session(fuzz_directory(), data[0] & 2, NULL, &result) == 0, "a seal can be read");
	if (!result.newer)
		check(&result, len);
	return 0;
}
