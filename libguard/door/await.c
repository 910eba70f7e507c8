/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs that should load the library; see await.h.
 */
#include "libguard/door/await.h"

#include "libguard/core/buf.h"
#include "libguard/core/sys.h"
#include "libguard/door/guest.h"
#include "libguard/hooks/process.h"
#include "libguard/hooks/program.h"
#include "libguard/record/redact.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>

#define SLOTS 4096 /* of process numbers; of two that share one the newer is awaited */
#define WORDS 64

static _Atomic uint32_t awaited[SLOTS];

static _Atomic uint32_t *slot(void)
{
	return &awaited[(unsigned)guest.pid % SLOTS];
}

void await_begin(void)
{
	atomic_store_explicit(slot(), (uint32_t)guest.pid, memory_order_relaxed);
}

void await_end(void)
{
	uint32_t pid = (uint32_t)guest.pid;

	if (atomic_load_explicit(slot(), memory_order_relaxed) == pid)
		atomic_compare_exchange_strong_explicit(slot(), &pid, 0, memory_order_relaxed, memory_order_relaxed);
}

/* The words it runs with, redacted. */
static struct text words_of_guest(char storage[2048])
{
	char text[4096], *argv[WORDS + 1];
	struct buf out = {.data = storage, .cap = 2048};
	int fd = sys_open(guest_proc("cmdline").text, O_RDONLY | O_CLOEXEC, 0);
	ssize_t len = fd < 0 ? -1 : sys_read(fd, text, sizeof text - 1);
	size_t count = 0;

	if (fd >= 0)
		sys_close(fd);
	text[len > 0 ? len : 0] = '\0';
	for (ssize_t at = 0; at < len && count < WORDS; at += (ssize_t)strlen(text + at) + 1)
		argv[count++] = text + at;
	argv[count] = NULL;
	redact_argv(argv, WORDS, &out);
	return (struct text){out.data, out.len};
}

void await_look(const char *name)
{
	char storage[2048];
	enum event_coverage coverage;
	uint32_t pid = (uint32_t)guest.pid;

	if (LIKELY(atomic_load_explicit(slot(), memory_order_relaxed) != pid))
		return;
	if (name && (strstr(name, ".so") || !strncmp(name, "/proc/", 6) || !strncmp(name, "/sys/", 5)))
		return;
	if (!atomic_compare_exchange_strong_explicit(slot(), &pid, 0, memory_order_relaxed, memory_order_relaxed))
		return;
	coverage = program_coverage(guest_proc("exe").text);
	process_uncovered(actor_exe(&guard.actor), words_of_guest(storage), coverage == COVER_HOOKS ? COVER_NOT_LOADED : coverage, 0);
}
