/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helper of flip.sh: a race for what a name means.
 *
 *   flip fill DIR WORD COUNT       make DIR with `file`, which holds WORD, and COUNT files for each change
 *   flip exchange LINK OTHER       swap two links as fast as it goes, until SIGTERM; prints how often
 *   flip open PATH COUNT           open PATH; prints how often "allowed" and "denied" were read
 *   flip change DIR SAFE COUNT     unlink, rename, link, create, ... below DIR; SAFE is a directory no one flips
 *   flip audit DIR COUNT           does DIR hold what `fill` made and nothing else? status 0 or 1
 *
 * `open` and `change` run guarded; the others do not.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static void die(const char *what, const char *name)
{
	fprintf(stderr, "flip: %s %s: %s\n", what, name, strerror(errno));
	exit(2);
}

/* "DIR/WORD-NUMBER", in one of two static places in turn. */
static const char *name_in(const char *dir, const char *word, unsigned number)
{
	static char names[2][PATH_MAX];
	static unsigned turn;
	char *name = names[turn++ % 2];

	if (snprintf(name, sizeof names[0], "%s/%s-%u", dir, word, number) >= (int)sizeof names[0])
		exit(2);
	return name;
}

/* What one kind of change does to number I. 0 or -1 with errno. */
static int try_unlink(const char *dir, const char *safe, unsigned i)
{
	(void)safe;
	return unlink(name_in(dir, "unlink", i));
}

static int try_rename(const char *dir, const char *safe, unsigned i)
{
	(void)safe;
	return rename(name_in(dir, "rename", i), name_in(dir, "renamed", i));
}

static int try_move_in(const char *dir, const char *safe, unsigned i)
{
	return rename(name_in(safe, "bring-in", i), name_in(dir, "moved", i));
}

static int try_move_out(const char *dir, const char *safe, unsigned i)
{
	return rename(name_in(dir, "take-out", i), name_in(safe, "taken", i));
}

static int try_link(const char *dir, const char *safe, unsigned i)
{
	return link(name_in(dir, "link", i), name_in(safe, "linked", i));
}

static int try_create(const char *dir, const char *safe, unsigned i)
{
	int fd = open(name_in(dir, "created", i), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	(void)safe;
	return fd < 0 ? -1 : close(fd);
}

static int try_truncate(const char *dir, const char *safe, unsigned i)
{
	(void)safe;
	return truncate(name_in(dir, "truncate", i), 0);
}

static int try_chmod(const char *dir, const char *safe, unsigned i)
{
	(void)safe;
	return chmod(name_in(dir, "chmod", i), 0640);
}

static int try_mkdir(const char *dir, const char *safe, unsigned i)
{
	(void)safe;
	return mkdir(name_in(dir, "directory", i), 0700);
}

static const struct change {
	const char *word; /* the file it needs in DIR, and the change's name; "" needs none */
	int (*attempt)(const char *dir, const char *safe, unsigned i);
} changes[] = {
	{"unlink", try_unlink},     {"rename", try_rename},     {"take-out", try_move_out}, {"bring-in", try_move_in},
	{"link", try_link},         {"truncate", try_truncate}, {"chmod", try_chmod},   {"create", try_create},
	{"directory", try_mkdir},
};
#define CHANGES (sizeof changes / sizeof *changes)

static void make_file(const char *name, const char *word)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, word, strlen(word)) != (ssize_t)strlen(word) || close(fd) < 0)
		die("make", name);
}

static bool needs_file(const struct change *change)
{
	return change->attempt != try_create && change->attempt != try_mkdir;
}

static int fill(const char *dir, const char *word, unsigned count)
{
	char name[PATH_MAX];

	if (mkdir(dir, 0700) < 0)
		die("make", dir);
	snprintf(name, sizeof name, "%s/file", dir);
	make_file(name, word);
	for (size_t c = 0; c < CHANGES; c++)
		for (unsigned i = 0; i < count && needs_file(&changes[c]); i++)
			make_file(name_in(dir, changes[c].word, i), word);
	return 0;
}

/* A file as `fill` left it: its own name, one link, its word, its mode. */
static bool is_untouched(const char *dir, const char *name)
{
	char path[PATH_MAX];
	struct stat stat;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	if (lstat(path, &stat) < 0 || !S_ISREG(stat.st_mode) || stat.st_nlink != 1 || stat.st_size == 0 ||
	    (stat.st_mode & 07777) != 0600)
		return false;
	for (size_t c = 0; c < CHANGES; c++) {
		size_t len = strlen(changes[c].word);

		if (needs_file(&changes[c]) && strncmp(name, changes[c].word, len) == 0 && name[len] == '-')
			return true;
	}
	return false;
}

