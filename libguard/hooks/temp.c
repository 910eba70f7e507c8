/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Temporary files and directories: a name that nobody has, made.
 */
#include "libguard/hooks/open.h"

#include "libguard/core/sys.h"
#include "libguard/hooks/call.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
#define PLACES 6
#define ATTEMPTS (62 * 62 * 62) /* as many as glibc makes */

static uint64_t random_number(void)
{
	uint64_t number = 0;
	struct timespec now;

	/* Early in a machine's life there is no randomness without waiting: the clock does for a name, EEXIST for the rest. */
	if (SYS_3(SYS_getrandom, &number, sizeof number, 1 /* GRND_NONBLOCK */) == sizeof number)
		return number;
	SYS_2(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
	return ((uint64_t)now.tv_nsec * 0x9e3779b97f4a7c15u) ^ (uint64_t)(uintptr_t)&now;
}

/* Where the six X stand, or NULL. */
static char *places_of(char *template, int suffix)
{
	size_t len = strlen(template);

	if (suffix < 0 || len < PLACES + (size_t)suffix)
		return NULL;
	template += len - PLACES - (size_t)suffix;
	return memcmp(template, "XXXXXX", PLACES) == 0 ? template : NULL;
}

static void fill(char *places)
{
	uint64_t number = random_number();

	for (int i = 0; i < PLACES; i++, number /= 62)
		places[i] = LETTERS[number % 62];
}

/* Returns a descriptor or -errno; where that is not EEXIST, the template says which name it was about. */
static int make_file(enum hook hook, char *template, int suffix, int flags)
{
	char *places = places_of(template, suffix);
	int fd = -EEXIST;

	if (!places)
		return -EINVAL;
	flags = (flags & ~O_ACCMODE) | O_RDWR | O_CREAT | O_EXCL;
	for (unsigned i = 0; i < ATTEMPTS && fd == -EEXIST; i++) {
		fill(places);
		fd = open_for(hook, AT_FDCWD, template, flags, 0600);
	}
	if (fd == -EEXIST)
		memcpy(places, "XXXXXX", PLACES);
	return fd;
}

#define MKSTEMP(name, parameters, template, suffix, flags)                                                             \
	EXPORT int name parameters                                                                                     \
	{                                                                                                              \
		return (int)call_errno(make_file(HOOK_##name, template, suffix, flags));                               \
	}

MKSTEMP(mkstemp, (char *template), template, 0, 0)
MKSTEMP(mkstemp64, (char *template), template, 0, 0)
MKSTEMP(mkstemps, (char *template, int suffix), template, suffix, 0)
MKSTEMP(mkstemps64, (char *template, int suffix), template, suffix, 0)
MKSTEMP(mkostemp, (char *template, int flags), template, 0, flags)
MKSTEMP(mkostemp64, (char *template, int flags), template, 0, flags)
MKSTEMP(mkostemps, (char *template, int suffix, int flags), template, suffix, flags)
MKSTEMP(mkostemps64, (char *template, int suffix, int flags), template, suffix, flags)

static long make_directory(const char *name)
{
	struct call call;

	call_enter(&call, HOOK_mkdtemp);
	call_name(&call, AT_FDCWD, name, VERB_SET(CREATE));
	if (call_allowed(&call))
		call.result = gate(SYS_mkdirat, call.operands[0].dir, GATE_PTR(call.operands[0].last), 0700);
	return call_finish(&call);
}

EXPORT char *mkdtemp(char *template)
{
	char *places = places_of(template, 0);
	long result = places ? -EEXIST : -EINVAL;

	for (unsigned i = 0; i < ATTEMPTS && result == -EEXIST; i++) {
		fill(places);
		result = make_directory(template);
	}
	if (places && result == -EEXIST)
		memcpy(places, "XXXXXX", PLACES);
	return call_errno(result) < 0 ? NULL : template;
}

/* libc makes one without a name where it can (O_TMPFILE). A name for a moment tells the policy where it lies. */
static FILE *make_unnamed(enum hook hook)
{
	char template[] = P_tmpdir "/tmpfXXXXXX";
	int fd = make_file(hook, template, 0, 0);
	FILE *file;

	if (fd < 0)
		return call_no_pointer(fd);
	gate(SYS_unlinkat, AT_FDCWD, GATE_PTR(template), 0);
	file = fdopen(fd, "w+");
	if (!file)
		sys_close(fd);
	return file;
}

EXPORT FILE *tmpfile(void)
{
	return make_unnamed(HOOK_tmpfile);
}

EXPORT FILE *tmpfile64(void)
{
	return make_unnamed(HOOK_tmpfile64);
}
