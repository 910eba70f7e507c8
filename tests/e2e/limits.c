/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helper of limits.sh: what a program finds at its own limits. Built twice:
 * dynamically, and statically, so that no hook sees what it does.
 *
 *   limits sizes       makes a file longer than it may: errno, and the signal that comes
 *   limits numbers     opens files when it has no number left for a descriptor, and when it has one: errno, and what
 *                      became of the files
 *   limits wait FIFO   opens it for reading; the errno, or "fed"
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static volatile sig_atomic_t came;

static void note(int number)
{
	came = number;
}

static const char *word(long result)
{
	return result < 0 ? strerrorname_np(errno) : "ok";
}

static void limit(int resource, rlim_t value)
{
	setrlimit(resource, &(struct rlimit){value, value});
}

static long size_of(const char *name)
{
	struct stat status;

	return stat(name, &status) < 0 ? -1 : (long)status.st_size;
}

static void write_file(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	(void)!write(fd, "twelve bytes", 12);
	close(fd);
}

static void sizes(void)
{
	const long lengths[] = {5, 1000, 1001, 2000, 0};

	write_file("sized");
	signal(SIGXFSZ, note);
	limit(RLIMIT_FSIZE, 1000);
	for (unsigned i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		came = 0;
		printf("%ld %s", lengths[i], word(truncate("sized", lengths[i])));
		printf(" signal %d size %ld\n", came, size_of("sized"));
	}
	printf("missing %s\n", word(truncate("missing", 2000)));
}

static void try_open(const char *name, int flags)
{
	int fd = open(name, flags, 0600);

	printf("%s %s", name, word(fd));
	printf(" size %ld\n", size_of(name));
	if (fd >= 0)
		close(fd);
}

static void numbers(void)
{
	int high = dup(0);

	write_file("old");
	unlink("new");
	close(high);
	limit(RLIMIT_NOFILE, (rlim_t)high);
	try_open("old", O_RDONLY);
	try_open("old", O_WRONLY | O_TRUNC);
	try_open("new", O_WRONLY | O_CREAT);
	/* A low number is free, and one beyond the limit is in use. */
	close(0);
	try_open("old", O_WRONLY | O_TRUNC);
	try_open("new", O_WRONLY | O_CREAT);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOFBF, BUFSIZ);
	if (argc > 1 && !strcmp(argv[1], "sizes"))
		sizes();
	else if (argc > 1 && !strcmp(argv[1], "numbers"))
		numbers();
	else if (argc > 2 && !strcmp(argv[1], "wait"))
		puts(open(argv[2], O_RDONLY) < 0 ? strerrorname_np(errno) : "fed");
	else
		return 2;
	return 0;
}
