/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attributes and small helpers that every file may use; no functions of weight.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define NONNULL __attribute__((nonnull))
#define PRINTF(string, first) __attribute__((format(printf, string, first)))
#define NOINLINE __attribute__((noinline))
#define EXPORT __attribute__((visibility("default")))
/* A small variable that every process writes: on the page of .data, which the loader writes anyway to clear its end. */
#define FRONT __attribute__((section(".data.front")))
#define CLEANUP(function) __attribute__((cleanup(function)))

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))
#define LIKELY(condition) __builtin_expect(!!(condition), 1)
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/* A piece of text that need not end in NUL. */
struct text {
	const char *data;
	size_t len; /* bytes */
};

#define TEXT(literal) ((struct text){(literal), sizeof(literal) - 1})
