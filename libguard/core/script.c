/* SPDX-License-Identifier: Apache-2.0 */
#include "libguard/core/script.h"

#include <string.h>

char *script_split(char *head, size_t len, size_t cap, char **argument)
{
	char *end, *name;

	*argument = NULL;
	if (len < 3 || head[0] != '#' || head[1] != '!')
		return NULL;
	end = memchr(head, '\n', len);
	if (!end)
		end = head + (len < cap ? len : cap - 1);
	while (end > head + 2 && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
		end--;
	*end = '\0';
	name = head + 2 + strspn(head + 2, " \t");
	end = name + strcspn(name, " \t");
	if (*end) {
		*end = '\0';
		*argument = end + 1 + strspn(end + 1, " \t");
	}
	return *name ? name : NULL;
}
