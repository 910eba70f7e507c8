/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helpers on yajl's generator; see json.h.
 */
#include "tools/json.h"

#include "tools/escape.h"
#include "tools/when.h"

#include <stdlib.h>
#include <string.h>

static bool is_utf8(struct text text)
{
	while (text.len > 0) {
		uint32_t code;
		size_t len = utf8_read(text, &code);

		if (len == 0)
			return false;
		text.data += len;
		text.len -= len;
	}
	return true;
}

static void put(yajl_gen json, const char *data, size_t len)
{
	yajl_gen_string(json, (const unsigned char *)data, len);
}

void json_text(yajl_gen json, struct text text)
{
	struct buf clean = {0};

	if (is_utf8(text)) {
		put(json, text.data, text.len);
		return;
	}
	clean.data = malloc(3 * text.len);
	if (clean.data) {
		clean.cap = 3 * text.len;
		escape_utf8(text, &clean);
	}
	put(json, clean.data ? clean.data : "", clean.len);
	free(clean.data);
}

void json_string(yajl_gen json, const char *string)
{
	json_text(json, (struct text){string, strlen(string)});
}

void json_key(yajl_gen json, const char *key)
{
	put(json, key, strlen(key));
}

void json_put_text(yajl_gen json, const char *key, struct text text)
{
	json_key(json, key);
	json_text(json, text);
}

void json_put_string(yajl_gen json, const char *key, const char *string)
{
	if (!string)
		return;
	json_key(json, key);
	json_string(json, string);
}

void json_put_number(yajl_gen json, const char *key, uint64_t number)
{
	json_key(json, key);
	yajl_gen_integer(json, (long long)(number & INT64_MAX));
}

void json_put_bool(yajl_gen json, const char *key, bool value)
{
	json_key(json, key);
	yajl_gen_bool(json, value);
}

void json_put_time(yajl_gen json, const char *key, uint64_t time_ns)
{
	char storage[WHEN_MAX];
	struct buf buf = BUF_ON(storage);

	when_write_rfc3339(time_ns, &buf);
	json_put_text(json, key, (struct text){buf.data, buf.len});
}
