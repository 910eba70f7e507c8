/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locales: libc opens their files itself, some fifteen at the start of most
 * programs. What it is about to read is decided and recorded here, by the
 * search that libc makes; then libc reads it, unless some of it was refused.
 *
 * Source: setlocale(3), locale(7); glibc's findlocale.c and loadlocale.c.
 */
#include "libguard/core/buf.h"
#include "libguard/core/sys.h"
#include "libguard/hooks/call.h"
#include "libguard/hooks/next.h"
#include "libguard/hooks/notes.h"

#include <ctype.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#define NAME_CAP 64 /* bytes of a locale's name */
#define ARCHIVE "/usr/lib/locale/locale-archive"
#define ALIASES "/usr/share/locale/locale.alias"

locale_t __newlocale(int mask, const char *name, locale_t base);

static const struct {
	int category;
	const char *name, *file;
} parts[] = {
	{LC_CTYPE, "LC_CTYPE", "LC_CTYPE"},
	{LC_NUMERIC, "LC_NUMERIC", "LC_NUMERIC"},
	{LC_TIME, "LC_TIME", "LC_TIME"},
	{LC_COLLATE, "LC_COLLATE", "LC_COLLATE"},
	{LC_MONETARY, "LC_MONETARY", "LC_MONETARY"},
	{LC_MESSAGES, "LC_MESSAGES", "LC_MESSAGES"}, /* a directory, and libc finds that out by opening it */
	{LC_MESSAGES, "LC_MESSAGES", "LC_MESSAGES/SYS_LC_MESSAGES"},
	{LC_PAPER, "LC_PAPER", "LC_PAPER"},
	{LC_NAME, "LC_NAME", "LC_NAME"},
	{LC_ADDRESS, "LC_ADDRESS", "LC_ADDRESS"},
	{LC_TELEPHONE, "LC_TELEPHONE", "LC_TELEPHONE"},
	{LC_MEASUREMENT, "LC_MEASUREMENT", "LC_MEASUREMENT"},
	{LC_IDENTIFICATION, "LC_IDENTIFICATION", "LC_IDENTIFICATION"},
};

/* The file of each part that was asked for last, as a hash: libc reads each once and keeps it. */
static _Atomic uint32_t known[ARRAY_LEN(parts)];
static atomic_bool knows_lists; /* the archive and the aliases */
static atomic_bool knows_codesets;

/* What NAME means for a part: a part of "LC_CTYPE=...;...", or what the environment says. False: nothing is read. */
static bool name_of_part(const char *name, const char *part, char out[NAME_CAP])
{
	const char *const variables[] = {"LC_ALL", part, "LANG"};
	size_t len = strlen(part);

	for (size_t i = 0; !*name && i < ARRAY_LEN(variables); i++)
		name = getenv(variables[i]) ? getenv(variables[i]) : "";
	while (strchr(name, '=') && !(strncmp(name, part, len) == 0 && name[len] == '=')) {
		name += strcspn(name, ";");
		name += *name == ';';
	}
	if (strchr(name, '='))
		name += len + 1;
	len = strcspn(name, ";");
	if (len == 0 || len >= NAME_CAP || memchr(name, '/', len))
		return false;
	memcpy(out, name, len);
	out[len] = '\0';
	return strcmp(out, "C") != 0 && strcmp(out, "POSIX") != 0;
}

/* "de_DE.UTF-8@euro" as most directories are called: "de_DE.utf8@euro". */
static void add_normal(struct buf *out, const char *name)
{
	size_t dot = strcspn(name, ".@"), end = dot + strcspn(name + dot, "@");
	bool digits = true;

	buf_bytes(out, name, dot);
	for (size_t i = dot + 1; i < end; i++)
		digits &= !isalpha((unsigned char)name[i]);
	if (name[dot] == '.')
		buf_str(out, digits ? ".iso" : ".");
	for (size_t i = dot + 1; i < end; i++)
		if (isalnum((unsigned char)name[i]))
			buf_char(out, (char)tolower((unsigned char)name[i]));
	buf_str(out, name + end);
}

/* Where the locale NAME lies. `trusted`: in the system's own place, where no links lead elsewhere. False: nowhere. */
struct place {
	char name[NAME_CAP]; /* the locale that was looked for last */
	char storage[512];
	struct buf directory;
	bool found, trusted;
};

