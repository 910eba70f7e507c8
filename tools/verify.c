/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comparing log and chain; see verify.h.
 *
 * A line counts when its link fits the line before. Behind one that does not,
 * the next is judged by the link that the bad one claims, so that one changed
 * line does not make all others worthless; what the bad one says is not used.
 */
#include "tools/verify.h"

#include "libguard/record/chunk.h"
#include "tools/seal_walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct verify {
	struct verify_result *out;
	const struct seal_hash *expected;
	int directory;
	bool goes_on;
	bool trusted;            /* out->link is what the line before must have */
	uint32_t segment, slot;  /* where the next line goes on; slot 0 is the head */
	uint64_t before_ns;      /* when the line before was sealed */
	int fd;                  /* of segment `open`; -1: it cannot be read */
	uint32_t open;           /* 0: none was tried */
	uint64_t size;           /* bytes of its file */
	struct chunk chunk;
};

static uint32_t slots_of(uint32_t segment)
{
	return (uint32_t)(segment_size(segment) / EVENT_SLOT);
}

/* Keep a finding; neighbours of one kind are one. */
static void find(struct verify *verify, const struct verify_finding *finding)
{
	struct verify_result *out = verify->out;
	struct verify_finding *last = out->found > 0 && out->found <= VERIFY_FINDINGS ? &out->findings[out->found - 1] : NULL;

	if (last && last->kind == finding->kind && finding->segment > 0 && last->segment == finding->segment &&
	    last->first + last->count == finding->first) {
		last->count += finding->count;
		last->records += finding->records;
		last->to_ns = finding->to_ns;
		return;
	}
	if (last && finding->kind == VERIFY_CHAIN && last->kind == VERIFY_CHAIN && last->line + last->lines == finding->line) {
		last->lines++;
		return;
	}
	if (out->found < VERIFY_FINDINGS)
		out->findings[out->found] = *finding;
	out->found++;
}

static void find_line(struct verify *verify)
{
	find(verify, &(struct verify_finding){.kind = VERIFY_CHAIN, .line = verify->out->lines, .lines = 1});
}

static void find_slots(struct verify *verify, enum verify_kind kind, const struct seal_entry *entry)
{
	find(verify, &(struct verify_finding){.kind = kind, .segment = entry->segment, .first = entry->first,
					      .count = entry->count, .records = entry->records,
					      .from_ns = verify->before_ns, .to_ns = entry->time_ns,
					      .line = verify->out->lines, .lines = 1});
}

static void close_segment(struct verify *verify)
{
	if (verify->fd >= 0)
		close(verify->fd);
	verify->fd = -1;
}

