/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/policy_profile.h"

#include "tools/place.h"
#include "tools/suggest.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *directory_of(struct arena *arena, const char *file)
{
	const char *slash = strrchr(file, '/');

	return slash ? arena_text(arena, file, (size_t)(slash - file + 1)) : "";
}

/* A guardctl that was not installed stands in a build tree, in or below the sources. */
static void add_source_tree(struct arena *arena, struct words *directories)
{
	static const char *const above[] = {"", "../", "../../"};
	char program[PLACE_MAX];
	const char *here;

	if (place_program(program) < 0)
		return;
	here = directory_of(arena, program);
	if (access(arena_format(arena, "%sconfig.status", here), F_OK) < 0)
		return;
	for (size_t i = 0; i < ARRAY_LEN(above); i++)
		words_add(arena, directories, arena_format(arena, "%s%sconf/profiles", here, above[i]));
}

static void places(struct arena *arena, const char *policy, struct words *directories)
{
	if (policy)
		words_add(arena, directories, arena_format(arena, "%sprofiles", directory_of(arena, policy)));
	words_add(arena, directories, PROFILE_DIR);
	add_source_tree(arena, directories);
}

static void close_directory(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

static int compare(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static void list(struct arena *arena, const char *path, struct words *names)
{
	CLEANUP(close_directory) DIR *directory = opendir(path);

	for (struct dirent *entry; directory && (entry = readdir(directory));) {
		size_t len = strlen(entry->d_name);

		if (len > 5 && !strcmp(entry->d_name + len - 5, ".conf"))
			words_add_new(arena, names, arena_text(arena, entry->d_name, len - 5));
	}
}

static void say_unknown(const struct reading *reading, const struct words *directories, const char *name,
			unsigned line)
{
	struct arena *arena = reading->arena;
	struct words names = {0};

	for (size_t i = 0; i < directories->count; i++)
		list(arena, directories->items[i], &names);
	if (names.count == 0) {
		reading_error(reading, line, "unknown profile \"%s\": there are no profiles in %s", name,
			      words_join(arena, directories, " or "));
		return;
	}
	qsort(names.items, names.count, sizeof(*names.items), compare);
	reading_error(reading, line, "unknown profile \"%s\"%s; there are %s", name,
		      suggest_text(arena, suggest(name, names.items, names.count)), words_join(arena, &names, " and "));
}

const char *profile_find(const struct reading *reading, const char *policy, const char *name, unsigned line)
{
	struct words directories = {0};

	places(reading->arena, policy, &directories);
	for (size_t i = 0; i < directories.count; i++) {
		const char *path = arena_format(reading->arena, "%s/%s.conf", directories.items[i], name);

		if (access(path, F_OK) == 0)
			return path;
	}
	say_unknown(reading, &directories, name, line);
	return NULL;
}
