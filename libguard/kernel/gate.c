/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate; see gate.h.
 */
#include "libguard/kernel/gate.h"

#include "libguard/core/buf.h"
#include "libguard/core/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__x86_64__)
/* endbr64; syscall; ret */
static const unsigned char code[] = {0xf3, 0x0f, 0x1e, 0xfa, 0x0f, 0x05, 0xc3};
#define BACK 6
#else
/* hint #34; svc #0; ret */
static const unsigned char code[] = {0x5f, 0x24, 0x03, 0xd5, 0x01, 0x00, 0x00, 0xd4, 0xc0, 0x03, 0x5f, 0xd6};
#define BACK 8
#endif

/*
 * Between what programs are linked at (0x55...) and nothing: 4 GiB that no one else uses, the page in their middle
 * (filter.c). 48 bits of address are there on every machine, 39 on small aarch64 ones.
 */
#define FIRST_HIGH 0x10u
#define HIGHS 0x40u

void gate_fill(struct gate_page *page, uint64_t seed, uint64_t cookie)
{
	memset(page, 0, sizeof *page);
	memcpy(page->code, code, sizeof code);
	page->magic = GATE_MAGIC;
	page->address = (FIRST_HIGH + seed % HIGHS) << 32 | 0x80000000u | (seed >> 32 & 0xffff) << 12;
	page->cookie = cookie;
}

uint64_t gate_back(const struct gate_page *page)
{
	return page->address + BACK;
}

static int enter(int fd)
{
	struct gate_page page;
	void *at;

	if (sys_read(fd, &page, sizeof page) != sizeof page || page.magic != GATE_MAGIC || page.address % GATE_SIZE)
		return -EINVAL;
	at = (void *)sys_call(SYS_mmap, (long)page.address, GATE_SIZE, GATE_PROT, GATE_FLAGS,
			      (long)((uint64_t)GATE_KEY(page.cookie) << 32 | (uint32_t)fd), 0);
	if (sys_failed(at))
		return (int)(intptr_t)at;
	/* Kernels before 4.17 take the address for a wish. */
	if (at != (void *)(uintptr_t)page.address) {
		sys_munmap(at, GATE_SIZE);
		return -EEXIST;
	}
	sys_gate.entry = at;
	sys_gate.cookie = page.cookie;
	return 0;
}

int gate_enter(const char *directory)
{
	char storage[288];
	struct buf path = BUF_ON(storage);
	int fd, result;

	buf_str(&path, directory);
	buf_str(&path, "/" GATE_FILE);
	buf_cstr(&path);
	if (path.overflow)
		return -ENAMETOOLONG;
	fd = sys_open(storage, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0);
	if (fd < 0)
		return fd;
	result = enter(fd);
	sys_close(fd);
	return result;
}