/* Status 0 when DIR holds what `fill` made, all of it and nothing else. */
static int audit(const char *dir, unsigned count)
{
	unsigned untouched = 0, strange = 0, expected = 0;
	DIR *stream = opendir(dir);
	struct dirent *entry;

	if (!stream)
		die("list", dir);
	while ((entry = readdir(stream))) {
		if (entry->d_name[0] == '.' || strcmp(entry->d_name, "file") == 0)
			continue;
		if (is_untouched(dir, entry->d_name))
			untouched++;
		else if (strange++ < 10)
			printf("changed or new: %s\n", entry->d_name);
	}
	closedir(stream);
	for (size_t c = 0; c < CHANGES; c++)
		expected += needs_file(&changes[c]) ? count : 0;
	printf("%u of %u files untouched, %u changed or new\n", untouched, expected, strange);
	return untouched != expected || strange > 0;
}

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

static int exchange(const char *link, const char *other)
{
	unsigned long count = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGTERM, stop);
	while (!stopped) {
		if (renameat2(AT_FDCWD, link, AT_FDCWD, other, RENAME_EXCHANGE) < 0)
			die("exchange", link);
		count++;
	}
	printf("%lu flips\n", count);
	return 0;
}

/* Open in one of three ways. The descriptor, or -1 with errno. */
static int open_some_way(const char *path, unsigned i)
{
	FILE *file;
	int fd;

	switch (i % 3) {
	case 0:
		return open(path, O_RDONLY | O_CLOEXEC);
	case 1:
		return openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	default:
		file = fopen(path, "re");
		if (!file)
			return -1;
		fd = dup(fileno(file));
		fclose(file);
		return fd;
	}
}

struct tally {
	unsigned done, refused, failed;
	int last; /* errno of a failure that is no refusal */
};

static void tally(struct tally *tally, int result)
{
	if (result >= 0) {
		tally->done++;
	} else if (errno == EACCES || errno == EPERM) {
		tally->refused++;
	} else {
		tally->failed++;
		tally->last = errno;
	}
}

static void print_tally(const char *what, const struct tally *tally)
{
	printf("%s: %u done, %u refused, %u failed%s%s\n", what, tally->done, tally->refused, tally->failed,
	       tally->failed ? ": " : "", tally->failed ? strerror(tally->last) : "");
}

static int open_often(const char *path, unsigned count)
{
	struct tally opens = {0};
	unsigned denied = 0;

	for (unsigned i = 0; i < count; i++) {
		char word[8] = "";
		int fd = open_some_way(path, i);

		tally(&opens, fd);
		if (fd < 0)
			continue;
		if (read(fd, word, sizeof word) < 0)
			die("read", path);
		denied += word[0] == 'd';
		close(fd);
	}
	print_tally("open", &opens);
	printf("read what is denied: %u\n", denied);
	return 0;
}

static int change_often(const char *dir, const char *safe, unsigned count)
{
	struct tally tallies[CHANGES] = {0};

	for (unsigned i = 0; i < count; i++)
		for (size_t c = 0; c < CHANGES; c++)
			tally(&tallies[c], changes[c].attempt(dir, safe, i));
	for (size_t c = 0; c < CHANGES; c++)
		print_tally(changes[c].word, &tallies[c]);
	return 0;
}

static unsigned number(const char *text)
{
	return (unsigned)strtoul(text, NULL, 10);
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";

	if (strcmp(command, "fill") == 0 && argc == 5)
		return fill(argv[2], argv[3], number(argv[4]));
	if (strcmp(command, "exchange") == 0 && argc == 4)
		return exchange(argv[2], argv[3]);
	if (strcmp(command, "open") == 0 && argc == 4)
		return open_often(argv[2], number(argv[3]));
	if (strcmp(command, "change") == 0 && argc == 5)
		return change_often(argv[2], argv[3], number(argv[4]));
	if (strcmp(command, "audit") == 0 && argc == 4)
		return audit(argv[2], number(argv[3]));
	fputs("usage: see the top of flip.c\n", stderr);
	return 2;
}
