/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char directory[64];

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *where)
{
	(void)info;
	(void)type;
	(void)where;
	return remove(path);
}

static void remove_directory(void)
{
	nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *fuzz_directory(void)
{
	const char *parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

	if (directory[0])
		return directory;
	snprintf(directory, sizeof directory, "%s/libguard-fuzz-XXXXXX", parent);
	fuzz_demand(mkdtemp(directory) != NULL, "a directory can be made");
	atexit(remove_directory);
	return directory;
}

void fuzz_put(const char *name, const void *data, size_t len)
{
	char path[128];
	int fd;

	snprintf(path, sizeof path, "%s/%s", fuzz_directory(), name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	fuzz_demand(fd >= 0 && write(fd, data, len) == (ssize_t)len, "a file can be written");
	close(fd);
}

void fuzz_demand(bool holds, const char *sentence)
{
	if (holds)
		return;
	fprintf(stderr, "finding: it does not hold that %s\n", sentence);
	abort();
}
