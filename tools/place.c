/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where things lie; see place.h.
 */
#include "tools/place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The name of a session below its directory: "/unlisted/20260102T030405-4194304-0123456789abcdef", and a suffix. */
#define SESSION_NAME_ROOM 64

static bool write_path(char out[PLACE_MAX], size_t room, const char *format, ...) PRINTF(3, 4);

static bool write_path(char out[PLACE_MAX], size_t room, const char *format, ...)
{
	va_list arguments;
	int len;

	va_start(arguments, format);
	len = vsnprintf(out, PLACE_MAX, format, arguments);
	va_end(arguments);
	return len > 0 && (size_t)len + room < PLACE_MAX;
}

static const char *home_directory(void)
{
	const char *home = getenv("HOME");
	const struct passwd *entry;

	if (home && home[0] == '/')
		return home;
	entry = getpwuid(geteuid());
	return entry && entry->pw_dir && entry->pw_dir[0] == '/' ? entry->pw_dir : NULL;
}

static bool write_state_home(char out[PLACE_MAX])
{
	const char *state = getenv("XDG_STATE_HOME");
	const char *home;

	if (state && state[0] == '/')
		return write_path(out, SESSION_NAME_ROOM, "%s/libguard", state);
	home = home_directory();
	return home && write_path(out, SESSION_NAME_ROOM, "%s/.local/state/libguard", home);
}

/*
 * Anybody may make a name in a directory of everybody's, so one that exists counts only if it is a real
 * directory, ours, and nobody else can put anything into it or see what there is. Passing it is no harm: root's lets
 * others pass.
 */
static bool is_ours_or_absent(const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT;
	return S_ISDIR(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 066);
}

static bool write_shared(char out[PLACE_MAX], const char *parent)
{
	return write_path(out, SESSION_NAME_ROOM, "%s/libguard-%u", parent, (unsigned)geteuid()) &&
	       is_ours_or_absent(out);
}

unsigned place_log_directories(char out[4][PLACE_MAX])
{
	unsigned count = 0;

	if (geteuid() == 0)
		count += write_path(out[count], SESSION_NAME_ROOM, "/var/log/libguard");
	count += write_state_home(out[count]);
	count += write_shared(out[count], "/tmp");
	count += write_shared(out[count], "/dev/shm");
	return count;
}

int place_program(char out[PLACE_MAX])
{
	ssize_t len = readlink("/proc/self/exe", out, PLACE_MAX - 1);

	if (len < 0)
		return -errno;
	if (len == PLACE_MAX - 1)
		return -ENAMETOOLONG;
	out[len] = '\0';
	return 0;
}

int place_library(char out[PLACE_MAX])
{
	/* Relative to guardctl: the build tree, one directory for both, a prefix that may have been moved. */
	static const char *const beside[] = {".libs/libguard.so", "libguard.so", "../lib/libguard.so"};
	char program[PLACE_MAX];
	char candidate[PLACE_MAX];
	char resolved[PATH_MAX];
	char *slash;
	int err = place_program(program);

	if (err)
		return err;
	slash = strrchr(program, '/');
	if (!slash)
		return -ENOENT;
	*slash = '\0';
	for (size_t i = 0; i <= ARRAY_LEN(beside); i++) {
		bool fits = i < ARRAY_LEN(beside)
				    ? write_path(candidate, 0, "%s/%s", program, beside[i])
				    : write_path(candidate, 0, "%s", LIBDIR "/libguard.so");

		if (fits && realpath(candidate, resolved) && write_path(out, 0, "%s", resolved))
			return 0;
	}
	return -ENOENT;
}