static bool find_place(struct place *place, const char *name)
{
	const char *own = getenv("LOCPATH");
	size_t start;

	if (strcmp(place->name, name) == 0)
		return place->found;
	memcpy(place->name, name, strlen(name) + 1);
	place->trusted = !own || !*own;
	place->directory = (struct buf){.data = place->storage, .cap = sizeof place->storage};
	buf_str(&place->directory, place->trusted ? "/usr/lib/locale/" : own);
	if (!place->trusted)
		buf_char(&place->directory, '/');
	start = place->directory.len;
	buf_str(&place->directory, name);
	place->found = sys_faccessat(AT_FDCWD, buf_cstr(&place->directory), 0) == 0;
	if (!place->found) {
		place->directory.len = start;
		add_normal(&place->directory, name);
		place->found = sys_faccessat(AT_FDCWD, buf_cstr(&place->directory), 0) == 0;
	}
	return place->found;
}

/* May libc read this file? 0 or -errno. */
static long ask(enum hook hook, const char *file, bool trusted, struct notes *notes)
{
	struct operand *operand;
	struct call call;

	call_enter(&call, hook);
	if (trusted && call.on) {
		operand = call_operand(&call, VERB_SET(READ));
		operand->path.len = strlen(file);
		memcpy(operand->path.text, file, operand->path.len + 1);
		operand_named(operand);
	} else {
		call_file(&call, AT_FDCWD, file, VERB_SET(READ));
	}
	if (call_allowed(&call))
		notes_add(notes, &call);
	if (call.on && !call.refused)
		call.result = 0;
	return call_finish(&call);
}

/* The list of codesets, beside libc itself: a locale's codeset is compared with the one it was asked for by. */
static long ask_codesets(enum hook hook, struct notes *notes)
{
	const struct link_map *object = _r_debug.r_map;
	char storage[512];
	struct buf file = BUF_ON(storage);
	const char *slash;

	while (object && !next_is_libc(object))
		object = object->l_next;
	slash = object ? strrchr(object->l_name, '/') : NULL;
	if (!slash || getenv("GCONV_PATH"))
		return 0;
	buf_bytes(&file, object->l_name, (size_t)(slash - object->l_name));
	buf_str(&file, "/gconv/gconv-modules.cache");
	return sys_faccessat(AT_FDCWD, buf_cstr(&file), 0) == 0 && !file.overflow ? ask(hook, file.data, false, notes) : 0;
}

static bool is_new(size_t part, struct text file)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < file.len; i++)
		hash = (hash ^ (unsigned char)file.data[i]) * 16777619u;
	return atomic_exchange_explicit(&known[part], hash, memory_order_relaxed) != hash;
}

/* Ask for all that the categories of MASK read for NAME. 0 or -errno. */
static long ask_all(enum hook hook, int mask, const char *name, struct notes *notes)
{
	struct place place = {.name = ""};
	long error = 0;

	for (size_t i = 0; i < ARRAY_LEN(parts) && error == 0; i++) {
		struct buf *file = &place.directory;
		char own[NAME_CAP];
		size_t len;

		if (!(mask & 1 << parts[i].category) || !name_of_part(name, parts[i].name, own))
			continue;
		if (!atomic_exchange(&knows_lists, true))
			error = ask(hook, sys_faccessat(AT_FDCWD, ARCHIVE, 0) == 0 ? ARCHIVE : ALIASES, false, notes);
		if (error || !find_place(&place, own))
			continue;
		if (strchr(own, '.') && !atomic_exchange(&knows_codesets, true))
			error = ask_codesets(hook, notes);
		len = file->len;
		buf_char(file, '/');
		buf_str(file, parts[i].file);
		buf_cstr(file);
		if (!error && !file->overflow && is_new(i, (struct text){file->data, file->len}))
			error = ask(hook, file->data, place.trusted, notes);
		file->len = len;
	}
	return error;
}

static bool is_asked(const char *name)
{
	return name && guard_ready();
}

EXPORT char *setlocale(int category, const char *name)
{
	struct notes notes = NOTES_NONE;
	long error = is_asked(name) ? ask_all(HOOK_setlocale, category == LC_ALL ? ~0 : 1 << category, name, &notes) : 0;
	char *result = error ? call_no_pointer(error) : NEXT_OF(setlocale)(category, name);

	notes_end(&notes);
	return result;
}

static locale_t new_locale(enum hook hook, int mask, const char *name, locale_t base)
{
	struct notes notes = NOTES_NONE;
	long error = is_asked(name) ? ask_all(hook, mask & LC_ALL_MASK, name, &notes) : 0;
	locale_t result = error ? call_no_pointer(error) : ((__typeof__(&newlocale))next_of(hook))(mask, name, base);

	notes_end(&notes);
	return result;
}

EXPORT locale_t newlocale(int mask, const char *name, locale_t base)
{
	return new_locale(HOOK_newlocale, mask, name, base);
}

EXPORT locale_t __newlocale(int mask, const char *name, locale_t base)
{
	return new_locale(HOOK___newlocale, mask, name, base);
}
