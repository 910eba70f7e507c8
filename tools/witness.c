/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Was a signal meant for the whole group? See witness.h.
 */
#include "tools/witness.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t start(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid != 0)
		return pid < 0 ? -errno : pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Nobody's pipe stays open for it. */
	close_range(0, ~0u, 0);
	while (getppid() == parent)
		pause();
	_exit(0);
}

static void end(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

void witness_start(struct witness *witness)
{
	*witness = (struct witness){.pid = start()};
}

void witness_end(struct witness *witness)
{
	end(witness->pid);
	witness->pid = -1;
}

/* The signals that wait for PID as a whole, bit 0 for signal 1. */
static unsigned long long pending(pid_t pid)
{
	char path[32], line[128];
	unsigned long long set = 0;
	FILE *status;

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	status = fopen(path, "re");
	while (status && fgets(line, sizeof line, status))
		if (sscanf(line, "ShdPnd: %llx", &set) == 1)
			break;
	if (status)
		fclose(status);
	return set;
}

/*
 * Replace the witness by one without TAKEN. What else waits there is still to be taken by us: it is remembered, but for
 * what came late enough for the fresh one to have got it too.
 */
static void replace(struct witness *witness, unsigned long long taken)
{
	pid_t old = witness->pid;

	witness->pid = start();
	witness->left |= pending(old) & ~taken;
	if (witness->pid > 0)
		witness->left &= ~pending(witness->pid);
	end(old);
}

bool witness_saw(struct witness *witness, int signal_number)
{
	unsigned long long taken = 1ull << (signal_number - 1);

	if (witness->left & taken) {
		witness->left &= ~taken;
		return true;
	}
	if (witness->pid <= 0 || !(pending(witness->pid) & taken))
		return false;
	replace(witness, taken);
	return true;
}
