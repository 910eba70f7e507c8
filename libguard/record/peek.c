/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading memory that may not be there; see peek.h.
 */
#include "libguard/record/peek.h"

#include "libguard/core/sys.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

#define PAGE ((uintptr_t)4096) /* the smallest there is: a larger one is asked for more than once */
#define LEN_MAX ((size_t)1 << 20)
#define SET_LEN 8 /* bytes of the kernel's signal set */
#define NO_OPERATION (-1)

static long ask(uintptr_t page)
{
	return SYS_4(SYS_rt_sigprocmask, NO_OPERATION, page, NULL, SET_LEN);
}

bool peek_works(void)
{
	static const uint64_t there = 0;

	return ask(0x8) == -EFAULT && ask((uintptr_t)&there) == -EINVAL;
}

static bool is_page_readable(struct peek *peek, uintptr_t page)
{
	for (unsigned i = 0; i < PEEK_PAGES; i++)
		if (peek->pages[i] == page)
			return true;
	if (ask(page) != -EINVAL)
		return false;
	peek->pages[peek->next++ % PEEK_PAGES] = page;
	return true;
}

bool peek_is_readable(struct peek *peek, uintptr_t address, size_t len)
{
	if (address < PAGE || len == 0 || len > LEN_MAX || address > UINTPTR_MAX - len)
		return false;
	for (uintptr_t page = address & ~(PAGE - 1); page < address + len; page += PAGE)
		if (!is_page_readable(peek, page))
			return false;
	return true;
}

bool peek_bytes(struct peek *peek, uintptr_t address, void *out, size_t len)
{
	if (!peek_is_readable(peek, address, len))
		return false;
	memcpy(out, (const void *)address, len);
	return true;
}

uintptr_t peek_pointer(struct peek *peek, uintptr_t address)
{
	uintptr_t value;

	return peek_bytes(peek, address, &value, sizeof value) ? value : 0;
}
