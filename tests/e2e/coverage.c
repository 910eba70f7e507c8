/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For coverage.sh: every hook that decides and lets libc act; and what starts
 * programs without the guard's environment.
 *
 *   coverage once                    everything, on files of the working directory
 *   coverage spawn COUNT PROGRAM     posix_spawn, COUNT times; prints how many ran
 *   coverage read FILE               read a file
 *   coverage empty PROGRAM [WORD...] execve with no environment
 *   coverage fake PROGRAM [WORD...]  execve with a library that is not there
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <locale.h>
#include <semaphore.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wordexp.h>

static char program[] = "/bin/true";

static int spawn(const char *name, char *word, const posix_spawn_file_actions_t *actions)
{
	char *argv[] = {program, word, NULL};
	pid_t pid;
	int status;

	return posix_spawn(&pid, name, actions, NULL, argv, environ) == 0 && waitpid(pid, &status, 0) == pid &&
	       WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

#ifndef IS_STATIC
static int once(void)
{
	static char one[] = "one", two[] = "two";
	char *argv[] = {program, two, NULL};
	posix_spawn_file_actions_t actions;
	struct dirent **entries;
	wordexp_t words;
	FILE *stream;
	sem_t *sem;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 5, "action", O_RDONLY, 0);
	if (!spawn(program, one, &actions))
		return 1;
	if (posix_spawnp(&pid, "true", NULL, NULL, argv, environ) == 0)
		waitpid(pid, NULL, 0);
	if (system(": three") != 0)
		return 2;
	stream = popen(": four", "r");
	if (stream)
		pclose(stream);
	if (wordexp("$(: five)", &words, 0) == 0)
		wordfree(&words);
	sem = sem_open("/libguard-coverage", O_CREAT | O_RDWR, 0600, 1);
	if (sem != SEM_FAILED)
		sem_close(sem);
	sem_unlink("/libguard-coverage");
	stream = fopen("first", "r");
	if (stream)
		stream = freopen("second", "r", stream);
	if (stream)
		fclose(stream);
	if (scandir("list", &entries, NULL, NULL) < 0)
		return 3;
	setlocale(LC_ALL, "");
	dlopen("./object.so", RTLD_NOW);
	return setgid(getgid());
}
#endif

int main(int count, char **argv)
{
	static char fake[] = "LD_PRELOAD=/nowhere/libguard.so";
	char session[512], *environment[] = {NULL, NULL, NULL};

	if (count < 2)
		return 64;
#ifndef IS_STATIC
	if (!strcmp(argv[1], "once"))
		return once();
#endif
	if (!strcmp(argv[1], "read"))
		return open(argv[2], O_RDONLY) < 0;
	if (!strcmp(argv[1], "spawn")) {
		int ran = 0;

		for (int i = atoi(argv[2]); i > 0; i--)
			ran += spawn(argv[3], argv[3], NULL);
		printf("%d\n", ran);
		return 0;
	}
	if (!strcmp(argv[1], "fake")) {
		snprintf(session, sizeof session, "GUARD_SESSION=%s", getenv("GUARD_SESSION"));
		environment[0] = fake;
		environment[1] = session;
	}
	execve(argv[2], argv + 2, environment);
	return 127;
}
