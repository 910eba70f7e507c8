/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of the report's forms; see report.h.
 */
#include "tools/report.h"

#include <string.h>

static const struct report_format *const formats[] = {
#define REPORT_FORMAT(name) &report_format_##name,
#include "tools/report_formats.def"
#undef REPORT_FORMAT
};

static const char *const names[] = {
#define REPORT_FORMAT(name) #name,
#include "tools/report_formats.def"
#undef REPORT_FORMAT
};

const struct report_format *report_format_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(formats); i++)
		if (!strcmp(formats[i]->name, name))
			return formats[i];
	return NULL;
}

const char *const *report_format_names(size_t *count)
{
	*count = ARRAY_LEN(names);
	return names;
}
