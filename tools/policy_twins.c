/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/policy_twins.h"

#include "libguard/core/content.h"
#include "libguard/core/glob.h"
#include "tools/policy_path.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void add_file(struct image_builder *builder, const char *path, bool shared)
{
	char name[PATH_MAX];
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return;
	path = realpath(path, name) ? name : path; /* /bin/rm is /usr/bin/rm where /bin is a link */
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0 && (shared || status.st_nlink == 1))
		image_builder_twin(builder, path, &status, content_print(fd, (uint64_t)status.st_size));
	close(fd);
}

/* /bin where it leads to /usr/bin: what lies there is found there. */
static bool is_link(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0 && S_ISLNK(status.st_mode);
}

void policy_twins(struct image_builder *builder, const struct image_rule *rule)
{
	if (rule->kind == VERDICT_ALLOW || !(rule->verbs & VERB_SET(EXEC)))
		return;
	for (const char *const *at = rule->programs; at && *at; at++) {
		char path[PATH_MAX];

		if (!glob_is_literal((struct text){*at, strlen(*at)}))
			continue;
		if (**at == '/')
			add_file(builder, *at, true);
		for (const char *const *directory = path_programs; *directory && **at != '/'; directory++)
			if (!is_link(*directory) &&
			    snprintf(path, sizeof path, "%s/%s", *directory, *at) < (int)sizeof path)
				add_file(builder, path, false);
	}
}
