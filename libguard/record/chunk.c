/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A piece of one segment in memory; see chunk.h.
 */
#include "libguard/record/chunk.h"

#include "libguard/record/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SLOTS_MAX (LOG_SEGMENT_LAST / EVENT_SLOT - 1)

/* As much of LEN bytes at OFFSET as the file has, or -errno. */
static ssize_t read_at(int fd, void *out, size_t len, size_t offset)
{
	size_t done = 0;

	while (done < len) {
		ssize_t got = pread(fd, (char *)out + done, len - done, (off_t)(offset + done));

		if (got == 0)
			break;
		if (got > 0)
			done += (size_t)got;
		else if (errno != EINTR)
			return -errno;
	}
	return (ssize_t)done;
}

static int open_segment(int directory, uint32_t number, struct segment_head *head, uint64_t *size)
{
	char storage[32];
	struct buf name = BUF_ON(storage);
	struct stat status;
	ssize_t got;
	int fd, error;

	segment_name(number, &name);
	/* Never hangs on a FIFO that somebody put in the segment's place. */
	fd = openat(directory, buf_cstr(&name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -errno;
	error = fstat(fd, &status) != 0 ? -errno : S_ISREG(status.st_mode) ? 0 : -EINVAL;
	if (!error) {
		memset(head, 0, sizeof *head);
		*size = (uint64_t)status.st_size;
		got = read_at(fd, head, sizeof *head, 0);
		error = got < 0 ? (int)got : segment_check(head, *size);
	}
	if (!error && head->number != number)
		error = -EINVAL;
	if (error) {
		close(fd);
		return error;
	}
	return fd;
}

int chunk_open(struct chunk *chunk, int directory, uint32_t number)
{
	struct segment_head head;
	uint64_t size;
	int fd = open_segment(directory, number, &head, &size);

	if (fd < 0)
		return fd;
	chunk_close(chunk);
	chunk->fd = fd;
	chunk->number = number;
	size = size / EVENT_SLOT - 1;
	chunk->is_short = size < head.slots;
	chunk->is_long = size > head.slots;
	/* The file knows better: a head that says less must not hide what follows. */
	chunk->slots = size < SLOTS_MAX ? (uint32_t)size : SLOTS_MAX;
	return 0;
}

uint32_t chunk_reserved(const struct chunk *chunk)
{
	uint64_t reserved = 0;

	if (read_at(chunk->fd, &reserved, sizeof reserved, offsetof(struct segment_head, reserved)) <
	    (ssize_t)sizeof reserved)
		return 0;
	return reserved < chunk->slots ? (uint32_t)reserved : chunk->slots;
}

bool chunk_load(struct chunk *chunk, uint32_t first, uint32_t most)
{
	size_t offset = ((size_t)first + 1) * EVENT_SLOT, len;
	ssize_t got;

	chunk->first = first;
	chunk->count = 0;
	if (first >= chunk->slots)
		return false;
	most = most < CHUNK_SLOTS ? most : CHUNK_SLOTS;
	len = chunk->slots - first < most ? chunk->slots - first : most;
	got = read_at(chunk->fd, chunk->data, len * EVENT_SLOT, offset);
	for (ssize_t i = 0; i < got / EVENT_SLOT; i++)
		chunk->marks[i] = atomic_load_explicit(&chunk->data[i].head.mark, memory_order_relaxed);
	if (got < EVENT_SLOT)
		return false;
	/* A copy is not made in any promised order: a record committed while it ran may lack bytes. This one follows
	 * every mark that the first one showed. */
	atomic_thread_fence(memory_order_acquire);
	got = read_at(chunk->fd, chunk->data, (size_t)got, offset);
	chunk->count = got < 0 ? 0 : (uint32_t)(got / EVENT_SLOT);
	return chunk->count > 0;
}

uint32_t chunk_peek(int directory, uint32_t number)
{
	struct segment_head head;
	uint64_t size, reserved;
	int fd = open_segment(directory, number, &head, &size);

	if (fd < 0)
		return 0;
	close(fd);
	reserved = atomic_load(&head.reserved);
	return reserved < head.slots ? (uint32_t)reserved : head.slots;
}

void chunk_close(struct chunk *chunk)
{
	if (chunk->fd >= 0)
		close(chunk->fd);
	chunk->fd = -1;
	chunk->count = 0;
}
