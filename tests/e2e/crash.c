/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Four writers at a time, killed at random moments, many times over; then: is
 * every record read back that was committed, whole, once and in its order?
 *
 *   crash write NOTES ROUNDS DIRECTORY   writers of libguard/record, on a log made in DIRECTORY
 *   crash guest NOTES ROUNDS             writers that call unlink: run it with the library preloaded
 *   crash early NOTES ROUNDS DIRECTORY   as write, but records are noted that were never written: `read` must fail
 *   crash fault NOTES ROUNDS DIRECTORY   writers that die in the middle of a record each, for certain
 *   crash read NOTES LOG                 compare; says what it found, exit 1 when something is wrong
 *
 * A writer notes how many records it has committed in NOTES, a file of its own, after each commit. So what is there
 * at least that many times, and at most once more, is right: the kill may have come between commit and note.
 */
#include "libguard/record/reader.h"
#include "tests/log_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WRITERS 4
#define ROUNDS_MAX 4096
#define LIVES_MAX (WRITERS * ROUNDS_MAX)
#define NAME_CAP 1024
#define PREFIX "/crash-"
#define EARLY_BY 3 /* records that `early` notes and does not write */

struct notes {
	uint32_t lives;
	uint32_t longest; /* bytes that are added to a name */
	uint32_t faults; /* lives that died inside a record, for certain */
	_Atomic uint32_t failed; /* a write that said it failed */
	_Atomic uint32_t committed[LIVES_MAX];
};

struct run {
	struct notes *notes;
	struct log_rig *rig; /* NULL: by unlink */
	bool early;
	bool fault;
};

/* Record NUMBER of a life has a name that tells both, and a length of its own. */
static struct text name_of(const struct notes *notes, uint32_t life, uint32_t number, char out[NAME_CAP])
{
	size_t len = (size_t)snprintf(out, NAME_CAP, PREFIX "%u-%u", life, number);
	size_t wanted = len + (life * 31 + number * 97) % notes->longest;

	while (len < wanted) {
		out[len] = (char)('a' + (number + len) % 26);
		len++;
	}
	out[len] = '\0';
	return (struct text){out, len};
}

static bool write_record(const struct run *run, uint32_t life, uint32_t number)
{
	char name[NAME_CAP];
	struct event event;

	name_of(run->notes, life, number, name);
	if (!run->rig)
		return unlink(name) < 0 && errno == ENOENT;
	event = rig_event(name, (uint32_t)getpid());
	return log_write(&run->rig->writer, &event) == 0;
}

/* The second half of the name cannot be read: the writer dies after it has reserved and before it commits. */
static void die_inside(const struct run *run)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct event event = rig_event("", (uint32_t)getpid());

	if (pages == MAP_FAILED || munmap(pages + page, page) < 0)
		_exit(3);
	memset(pages, 'x', page);
	event_add(&event, FIELD_OTHER, (struct text){pages + page - 100, 300});
	log_write(&run->rig->writer, &event);
	_exit(3);
}

static void __attribute__((noreturn)) live(const struct run *run, uint32_t life)
{
	for (uint32_t number = 1;; number++) {
		if (!write_record(run, life, number)) {
			atomic_fetch_add(&run->notes->failed, 1);
			_exit(3);
		}
		atomic_store(&run->notes->committed[life], number + (run->early ? EARLY_BY : 0));
		if (run->fault && number == 10)
			die_inside(run);
	}
}

static void wait_us(long us)
{
	struct timespec time = {0, us * 1000};

	nanosleep(&time, NULL);
}

/* Four writers live until each has written something and a little longer. */
static bool run_round(struct run *run)
{
	pid_t pids[WRITERS];
	uint32_t first = run->notes->lives;
	int status;

	run->notes->lives += WRITERS;
	for (uint32_t i = 0; i < WRITERS; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			return false;
		if (pids[i] == 0)
			live(run, first + i);
	}
	for (uint32_t i = 0; i < WRITERS; i++)
		for (int tries = 0; tries < 100000 && !atomic_load(&run->notes->committed[first + i]) &&
				    !atomic_load(&run->notes->failed); tries++)
			wait_us(50);
	for (uint32_t i = 0; i < WRITERS; i++) {
		wait_us(rand() % 200);
		if (!run->fault)
			kill(pids[i], SIGKILL);
		if (waitpid(pids[i], &status, 0) != pids[i])
			return false;
		run->notes->faults += WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
	}
	return atomic_load(&run->notes->failed) == 0;
}

static struct notes *open_notes(const char *path, bool fresh)
{
	int fd = open(path, O_RDWR | (fresh ? O_CREAT | O_TRUNC : 0) | O_CLOEXEC, 0600);
	struct notes *notes = MAP_FAILED;

