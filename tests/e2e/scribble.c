/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helper of verify.sh: a guest with native code of its own, which writes to the log through the mapping that its hooks
 * use.
 *
 *   scribble alter MS   wait until a record is sealed, then change it
 *   scribble torn MS    take a slot and leave it, as a killed writer does; record more; wait
 *   scribble late MS    the same, and finish it after all
 *
 * Prints what it did.
 */
#include "libguard/record/segment.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void record(unsigned times)
{
	while (times-- > 0) {
		int fd = open("/etc/passwd", O_RDONLY);

		if (fd >= 0)
			close(fd);
	}
}

static struct segment_head *find_log(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	uintptr_t found = 0;
	char line[1024];

	while (maps && fgets(line, sizeof line, maps))
		if (strstr(line, "/events-0001.log") && strstr(line, " rw-s "))
			found = (uintptr_t)strtoull(line, NULL, 16);
	if (maps)
		fclose(maps);
	return (struct segment_head *)found;
}

static void wait_ms(unsigned ms)
{
	const struct timespec pause = {ms / 1000, (long)(ms % 1000) * 1000000};

	nanosleep(&pause, NULL);
}

int main(int argc, char **argv)
{
	const char *what = argc == 3 ? argv[1] : "";
	unsigned ms = argc == 3 ? (unsigned)atoi(argv[2]) : 0;
	struct segment_head *head;
	union slot *slots;
	uint64_t at;

	record(50);
	head = find_log();
	if (!head || ms == 0) {
		puts("no log is mapped");
		return 2;
	}
	slots = (union slot *)(head + 1);
	if (!strcmp(what, "alter")) {
		wait_ms(ms);
		slots[20].tail.payload[100] ^= 1;
		puts("altered 1.21");
		return 0;
	}
	at = atomic_fetch_add(&head->reserved, 1);
	record(50);
	wait_ms(ms);
	if (!strcmp(what, "late")) {
		memcpy(slots[at].tail.payload, slots[0].tail.payload, sizeof slots[at].tail.payload);
		atomic_store(&slots[at].head.mark, MARK_COMMITTED | 1);
	}
	printf("left %" PRIu64 "\n", at + 1);
	return 0;
}
