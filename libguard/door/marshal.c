/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments; see marshal.h.
 */
#include "libguard/door/marshal.h"

#include "libguard/core/path.h"
#include "libguard/core/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/un.h>
#include <utime.h>

#define BYTES_MAX (256u << 10) /* of one argument; what is larger is cut (sends) or refused by the kernel (attributes) */
#define CONTROL_MAX 8192u
#define PARTS_MAX 1024u
#define PIDFD_SELF (-10000) /* the calling thread, and its process: Linux 6.14 */
#define PIDFD_SELF_PROCESS (-10001)

static long local(const void *pointer)
{
	return (long)(uintptr_t)pointer;
}

static int take_text(long *arg, size_t cap)
{
	char *text;
	int result = *arg ? guest_text((uint64_t)*arg, cap, &text) : 0;

	if (result == 0 && *arg)
		*arg = local(text);
	return result;
}

/* LEN bytes; a pointer to nothing stays one. */
static int take_bytes(long *arg, size_t len)
{
	void *to;
	int result;

	if (!*arg || len == 0)
		return 0;
	to = guest_room(len);
	if (!to)
		return -ENOMEM;
	result = guest_read((uint64_t)*arg, to, len);
	*arg = local(to);
	return result;
}

static int take_result(long *arg, size_t size)
{
	void *room;

	if (!*arg || size == 0)
		return 0;
	if (size > 65536)
		size = 65536;
	room = guest_room(size);
	if (!room)
		return -ENOMEM;
	guest.outs[guest.out_count++] = (struct guest_out){room, (uint64_t)*arg, size, OUT_RESULT};
	*arg = local(room);
	return 0;
}

/* LEN bytes that go in and come out. */
static int take_changed(long *arg, size_t len)
{
	uint64_t from = (uint64_t)*arg;
	int result = from ? take_bytes(arg, len) : -EFAULT;

	if (result == 0)
		guest.outs[guest.out_count++] = (struct guest_out){(void *)*arg, from, len, OUT_WHOLE};
	return result;
}

/* A name, and the directory that it starts in. DIR is NULL where it can only be the working directory. */
static int take_name(long *dir, long *name)
{
	const char *text;
	int result = take_text(name, PATH_NAME_CAP);

	if (result == -EACCES || result == -ENOMEM)
		return result;
	/* What is wrong with a name is said by who looks at it: after the policy. */
	if (result < 0)
		return result;
	text = (const char *)*name;
	if (text && text[0] == '/' && guest.row->number[CALLS_HERE] != SYS_openat2)
		return 0;
	/* Of openat2 the directory may be the root of what begins with a slash; else it need not even be there. */
	if (text && text[0] == '/' && dir && (int)*dir != AT_FDCWD) {
		*dir = guest_place_fd((int)*dir);
		return 0;
	}
	if (!dir || (int)*dir == AT_FDCWD)
		return guest_go_there();
	/* Without a name the descriptor itself is meant: one that can be acted on, if the kernel gives it. */
	result = text && text[0] ? guest_place_fd((int)*dir) : guest_fd((int)*dir);
	if (result == -EPERM)
		result = guest_place_fd((int)*dir);
	*dir = result;
	return result < 0 ? result : 0;
}

static int take_fd(long *arg)
{
	int fd = guest_fd((int)*arg);

	/* A container's filter: what it is can be seen all the same. */
	if (fd == -EPERM) {
		guest.unheld = true;
		fd = guest_place_fd((int)*arg);
	}
	*arg = fd;
	return fd < 0 ? fd : 0;
}

static int take_handle(long *arg)
{
	struct file_handle head;
	uint64_t from = (uint64_t)*arg;
	int result = guest_read(from, &head, sizeof head);

	if (result < 0)
		return result;
	if (head.handle_bytes > MAX_HANDLE_SZ)
		return -EINVAL;
	result = take_bytes(arg, sizeof head + head.handle_bytes);
	if (result == 0)
		((struct file_handle *)(uintptr_t)*arg)->handle_bytes = head.handle_bytes;
	return result;
}

/* A socket's address; the name of a unix one may start in the working directory. */
static int take_address(long *arg, size_t len)
{
	const struct sockaddr_un *name;
	int result = take_bytes(arg, len);

	name = (const struct sockaddr_un *)(uintptr_t)*arg;
	if (result < 0 || !name || len <= sizeof name->sun_family || name->sun_family != AF_UNIX || name->sun_path[0] == '/')
		return result;
	return guest_go_there();
}

/* Descriptors that travel in a message are the guest's. */
static int take_rights(struct msghdr *message)
{
	for (struct cmsghdr *at = CMSG_FIRSTHDR(message); at; at = CMSG_NXTHDR(message, at)) {
		size_t count;
		int *fds = (int *)(void *)CMSG_DATA(at);

		if (at->cmsg_len < CMSG_LEN(0))
			return -EINVAL;
		if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_RIGHTS)
			continue;
		count = (at->cmsg_len - CMSG_LEN(0)) / sizeof *fds;
		for (size_t i = 0; i < count; i++) {
			int fd = guest_fd(fds[i]);

			if (fd < 0)
				return fd == -EPERM ? -EACCES : fd;
			fds[i] = fd;
		}
	}
	return 0;
}

