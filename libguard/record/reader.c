/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a log; see reader.h.
 *
 * The reader goes through the segments once, front to back. Where a record is
 * reserved and not committed it does not wait, for its writer may be dead: it
 * remembers the hole, goes on, and looks into the holes again whenever it has
 * come to the end.
 */
#include "libguard/record/reader.h"

#include "libguard/record/chunk.h"
#include "libguard/record/decode.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOLES_MAX 256 /* more of them, and the oldest is given up */
#define HOLE_TRIES 64 /* looked into that often, a hole is given up */

/* Slots of one segment that are to be read. */
struct window {
	uint32_t number;
	uint32_t at;
	uint32_t end;
	unsigned tries; /* of a hole: how often it was looked into */
	bool silent;    /* of a hole: not even its length is known */
};

struct log_reader {
	int directory;
	struct window row;       /* the way through all segments */
	uint32_t reserved;       /* in the row's segment, before the chunk was loaded */
	bool overtaken;          /* writers have gone on to a later segment */
	struct window hole;      /* the hole being looked into */
	bool in_hole;
	unsigned holes_left;     /* to look into before the end is told; see at_end */
	bool at_end;
	struct window holes[HOLES_MAX]; /* a ring */
	unsigned hole_first, hole_count;
	struct log_damage damage;
	uint32_t unread;         /* files at the row's end that are no segments, or not yet */
	int error;               /* why the first file could not be read */
	uint64_t slots_done, slots_all;
	bool present[SEGMENT_NUMBER_MAX + 1];          /* files seen in the directory */
	unsigned char joined[SEGMENT_PAYLOAD_MAX];     /* payload of the last record that had tails */
	struct chunk chunk;
};

static void add_hole(struct log_reader *reader, const struct window *hole)
{
	struct window *last = &reader->holes[(reader->hole_first + reader->hole_count + HOLES_MAX - 1) % HOLES_MAX];

	if (reader->hole_count > 0 && hole->silent && last->silent && last->number == hole->number &&
	    last->end == hole->at) {
		last->end = hole->end;
		return;
	}
	if (hole->tries >= HOLE_TRIES) {
		reader->damage.torn++;
		return;
	}
	if (reader->hole_count == HOLES_MAX) {
		reader->damage.torn++;
		reader->hole_first = (reader->hole_first + 1) % HOLES_MAX;
		reader->hole_count--;
	}
	reader->holes[(reader->hole_first + reader->hole_count++) % HOLES_MAX] = *hole;
}

static struct window take_hole(struct log_reader *reader)
{
	struct window hole = reader->holes[reader->hole_first];

	reader->hole_first = (reader->hole_first + 1) % HOLES_MAX;
	reader->hole_count--;
	hole.tries++;
	return hole;
}

/* A committed head: 1 and the event, or 0 when it makes no sense. The window moves on either way. */
static int take_record(struct log_reader *reader, struct window *window, unsigned count, struct event *event)
{
	struct chunk *chunk = &reader->chunk;
	bool good;

	if (count == 0 || count > EVENT_SLOTS_MAX || window->at + count > chunk->first + chunk->count) {
		reader->damage.bad++;
		window->at++;
		return 0;
	}
	good = decode(&chunk->data[window->at - chunk->first], count, reader->joined, event);
	event->segment = window->number;
	event->slot = window->at + 1; /* the file's head is slot 0 */
	window->at += good ? count : 1;
	reader->damage.bad += !good;
	reader->damage.cut += good && event->flags & EVENT_CUT;
	return good;
}

/* Step over what is reserved and says nothing yet, up to LIMIT at most; tails in it will get their head. */
static void pass_silence(struct log_reader *reader, struct window *window, uint32_t limit)
{
	const struct chunk *chunk = &reader->chunk;
	struct window hole = {window->number, window->at, 0, window->tries, true};

	while (window->at < limit && window->at < chunk->first + chunk->count) {
		uint32_t mark = chunk->marks[window->at - chunk->first];

		if (mark != 0 && (mark & MARK_KIND) != MARK_TAIL)
			break;
		window->at++;
	}
	hole.end = window->at;
	add_hole(reader, &hole);
}

