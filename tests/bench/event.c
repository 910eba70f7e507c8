/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one recorded event costs: fill in, read the clock, write; a path of 60
 * bytes. One process, then two that write into the same log.
 *
 * Usage: event [DIRECTORY]   (default: $TMPDIR or /tmp)
 */
#include "tests/log_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BATCHES 1000
#define BATCH 1000 /* events; their page faults and segment changes are part of the time */
#define PROCESSES_MAX 2

/* 60 bytes. */
static const char path[] = "/home/user/project/node_modules/package/dist/lib/index.js.ts";

_Static_assert(sizeof path - 1 == 60, "the typical path");

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void measure(struct log_writer *writer, double *ns)
{
	uint32_t pid = (uint32_t)getpid();

	for (unsigned i = 0; i < BATCHES; i++) {
		double start = now_ns();

		for (unsigned j = 0; j < BATCH; j++) {
			struct event event = rig_event(path, pid);

			log_write(writer, &event);
		}
		ns[i] = (now_ns() - start) / BATCH;
	}
}

static int by_size(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static bool run(const char *parent, unsigned processes)
{
	size_t count = (size_t)processes * BATCHES;
	double *ns = mmap(NULL, count * sizeof *ns, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct log_rig rig;
	double sum = 0;

	if (ns == MAP_FAILED || !rig_start(&rig, parent, NULL))
		return false;
	for (unsigned i = 0; i < processes; i++)
		if (fork() == 0) {
			measure(&rig.writer, ns + (size_t)i * BATCHES);
			_exit(0);
		}
	for (unsigned i = 0; i < processes; i++)
		wait(NULL);
	for (size_t i = 0; i < count; i++)
		sum += ns[i];
	qsort(ns, count, sizeof *ns, by_size);
	printf("event written, %u process%s: %.0f ns median (%.0f to %.0f in 8 of 10 batches, mean %.0f), %llu lost\n",
	       processes, processes > 1 ? "es" : "", ns[count / 2], ns[count / 10], ns[count * 9 / 10],
	       sum / (double)count, (unsigned long long)atomic_load(&rig.state->lost));
	rig_remove(&rig);
	munmap(ns, count * sizeof *ns);
	return true;
}

int main(int argc, char **argv)
{
	const char *parent = argc > 1 ? argv[1] : rig_parent();

	for (unsigned processes = 1; processes <= PROCESSES_MAX; processes++)
		if (!run(parent, processes))
			return 1;
	return 0;
}