/* A message with all that it points to, as one piece. */
static int take_message(struct msghdr *message)
{
	struct iovec *parts, *whole = guest_room(sizeof *whole);
	long at = (long)(uintptr_t)message->msg_iov;
	size_t len = 0;
	char *to;
	int result;

	if (message->msg_iovlen > PARTS_MAX)
		return -EMSGSIZE;
	result = take_bytes(&at, message->msg_iovlen * sizeof *parts);
	if (result < 0 || !whole)
		return result < 0 ? result : -ENOMEM;
	parts = (struct iovec *)at;
	for (size_t i = 0; i < message->msg_iovlen; i++) {
		if (parts[i].iov_len > BYTES_MAX - len)
			return -EMSGSIZE;
		len += parts[i].iov_len;
	}
	to = guest_room(len ? len : 1);
	if (!to)
		return -EMSGSIZE;
	*whole = (struct iovec){to, len};
	for (size_t i = 0; i < message->msg_iovlen && result == 0; i++) {
		result = guest_read((uint64_t)(uintptr_t)parts[i].iov_base, to, parts[i].iov_len);
		to += parts[i].iov_len;
	}
	message->msg_iov = whole;
	message->msg_iovlen = 1;
	if (result == 0 && message->msg_namelen > sizeof(struct sockaddr_storage))
		message->msg_namelen = sizeof(struct sockaddr_storage);
	at = (long)(uintptr_t)message->msg_name;
	if (result == 0)
		result = take_address(&at, message->msg_namelen);
	message->msg_name = (void *)at;
	if (result == 0 && message->msg_controllen > CONTROL_MAX)
		return -ENOBUFS;
	at = (long)(uintptr_t)message->msg_control;
	if (result == 0)
		result = take_bytes(&at, message->msg_controllen);
	message->msg_control = (void *)at;
	return result < 0 || !message->msg_control ? result : take_rights(message);
}

static int take_messages(long *arg, size_t count)
{
	struct mmsghdr *messages;
	uint64_t from = (uint64_t)*arg;
	int result;

	if (count == 0 || !*arg)
		return 0;
	if (count > 64)
		count = 64; /* fewer may be sent than were asked */
	result = take_bytes(arg, count * sizeof *messages);
	messages = (struct mmsghdr *)(uintptr_t)*arg;
	for (size_t i = 0; i < count && result == 0; i++)
		result = take_message(&messages[i].msg_hdr);
	/* Only msg_len is written back, one by one: marshal_out's `from` steps by the structure. */
	guest.outs[guest.out_count++] = (struct guest_out){messages, from, count, OUT_LENGTHS};
	return result;
}

static int take(const char *letters, unsigned i, long args[6])
{
	switch (letters[i]) {
	case 'd':
		return 0; /* with its name */
	case 'p':
		return take_name(i > 0 && letters[i - 1] == 'd' ? &args[i - 1] : NULL, &args[i]);
	case 's':
		return take_text(&args[i], 65536);
	case 'f':
		return take_fd(&args[i]);
	case 'P':
		return (int)args[i] == PIDFD_SELF || (int)args[i] == PIDFD_SELF_PROCESS ? 0 : take_fd(&args[i]);
	case 'b':
		if ((size_t)args[i + 1] > BYTES_MAX)
			args[i + 1] = BYTES_MAX;
		return take_bytes(&args[i], (size_t)args[i + 1]);
	case 'o':
		if ((size_t)args[i + 1] > 65536)
			args[i + 1] = 65536;
		return take_result(&args[i], (size_t)args[i + 1]);
	case 'a':
		args[i + 1] = (socklen_t)args[i + 1];
		if ((size_t)args[i + 1] > sizeof(struct sockaddr_storage))
			return -EINVAL;
		return take_address(&args[i], (size_t)args[i + 1]);
	case 'h':
		if ((size_t)args[i + 1] > 4096)
			return -E2BIG;
		return args[i] ? take_bytes(&args[i], (size_t)args[i + 1]) : -EFAULT;
	case 'H':
		return take_handle(&args[i]);
	case 't':
		return take_bytes(&args[i], sizeof(struct timespec[2]));
	case 'u':
		return take_bytes(&args[i], sizeof(struct utimbuf));
	case 'q':
		return take_bytes(&args[i], sizeof(struct mq_attr));
	case 'x':
		return take_changed(&args[i], sizeof(struct timex));
	case 'm': {
		int result = args[i] ? take_bytes(&args[i], sizeof(struct msghdr)) : -EFAULT;

		return result < 0 ? result : take_message((struct msghdr *)args[i]);
	}
	case 'M':
		args[i + 1] = args[i + 1] > 64 ? 64 : args[i + 1];
		return take_messages(&args[i], (size_t)args[i + 1]);
	default:
		return 0;
	}
}

int marshal_in(long args[6])
{
	const char *letters = guest.row->arguments;
	int result = 0;

	for (unsigned i = 0; letters[i] && result >= 0; i++)
		result = take(letters, i, args);
	return result < 0 ? result : 0;
}

int marshal_out(long result)
{
	for (unsigned i = 0; i < guest.out_count; i++) {
		const struct guest_out *out = &guest.outs[i];
		const struct mmsghdr *messages = out->from;
		int error = 0;

		if (out->kind == OUT_WHOLE || (out->kind == OUT_RESULT && (size_t)result > out->size))
			error = guest_write(out->to, out->from, out->size);
		else if (out->kind == OUT_RESULT)
			error = guest_write(out->to, out->from, (size_t)result);
		for (long m = 0; out->kind == OUT_LENGTHS && m < result && error == 0; m++)
			error = guest_write(out->to + (uint64_t)m * sizeof *messages + offsetof(struct mmsghdr, msg_len),
					    &messages[m].msg_len, sizeof messages[m].msg_len);
		if (error < 0)
			return error;
	}
	return 0;
}
