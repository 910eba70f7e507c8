/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/arena.h"

#include "tools/cmd.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK_SIZE 32768

struct arena_block {
	struct arena_block *next;
	size_t used, size; /* bytes of data */
	_Alignas(max_align_t) char data[];
};

static void *take_or_die(size_t size)
{
	void *memory = calloc(1, size);

	if (!memory) {
		fputs("guardctl: out of memory\n", stderr);
		exit(EXIT_GUARD);
	}
	return memory;
}

void *arena_take(struct arena *arena, size_t size)
{
	struct arena_block *block = arena->blocks;
	size_t aligned = (size + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);

	if (!block || block->size - block->used < aligned) {
		size_t room = aligned > BLOCK_SIZE / 2 ? aligned : BLOCK_SIZE;

		block = take_or_die(sizeof(*block) + room);
		block->size = room;
		block->next = arena->blocks;
		arena->blocks = block;
	}
	block->used += aligned;
	return block->data + block->used - aligned;
}

char *arena_text(struct arena *arena, const char *bytes, size_t len)
{
	char *copy = arena_take(arena, len + 1);

	memcpy(copy, bytes, len);
	return copy;
}

char *arena_format(struct arena *arena, const char *format, ...)
{
	va_list arguments, again;
	char *text;
	int len;

	va_start(arguments, format);
	va_copy(again, arguments);
	len = vsnprintf(NULL, 0, format, arguments);
	text = arena_take(arena, len < 0 ? 1 : (size_t)len + 1);
	if (len > 0)
		vsnprintf(text, (size_t)len + 1, format, again);
	va_end(again);
	va_end(arguments);
	return text;
}

void arena_free(struct arena *arena)
{
	while (arena->blocks) {
		struct arena_block *block = arena->blocks;

		arena->blocks = block->next;
		free(block);
	}
}

void words_add(struct arena *arena, struct words *words, const char *word)
{
	if (words->count + 1 >= words->room) {
		size_t room = words->room ? 2 * words->room : 4;
		const char **items = arena_take(arena, room * sizeof(*items));

		if (words->count > 0)
			memcpy(items, words->items, words->count * sizeof(*items));
		words->items = items;
		words->room = room;
	}
	words->items[words->count++] = word;
	words->items[words->count] = NULL;
}

bool words_have(const struct words *words, const char *word)
{
	for (size_t i = 0; i < words->count; i++)
		if (!strcmp(words->items[i], word))
			return true;
	return false;
}

void words_add_new(struct arena *arena, struct words *words, const char *word)
{
	if (!words_have(words, word))
		words_add(arena, words, word);
}

const char *words_join(struct arena *arena, const struct words *words, const char *last)
{
	size_t room = 1;
	char *joined, *to;

	for (size_t i = 0; i < words->count; i++)
		room += strlen(words->items[i]) + strlen(last) + 4;
	joined = to = arena_take(arena, room);
	for (size_t i = 0; i < words->count; i++) {
		const char *between = i == 0 ? "" : i + 1 < words->count ? ", " : last;

		to += sprintf(to, "%s\"%s\"", between, words->items[i]);
	}
	return joined;
}

char *arena_file(struct arena *arena, const char *name)
{
	/* A FIFO in its place does not hang us. */
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t room = 1 << 20;
	ssize_t len;
	char *text;

	if (fd < 0)
		return NULL;
	text = arena_take(arena, room + 1);
	len = read(fd, text, room);
	close(fd);
	text[len > 0 ? len : 0] = '\0';
	return text;
}
