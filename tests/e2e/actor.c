/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that ends, waits and starts others in one certain way.
 *
 *     actor exit STATUS             end with that status
 *     actor die SIGNAL              end by that signal, whatever it was inherited as
 *     actor catch COUNT SIGNAL...   say "ready", then the number of each signal that comes, and the value that was
 *                                   queued with it; end after COUNT of them
 *     actor wait COMMAND...         run it and say how it ended: "exit STATUS" or "signal NUMBER"
 *     actor tell SIGNAL             send the signal to the parent, then end with 7
 *     actor daemon COMMAND...       start it as a daemon does (fork, setsid, fork); end with 0 at once
 *     actor bare COMMAND...         run it with no environment (envp NULL)
 *     actor foreign COMMAND...      run it with an environment that knows nothing of ours
 *     actor shut COMMAND...         close every descriptor but 0 to 2 by close_range and closefrom, then run it
 *     actor as UID COMMAND...       become that user and group for good, then run it
 *     actor files DIRECTORY COUNT   open DIRECTORY/f COUNT times; say how many opens failed and with which errno
 *     actor user UID DIRECTORY COUNT  become that user without exec, then the same
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int run(char **argv, char **envp)
{
	if (strchr(argv[0], '/'))
		execve(argv[0], argv, envp);
	perror(argv[0]);
	return 127;
}

static int die(int number)
{
	struct rlimit core = {0, 0};
	sigset_t none;

	/* No file is left behind; that a core was wanted shows in no wait status then. */
	setrlimit(RLIMIT_CORE, &core);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(number, SIG_DFL);
	kill(getpid(), number);
	return 99;
}

static int catch(int count, char **signals)
{
	struct timespec limit = {20, 0};
	sigset_t set;

	sigemptyset(&set);
	for (; *signals; signals++)
		sigaddset(&set, atoi(*signals));
	sigprocmask(SIG_BLOCK, &set, NULL);
	puts("ready");
	fflush(stdout);
	for (; count > 0; count--) {
		siginfo_t info;
		int number;

		/* Being stopped and continued interrupts it. */
		do
			number = sigtimedwait(&set, &info, &limit);
		while (number < 0 && errno == EINTR);
		if (number < 0)
			return 98;
		if (info.si_code == SI_QUEUE)
			printf("%d with %d\n", number, info.si_value.sival_int);
		else
			printf("%d\n", number);
		fflush(stdout);
	}
	/* One too many would be as wrong as one too few. */
	limit.tv_sec = 0;
	limit.tv_nsec = 200000000;
	return sigtimedwait(&set, NULL, &limit) < 0 ? 0 : 97;
}

static int wait_for(char **argv, char **envp)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(run(argv, envp));
	if (waitpid(child, &status, 0) < 0)
		return 99;
	if (WIFEXITED(status))
		printf("exit %d\n", WEXITSTATUS(status));
	else
		printf("signal %d\n", WTERMSIG(status));
	return 0;
}

static int become_daemon(char **argv, char **envp)
{
	pid_t child = fork();

	if (child > 0)
		return waitpid(child, NULL, 0) == child ? 0 : 99;
	setsid();
	if (fork() > 0)
		_exit(0);
	return run(argv, envp);
}

static int become(int id)
{
	if (setgroups(0, NULL) == 0 && setgid((gid_t)id) == 0 && setuid((uid_t)id) == 0)
		return 0;
	perror("actor");
	return 96;
}

static int files(const char *directory, int count)
{
	int failed = 0, error = 0;
	char name[4096];

	snprintf(name, sizeof name, "%s/f", directory);
	for (int i = 0; i < count; i++) {
		int fd = open(name, O_RDONLY);

		if (fd < 0) {
			failed++;
			error = errno;
		} else {
			close(fd);
		}
	}
	printf("%d failed %d\n", failed, error);
	return 0;
}

int main(int argc, char **argv, char **envp)
{
	char path[] = "PATH=/usr/bin:/bin", *foreign[] = {path, NULL};
	const char *what = argc > 2 ? argv[1] : "";

	if (!strcmp(what, "exit"))
		return atoi(argv[2]);
	if (!strcmp(what, "die"))
		return die(atoi(argv[2]));
	if (!strcmp(what, "catch"))
		return catch(atoi(argv[2]), argv + 3);
	if (!strcmp(what, "wait"))
		return wait_for(argv + 2, envp);
	if (!strcmp(what, "tell"))
		return kill(getppid(), atoi(argv[2])) == 0 ? 7 : 99;
	if (!strcmp(what, "daemon"))
		return become_daemon(argv + 2, envp);
	if (!strcmp(what, "bare"))
		return run(argv + 2, NULL);
	if (!strcmp(what, "foreign"))
		return run(argv + 2, foreign);
	if (!strcmp(what, "shut")) {
		if (close_range(3, ~0u, 0) < 0)
			return 99;
		closefrom(3);
		return run(argv + 2, envp);
	}
	if (!strcmp(what, "as") && argc > 3)
		return become(atoi(argv[2])) ? 96 : run(argv + 3, envp);
	if (!strcmp(what, "files") && argc > 3)
		return files(argv[2], atoi(argv[3]));
	if (!strcmp(what, "user") && argc > 4)
		return become(atoi(argv[2])) ? 96 : files(argv[3], atoi(argv[4]));
	return 2;
}