static void pass_reserved(struct log_reader *reader, struct window *window, unsigned count)
{
	struct window hole = {window->number, window->at, window->at + count, window->tries, false};

	if (count == 0 || count > EVENT_SLOTS_MAX || hole.end > reader->chunk.slots) {
		reader->damage.bad++;
		window->at++;
		return;
	}
	window->at = hole.end;
	add_hole(reader, &hole);
}

/* Have the slot at the window's start in memory; with WHOLE, the slots that follow too, as far as there are any. */
static bool have(struct log_reader *reader, const struct window *window, bool whole)
{
	struct chunk *chunk = &reader->chunk;

	if (chunk->number != window->number && chunk_open(chunk, reader->directory, window->number) != 0)
		return false;
	if (chunk->count > 0 && window->at == chunk->first)
		return true;
	if (!whole && window->at > chunk->first && window->at < chunk->first + chunk->count)
		return true;
	/* Asked before the load: what is reserved in between would look like a hole. */
	if (window == &reader->row)
		reader->reserved = reader->overtaken ? chunk->slots : chunk_reserved(chunk);
	return chunk_load(chunk, window->at, CHUNK_SLOTS);
}

/* The mark at the window's start, with all slots of a committed record behind it. */
static bool find_mark(struct log_reader *reader, const struct window *window, uint32_t *mark)
{
	const struct chunk *chunk = &reader->chunk;

	if (!have(reader, window, false))
		return false;
	*mark = chunk->marks[window->at - chunk->first];
	if ((*mark & MARK_KIND) == MARK_COMMITTED &&
	    window->at + (*mark & MARK_NUMBER) > chunk->first + chunk->count) {
		if (!have(reader, window, true))
			return false;
		*mark = chunk->marks[window->at - chunk->first];
	}
	return true;
}

/* The next record of a window; 0 at its end, and where nothing is reserved yet. */
static int scan(struct log_reader *reader, struct window *window, struct event *event)
{
	bool is_row = window == &reader->row;
	uint32_t mark;

	while (window->at < window->end) {
		if (!find_mark(reader, window, &mark)) {
			/* Cut short after it was opened, or gone. */
			reader->damage.short_of++;
			window->at = window->end;
			return 0;
		}
		switch (mark & MARK_KIND) {
		case MARK_COMMITTED:
			if (take_record(reader, window, mark & MARK_NUMBER, event))
				return 1;
			break;
		case MARK_RESERVED:
			pass_reserved(reader, window, mark & MARK_NUMBER);
			break;
		case MARK_END:
			window->at = window->end;
			break;
		default:
			if (mark == 0 && is_row && window->at >= reader->reserved)
				return 0;
			if (mark == 0) {
				pass_silence(reader, window, is_row ? reader->reserved : window->end);
				break;
			}
			reader->damage.bad++;
			window->at++;
		}
	}
	return 0;
}

/* The number of the segment called NAME, or 0. */
static uint32_t read_name(const char *name)
{
	char storage[32];
	struct buf proper = BUF_ON(storage);
	unsigned long number;

	if (strncmp(name, "events-", strlen("events-")) != 0)
		return 0;
	number = strtoul(name + strlen("events-"), NULL, 10);
	if (number > SEGMENT_NUMBER_MAX)
		return 0;
	segment_name((uint32_t)number, &proper);
	return strcmp(name, buf_cstr(&proper)) == 0 ? (uint32_t)number : 0;
}

