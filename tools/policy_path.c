/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/policy_path.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#define LINKS_MAX 40

const char *const path_programs[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", NULL};

/* What a link of /proc/self leads to is the reader's own, not the guarded process's. */
static bool is_own_process(const char *path)
{
	return !strcmp(path, "/proc/self") || !strcmp(path, "/proc/thread-self");
}

static const char *parent_of(struct arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash > path ? arena_text(arena, path, (size_t)(slash - path)) : "";
}

/* PATH, of which the first DONE bytes are resolved, with its links resolved; "" stands for the root. */
static const char *resolve(struct arena *arena, const char *done, const char *rest)
{
	char target[PATH_MAX];
	unsigned links = 0;

	for (rest += strspn(rest, "/"); *rest; rest += strspn(rest, "/")) {
		size_t span = strcspn(rest, "/");
		const char *name = arena_format(arena, "%s/%.*s", done, (int)span, rest);
		ssize_t len;

		if (is_own_process(name))
			return arena_format(arena, "%s/%s", done, rest);
		rest += span;
		if (!strncmp(name + strlen(done), "/.", span + 1))
			continue;
		if (!strncmp(name + strlen(done), "/..", span + 1)) {
			done = parent_of(arena, done);
			continue;
		}
		len = links < LINKS_MAX ? readlink(name, target, sizeof(target) - 1) : -1;
		if (len < 0) {
			done = name;
			continue;
		}
		target[len] = '\0';
		links++;
		if (*target == '/')
			done = "";
		rest = arena_format(arena, "%s%s", target, rest);
		rest += strspn(rest, "/");
	}
	return done;
}

void path_names(struct arena *arena, const char *path, struct words *out)
{
	const char *slash = strrchr(path, '/');
	const char *directory = resolve(arena, "", parent_of(arena, path));
	const char *name = arena_format(arena, "%s%s", directory, slash);
	const char *target = resolve(arena, directory, slash);

	words_add_new(arena, out, path);
	words_add_new(arena, out, name);
	words_add_new(arena, out, *target ? target : "/");
}
