/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/event_id.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

void event_id_write(const char *session, uint32_t segment, uint32_t slot, struct buf *out)
{
	buf_str(out, session);
	buf_char(out, ':');
	buf_u64(out, segment);
	buf_char(out, '.');
	buf_u64(out, slot);
}

/* A number from 1 that ends at END; where it ends in *text. */
static bool read_number(const char **text, char end, uint32_t *out)
{
	unsigned long number;
	char *stop;

	if (!isdigit((unsigned char)**text))
		return false;
	number = strtoul(*text, &stop, 10);
	*text = stop + 1;
	*out = (uint32_t)number;
	return *stop == end && number > 0 && number <= UINT32_MAX;
}

bool event_id_read(struct arena *arena, const char *text, struct event_id *out)
{
	const char *colon = strrchr(text, ':');
	const char *place = colon ? colon + 1 : text;

	out->session = colon ? arena_text(arena, text, (size_t)(colon - text)) : NULL;
	return colon != text && read_number(&place, '.', &out->segment) && read_number(&place, '\0', &out->slot);
}
