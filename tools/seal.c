/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of the chain; see seal.h.
 */
#include "tools/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nettle/version.h>

static const char *const words[] = {
	[SEAL_START] = "start", [SEAL_FILE_COPY] = "file", [SEAL_BLOCK] = "block", [SEAL_HOLE] = "hole", [SEAL_END] = "end",
};

void seal_sum_begin(struct seal_sum *sum)
{
	sha256_init(&sum->state);
}

void seal_sum_add(struct seal_sum *sum, const void *data, size_t len)
{
	sha256_update(&sum->state, len, data);
}

void seal_sum_end(struct seal_sum *sum, struct seal_hash *out)
{
#if NETTLE_VERSION_MAJOR >= 4
	sha256_digest(&sum->state, out->bytes);
#else
	sha256_digest(&sum->state, sizeof out->bytes, out->bytes);
#endif
}

void seal_hash_write(const struct seal_hash *hash, struct buf *out)
{
	for (size_t i = 0; i < sizeof hash->bytes; i++)
		buf_hex(out, hash->bytes[i], 2);
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int seal_hash_read(struct text text, struct seal_hash *out)
{
	if (text.len != SEAL_HASH_DIGITS)
		return -EINVAL;
	for (size_t i = 0; i < sizeof out->bytes; i++) {
		int high = digit(text.data[2 * i]), low = digit(text.data[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		out->bytes[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

static void put_number(struct buf *out, uint64_t number)
{
	buf_char(out, ' ');
	buf_u64(out, number);
}

static void put_slots(const struct seal_entry *entry, struct buf *out)
{
	put_number(out, entry->segment);
	put_number(out, entry->first);
	put_number(out, entry->count);
}

static void put_content(const struct seal_entry *entry, struct buf *out)
{
	buf_char(out, ' ');
	seal_hash_write(&entry->content, out);
}

/* The line up to the blank before its link. */
static void put_entry(const struct seal_entry *entry, struct buf *out)
{
	buf_str(out, words[entry->kind]);
	switch (entry->kind) {
	case SEAL_START:
		put_number(out, SEAL_VERSION);
		buf_char(out, ' ');
		buf_str(out, entry->name);
		break;
	case SEAL_FILE_COPY:
		buf_char(out, ' ');
		buf_str(out, entry->name);
		put_number(out, entry->len);
		put_content(entry, out);
		break;
	case SEAL_BLOCK:
		put_slots(entry, out);
		put_number(out, entry->records);
		put_content(entry, out);
		break;
	case SEAL_HOLE:
		put_slots(entry, out);
		break;
	case SEAL_END:
		put_number(out, entry->survivors);
		break;
	}
	put_number(out, entry->time_ns);
}

void seal_link(struct text line, const struct seal_hash *before, struct seal_hash *link)
{
	char storage[SEAL_HASH_DIGITS];
	struct buf digits = BUF_ON(storage);
	struct seal_sum sum;

	seal_sum_begin(&sum);
	if (before) {
		seal_hash_write(before, &digits);
		seal_sum_add(&sum, digits.data, digits.len);
	}
	seal_sum_add(&sum, line.data, line.len > SEAL_HASH_DIGITS ? line.len - SEAL_HASH_DIGITS - 1 : 0);
	seal_sum_end(&sum, link);
}

void seal_write(const struct seal_entry *entry, const struct seal_hash *before, struct buf *out, struct seal_hash *link)
{
	size_t start = out->len;

	put_entry(entry, out);
	/* Room for the link is part of what seal_link takes as a line. */
	seal_link((struct text){out->data + start, out->len - start + 1 + SEAL_HASH_DIGITS}, before, link);
	buf_char(out, ' ');
	seal_hash_write(link, out);
	buf_char(out, '\n');
}

/* The next word of *rest, without the blank behind it; empty where there is none. */
static struct text take(struct text *rest)
{
	const char *blank = memchr(rest->data, ' ', rest->len);
	struct text word = {rest->data, blank ? (size_t)(blank - rest->data) : rest->len};
	size_t step = word.len + (blank != NULL);

	rest->data += step;
	rest->len -= step;
	return word;
}

/* What is no number, or too large a one, becomes one that is written differently. */
static uint64_t take_number(struct text *rest, uint64_t max)
{
	struct text word = take(rest);
	uint64_t number = 0;

	for (size_t i = 0; i < word.len; i++) {
		unsigned value = (unsigned char)word.data[i] - (unsigned)'0';

		if (value > 9 || number > (max - value) / 10)
			return 0;
		number = number * 10 + value;
	}
	return number;
}

/* A name of a directory or file here, never one that leads elsewhere. */
static int take_name(struct text *rest, char out[SEAL_NAME_MAX])
{
	static const char allowed[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_.";
	struct text word = take(rest);

	if (word.len == 0 || word.len >= SEAL_NAME_MAX || word.data[0] == '.')
		return -EINVAL;
	memcpy(out, word.data, word.len);
	out[word.len] = '\0';
	return strspn(out, allowed) == word.len ? 0 : -EINVAL;
}

static void take_slots(struct text *rest, struct seal_entry *entry)
{
	entry->segment = (uint32_t)take_number(rest, UINT32_MAX);
	entry->first = (uint32_t)take_number(rest, UINT32_MAX);
	entry->count = (uint32_t)take_number(rest, UINT32_MAX);
}

static int take_fields(struct text *rest, struct seal_entry *entry)
{
	switch (entry->kind) {
	case SEAL_START:
		if (take_number(rest, UINT32_MAX) > SEAL_VERSION)
			return -EPROTONOSUPPORT;
		return take_name(rest, entry->name);
	case SEAL_FILE_COPY:
		if (take_name(rest, entry->name) < 0)
			return -EINVAL;
		entry->len = take_number(rest, UINT64_MAX);
		return seal_hash_read(take(rest), &entry->content);
	case SEAL_BLOCK:
		take_slots(rest, entry);
		entry->records = (uint32_t)take_number(rest, UINT32_MAX);
		return seal_hash_read(take(rest), &entry->content);
	case SEAL_HOLE:
		take_slots(rest, entry);
		return 0;
	case SEAL_END:
		entry->survivors = (uint32_t)take_number(rest, UINT32_MAX);
		return 0;
	}
	return -EINVAL;
}

/* Would the entry have been written like that? */
static bool is_written_so(const struct seal_entry *entry, struct text line)
{
	char storage[SEAL_LINE_MAX];
	struct buf again = BUF_ON(storage);

	put_entry(entry, &again);
	return !again.overflow && line.len == again.len + 1 + SEAL_HASH_DIGITS && memcmp(line.data, again.data, again.len) == 0 &&
	       line.data[again.len] == ' ';
}

int seal_read(struct text line, struct seal_entry *entry, struct seal_hash *link)
{
	struct text rest = line, word = take(&rest);
	size_t kind = 0;
	int error;

	*entry = (struct seal_entry){0};
	while (kind < ARRAY_LEN(words) && (strlen(words[kind]) != word.len || memcmp(words[kind], word.data, word.len) != 0))
		kind++;
	if (kind == ARRAY_LEN(words))
		return -EINVAL;
	entry->kind = (enum seal_kind)kind;
	error = take_fields(&rest, entry);
	if (error)
		return error;
	entry->time_ns = take_number(&rest, UINT64_MAX);
	error = seal_hash_read(rest, link);
	return error || is_written_so(entry, line) ? error : -EINVAL;
}

int seal_hash_file(int directory, const char *name, struct seal_hash *out, uint64_t *len)
{
	/* Never hangs on a FIFO that somebody put in the file's place. */
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct seal_sum sum;
	struct stat status;
	char piece[1 << 14];
	ssize_t got = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
		close(fd);
		return -EINVAL;
	}
	*len = 0;
	seal_sum_begin(&sum);
	while ((got = read(fd, piece, sizeof piece)) > 0 || (got < 0 && errno == EINTR))
		if (got > 0) {
			seal_sum_add(&sum, piece, (size_t)got);
			*len += (uint64_t)got;
		}
	if (got < 0)
		got = -errno;
	close(fd);
	seal_sum_end(&sum, out);
	return (int)got;
}

bool seal_look(const char *directory, struct seal_glance *out)
{
	char path[PATH_MAX], line[SEAL_LINE_MAX + 1];
	struct seal_entry entry;
	struct seal_hash link;
	struct stat status;
	FILE *file;

	*out = (struct seal_glance){0};
	if ((size_t)snprintf(path, sizeof path, "%s/" SEAL_FILE, directory) >= sizeof path || lstat(path, &status) < 0 ||
	    !S_ISREG(status.st_mode))
		return false;
	file = fopen(path, "re");
	if (!file)
		return false;
	while (fgets(line, sizeof line, file)) {
		if (seal_read((struct text){line, strcspn(line, "\n")}, &entry, &link) != 0)
			continue;
		if (entry.kind == SEAL_BLOCK) {
			out->blocks++;
			out->sealed_ns = entry.time_ns;
		}
		out->ended = entry.kind == SEAL_END;
	}
	fclose(file);
	return true;
}
