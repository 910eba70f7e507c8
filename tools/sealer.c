/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealing a log while it grows; see sealer.h.
 */
#include "tools/sealer.h"

#include "libguard/core/sys.h"
#include "libguard/record/chunk.h"
#include "tools/seal.h"
#include "tools/seal_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A writer that does not finish a record for this long has died, or is stopped. */
#define PATIENCE_NS 2000000000u

/* A place in the log. Slots are counted as in an event's id: 0 is the segment's head. */
struct place {
	uint32_t segment;
	uint32_t slot;
};

struct sealer {
	char directory[256];
	int directory_fd, fd;    /* of the session, of its seal; -1: not open */
	uint64_t len;            /* bytes of the seal */
	struct seal_hash link;   /* of its last line */
	struct place at;         /* what lies before is sealed */
	struct place old;        /* what lies before was handed out PATIENCE_NS ago */
	struct place newer;      /* and what lies before this one at newer_ns */
	uint64_t newer_ns;       /* CLOCK_MONOTONIC */
	bool last;               /* nobody writes any more: do not wait for anybody */
	struct chunk chunk;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static bool is_before(const struct place *a, const struct place *b)
{
	return a->segment < b->segment || (a->segment == b->segment && a->slot < b->slot);
}

/* One write a line. */
static int append(struct sealer *sealer, struct seal_entry *entry)
{
	char storage[SEAL_LINE_MAX];
	struct buf line = BUF_ON(storage);
	struct seal_hash link;
	ssize_t done;

	entry->time_ns = sys_now_ns();
	seal_write(entry, sealer->len > 0 ? &sealer->link : NULL, &line, &link);
	do
		done = pwrite(sealer->fd, line.data, line.len, (off_t)sealer->len);
	while (done < 0 && errno == EINTR);
	if (done < 0 || (size_t)done != line.len) {
		int error = done < 0 ? -errno : -ENOSPC;

		/* Half a line is worse than none. */
		(void)!ftruncate(sealer->fd, (off_t)sealer->len);
		return error;
	}
	sealer->link = link;
	sealer->len += line.len;
	return 0;
}

static int append_file(struct sealer *sealer, const char *name, const struct seal_hash *content, uint64_t len)
{
	struct seal_entry entry = {.kind = SEAL_FILE_COPY, .len = len, .content = *content};

	snprintf(entry.name, sizeof entry.name, "%s", name);
	return append(sealer, &entry);
}

static int begin(struct sealer *sealer, const struct sealer_file *files)
{
	struct seal_entry entry = {.kind = SEAL_START};
	int result;

	snprintf(entry.name, sizeof entry.name, "%s", strrchr(sealer->directory, '/') + 1);
	result = append(sealer, &entry);
	for (; result == 0 && files->name; files++) {
		struct seal_hash content;
		struct seal_sum sum;

		seal_sum_begin(&sum);
		seal_sum_add(&sum, files->data, files->len);
		seal_sum_end(&sum, &content);
		result = append_file(sealer, files->name, &content, files->len);
	}
	return result;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int open_files(struct sealer *sealer)
{
	sealer->directory_fd = open(sealer->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (sealer->directory_fd < 0)
		return -errno;
	sealer->fd = openat(sealer->directory_fd, SEAL_FILE, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	/* Whatever the umask says. */
	return sealer->fd < 0 || fchmod(sealer->fd, 0600) < 0 ? -errno : 0;
}

int sealer_make(const char *directory, const struct sealer_file *files, struct sealer **out)
{
	struct sealer *sealer = aligned_alloc(_Alignof(struct sealer), sizeof *sealer);
	int result;

	if (!sealer)
		return -ENOMEM;
	/* Not all of it: the chunk is touched only when there is something to read. */
	memset(sealer, 0, offsetof(struct sealer, chunk));
	sealer->chunk.fd = sealer->directory_fd = sealer->fd = -1;
	sealer->chunk.number = sealer->chunk.first = sealer->chunk.count = sealer->chunk.slots = 0;
	sealer->at = sealer->old = sealer->newer = (struct place){.segment = 1};
	snprintf(sealer->directory, sizeof sealer->directory, "%s", directory);
	result = open_files(sealer);
	if (result == 0)
		result = begin(sealer, files);
	if (result < 0) {
		sealer_free(sealer);
		return result;
	}
	*out = sealer;
	return 0;
}

void sealer_files(const struct sealer *sealer, int out[SEALER_FILES])
{
	out[0] = sealer->directory_fd;
	out[1] = sealer->fd;
}

/* Have the segment open in which the next slot lies; false when it is not there yet. */
static bool open_segment(struct sealer *sealer)
{
	struct chunk *chunk = &sealer->chunk;

	if (chunk->fd < 0)
		return chunk_open(chunk, sealer->directory_fd, sealer->at.segment) == 0;
	if (sealer->at.slot <= chunk->slots)
		return true;
	if (chunk_open(chunk, sealer->directory_fd, sealer->at.segment + 1) != 0)
		return false;
	sealer->at = (struct place){.segment = chunk->number};
	return true;
}

/* Where in the open segment what was handed out ends. Writers leave a segment only when all of it is. */
static uint32_t handed_out(const struct sealer *sealer)
{
	const struct chunk *chunk = &sealer->chunk;
	uint32_t reserved = chunk_reserved(chunk);

	if (reserved < sealer->at.slot && chunk_peek(sealer->directory_fd, chunk->number + 1) > 0)
		reserved = chunk->slots;
	return reserved > 0 ? reserved + 1 : 0;
}

bool sealer_is_behind(struct sealer *sealer)
{
	return open_segment(sealer) && sealer->at.slot < handed_out(sealer);
}

/* Is the unfinished record at our place to be given up? Asked again and again, this finds out what has got old. */
static bool is_given_up(struct sealer *sealer, uint32_t end)
{
	uint64_t now = now_ns();

	if (sealer->last)
		return true;
	if (now - sealer->newer_ns >= PATIENCE_NS) {
		sealer->old = sealer->newer;
		sealer->newer = (struct place){sealer->at.segment, end};
		sealer->newer_ns = now;
	}
	return is_before(&sealer->at, &sealer->old);
}

/* The bytes of the next COUNT slots, which are in memory; of the head those that do not change. */
static bool hash_slots(const struct sealer *sealer, uint32_t count, struct seal_hash *out)
{
	const struct chunk *chunk = &sealer->chunk;
	uint32_t first = sealer->at.slot;
	struct seal_sum sum;

	seal_sum_begin(&sum);
	if (first == 0) {
		char head[SEAL_HEAD_BYTES];

		if (pread(chunk->fd, head, sizeof head, 0) != (ssize_t)sizeof head)
			return false;
		seal_sum_add(&sum, head, sizeof head);
		first++;
		count--;
	}
	seal_sum_add(&sum, &chunk->data[first - 1 - chunk->first], (size_t)count * EVENT_SLOT);
	seal_sum_end(&sum, out);
	return true;
}

static bool seal_slots(struct sealer *sealer, enum seal_kind kind, uint32_t count, uint32_t records)
{
	struct seal_entry entry = {
		.kind = kind,
		.segment = sealer->at.segment,
		.first = sealer->at.slot,
		.count = count,
		.records = records,
	};

	if (kind == SEAL_BLOCK && !hash_slots(sealer, count, &entry.content))
		return false;
	if (append(sealer, &entry) < 0)
		return false;
	sealer->at.slot += count;
	return true;
}

/* Seal what comes next in the loaded chunk; false when that cannot be done now. END: what was handed out. */
static bool seal_next(struct sealer *sealer, uint32_t end)
{
	bool with_head = sealer->at.slot == 0;
	struct seal_span span = seal_walk(&sealer->chunk, sealer->at.slot + with_head - 1, end - 1);

	if (span.found == SEAL_FINISHED)
		return seal_slots(sealer, SEAL_BLOCK, span.count + with_head, span.records);
	if (with_head)
		return seal_slots(sealer, SEAL_BLOCK, 1, 0);
	return span.found == SEAL_UNFINISHED && is_given_up(sealer, end) && seal_slots(sealer, SEAL_HOLE, span.count, 0);
}

bool sealer_step(struct sealer *sealer)
{
	struct chunk *chunk = &sealer->chunk;
	uint32_t start, end;

	if (!open_segment(sealer))
		return false;
	/* Asked before the load: what is handed out in between would look unfinished. */
	end = handed_out(sealer);
	start = sealer->at.slot;
	if (start >= end || !chunk_load(chunk, start > 0 ? start - 1 : 0, end - start))
		return false;
	while (sealer->at.slot <= chunk->first + chunk->count && seal_next(sealer, end))
		;
	/* What has come in meanwhile is left for the next time, so that blocks do not get ever smaller. */
	return sealer->at.slot > start &&
	       (sealer->last || end - start > CHUNK_SLOTS / 2 || sealer->at.slot > chunk->slots);
}

int sealer_add_file(struct sealer *sealer, const char *name)
{
	struct seal_hash content;
	uint64_t len;
	int result = seal_hash_file(sealer->directory_fd, name, &content, &len);

	return result < 0 ? result : append_file(sealer, name, &content, len);
}

/* Where the log ends now. */
static struct place end_of_log(const struct sealer *sealer)
{
	uint32_t segment = sealer->at.segment, slots;

	while (chunk_peek(sealer->directory_fd, segment + 1) > 0)
		segment++;
	slots = chunk_peek(sealer->directory_fd, segment);
	return (struct place){segment, slots > 0 ? slots + 1 : 0};
}

/* Has the name `seal` been given to another file, or to none? */
static bool is_replaced(const struct sealer *sealer)
{
	struct stat ours, there;

	return fstat(sealer->fd, &ours) == 0 &&
	       (fstatat(sealer->directory_fd, SEAL_FILE, &there, AT_SYMLINK_NOFOLLOW) < 0 || there.st_dev != ours.st_dev ||
		there.st_ino != ours.st_ino);
}

/* Native code in a guest can have removed the file where no door saw it: what it holds is still ours to write. */
static void put_back(const struct sealer *sealer)
{
	char piece[1 << 12];
	off_t at = 0;
	ssize_t got;
	int fd;

	unlinkat(sealer->directory_fd, SEAL_FILE, 0);
	fd = openat(sealer->directory_fd, SEAL_FILE, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	while ((got = pread(sealer->fd, piece, sizeof piece, at)) > 0 && write(fd, piece, (size_t)got) == got)
		at += got;
	close(fd);
}

void sealer_finish(struct sealer *sealer, unsigned survivors)
{
	struct seal_entry entry = {.kind = SEAL_END, .survivors = survivors};
	struct place end = end_of_log(sealer);

	sealer->last = true;
	/* Whoever writes on all the same is not waited for. */
	while (is_before(&sealer->at, &end) && sealer_step(sealer))
		;
	/* A chain that does not cover the log must not look complete. */
	if (!is_before(&sealer->at, &end))
		(void)append(sealer, &entry);
	if (is_replaced(sealer))
		put_back(sealer);
}

void sealer_free(struct sealer *sealer)
{
	if (!sealer)
		return;
	chunk_close(&sealer->chunk);
	close_fd(&sealer->fd);
	close_fd(&sealer->directory_fd);
	free(sealer);
}
