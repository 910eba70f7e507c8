/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Naming, judging and making segments; see segment.h and writer.h.
 */
#include "libguard/record/segment.h"

#include "libguard/core/sys.h"
#include "libguard/record/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>

size_t segment_size(uint32_t number)
{
	size_t size = LOG_SEGMENT_FIRST;

	while (--number > 0 && size < LOG_SEGMENT_LAST)
		size *= 2;
	return size;
}

void segment_name(uint32_t number, struct buf *out)
{
	buf_str(out, "events-");
	for (uint32_t digit = 1000; digit > 0; digit /= 10)
		buf_char(out, (char)('0' + number / digit % 10));
	buf_str(out, ".log");
}

int segment_check(const struct segment_head *head, uint64_t size)
{
	if (size < sizeof *head)
		return -EINVAL;
	if (head->magic == __builtin_bswap64(SEGMENT_MAGIC))
		return -EPROTONOSUPPORT;
	if (head->magic != SEGMENT_MAGIC)
		return -EINVAL;
	if (head->order != SEGMENT_ORDER || head->version > SEGMENT_VERSION)
		return -EPROTONOSUPPORT;
	if (head->version == 0 || head->slot_size != EVENT_SLOT ||
	    head->slots >= LOG_SEGMENT_LAST / EVENT_SLOT)
		return -EINVAL;
	return 0;
}

/* The session that segment NUMBER goes on from, told by the one before it. */
static int find_session(int directory, uint32_t number, uint64_t *session)
{
	char storage[32];
	struct buf name = BUF_ON(storage);
	struct segment_head head;
	int fd, error;
	ssize_t got;

	*session = sys_now_ns();
	if (number == 1)
		return 0;
	segment_name(number - 1, &name);
	fd = (int)SYS_4(SYS_openat, directory, buf_cstr(&name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0);
	if (fd < 0)
		return fd;
	got = sys_read(fd, &head, sizeof head);
	sys_close(fd);
	error = got < 0 ? (int)got : segment_check(&head, (uint64_t)got);
	if (!error)
		*session = head.session;
	return error;
}

static int write_all(int fd, const void *data, size_t len, size_t offset)
{
	while (len > 0) {
		long done = SYS_4(SYS_pwrite64, fd, data, len, offset);

		if (done == -EINTR)
			continue;
		if (done <= 0)
			return done < 0 ? (int)done : -EIO;
		data = (const char *)data + done;
		len -= (size_t)done;
		offset += (size_t)done;
	}
	return 0;
}

/* Every byte of the file gets its place on the disk now: a store to a mapped hole of a full disk is SIGBUS. */
static int preallocate(int fd, size_t size)
{
	static const char zeros[16384];
	long error;

	do
		error = SYS_4(SYS_fallocate, fd, 0, 0, size);
	while (error == -EINTR);
	if (error != -EOPNOTSUPP && error != -ENOSYS)
		return (int)error;
	error = 0;
	for (size_t at = 0; at < size && !error; at += sizeof zeros)
		error = write_all(fd, zeros, sizeof zeros, at);
	return (int)error;
}

static int fill(int fd, uint32_t number, uint64_t session)
{
	size_t size = segment_size(number);
	struct segment_head head = {
		.magic = SEGMENT_MAGIC,
		.order = SEGMENT_ORDER,
		.version = SEGMENT_VERSION,
		.slot_size = EVENT_SLOT,
		.slots = (uint32_t)(size / EVENT_SLOT - 1),
		.number = number,
		.session = session,
	};
	int error = preallocate(fd, size);

	return error ? error : write_all(fd, &head, sizeof head, 0);
}

int log_make_segment(const char *directory, uint32_t number)
{
	char storage[32];
	struct buf name = BUF_ON(storage);
	uint64_t session;
	int dir, fd, error;

	if (number == 0 || number > SEGMENT_NUMBER_MAX)
		return -EFBIG;
	segment_name(number, &name);
	dir = sys_open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	if (dir < 0)
		return dir;
	error = find_session(dir, number, &session);
	if (error)
		goto out;
	fd = (int)SYS_4(SYS_openat, dir, buf_cstr(&name), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	error = fd < 0 ? fd : 0;
	if (error)
		goto out;
	error = fill(fd, number, session);
	if (error)
		SYS_3(SYS_unlinkat, dir, storage, 0);
	sys_close(fd);
out:
	sys_close(dir);
	return error;
}
