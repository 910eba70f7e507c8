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
#define PAGE 4096u

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

/* Windows on the guest's memory, a page each: words mostly lie one behind the other, not far from what points to them. */
struct window {
	uint64_t at;
	bool filled;
	unsigned char bytes[PAGE];
};

#define WINDOWS 4

static _Thread_local struct window windows[WINDOWS];
static _Thread_local unsigned oldest;
static _Thread_local uint64_t asked_by; /* the question for which they were filled */

static void forget(void)
{
	for (unsigned i = 0; i < WINDOWS && asked_by != guest.asked->id; i++)
		windows[i].filled = false;
	asked_by = guest.asked->id;
}

/* The page with ADDRESS. 0 or -errno. */
static int look(uint64_t address, const unsigned char **out)
{
	uint64_t page = address & ~UINT64_C(4095);
	struct window *window;
	int result;

	for (unsigned i = 0; i < WINDOWS; i++)
		if (windows[i].filled && windows[i].at == page) {
			*out = windows[i].bytes;
			return 0;
		}
	window = &windows[oldest++ % WINDOWS];
	result = guest_read(page, window->bytes, sizeof window->bytes);
	window->at = page;
	window->filled = result == 0;
	*out = window->bytes;
	return result;
}

/* One word behind what TEXT holds already; its offsets stay right when it moves. */
static int read_word(struct words *words, uint64_t address)
{
	for (;;) {
		const unsigned char *bytes;
		int result = look(address, &bytes);
		size_t at = address & 4095, len;
		const unsigned char *end;

		if (result < 0)
			return result;
		end = memchr(bytes + at, '\0', PAGE - at);
		len = end ? (size_t)(end - (bytes + at)) + 1 : PAGE - at;
		if (words->len + len > BYTES_MAX)
			return -E2BIG;
		if (!room_for(words, words->len + len, 0))
			return -ENOMEM;
		memcpy(words->text + words->len, bytes + at, len);
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
	const unsigned char *pointers;
	uint64_t address;

	forget();
	words->len = 0;
	for (size_t count = 0; list; count++) {
		uint64_t entry = list + count * sizeof address;
		int result;

		if (entry % sizeof address) {
			result = guest_read(entry, &address, sizeof address);
		} else {
			result = look(entry, &pointers);
			memcpy(&address, pointers + (entry & 4095), sizeof address);
		}
		if (result < 0)
			return result;
		if (!address)
			break;
		if (count >= COUNT_MAX)
			return -E2BIG;
		result = read_word(words, address);
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
