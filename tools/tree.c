/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who descends from whom; see tree.h.
 */
#include "tools/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Parents can change while we walk up; no real tree is this deep. */
#define GENERATIONS_MAX 4096

struct stat_line {
	char state;
	pid_t parent;
};

static bool read_stat(pid_t pid, struct stat_line *out)
{
	char path[32], line[512];
	const char *end;
	ssize_t len;
	int fd, parent;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	len = read(fd, line, sizeof line - 1);
	close(fd);
	if (len <= 0)
		return false;
	line[len] = '\0';
	/* The program's name stands in brackets and may hold brackets itself. */
	end = strrchr(line, ')');
	if (!end || sscanf(end + 1, " %c %d", &out->state, &parent) != 2)
		return false;
	out->parent = parent;
	return true;
}

bool tree_descends(pid_t pid, pid_t ancestor)
{
	struct stat_line line;

	for (unsigned i = 0; i < GENERATIONS_MAX && pid > 0 && read_stat(pid, &line); i++) {
		pid = line.parent;
		if (pid == ancestor)
			return true;
	}
	return false;
}

unsigned tree_count(pid_t ancestor)
{
	DIR *proc = opendir("/proc");
	struct stat_line line;
	struct dirent *entry;
	unsigned count = 0;

	while (proc && (entry = readdir(proc)) != NULL) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid > 0 && read_stat(pid, &line) && line.state != 'Z' && tree_descends(pid, ancestor))
			count++;
	}
	if (proc)
		closedir(proc);
	return count;
}
