/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Carrying the session into children; see env.h.
 */
#include "libguard/session/env.h"

#include "libguard/core/str.h"
#include "libguard/session/session.h"

#include <errno.h>
#include <string.h>

#define PRELOAD "LD_PRELOAD="
#define SESSION SESSION_VARIABLE "="
#define ROOT ROOT_VARIABLE "="

/* What the guest's own environment holds of our variables. */
struct found {
	const char *preload; /* value of the last LD_PRELOAD, which is the loader's; "" without one */
	const char *session; /* value of the first GUARD_SESSION; "" without one */
	const char *root;    /* value of the first GUARD_ROOT; "" without one */
	unsigned preloads, sessions, roots; /* entries */
};

static const char *value_of(const char *entry, const char *name)
{
	size_t len = strlen(name);

	return str_starts(entry, name, len) ? entry + len : NULL;
}

static struct found find(char *const *envp)
{
	struct found found = {"", "", "", 0, 0, 0};

	for (; envp && *envp; envp++) {
		const char *preload = value_of(*envp, PRELOAD);
		const char *session = value_of(*envp, SESSION);
		const char *root = value_of(*envp, ROOT);

		if (preload) {
			found.preload = preload;
			found.preloads++;
		} else if (session && found.sessions++ == 0) {
			found.session = session;
		} else if (root && found.roots++ == 0) {
			found.root = root;
		}
	}
	return found;
}

/* Between the files of LD_PRELOAD, as ld.so splits it. */
static bool is_separator(char c)
{
	return c == ' ' || c == ':';
}

/* Take the next file off a list; empty at its end. */
static struct text next_file(const char **list)
{
	const char *start = *list;
	size_t len = 0;

	while (is_separator(*start))
		start++;
	while (start[len] && !is_separator(start[len]))
		len++;
	*list = start + len;
	return (struct text){start, len};
}

/* Is it this library, from whatever place? */
static bool is_ours(struct text file)
{
	size_t len = sizeof ENV_LIBRARY - 1;

	return file.len >= len && str_starts(file.data + file.len - len, ENV_LIBRARY, len) &&
	       (file.len == len || file.data[file.len - len - 1] == '/');
}

static bool is_library(struct text file, const char *library)
{
	return library && strlen(library) == file.len && str_starts(library, file.data, file.len);
}

/* Does the list name the library first, and us nowhere else? */
static bool preload_serves(const char *list, const char *library)
{
	struct text file = next_file(&list);

	if (library && !is_library(file, library))
		return false;
	if (library)
		file = next_file(&list);
	for (; file.len > 0; file = next_file(&list))
		if (is_ours(file))
			return false;
	return true;
}

static bool session_serves(const char *value, const char *ours)
{
	size_t len = strlen(ours);

	return str_starts(value, ours, len) && (value[len] == '\0' || (value[len] == ':' && value[len + 1] != '\0'));
}

/* LD_PRELOAD of the child; NULL when it would name no file. */
static char *make_preload(const char *list, const char *library, struct buf *text)
{
	char *entry = text->data + text->len;
	bool empty = true;

	buf_str(text, PRELOAD);
	if (library) {
		buf_str(text, library);
		empty = false;
	}
	for (struct text file = next_file(&list); file.len > 0; file = next_file(&list)) {
		if (is_ours(file) || is_library(file, library))
			continue;
		if (!empty)
			buf_char(text, ':');
		buf_bytes(text, file.data, file.len);
		empty = false;
	}
	buf_char(text, '\0');
	return empty ? NULL : entry;
}

static bool root_serves(const struct found *found, const char *ours)
{
	return ours ? found->roots == 1 && strcmp(found->root, ours) == 0 : found->roots == 0;
}

static char *make_entry(const char *name, const char *value, struct buf *text)
{
	char *entry = text->data + text->len;

	buf_str(text, name);
	buf_str(text, value);
	buf_char(text, '\0');
	return entry;
}

size_t env_count(char *const *envp)
{
	size_t count = 0;

	while (envp && envp[count])
		count++;
	return count;
}

size_t env_text_cap(const struct env_carry *carry, char *const *envp)
{
	size_t library = carry->library ? strlen(carry->library) + 1 : 0;
	struct found found = find(envp);

	return sizeof PRELOAD + library + strlen(found.preload) + sizeof SESSION + strlen(found.session) +
	       strlen(carry->sessions) + sizeof ROOT + (carry->root ? strlen(carry->root) : 0);
}

/* One of our variables on its way into the new environment. */
struct fresh {
	const char *name;
	bool keep;   /* the guest's own entry serves */
	char *entry; /* else what stands in its place; NULL: nothing, or it has been put already */
};

static struct fresh *fresh_of(struct fresh *fresh, size_t count, const char *entry)
{
	for (size_t i = 0; i < count; i++)
		if (value_of(entry, fresh[i].name))
			return &fresh[i];
	return NULL;
}

int env_make(const struct env_carry *carry, char *const *envp, char **out, struct buf *text)
{
	struct found found = find(envp);
	struct fresh fresh[] = {
		{PRELOAD, found.preloads <= 1 && preload_serves(found.preload, carry->library), NULL},
		{SESSION, found.sessions == 1 && session_serves(found.session, carry->sessions), NULL},
		{ROOT, root_serves(&found, carry->root), NULL},
	};
	size_t count = 0;

	if (!fresh[0].keep)
		fresh[0].entry = make_preload(found.preload, carry->library, text);
	if (!fresh[1].keep)
		fresh[1].entry = make_entry(SESSION, session_serves(found.session, carry->sessions) ? found.session
												     : carry->sessions, text);
	if (!fresh[2].keep && carry->root)
		fresh[2].entry = make_entry(ROOT, carry->root, text);
	if (text->overflow)
		return -E2BIG;
	for (; envp && *envp; envp++) {
		struct fresh *ours = fresh_of(fresh, ARRAY_LEN(fresh), *envp);

		/* What is made new stands where the first old one stood; the others are left out. */
		if (!ours || ours->keep) {
			out[count++] = *envp;
		} else if (ours->entry) {
			out[count++] = ours->entry;
			ours->entry = NULL;
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(fresh); i++)
		if (fresh[i].entry)
			out[count++] = fresh[i].entry;
	out[count] = NULL;
	return fresh[0].keep && fresh[1].keep && fresh[2].keep ? 0 : 1;
}
