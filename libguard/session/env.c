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
#define SEPARATORS " :" /* of LD_PRELOAD, as ld.so splits it */

/* What the guest's own environment holds of our two variables. */
struct found {
	const char *preload; /* value of the last LD_PRELOAD, which is the loader's; "" without one */
	const char *session; /* value of the first GUARD_SESSION; "" without one */
	unsigned preloads, sessions; /* entries */
};

static const char *value_of(const char *entry, const char *name)
{
	size_t len = strlen(name);

	return str_starts(entry, name, len) ? entry + len : NULL;
}

static struct found find(char *const *envp)
{
	struct found found = {"", "", 0, 0};

	for (; envp && *envp; envp++) {
		const char *preload = value_of(*envp, PRELOAD);
		const char *session = value_of(*envp, SESSION);

		if (preload) {
			found.preload = preload;
			found.preloads++;
		} else if (session && found.sessions++ == 0) {
			found.session = session;
		}
	}
	return found;
}

/* Take the next file off a list; empty at its end. */
static struct text next_file(const char **list)
{
	const char *start = *list + strspn(*list, SEPARATORS);
	size_t len = strcspn(start, SEPARATORS);

	*list = start + len;
	return (struct text){start, len};
}

/* Is it this library, from whatever place? */
static bool is_ours(struct text file)
{
	size_t len = sizeof ENV_LIBRARY - 1;

	return file.len >= len && memcmp(file.data + file.len - len, ENV_LIBRARY, len) == 0 &&
	       (file.len == len || file.data[file.len - len - 1] == '/');
}

static bool is_library(struct text file, const char *library)
{
	return library && strlen(library) == file.len && memcmp(file.data, library, file.len) == 0;
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

	return strncmp(value, ours, len) == 0 && (value[len] == '\0' || (value[len] == ':' && value[len + 1] != '\0'));
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

static char *make_session(const char *sessions, struct buf *text)
{
	char *entry = text->data + text->len;

	buf_str(text, SESSION);
	buf_str(text, sessions);
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
	       strlen(carry->sessions);
}

int env_make(const struct env_carry *carry, char *const *envp, char **out, struct buf *text)
{
	struct found found = find(envp);
	bool keep_preload = found.preloads <= 1 && preload_serves(found.preload, carry->library);
	bool keep_session = found.sessions == 1 && session_serves(found.session, carry->sessions);
	char *preload = NULL, *session = NULL;
	size_t count = 0;

	if (!keep_preload)
		preload = make_preload(found.preload, carry->library, text);
	if (!keep_session)
		session = session_serves(found.session, carry->sessions) ? make_session(found.session, text)
									 : make_session(carry->sessions, text);
	if (text->overflow)
		return -E2BIG;
	for (; envp && *envp; envp++) {
		/* What is made new stands where the first old one stood; the others are left out. */
		if (!keep_preload && value_of(*envp, PRELOAD)) {
			if (preload)
				out[count++] = preload;
			preload = NULL;
		} else if (!keep_session && value_of(*envp, SESSION)) {
			if (session)
				out[count++] = session;
			session = NULL;
		} else {
			out[count++] = *envp;
		}
	}
	if (preload)
		out[count++] = preload;
	if (session)
		out[count++] = session;
	out[count] = NULL;
	return keep_preload && keep_session ? 0 : 1;
}
