/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which frame of a stack to show; see source.h.
 */
#include "tools/source.h"

#include <string.h>

/* FILE:LINE NAME; a name has no blank, a line no colon, so both are looked for from the end. */
static bool read_frame(struct text text, struct source_frame *out)
{
	const char *blank = memrchr(text.data, ' ', text.len);
	size_t head = blank ? (size_t)(blank - text.data) : 0;
	const char *colon = head ? memrchr(text.data, ':', head) : NULL;

	if (!colon || colon == text.data)
		return false;
	*out = (struct source_frame){
		.file = {text.data, (size_t)(colon - text.data)},
		.name = {blank + 1, text.len - head - 1},
	};
	for (const char *at = colon + 1; at < blank; at++) {
		if (*at < '0' || *at > '9' || out->line > UINT32_MAX)
			return false;
		out->line = out->line * 10 + (uint64_t)(*at - '0');
	}
	return out->name.len > 0;
}

bool source_next(struct text *stack, struct source_frame *out)
{
	while (stack->len > 0) {
		const char *end = memchr(stack->data, '\0', stack->len);
		size_t len = end ? (size_t)(end - stack->data) : stack->len;
		struct text frame = {stack->data, len};

		len += end != NULL;
		*stack = (struct text){stack->data + len, stack->len - len};
		if (read_frame(frame, out))
			return true;
	}
	return false;
}

/* Whose code a file is, from what people look for to what they do not. */
enum owner { OWNER_PROGRAM, OWNER_PACKAGE, OWNER_LANGUAGE };

static bool has(struct text text, const char *part)
{
	return memmem(text.data, text.len, part, strlen(part)) != NULL;
}

static bool begins(struct text text, const char *with)
{
	size_t len = strlen(with);

	return text.len >= len && !memcmp(text.data, with, len);
}

/* ".../lib/python3.11/..." or ".../lib/python3/...", and the same in one archive, ".../lib/python311.zip/..." */
static bool is_in_python(struct text file)
{
	static const char *const marks[] = {"/lib/python3", "/lib64/python3"};

	for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
		const char *at = memmem(file.data, file.len, marks[i], strlen(marks[i]));
		const char *end = file.data + file.len;

		if (!at)
			continue;
		at += strlen(marks[i]);
		while (at < end && (*at == '.' || (*at >= '0' && *at <= '9')))
			at++;
		if (at < end && (*at == '/' || begins((struct text){at, (size_t)(end - at)}, "zip/") || *at == 't'))
			return true;
	}
	return false;
}

static enum owner owner_of(struct text file)
{
	if (begins(file, "<frozen ") || begins(file, "node:"))
		return OWNER_LANGUAGE;
	if (has(file, "/site-packages/") || has(file, "/dist-packages/") || has(file, "/node_modules/"))
		return OWNER_PACKAGE;
	return is_in_python(file) ? OWNER_LANGUAGE : OWNER_PROGRAM;
}

/* "<string>", "<stdin>": code that lies in no file. */
static bool is_in_no_file(struct text file)
{
	return file.data[0] == '<' && file.data[file.len - 1] == '>';
}

bool source_of(struct text stack, struct source_line *out)
{
	enum owner best = OWNER_LANGUAGE + 1;
	struct source_frame frame;

	*out = (struct source_line){0};
	while (source_next(&stack, &frame)) {
		enum owner owner = owner_of(frame.file);

		if (owner < best) {
			best = owner;
			out->frame = frame;
			out->caller = (struct source_frame){0};
		} else if (owner == OWNER_PROGRAM && out->caller.file.len == 0 && is_in_no_file(out->frame.file) &&
			   !is_in_no_file(frame.file)) {
			out->caller = frame;
		}
	}
	if (out->frame.file.len > 0)
		out->needs_caller = is_in_no_file(out->frame.file) && out->caller.file.len == 0;
	return out->frame.file.len > 0;
}

static bool is_same_frame(const struct source_frame *a, const struct source_frame *b)
{
	return a->line == b->line && a->file.len == b->file.len && a->name.len == b->name.len &&
	       !memcmp(a->file.data, b->file.data, a->file.len) && !memcmp(a->name.data, b->name.data, a->name.len);
}

bool source_is_same(const struct source_line *a, const struct source_line *b)
{
	return is_same_frame(&a->frame, &b->frame) && (a->caller.file.len == 0) == (b->caller.file.len == 0) &&
	       (a->caller.file.len == 0 || is_same_frame(&a->caller, &b->caller));
}

static void write_frame(const struct source_frame *frame, struct text base, struct buf *out)
{
	struct text file = frame->file;

	if (base.len > 1 && file.len > base.len + 1 && !memcmp(file.data, base.data, base.len) &&
	    file.data[base.len] == '/')
		file = (struct text){file.data + base.len + 1, file.len - base.len - 1};
	buf_bytes(out, file.data, file.len);
	if (frame->line) {
		buf_char(out, ':');
		buf_u64(out, frame->line);
	}
	buf_str(out, " in ");
	buf_bytes(out, frame->name.data, frame->name.len);
}

void source_write(const struct source_line *source, struct text base, struct buf *out)
{
	write_frame(&source->frame, base, out);
	if (source->caller.file.len > 0) {
		buf_str(out, ", from ");
		write_frame(&source->caller, base, out);
	}
}
