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

pid_t witness_start(void)
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

bool witness_saw(pid_t *witness, int signal_number)
{
	if (*witness <= 0 || !(pending(*witness) & (1ull << (signal_number - 1))))
		return false;
	kill(*witness, SIGKILL);
	waitpid(*witness, NULL, 0);
	*witness = witness_start();
	return true;
}
