/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Globs on the environment of a program; see environment.h.
 */
#include "libguard/policy/environment.h"

#include "libguard/core/glob.h"

#include <string.h>

static bool is_same(struct text a, struct text b)
{
	return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

/* TEXT up to its first '=', the rest behind that; false without one. */
static bool split(struct text text, struct text *name, struct text *value)
{
	const char *equals = memchr(text.data, '=', text.len);

	*name = text;
	*value = (struct text){"", 0};
	if (!equals)
		return false;
	name->len = (size_t)(equals - text.data);
	*value = (struct text){equals + 1, text.len - name->len - 1};
	return true;
}

/* The next part of a list, as ld.so and others split it; empty at its end. */
static struct text next_part(struct text *list, const char *separators)
{
	struct text part = {list->data, 0};

	while (list->len > 0 && strchr(separators, *list->data))
		*list = (struct text){list->data + 1, list->len - 1};
	part.data = list->data;
	while (list->len > 0 && !strchr(separators, *list->data)) {
		*list = (struct text){list->data + 1, list->len - 1};
		part.len++;
	}
	return part;
}

/* What of VALUE is covered: all of it, or a part; of LD_PRELOAD one file, which is not ours. */
static bool value_matches(struct text value, const struct text *pattern, bool preload, struct text ours, struct text *out)
{
	struct text rest = value;

	if (!preload && (!pattern || glob_match(*pattern, value))) {
		*out = value;
		return true;
	}
	for (;;) {
		struct text part = next_part(&rest, preload ? ": " : ":");

		if (part.len == 0)
			return false;
		if ((preload && is_same(part, ours)) || (pattern && !glob_match(*pattern, part)))
			continue;
		*out = part;
		return true;
	}
}

static bool entry_matches(const struct policy *policy, struct image_span span, const char *entry, struct text ours,
			  struct policy_variable *out)
{
	bool preload;

	if (!split((struct text){entry, strlen(entry)}, &out->name, &out->value))
		return false;
	preload = is_same(out->name, TEXT("LD_PRELOAD"));
	for (uint32_t i = 0; i < span.count; i++) {
		struct text name, pattern, value = out->value;
		bool narrow = split(image_word(policy, span.first + i), &name, &pattern);

		/* Most names differ in their first byte from all that are asked for. */
		if (name.len == 0 || (*name.data != *entry && !strchr("*?[\\", *name.data)) || !glob_match(name, out->name) ||
		    !value_matches(value, narrow ? &pattern : NULL, preload, ours, &value))
			continue;
		out->value = value;
		return true;
	}
	return false;
}

bool environment_matches(const struct policy *policy, uint32_t patterns, const struct object *object,
			 const struct actor *actor, struct policy_variable *out)
{
	struct image_span span = image_span(policy, patterns, &image_head(policy)->words);
	struct policy_variable found;

	for (char *const *entry = object->envp; entry && *entry; entry++)
		if (entry_matches(policy, span, *entry, actor->library, &found)) {
			if (out)
				*out = found;
			return true;
		}
	return false;
}
