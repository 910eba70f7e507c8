/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing records; see writer.h.
 *
 * Two things make it safe to be interrupted anywhere. In the file, a record's
 * slots are its own from the atomic add on, and its head's mark says how far it
 * has come. In the process, the word `current` holds the mapped segment and the
 * number of calls inside it, so that entering takes both in one atomic step and
 * the last call to leave a replaced segment, whoever that is, unmaps it.
 */
#include "libguard/record/writer.h"

#include "libguard/core/sys.h"
#include "libguard/record/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

/* A writer waits this often and this long for a segment: ten seconds in all, less when signals come. */
#define WAITS 200
#define WAIT_MS 50

/* User addresses have 48 bits and a segment's lowest 6 are zero: the low 22 bits of `current` are free to count. */
#define ADDRESS_SHIFT 16
#define INSIDE_MASK ((1u << 22) - 1)

#define DIRECTORY_CAP 256 /* bytes, NUL included */

_Static_assert(LOG_SEGMENT_ALIGN << ADDRESS_SHIFT > INSIDE_MASK, "the count does not reach into the address");

/* How a record will lie. */
struct shape {
	unsigned slots;
	size_t len; /* bytes of payload */
	bool cut;
};

/* Where the next byte of payload goes. */
struct pen {
	union slot *slot;
	unsigned index; /* of the slot within the record */
	size_t left;    /* bytes of payload still to come */
	unsigned char *at;
	size_t room;    /* bytes up to the end of the slot */
};

static struct log_segment *segment_of(uint64_t word)
{
	return (struct log_segment *)(uintptr_t)((word & ~(uint64_t)INSIDE_MASK) >> ADDRESS_SHIFT);
}

static uint64_t word_of(const struct log_segment *segment)
{
	return (uint64_t)(uintptr_t)segment << ADDRESS_SHIFT;
}

static void unmap(struct log_segment *segment)
{
	sys_munmap(segment->head, segment->mapped);
}

