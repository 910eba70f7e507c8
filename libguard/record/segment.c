/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Naming and judging segments; see segment.h.
 */
#include "libguard/record/segment.h"

#include "libguard/record/writer.h"

#include <errno.h>

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
