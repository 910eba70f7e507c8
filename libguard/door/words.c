/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of programs; see words.h.
 */
#include "libguard/door/words.h"

#include "libguard/core/sys.h"
#include "libguard/door/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_MAX 65536
#define BYTES_MAX (1u << 21)

static bool room_for(struct words *words, size_t bytes, size_t count)
{
	if (bytes > words->text_cap) {
		char *grown = realloc(words->text, bytes * 2);

		if (!grown)
			return false;
		words->text = grown;
		words->text_cap = bytes * 2;
	}
	if (count > words->list_cap) {
		char **grown = realloc(words->list, count * 2 * sizeof *grown);

		if (!grown)
			return false;
		words->list = grown;
		words->list_cap = count * 2;
	}
	return true;
}

/* A window on the guest's memory, a page at a time: words mostly lie one behind the other. */
struct window {
	uint64_t at;
	bool filled;
	unsigned char bytes[4096];
};

static int look(struct window *window, uint64_t address)
{
	uint64_t page = address & ~UINT64_C(4095);
	int result = 0;

	if (!window->filled || window->at != page) {
		result = guest_read(page, window->bytes, sizeof window->bytes);
		window->at = page;
		window->filled = result == 0;
	}
	return result;
}

/* One word behind what TEXT holds already; its offsets stay right when it moves. */
static int read_word(struct words *words, struct window *window, uint64_t address)
{
	for (;;) {
		int result = look(window, address);
		size_t at = address & 4095, len;
		const unsigned char *end;

		if (result < 0)
			return result;
		end = memchr(window->bytes + at, '\0', sizeof window->bytes - at);
		len = end ? (size_t)(end - (window->bytes + at)) + 1 : sizeof window->bytes - at;
		if (words->len + len > BYTES_MAX)
			return -E2BIG;
		if (!room_for(words, words->len + len, 0))
			return -ENOMEM;
		memcpy(words->text + words->len, window->bytes + at, len);
		words->len += len;
		address += len;
		if (end)
			return 0;
	}
}

/* The list of the words that TEXT holds. */
static int put_list(struct words *words)
{
	size_t count = 0;

	for (size_t at = 0; at < words->len; at++)
		count += words->text[at] == '\0';
	if (!room_for(words, 1, count + 1))
		return -ENOMEM;
	count = 0;
	for (size_t at = 0; at < words->len; at += strlen(words->text + at) + 1)
		words->list[count++] = words->text + at;
	words->list[count] = NULL;
	return 0;
}

int words_read(struct words *words, uint64_t list)
{
	static _Thread_local struct window window, pointers;
	uint64_t address;

	window.filled = pointers.filled = false;
	words->len = 0;
	for (size_t count = 0; list; count++) {
		uint64_t entry = list + count * sizeof address;
		int result;

		if (entry % sizeof address) {
			result = guest_read(entry, &address, sizeof address);
		} else {
			result = look(&pointers, entry);
			memcpy(&address, pointers.bytes + (entry & 4095), sizeof address);
		}
		if (result < 0)
			return result;
		if (!address)
			break;
		if (count >= COUNT_MAX)
			return -E2BIG;
		result = read_word(words, &window, address);
		if (result < 0)
			return result;
	}
	return put_list(words);
}

int words_read_file(struct words *words, const char *name)
{
	int fd = sys_open(name, O_RDONLY | O_CLOEXEC, 0);
	ssize_t got = fd;

	words->len = 0;
	while (got >= 0) {
		if (words->len >= BYTES_MAX || !room_for(words, words->len + 4096, 0)) {
			got = words->len >= BYTES_MAX ? -E2BIG : -ENOMEM;
			break;
		}
		got = sys_read(fd, words->text + words->len, 4095);
		if (got <= 0)
			break;
		words->len += (size_t)got;
	}
	if (fd >= 0)
		sys_close(fd);
	if (got < 0)
		return (int)got;
	/* A program may have taken away the last NUL of its own; one that has not run has not. */
	if (words->len > 0 && words->text[words->len - 1] != '\0')
		words->text[words->len++] = '\0';
	return put_list(words);
}

bool words_are(const struct words *words, char *const *list)
{
	size_t i = 0;

	for (; words->list[i] && list[i]; i++)
		if (strcmp(words->list[i], list[i]) != 0)
			return false;
	return !words->list[i] && !list[i];
}