/* `room`: where to keep the segment; NULL for a private page right behind the file's. */
static int map_file(int fd, uint32_t number, uint64_t session, struct log_segment *room, struct log_segment **out)
{
	struct log_segment *segment = room;
	struct segment_head *head;
	struct stat status;
	size_t size, mapped;
	int error = sys_fstat(fd, &status);

	if (error)
		return error;
	if (!S_ISREG(status.st_mode) || (uint64_t)status.st_size != segment_size(number))
		return -EINVAL;
	size = (size_t)status.st_size;
	mapped = room ? size : size + sizeof *segment;
	head = sys_mmap(mapped, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (sys_failed(head))
		return (int)(intptr_t)head;
	if (!room)
		segment = (void *)sys_call(SYS_mmap, (long)head + (long)size, sizeof *segment, PROT_READ | PROT_WRITE,
					   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	atomic_fetch_or(&head->reserved, 0); /* a page that is read first faults twice */
	error = sys_failed(segment) ? (int)(intptr_t)segment : segment_check(head, size);
	if (!error && (head->version != SEGMENT_VERSION || head->number != number ||
		       head->slots != size / EVENT_SLOT - 1 || (session && head->session != session)))
		error = -EINVAL;
	if (error) {
		sys_munmap(head, mapped);
		return error;
	}
	*segment = (struct log_segment){
		.head = head,
		.slots = (union slot *)(head + 1),
		.mapped = mapped,
		.count = head->slots,
		.number = number,
	};
	*out = segment;
	return 0;
}

static int map(const struct log_writer *writer, uint32_t number, struct log_segment *room, struct log_segment **out)
{
	char storage[DIRECTORY_CAP + 32];
	struct buf path = BUF_ON(storage);
	int fd, error;

	buf_str(&path, writer->directory);
	buf_char(&path, '/');
	segment_name(number, &path);
	/* Never hangs on a file that is not ours, such as a FIFO put in its place. */
	fd = sys_open(buf_cstr(&path), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
	if (fd == -EACCES)
		fd = sys_open_by_supervisor(buf_cstr(&path), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return fd;
	error = map_file(fd, number, writer->session, room, out);
	sys_close(fd);
	return error;
}

static struct log_segment *enter(struct log_writer *writer)
{
	return segment_of(atomic_fetch_add_explicit(&writer->current, 1, memory_order_acquire));
}

static void leave(struct log_writer *writer, struct log_segment *segment)
{
	uint64_t word = atomic_load_explicit(&writer->current, memory_order_relaxed);

	while (segment_of(word) == segment)
		if (atomic_compare_exchange_weak_explicit(&writer->current, &word, word - 1, memory_order_release,
							  memory_order_relaxed))
			return;
	if (atomic_fetch_sub(&segment->remaining, 1) == 1)
		unmap(segment);
}

/* Make WORD at least NUMBER; true when this call did it. */
static bool raise_to(_Atomic uint32_t *word, uint32_t number)
{
	uint32_t seen = atomic_load(word);

	while (seen < number)
		if (atomic_compare_exchange_weak(word, &seen, number))
			return true;
	return false;
}

/* Put the next segment in the place of OLD, which the caller is inside of. Whoever comes first does it. */
static int replace(struct log_writer *writer, struct log_segment *old)
{
	uint64_t word = atomic_load(&writer->current);
	struct log_segment *next;
	int error;

	if (segment_of(word) != old)
		return 0;
	error = map(writer, old->number + 1, NULL, &next);
	if (error)
		return error;
	raise_to(&writer->state->filling, next->number);
	while (segment_of(word) == old)
		if (atomic_compare_exchange_weak(&writer->current, &word, word_of(next))) {
			atomic_fetch_add(&old->remaining, (int64_t)(word & INSIDE_MASK));
			return 0;
		}
	unmap(next);
	return 0;
}

/* Let a supervisor that sleeps know that there is something to do. */
static void rouse(struct log_state *state)
{
	if (atomic_exchange(&state->asleep, 0))
		sys_futex_wake(&state->asleep);
}

/* Let the supervisor know that segment NUMBER will be needed. */
static void ask_for(struct log_state *state, uint32_t number)
{
	if (!raise_to(&state->wanted, number))
		return;
	sys_futex_wake(&state->wanted);
	rouse(state);
}

/* Wait until segment NUMBER exists; false when it does not come. */
static bool await(struct log_state *state, uint32_t number)
{
	ask_for(state, number);
	for (unsigned i = 0; i < WAITS; i++) {
		uint32_t ready = atomic_load(&state->ready);

		if (ready >= number)
			return true;
		if (atomic_load(&state->stuck) >= number)
			return false;
		if (atomic_load(&state->finished))
			break;
		sys_futex_wait(&state->ready, ready, WAIT_MS);
	}
	raise_to(&state->stuck, number);
	return atomic_load(&state->ready) >= number;
}

/* Take room for one value; what put_value writes is the same. */
static void measure_value(struct shape *shape, size_t len)
{
	size_t room = SEGMENT_PAYLOAD_MAX - shape->len;

	if (len == 0)
		return;
	if (room < sizeof(struct value_head) + len) {
		shape->cut = true;
		if (room <= sizeof(struct value_head))
			return;
		len = room - sizeof(struct value_head);
	}
	shape->len += sizeof(struct value_head) + len;
}

static struct shape measure(const struct event *event)
{
	const size_t first = sizeof((struct slot_head){0}.payload), next = sizeof((struct slot_tail){0}.payload);
	struct shape shape = {.slots = 1};

	measure_value(&shape, event->ppid ? sizeof event->ppid : 0);
	measure_value(&shape, event->uid ? sizeof event->uid : 0);
	measure_value(&shape, event->bytes ? sizeof event->bytes : 0);
	for (unsigned i = 0; i < event->count; i++)
		measure_value(&shape, event->values[i].text.len);
	if (shape.len > first)
		shape.slots += (unsigned)((shape.len - first + next - 1) / next);
	return shape;
}

static void put(struct pen *pen, const void *bytes, size_t len)
{
	const unsigned char *from = bytes;

	while (len > 0) {
		size_t part;

		if (pen->room == 0) {
			pen->slot++;
			atomic_store_explicit(&pen->slot->tail.mark, MARK_TAIL | ++pen->index, memory_order_relaxed);
			pen->at = pen->slot->tail.payload;
			pen->room = sizeof pen->slot->tail.payload;
		}
		part = len < pen->room ? len : pen->room;
		memcpy(pen->at, from, part);
		pen->at += part;
		pen->room -= part;
		pen->left -= part;
		from += part;
		len -= part;
	}
}

/* One value, or what of it still fits. */
static void put_value(struct pen *pen, unsigned tag, const void *bytes, size_t len)
{
	struct value_head head;

	if (len == 0 || pen->left <= sizeof head)
		return;
	if (len > pen->left - sizeof head)
		len = pen->left - sizeof head;
	head = (struct value_head){(uint16_t)tag, (uint16_t)len};
	if (LIKELY(pen->room >= sizeof head + len)) { /* all of it into the slot at hand */
		memcpy(pen->at, &head, sizeof head);
		memcpy(pen->at + sizeof head, bytes, len);
		pen->at += sizeof head + len;
		pen->room -= sizeof head + len;
		pen->left -= sizeof head + len;
		return;
	}
	put(pen, &head, sizeof head);
	put(pen, bytes, len);
}

static void fill(union slot *slot, const struct event *event, const struct shape *shape)
{
	struct slot_head *head = &slot->head;
	struct pen pen = {.slot = slot, .left = shape->len, .at = head->payload, .room = sizeof head->payload};

	head->payload_len = (uint16_t)shape->len;
	head->kind = (uint8_t)event->kind;
	head->verb = (uint8_t)event->verb;
	head->time_ns = event->time_ns;
	head->pid = event->pid;
	head->tid = event->tid;
	head->verbs = event->verbs;
	head->rule = event->rule;
	head->err = (int16_t)event->err;
	head->verdict = event->verdict;
	head->door = event->door;
	head->flags = (uint8_t)((event->flags & ~EVENT_CUT) | (shape->cut ? EVENT_CUT : 0));
	head->coverage = event->coverage;
	if (event->ppid)
		put_value(&pen, NUMBER_PPID, &event->ppid, sizeof event->ppid);
	if (event->uid)
		put_value(&pen, NUMBER_UID, &event->uid, sizeof event->uid);
	if (event->bytes)
		put_value(&pen, NUMBER_BYTES, &event->bytes, sizeof event->bytes);
	for (unsigned i = 0; i < event->count; i++)
		put_value(&pen, event->values[i].field, event->values[i].text.data, event->values[i].text.len);
}

/* Put the record into SEGMENT; false when it has no room. */
static bool place(struct log_state *state, struct log_segment *segment, const struct event *event,
		  const struct shape *shape)
{
	_Atomic uint64_t *reserved = &segment->head->reserved;
	uint64_t start, half = segment->count / 2;
	_Atomic uint32_t *mark;

	/* Also where it is full: 64 bits do not come round, and a page that is read first faults twice. Before `asleep` is
	 * looked at, in every eye: either the supervisor sees the addition before it falls asleep, or this writer sees that it
	 * sleeps. */
	start = atomic_fetch_add(reserved, shape->slots);
	if (start >= segment->count)
		return false;
	mark = &segment->slots[start].head.mark;
	if (shape->slots > segment->count - start) {
		atomic_store_explicit(mark, MARK_END, memory_order_release);
		return false;
	}
	atomic_store_explicit(mark, MARK_RESERVED | shape->slots, memory_order_relaxed);
	/* A reader must not find a tail whose head says nothing yet. */
	atomic_thread_fence(memory_order_release);
	fill(&segment->slots[start], event, shape);
	atomic_store_explicit(mark, MARK_COMMITTED | shape->slots, memory_order_release);
	if (UNLIKELY(atomic_load(&state->asleep)))
		rouse(state);
	if (UNLIKELY(start <= half && half < start + shape->slots))
		ask_for(state, segment->number + 1);
	return true;
}

int log_attach(struct log_writer *writer, const char *directory, struct log_state *state)
{
	uint32_t filling = atomic_load(&state->filling);
	struct log_segment *segment;
	int error;

	if (strlen(directory) >= DIRECTORY_CAP)
		return -ENAMETOOLONG;
	writer->directory = directory;
	writer->state = state;
	writer->session = 0;
	error = map(writer, filling ? filling : 1, &writer->first, &segment);
	if (error)
		return error;
	writer->session = segment->head->session;
	atomic_store(&writer->current, word_of(segment));
	return 0;
}

void log_detach(struct log_writer *writer)
{
	struct log_segment *segment = segment_of(atomic_exchange(&writer->current, 0));

	if (segment)
		unmap(segment);
}

int log_write(struct log_writer *writer, const struct event *event)
{
	const struct shape shape = measure(event);

	while (atomic_load_explicit(&writer->current, memory_order_relaxed) != 0) {
		struct log_segment *segment = enter(writer);
		uint32_t next = segment->number + 1;
		bool written = place(writer->state, segment, event, &shape);
		bool ready = !written && atomic_load(&writer->state->ready) >= next;
		bool stays = ready && replace(writer, segment) != 0;

		/* Nobody waits inside a segment: it could not be unmapped meanwhile. */
		leave(writer, segment);
		if (LIKELY(written))
			return 0;
		if (stays || (!ready && !await(writer->state, next)))
			break;
	}
	if (writer->state)
		atomic_fetch_add(&writer->state->lost, 1);
	return -ENOSPC;
}
