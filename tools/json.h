/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yajl with the two things it leaves to its callers: strings that are no UTF-8
 * (each bad byte becomes U+FFFD) and short forms for "key": value.
 *
 * A generator remembers its first error, so callers check once at the end.
 */
#pragma once

#include "libguard/core/base.h"

#include <yajl/yajl_gen.h>

void json_text(yajl_gen json, struct text text) NONNULL;
void json_string(yajl_gen json, const char *string) NONNULL;

/* A key of an open map; its value follows. */
void json_key(yajl_gen json, const char *key) NONNULL;

void json_put_text(yajl_gen json, const char *key, struct text text) NONNULL;
/* A NULL string is left out, key and all. */
void json_put_string(yajl_gen json, const char *key, const char *string) __attribute__((nonnull(1, 2)));
void json_put_number(yajl_gen json, const char *key, uint64_t number) NONNULL;
void json_put_bool(yajl_gen json, const char *key, bool value) NONNULL;
/* A time as "2026-01-02T03:04:05.678901234Z". */
void json_put_time(yajl_gen json, const char *key, uint64_t time_ns) NONNULL;
