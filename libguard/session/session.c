/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mapping a session, and the names its processes have resolved; see session.h.
 *
 * The files are another process's work: sizes and offsets are checked here,
 * once, before anything is used.
 */
#include "libguard/session/session.h"

#include "libguard/core/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

/* No image or state comes near; keeps sums of sizes far from overflow. */
#define FILE_MAX ((off_t)1 << 32)

struct mapping {
	void *address;
	size_t size;
};

static int map_file(const char *directory, const char *name, int prot, struct mapping *out)
{
	char storage[288];
	struct buf path = BUF_ON(storage);
	int flags = ((prot & PROT_WRITE) ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW;
	struct stat info;
	int fd, result;

	buf_str(&path, directory);
	buf_char(&path, '/');
	buf_str(&path, name);
	buf_cstr(&path);
	if (path.overflow)
		return -ENAMETOOLONG;
	fd = sys_open(storage, flags, 0);
	if (fd == -EACCES)
		fd = sys_open_by_supervisor(storage, flags);
	if (fd < 0)
		return fd;
	result = sys_fstat(fd, &info);
	if (result == 0 && (!S_ISREG(info.st_mode) || info.st_size <= 0 || info.st_size > FILE_MAX))
		result = -EINVAL;
	if (result == 0) {
		out->size = (size_t)info.st_size;
		out->address = sys_mmap(out->size, prot, MAP_SHARED, fd, 0);
		if (sys_failed(out->address))
			result = (int)(intptr_t)out->address;
	}
	sys_close(fd);
	return result;
}

static bool state_is_sound(const struct session_state *state, size_t size)
{
	return size >= sizeof *state && state->magic == SESSION_STATE_MAGIC &&
	       state->version == SESSION_STATE_VERSION && state->size == size &&
	       state->policy_offset >= sizeof *state && state->policy_offset <= size &&
	       state->policy_offset % SESSION_POLICY_ALIGN == 0;
}

static int attach(const struct mapping *image, const struct mapping *shared, struct session *out)
{
	struct session_state *state = shared->address;
	uint32_t offset;
	int result;

	if (!state_is_sound(state, shared->size))
		return -EINVAL;
	offset = state->policy_offset;
	result = policy_attach(image->address, image->size, (char *)shared->address + offset, shared->size - offset,
			       &out->policy);
	if (result == 0)
		result = log_attach(&out->log, out->directory, &state->log);
	out->state = state;
	return result;
}

int session_join(const char *directory, struct session *out)
{
	size_t len = strlen(directory);
	struct mapping image, shared;
	int result;

	if (len >= sizeof out->directory)
		return -ENAMETOOLONG;
	memcpy(out->directory, directory, len + 1);
	result = map_file(directory, "policy.img", PROT_READ, &image);
	if (result < 0)
		return result;
	result = map_file(directory, "state", PROT_READ | PROT_WRITE, &shared);
	if (result == 0) {
		result = attach(&image, &shared, out);
		if (result < 0)
			sys_munmap(shared.address, shared.size);
	}
	if (result < 0)
		sys_munmap(image.address, image.size);
	return result;
}

/* A consistent copy of a row; false when it is empty or somebody fills it just now. */
static bool read_host(const struct session_host *row, struct session_host *out)
{
	uint32_t before = atomic_load_explicit(&row->stamp, memory_order_acquire);

	if (before == 0 || (before & 1))
		return false;
	memcpy(out->ip, row->ip, sizeof out->ip);
	out->len = row->len;
	memcpy(out->name, row->name, sizeof out->name);
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(&row->stamp, memory_order_relaxed) == before && out->len <= sizeof out->name;
}

/* The newest row of ADDR. Rows are filled in turn, so backwards from the next one is from new to old. */
static bool find_row(const struct session *session, const struct addr *addr, struct session_host *out)
{
	uint32_t next = atomic_load_explicit(&session->state->next_host, memory_order_acquire);
	uint32_t count = next < SESSION_HOSTS ? next : SESSION_HOSTS;

	for (uint32_t back = 1; back <= count; back++) {
		const struct session_host *row = &session->state->hosts[(next - back) % SESSION_HOSTS];

		if (memcmp(row->ip, addr->ip, sizeof row->ip) == 0 && read_host(row, out) &&
		    memcmp(out->ip, addr->ip, sizeof out->ip) == 0)
			return true;
	}
	return false;
}

static bool has_ip(const struct addr *addr)
{
	return addr->family == ADDR_INET || addr->family == ADDR_INET6;
}

void session_add_host(struct session *session, const struct addr *addr, struct text name)
{
	struct session_host known, *row;
	uint32_t stamp;

	if (!has_ip(addr) || name.len == 0)
		return;
	if (name.len > sizeof row->name)
		name = (struct text){name.data + name.len - sizeof row->name, sizeof row->name};
	/* A program that resolves the same name again and again must not push the others out. */
	if (find_row(session, addr, &known) && known.len == name.len && memcmp(known.name, name.data, name.len) == 0)
		return;
	row = &session->state->hosts[atomic_fetch_add_explicit(&session->state->next_host, 1, memory_order_acq_rel) %
				     SESSION_HOSTS];
	stamp = atomic_load_explicit(&row->stamp, memory_order_relaxed);
	/* Odd: another process is a whole ring ahead or died in this row. Losing a name refuses, it never allows. */
	if ((stamp & 1) || !atomic_compare_exchange_strong_explicit(&row->stamp, &stamp, stamp + 1,
								    memory_order_acquire, memory_order_relaxed))
		return;
	atomic_thread_fence(memory_order_release);
	memcpy(row->ip, addr->ip, sizeof row->ip);
	row->len = (uint8_t)name.len;
	memcpy(row->name, name.data, name.len);
	/* Zero means a row that was never filled. */
	atomic_store_explicit(&row->stamp, stamp + 2 ? stamp + 2 : 2, memory_order_release);
}

size_t session_find_host(const struct session *session, const struct addr *addr, char *out)
{
	struct session_host row;

	out[0] = '\0';
	if (!has_ip(addr) || !find_row(session, addr, &row))
		return 0;
	memcpy(out, row.name, row.len);
	out[row.len] = '\0';
	return row.len;
}