/* Have a segment's file open; false when it is not there, or no file. */
static bool open_segment(struct verify *verify, uint32_t number)
{
	char storage[32];
	struct buf name = BUF_ON(storage);
	struct stat status;

	if (verify->open == number)
		return verify->fd >= 0;
	close_segment(verify);
	verify->open = number;
	segment_name(number, &name);
	verify->fd = openat(verify->directory, buf_cstr(&name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (verify->fd < 0)
		return false;
	if (fstat(verify->fd, &status) < 0 || !S_ISREG(status.st_mode)) {
		close_segment(verify);
		return false;
	}
	verify->size = (uint64_t)status.st_size;
	return true;
}

static bool read_all(int fd, void *out, size_t len, uint64_t offset)
{
	size_t done = 0;

	while (done < len) {
		ssize_t got = pread(fd, (char *)out + done, len - done, (off_t)(offset + done));

		if (got > 0)
			done += (size_t)got;
		else if (got == 0 || errno != EINTR)
			return false;
	}
	return true;
}

/* Slots from memory of the chunk's, whose own content is lost. False: the file ends before them. */
static bool hash_block(struct verify *verify, const struct seal_entry *entry, struct seal_hash *out, uint64_t *oldest_ns)
{
	uint32_t at = entry->first, end = entry->first + entry->count;
	struct chunk *chunk = &verify->chunk;
	struct seal_sum sum;

	*oldest_ns = 0;
	seal_sum_begin(&sum);
	if (at == 0) {
		char head[SEAL_HEAD_BYTES];

		if (!read_all(verify->fd, head, sizeof head, 0))
			return false;
		seal_sum_add(&sum, head, sizeof head);
		at++;
	}
	while (at < end) {
		uint32_t count = end - at < CHUNK_SLOTS ? end - at : CHUNK_SLOTS;

		if (!read_all(verify->fd, chunk->data, (size_t)count * EVENT_SLOT, (uint64_t)at * EVENT_SLOT))
			return false;
		seal_sum_add(&sum, chunk->data, (size_t)count * EVENT_SLOT);
		for (uint32_t i = 0; i < count; i++) {
			const struct slot_head *head = &chunk->data[i].head;

			if ((atomic_load_explicit(&head->mark, memory_order_relaxed) & MARK_KIND) == MARK_COMMITTED &&
			    (*oldest_ns == 0 || head->time_ns < *oldest_ns))
				*oldest_ns = head->time_ns;
		}
		at += count;
	}
	seal_sum_end(&sum, out);
	return true;
}

static void check_block(struct verify *verify, const struct seal_entry *entry)
{
	struct verify_result *out = verify->out;
	struct seal_hash content;
	uint64_t oldest_ns;

	if (!open_segment(verify, entry->segment)) {
		find_slots(verify, VERIFY_MISSING, entry);
	} else if (!hash_block(verify, entry, &content, &oldest_ns)) {
		find_slots(verify, VERIFY_CUT, entry);
	} else if (!seal_same(&content, &entry->content)) {
		find_slots(verify, VERIFY_ALTERED, entry);
	} else {
		out->blocks++;
		out->records += entry->records;
		if (oldest_ns > 0 && entry->time_ns > oldest_ns && entry->time_ns - oldest_ns > out->lag_ns)
			out->lag_ns = entry->time_ns - oldest_ns;
	}
	out->sealed_ns = entry->time_ns;
}

/* Was what had been left out finished later? */
static void check_hole(struct verify *verify, const struct seal_entry *entry)
{
	verify->out->holes++;
	if (!open_segment(verify, entry->segment)) {
		find_slots(verify, VERIFY_MISSING, entry);
		return;
	}
	for (uint32_t i = 0; i < entry->count; i++) {
		uint32_t mark;

		if (!read_all(verify->fd, &mark, sizeof mark, (uint64_t)(entry->first + i) * EVENT_SLOT)) {
			find_slots(verify, VERIFY_CUT, entry);
			return;
		}
		verify->out->late += (mark & MARK_KIND) == MARK_COMMITTED;
	}
}

static void check_file(struct verify *verify, const struct seal_entry *entry)
{
	struct verify_finding finding = {.kind = VERIFY_FILE, .to_ns = entry->time_ns, .line = verify->out->lines, .lines = 1};
	struct seal_hash content;
	uint64_t len;

	if (seal_hash_file(verify->directory, entry->name, &content, &len) == 0 && len == entry->len &&
	    seal_same(&content, &entry->content))
		return;
	memcpy(finding.name, entry->name, sizeof finding.name);
	find(verify, &finding);
}

/* Has the segment all bytes it was made with, and no more? A reader would read on. */
static void check_size(struct verify *verify, uint32_t segment)
{
	const struct verify_result *out = verify->out;

	for (uint64_t i = 0; i < out->found && i < VERIFY_FINDINGS; i++)
		if ((out->findings[i].kind == VERIFY_CUT || out->findings[i].kind == VERIFY_ADDED) &&
		    out->findings[i].segment == segment)
			return;
	if (!open_segment(verify, segment))
		return;
	if (verify->size < segment_size(segment)) {
		uint32_t left = (uint32_t)(verify->size / EVENT_SLOT);

		find(verify, &(struct verify_finding){.kind = VERIFY_CUT, .segment = segment, .first = left,
						      .count = slots_of(segment) - left});
	} else if (verify->size > segment_size(segment)) {
		find(verify, &(struct verify_finding){.kind = VERIFY_ADDED, .segment = segment, .first = slots_of(segment)});
	}
}

/* Slots that no line covers, from where the line before ended up to SLOT of SEGMENT. */
static void find_gap(struct verify *verify, uint32_t segment, uint32_t slot, uint64_t time_ns)
{
	struct seal_entry gap = {.time_ns = time_ns};

	while (verify->segment < segment || (verify->segment == segment && verify->slot < slot)) {
		uint32_t end = verify->segment == segment ? slot : slots_of(verify->segment);

		gap.segment = verify->segment;
		gap.first = verify->slot;
		gap.count = end - verify->slot;
		if (gap.count > 0)
			find_slots(verify, VERIFY_GAP, &gap);
		if (verify->segment == segment)
			break;
		check_size(verify, verify->segment);
		verify->segment++;
		verify->slot = 0;
	}
}

static void take_slots(struct verify *verify, const struct seal_entry *entry)
{
	if (entry->segment == 0 || entry->segment > SEGMENT_NUMBER_MAX || entry->count == 0 ||
	    entry->first >= slots_of(entry->segment) || entry->count > slots_of(entry->segment) - entry->first ||
	    entry->segment < verify->segment || (entry->segment == verify->segment && entry->first < verify->slot)) {
		find_line(verify);
		return;
	}
	find_gap(verify, entry->segment, entry->first, entry->time_ns);
	verify->segment = entry->segment;
	if (entry->kind == SEAL_BLOCK)
		check_block(verify, entry);
	else
		check_hole(verify, entry);
	verify->slot = entry->first + entry->count;
}

static void take_entry(struct verify *verify, const struct seal_entry *entry)
{
	struct verify_result *out = verify->out;

	/* The start stands at the start, and nothing behind the end. */
	if ((entry->kind == SEAL_START) != (out->lines == 1) || out->ended) {
		find_line(verify);
		return;
	}
	switch (entry->kind) {
	case SEAL_START:
		memcpy(out->name, entry->name, sizeof out->name);
		break;
	case SEAL_FILE_COPY:
		check_file(verify, entry);
		break;
	case SEAL_BLOCK:
	case SEAL_HOLE:
		take_slots(verify, entry);
		break;
	case SEAL_END:
		out->ended = true;
		out->survivors = entry->survivors;
		break;
	}
	verify->before_ns = entry->time_ns;
}

/* One line without its newline. False: of a newer version. */
static bool take_line(struct verify *verify, struct text line)
{
	struct verify_result *out = verify->out;
	bool first = out->lines++ == 0, fits;
	struct seal_hash claimed, link;
	struct seal_entry entry;
	int error = seal_read(line, &entry, &claimed);

	if (error == -EPROTONOSUPPORT && first)
		return false;
	if (error) {
		find_line(verify);
		verify->trusted = false;
		return true;
	}
	seal_link(line, first ? NULL : &out->link, &link);
	fits = seal_same(&link, &claimed) && (first || verify->trusted);
	out->link = claimed;
	verify->trusted = true;
	if (!fits) {
		find_line(verify);
		return true;
	}
	if (verify->expected && seal_same(&claimed, verify->expected))
		out->expected = out->lines;
	take_entry(verify, &entry);
	return true;
}

/* A line that is too long is none, whatever its parts look like. */
static int read_chain(struct verify *verify, FILE *file)
{
	char line[SEAL_LINE_MAX + 1];

	while (fgets(line, sizeof line, file)) {
		size_t len = strlen(line);
		bool whole = len > 0 && line[len - 1] == '\n';

		/* The supervisor may be writing the last one just now. */
		if (!whole && feof(file) && verify->goes_on)
			break;
		if (!take_line(verify, whole ? (struct text){line, len - 1} : TEXT(""))) {
			verify->out->newer = true;
			return 0;
		}
		/* The rest of it is no line of its own. */
		while (!whole && fgets(line, sizeof line, file))
			whole = strchr(line, '\n') != NULL;
	}
	return ferror(file) ? -EIO : 0;
}

/* The highest number that a file called like a segment has. */
static uint32_t last_segment(int directory)
{
	int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;
	unsigned number, last = 0;

	if (!stream) {
		if (fd >= 0)
			close(fd);
		return SEGMENT_NUMBER_MAX;
	}
	while ((entry = readdir(stream)))
		if (sscanf(entry->d_name, "events-%4u.log", &number) == 1 && number > last)
			last = number;
	closedir(stream);
	return last;
}

/* Finished records behind what is sealed. */
static void count_unsealed(struct verify *verify)
{
	struct verify_result *out = verify->out;
	struct chunk *chunk = &verify->chunk;
	uint32_t slot = verify->slot, last = last_segment(verify->directory);

	for (uint32_t number = verify->segment; number <= last; number++, slot = 0) {
		uint32_t at = slot > 0 ? slot - 1 : 0, limit;
		struct seal_span span;

		/* A reader goes on behind one that is missing. */
		if (chunk_open(chunk, verify->directory, number) != 0)
			continue;
		check_size(verify, number);
		limit = chunk_peek(verify->directory, number + 1) > 0 ? chunk->slots : chunk_reserved(chunk);
		while (chunk_load(chunk, at, CHUNK_SLOTS)) {
			span = seal_walk(chunk, at, limit);
			if (span.found == SEAL_NOTHING || span.count == 0)
				break;
			out->unsealed += span.records;
			at += span.count;
		}
	}
}

static void conclude(struct verify *verify)
{
	struct verify_result *out = verify->out;

	if (verify->slot > 0)
		check_size(verify, verify->segment);
	count_unsealed(verify);
	if (out->ended && out->survivors == 0 && out->unsealed > 0)
		find(verify, &(struct verify_finding){.kind = VERIFY_ADDED, .records = out->unsealed});
	if (!out->ended && !verify->goes_on)
		find(verify, &(struct verify_finding){.kind = VERIFY_UNENDED, .records = out->unsealed,
						      .from_ns = verify->before_ns});
	if (verify->expected && out->expected == 0)
		find(verify, &(struct verify_finding){.kind = VERIFY_UNKNOWN});
}

static int run(struct verify *verify)
{
	int fd = openat(verify->directory, SEAL_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat status;
	FILE *file;
	int error;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	verify->out->sealed = true;
	/* A directory or FIFO in its place is a chain of one line that is none. */
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
		close(fd);
		take_line(verify, TEXT(""));
		conclude(verify);
		return 0;
	}
	file = fdopen(fd, "r");
	if (!file) {
		close(fd);
		return -ENOMEM;
	}
	error = read_chain(verify, file);
	fclose(file);
	if (!error && !verify->out->newer) {
		/* Also what was cut down to nothing was a chain. */
		if (verify->out->lines == 0)
			take_line(verify, TEXT(""));
		conclude(verify);
	}
	return error;
}

int verify_session(const char *directory, bool goes_on, const struct seal_hash *expected, struct verify_result *out)
{
	struct verify *verify = aligned_alloc(_Alignof(struct verify), sizeof *verify);
	int error;

	*out = (struct verify_result){0};
	if (!verify)
		return -ENOMEM;
	memset(verify, 0, sizeof *verify);
	verify->out = out;
	verify->expected = expected;
	verify->goes_on = goes_on;
	verify->segment = 1;
	verify->fd = verify->chunk.fd = -1;
	verify->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	error = verify->directory < 0 ? -errno : run(verify);
	close_segment(verify);
	chunk_close(&verify->chunk);
	if (verify->directory >= 0)
		close(verify->directory);
	free(verify);
	return error;
}
