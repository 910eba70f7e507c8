/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bar while a log is read; see progress.h.
 */
#include "tools/progress.h"

#include "libguard/core/buf.h"

#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define FIRST_NS 500000000u /* nobody needs to be told of less */
#define AGAIN_NS 100000000u
#define EVENTS 4096         /* between two looks at the clock */
#define CELLS 30            /* of the bar */
#define LINE_MAX_LEN 160    /* bytes of a line */

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void progress_begin(struct progress *progress)
{
	struct winsize size;

	*progress = (struct progress){.wanted = isatty(STDERR_FILENO)};
	if (!progress->wanted)
		return;
	progress->columns = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
	progress->next_ns = now_ns() + FIRST_NS;
}

/* What goes wrong here is no fault of the report. */
static void put(const struct buf *line)
{
	(void)!write(STDERR_FILENO, line->data, line->len);
}

static void show(struct progress *progress, uint64_t done, uint64_t all)
{
	static const char title[] = "reading the log [";
	char storage[LINE_MAX_LEN];
	struct buf line = BUF_ON(storage);
	uint64_t percent = done / (all / 100 + 1); /* never 100 while it goes on */
	unsigned cells = progress->columns > sizeof title + CELLS + 10 ? CELLS : 0;
	size_t start;

	buf_char(&line, '\r');
	start = line.len;
	if (cells > 0)
		buf_str(&line, title);
	for (unsigned i = 0; i < cells; i++)
		buf_char(&line, i < percent * cells / 100 ? '#' : '.');
	if (cells > 0)
		buf_str(&line, "] ");
	if (percent < 10)
		buf_char(&line, ' ');
	buf_u64(&line, percent);
	buf_str(&line, " %");
	progress->shown = (unsigned)(line.len - start);
	put(&line);
}

void progress_step(struct progress *progress, const struct log_reader *reader)
{
	uint64_t done, all, now;

	if (!progress->wanted || ++progress->events % EVENTS)
		return;
	now = now_ns();
	if (now < progress->next_ns)
		return;
	progress->next_ns = now + AGAIN_NS;
	log_reader_progress(reader, &done, &all);
	show(progress, done, all);
}

void progress_end(struct progress *progress)
{
	char storage[LINE_MAX_LEN];
	struct buf line = BUF_ON(storage);

	if (progress->shown == 0)
		return;
	buf_char(&line, '\r');
	for (unsigned i = 0; i < progress->shown; i++)
		buf_char(&line, ' ');
	buf_char(&line, '\r');
	put(&line);
	progress->shown = 0;
}
