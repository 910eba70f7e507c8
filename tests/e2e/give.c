/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helper of environment.sh: what a program gets. Built twice: dynamically it
 * runs programs through libc, statically by a system call that no hook sees.
 *
 *   give run PROGRAM [VARIABLE...]   run it with these variables alone; prints the errno when it cannot be run
 *   give race argv|envp COUNT        run this file COUNT times while a thread rewrites a word that it gets from "good"
 *                                    to "evil" and back; prints how often which one arrived. Exit 1 when "evil" did
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define GOOD 10 /* exit statuses of who looks at what it got */
#define EVIL 11

static char argument[] = "good", variable[] = "WORD=good";
static const char words[2][5] = {"evil", "good"};
static char *flipped;
static _Atomic int done;

static void *flip(void *nothing)
{
	while (!done) {
		memcpy(flipped, words[0], 4);
		atomic_signal_fence(memory_order_seq_cst);
		memcpy(flipped, words[1], 4);
		atomic_signal_fence(memory_order_seq_cst);
	}
	return nothing;
}

static int look(const char *word, const char *value)
{
	if (!strcmp(word, "good") && value && !strcmp(value, "good"))
		return GOOD;
	/* Half of each was never judged, and is no word of any rule. */
	return !strcmp(word, "evil") || (value && !strcmp(value, "evil")) ? EVIL : GOOD;
}

static int race(const char *self, const char *what, long count)
{
	char *argv[] = {(char[]){"give"}, (char[]){"look"}, argument, NULL}, *envp[] = {variable, NULL};
	long arrived = 0, evil = 0, refused = 0, killed = 0, other = 0;
	pthread_t thread;

	flipped = strcmp(what, "argv") ? variable + sizeof "WORD" : argument;
	pthread_create(&thread, NULL, flip, NULL);
	for (long i = 0; i < count; i++) {
		int status = 0;
		pid_t child = vfork(); /* shares the words with the thread */

		if (child == 0) {
			execve(self, argv, envp);
			_exit(errno == EACCES ? 12 : 13);
		}
		while (waitpid(child, &status, 0) < 0)
			continue;
		arrived += WIFEXITED(status) && WEXITSTATUS(status) == GOOD;
		evil += WIFEXITED(status) && WEXITSTATUS(status) == EVIL;
		refused += WIFEXITED(status) && WEXITSTATUS(status) == 12;
		killed += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
		other += WIFEXITED(status) && WEXITSTATUS(status) == 13;
	}
	done = 1;
	pthread_join(thread, NULL);
	printf("good %ld, refused %ld, killed %ld, evil %ld, failed %ld\n", arrived, refused, killed, evil, other);
	return evil > 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "look") && argc == 3)
		return look(argv[2], getenv("WORD"));
	if (!strcmp(what, "run") && argc > 2) {
		char *words[] = {argv[2], NULL};

		execve(argv[2], words, argv + 3);
		puts(strerrorname_np(errno));
		return 1;
	}
	if (!strcmp(what, "race") && argc == 4)
		return race("/proc/self/exe", argv[2], atol(argv[3]));
	return 2;
}
