/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making segments, for the supervisor; see writer.h.
 *
 * Every byte gets its place on the disk before a guest maps the file: a store
 * to a hole of a mapped file is SIGBUS when the disk is full. Every page is
 * brought into the page cache too, by writing zeros: the guest's first store to
 * a page then costs 0.4 us, not the 2.6 us of an ext4 that allocates in the
 * fault, and 32 records lie in a page.
 *
 * A segment gets its name when it is finished: a supervisor that dies in the
 * middle leaves nothing that a reader would take for a damaged one.
 */
#include "libguard/core/sys.h"
#include "libguard/record/segment.h"
#include "libguard/record/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static void close_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* The session that segment NUMBER belongs to, told by the one before it. */
static int find_session(int directory, uint32_t number, uint64_t *session)
{
	CLEANUP(close_fd) int fd = -1;
	char storage[32];
	struct buf name = BUF_ON(storage);
	struct segment_head head;
	struct timespec now;
	ssize_t got;
	int error;

	if (number == 1) {
		clock_gettime(CLOCK_REALTIME, &now);
		*session = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
		return 0;
	}
	segment_name(number - 1, &name);
	fd = openat(directory, buf_cstr(&name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	got = read(fd, &head, sizeof head);
	error = got < 0 ? -errno : segment_check(&head, (uint64_t)got);
	if (!error)
		*session = head.session;
	return error;
}

static int write_head(int fd, const struct segment_head *head)
{
	ssize_t done;

	do
		done = pwrite(fd, head, sizeof *head, 0);
	while (done < 0 && errno == EINTR);
	if (done < 0)
		return -errno;
	return done == sizeof *head ? 0 : -EIO;
}

/* One page of zeros, again and again: the bytes are the kernel's to copy, not the program's to carry. */
static int write_zeros(int fd, size_t size)
{
	static const char page[4096];
	struct iovec parts[64];
	size_t at = 0;

	while (at < size) {
		ssize_t done;
		size_t left = size - at;
		int count = 0;

		for (; left > 0 && count < (int)ARRAY_LEN(parts); count++) {
			size_t len = left < sizeof page ? left : sizeof page;

			/* pwritev only reads; the cast is for its prototype. */
			parts[count] = (struct iovec){(void *)(uintptr_t)page, len};
			left -= len;
		}
		done = pwritev(fd, parts, count, (off_t)at);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done < 0 ? -errno : -EIO;
		at += (size_t)done;
	}
	return 0;
}

static int preallocate(int fd, size_t size)
{
	int error;

	do
		error = fallocate(fd, 0, 0, (off_t)size) == 0 ? 0 : -errno;
	while (error == -EINTR);
	/* Where the file system cannot, writing does it. */
	if (error == -EOPNOTSUPP || error == -ENOSYS)
		error = 0;
	return error ? error : write_zeros(fd, size);
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

	return error ? error : write_head(fd, &head);
}

/* Open a new file NAME, also in the place of one that a supervisor left behind that died. */
static int open_new(int directory, const char *name)
{
	int fd = -1;

	for (int tries = 0; tries < 2 && fd < 0; tries++) {
		if (tries > 0 && (errno != EEXIST || unlinkat(directory, name, 0) < 0))
			break;
		fd = openat(directory, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	}
	return fd < 0 ? -errno : fd;
}

int log_make_segment(const char *directory, uint32_t number)
{
	CLEANUP(close_fd) int dir = -1;
	CLEANUP(close_fd) int fd = -1;
	char storage[32], fresh_storage[32];
	struct buf name = BUF_ON(storage), fresh = BUF_ON(fresh_storage);
	struct stat status;
	uint64_t session = 0;
	int error;

	if (number == 0 || number > SEGMENT_NUMBER_MAX)
		return -EFBIG;
	dir = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	error = find_session(dir, number, &session);
	if (error)
		return error;
	segment_name(number, &name);
	segment_name(number, &fresh);
	buf_str(&fresh, ".new");
	if (fstatat(dir, buf_cstr(&name), &status, AT_SYMLINK_NOFOLLOW) == 0)
		return -EEXIST;
	fd = open_new(dir, buf_cstr(&fresh));
	if (fd < 0)
		return fd;
	error = fill(fd, number, session);
	if (!error)
		error = (int)SYS_5(SYS_renameat2, dir, buf_cstr(&fresh), dir, buf_cstr(&name), 0);
	if (error)
		unlinkat(dir, buf_cstr(&fresh), 0);
	return error;
}