/* See which segments there are by now. */
static int list(struct log_reader *reader)
{
	int fd = openat(reader->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	if (!stream) {
		int error = -errno;

		if (fd >= 0)
			close(fd);
		return error;
	}
	while ((entry = readdir(stream))) {
		uint32_t number = read_name(entry->d_name);

		if (number > 0 && !reader->present[number]) {
			reader->present[number] = true;
			reader->slots_all += chunk_peek(reader->directory, number);
		}
	}
	closedir(stream);
	return 0;
}

/* The next file after NUMBER, or 0. */
static uint32_t next_present(struct log_reader *reader, uint32_t number)
{
	if (number < SEGMENT_NUMBER_MAX && !reader->present[number + 1] && list(reader) != 0)
		return 0;
	while (++number <= SEGMENT_NUMBER_MAX)
		if (reader->present[number])
			return number;
	return 0;
}

/* Go on to the next segment that can be read; false when there is none, or none yet. */
static bool next_segment(struct log_reader *reader)
{
	uint32_t number = reader->row.number, missing = 0, unread = 0, next;

	while ((next = next_present(reader, number)) != 0) {
		int error = chunk_open(&reader->chunk, reader->directory, next);

		missing += next - number - 1;
		number = next;
		if (error) {
			unread++;
			reader->error = reader->error ? reader->error : error;
			continue;
		}
		reader->slots_done += reader->row.at;
		reader->row = (struct window){.number = number, .end = reader->chunk.slots};
		reader->overtaken = false;
		reader->damage.missing += missing;
		reader->damage.unread += unread;
		reader->damage.short_of += reader->chunk.is_short;
		reader->damage.bad += reader->chunk.is_long;
		reader->unread = 0;
		return true;
	}
	reader->unread = unread;
	return false;
}

/*
 * Writers leave a segment only when all of it is reserved. So if a later one is in use, the slots that say nothing
 * were reserved, even where the counter is behind: the machine may have died before it reached the disk.
 */
static bool find_overtaken(struct log_reader *reader)
{
	uint32_t next = next_present(reader, reader->row.number);

	if (reader->overtaken || next == 0 || chunk_peek(reader->directory, next) == 0)
		return false;
	reader->overtaken = true;
	reader->chunk.count = 0;
	return true;
}

int log_reader_next(struct log_reader *reader, struct event *event)
{
	for (;;) {
		if (reader->in_hole) {
			if (scan(reader, &reader->hole, event))
				return 1;
			reader->in_hole = false;
		}
		if (!reader->at_end) {
			if (scan(reader, &reader->row, event))
				return 1;
			if (reader->row.at == reader->row.end ? next_segment(reader) : find_overtaken(reader))
				continue;
			reader->at_end = true;
			reader->holes_left = reader->hole_count;
		}
		/* What was loaded before says nothing about now. */
		reader->chunk.count = 0;
		if (reader->holes_left == 0)
			break;
		reader->holes_left--;
		reader->hole = take_hole(reader);
		reader->in_hole = true;
	}
	reader->at_end = false;
	return 0;
}

int log_reader_open(const char *directory, struct log_reader **out)
{
	struct log_reader *reader = aligned_alloc(_Alignof(struct log_reader), sizeof *reader);
	int error;

	if (!reader)
		return -ENOMEM;
	memset(reader, 0, sizeof *reader);
	reader->chunk.fd = -1;
	reader->directory = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	error = reader->directory < 0 ? -errno : list(reader);
	if (!error && !next_segment(reader))
		error = reader->error ? reader->error : -ENOENT;
	if (error) {
		log_reader_close(reader);
		return error;
	}
	*out = reader;
	return 0;
}

struct log_damage log_reader_damage(const struct log_reader *reader)
{
	struct log_damage damage = reader->damage;

	damage.torn += reader->hole_count + reader->in_hole;
	damage.unread += reader->unread;
	return damage;
}

void log_reader_progress(const struct log_reader *reader, uint64_t *done, uint64_t *all)
{
	uint64_t slots = reader->slots_done + reader->row.at;

	*done = slots * EVENT_SLOT;
	*all = (reader->slots_all > slots ? reader->slots_all : slots) * EVENT_SLOT;
}

void log_reader_close(struct log_reader *reader)
{
	if (!reader)
		return;
	chunk_close(&reader->chunk);
	if (reader->directory >= 0)
		close(reader->directory);
	free(reader);
}