	if (fd >= 0 && (!fresh || ftruncate(fd, sizeof *notes) == 0))
		notes = mmap(NULL, sizeof *notes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
	if (notes == MAP_FAILED) {
		perror(path);
		exit(2);
	}
	return notes;
}

static int write_all(const char *how, const char *notes_path, int rounds, const char *directory)
{
	struct log_rig rig;
	struct run run = {.notes = open_notes(notes_path, true), .early = !strcmp(how, "early"),
			  .fault = !strcmp(how, "fault")};

	if (rounds < 1 || rounds > ROUNDS_MAX)
		return 2;
	/* One slot up to eight; a file's name has at most 255 bytes. */
	run.notes->longest = directory ? 900 : 200;
	if (directory) {
		if (!rig_start(&rig, NULL, directory))
			return 1;
		run.rig = &rig;
	}
	srand((unsigned)getpid());
	for (int i = 0; i < rounds; i++)
		if (!run_round(&run)) {
			fprintf(stderr, "round %d: a record could not be written\n", i);
			return 1;
		}
	if (directory)
		rig_finish(&rig);
	return 0;
}

static int wrong(const char *what, uint32_t life, unsigned long found, unsigned long expected)
{
	fprintf(stderr, "writer %u: %s: found %lu, expected %lu\n", life, what, found, expected);
	return 1;
}

/* One record against what its writer must have written next. */
static int compare(const struct notes *notes, struct text object, uint32_t *seen)
{
	char text[2 * NAME_CAP], name[NAME_CAP];
	struct text expected;
	unsigned life, number;

	if (object.len >= sizeof text)
		return wrong("length", 0, object.len, NAME_CAP);
	memcpy(text, object.data, object.len);
	text[object.len] = '\0';
	if (sscanf(text, PREFIX "%u-%u", &life, &number) != 2 || life >= notes->lives) {
		fprintf(stderr, "no writer's: %s\n", text);
		return 1;
	}
	if (number != seen[life] + 1)
		return wrong("number", life, number, seen[life] + 1);
	seen[life]++;
	expected = name_of(notes, life, number, name);
	if (expected.len != object.len || memcmp(expected.data, object.data, object.len) != 0) {
		fprintf(stderr, "writer %u: record %u says %s, not %s\n", life, number, text, name);
		return 1;
	}
	return 0;
}

static int read_back(const char *notes_path, const char *directory)
{
	struct notes *notes = open_notes(notes_path, false);
	uint32_t *seen = calloc(LIVES_MAX, sizeof *seen);
	struct log_reader *reader;
	struct log_damage damage;
	struct event event;
	uint64_t records = 0;
	int faults = 0, error = log_reader_open(directory, &reader);

	if (error || !seen) {
		fprintf(stderr, "cannot read %s: %s\n", directory, strerror(-error));
		return 1;
	}
	while (log_reader_next(reader, &event) && faults < 10) {
		struct text object = event_get(&event, FIELD_OBJECT);

		if (event.kind != EVENT_OPERATION || object.len < strlen(PREFIX) ||
		    memcmp(object.data, PREFIX, strlen(PREFIX)) != 0)
			continue;
		records++;
		faults += compare(notes, object, seen);
	}
	damage = log_reader_damage(reader);
	for (uint32_t life = 0; life < notes->lives && faults < 10; life++) {
		uint32_t committed = atomic_load(&notes->committed[life]);

		if (seen[life] < committed || seen[life] > committed + 1)
			faults += wrong("records", life, seen[life], committed);
	}
	printf("%llu records of %u writers, %llu torn, %llu bad\n", (unsigned long long)records, notes->lives,
	       (unsigned long long)damage.torn, (unsigned long long)damage.bad);
	if (notes->faults ? damage.torn != notes->faults : damage.torn > notes->lives)
		faults += wrong("torn", 0, damage.torn, notes->faults ? notes->faults : notes->lives);
	if (damage.bad | damage.missing | damage.unread | damage.short_of)
		faults += wrong("segments missing, unreadable, short, slots bad", 0,
				damage.missing + damage.unread + damage.short_of + damage.bad, 0);
	log_reader_close(reader);
	free(seen);
	return records == 0 || faults != 0;
}

int main(int argc, char **argv)
{
	const char *how = argc > 2 ? argv[1] : "";

	if (!strcmp(how, "read") && argc == 4)
		return read_back(argv[2], argv[3]);
	if (argc == (strcmp(how, "guest") ? 5 : 4))
		return write_all(how, argv[2], atoi(argv[3]), argv[4]);
	fprintf(stderr, "usage: crash write|early|fault NOTES ROUNDS DIRECTORY\n       crash guest NOTES ROUNDS\n"
			"       crash read NOTES LOG\n");
	return 2;
}
