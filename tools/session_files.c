/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directory of a session on disk; see session_files.h.
 */
#include "tools/session_files.h"

#include "libguard/kernel/gate.h"

#include "libguard/core/sys.h"
#include "libguard/record/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Sessions of one second and one pid: containers that share a directory all start with process 1. */
#define SAME_ID_MAX 100

void session_files_id(pid_t child, char out[SESSION_ID_MAX])
{
	time_t now = time(NULL);
	uint64_t random = 0;
	struct tm utc;
	size_t len;

	gmtime_r(&now, &utc);
	len = strftime(out, SESSION_ID_MAX, "%Y%m%dT%H%M%S", &utc);
	len += (size_t)snprintf(out + len, SESSION_ID_MAX - len, "-%d", (int)child);
	if (geteuid() == 0 && getrandom(&random, sizeof random, 0) == sizeof random)
		snprintf(out + len, SESSION_ID_MAX - len, "-%016llx", (unsigned long long)random);
}

/* Root's places can be passed by others but not listed; a user's are his own. */
static mode_t place_mode(void)
{
	return geteuid() == 0 ? 0711 : 0700;
}

static int make_directory(const char *path)
{
	if (mkdir(path, 0700) < 0)
		return -errno;
	/* Whatever the umask says. */
	return chmod(path, place_mode()) < 0 ? -errno : 0;
}

static int make_parents(const char *place)
{
	char path[PATH_MAX];
	size_t len = strlen(place);
	int result = -EINVAL;

	if (place[0] != '/')
		return -EINVAL;
	if (len >= sizeof path)
		return -ENAMETOOLONG;
	memcpy(path, place, len + 1);
	for (char *end = path + 1; end <= path + len; end++) {
		char before = *end;

		if (before != '/' && before != '\0')
			continue;
		*end = '\0';
		result = make_directory(path);
		*end = before;
	}
	/* A directory on the way may be there already, on a read-only file system say; the last result tells. */
	return result == -EEXIST || access(place, F_OK) == 0 ? 0 : result;
}

static bool is_own(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 && (info.st_uid == geteuid() || info.st_uid == 0) &&
	       (!(info.st_mode & 022) || (info.st_mode & S_ISVTX));
}

/* Who can write to a directory above the place can put another in its stead. */
static bool is_own_up_to_root(const char *place)
{
	char path[PATH_MAX];
	char *slash;

	if (snprintf(path, sizeof path, "%s", place) >= (int)sizeof path)
		return false;
	while ((slash = strrchr(path, '/')) != NULL) {
		if (!is_own(path[0] == '\0' ? "/" : path))
			return false;
		*slash = '\0';
	}
	return is_own("/");
}

/* Can every user go through all directories down to PATH? */
static bool others_pass(const char *path)
{
	char part[PATH_MAX];
	struct stat info;

	for (const char *end = path; end; end = strchr(end + 1, '/')) {
		snprintf(part, sizeof part, "%.*s/", (int)(end - path), path);
		if (stat(part, &info) < 0 || !(info.st_mode & S_IXOTH))
			return false;
	}
	return stat(path, &info) == 0 && (info.st_mode & S_IXOTH);
}

/* Only root can tell what is in it. */
static bool is_unlisted(const char *path)
{
	struct stat info;

	return lstat(path, &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == 0 && !(info.st_mode & 066);
}

/*
 * Can processes of other users be let in? Only root's can become such, and only where nobody else can put another
 * session in the place of this one. A place that others can list is left for SESSION_FILES_UNLISTED below it.
 */
static bool can_share(char place[PATH_MAX])
{
	size_t len = strlen(place);

	if (geteuid() != 0 || !is_own_up_to_root(place) || !others_pass(place))
		return false;
	if (is_unlisted(place))
		return true;
	if (len + sizeof "/" SESSION_FILES_UNLISTED > PATH_MAX)
		return false;
	memcpy(place + len, "/" SESSION_FILES_UNLISTED, sizeof "/" SESSION_FILES_UNLISTED);
	make_directory(place);
	if (is_unlisted(place) && others_pass(place))
		return true;
	place[len] = '\0';
	return false;
}

int session_files_directory(const char *place, const char *id, bool own, char out[256], bool *shared)
{
	char canonical[PATH_MAX];
	struct stat info;
	int result = make_parents(place);

	if (result < 0)
		return result;
	if (!realpath(place, canonical) || stat(canonical, &info) < 0)
		return -errno;
	if (!S_ISDIR(info.st_mode))
		return -ENOTDIR;
	if (strchr(canonical, ':'))
		return -EINVAL;
	if (own && !is_own_up_to_root(canonical))
		return -EPERM;
	*shared = can_share(canonical);
	for (unsigned i = 0; i < SAME_ID_MAX; i++) {
		char next[16] = "";

		if (i > 0)
			snprintf(next, sizeof next, ".%u", i);
		if (snprintf(out, 256, "%s/%s%s", canonical[1] ? canonical : "", id, next) >= 256)
			return -ENAMETOOLONG;
		if (mkdir(out, 0700) == 0)
			return chmod(out, *shared ? 0711 : 0700) < 0 ? -errno : 0;
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

static int open_new(const char *directory, const char *name, mode_t mode)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof path, "%s/%s", directory, name);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	if (fchmod(fd, mode) < 0) {
		int error = errno;

		close(fd);
		return -error;
	}
	return fd;
}

static int write_new(const char *directory, const char *name, mode_t mode, const void *data, size_t len)
{
	const char *from = data;
	int fd = open_new(directory, name, mode), result = 0;

	if (fd < 0)
		return fd;
	while (len > 0 && result == 0) {
		ssize_t n = write(fd, from, len);

		if (n < 0 && errno != EINTR)
			result = -errno;
		if (n > 0) {
			from += n;
			len -= (size_t)n;
		}
	}
	/* A full disk or quota may show only now. */
	if (close(fd) < 0 && result == 0)
		result = -errno;
	return result;
}

static int make_state(const char *directory, const struct session_files *files, struct session_state **out)
{
	size_t head = (sizeof **out + SESSION_POLICY_ALIGN - 1) / SESSION_POLICY_ALIGN * SESSION_POLICY_ALIGN;
	size_t size = head + policy_state_size(files->image, files->image_size);
	struct session_state *state;
	int fd = open_new(directory, "state", files->shared ? 0666 : 0600);
	int result;

	if (fd < 0)
		return fd;
	/* A hole in a mapped file is SIGBUS in the guest once the disk is full. */
	result = -posix_fallocate(fd, 0, (off_t)size);
	if (result == 0) {
		state = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (state == MAP_FAILED)
			result = -errno;
	}
	close(fd);
	if (result < 0)
		return result;
	state->magic = SESSION_STATE_MAGIC;
	state->version = SESSION_STATE_VERSION;
	state->policy_offset = (uint32_t)head;
	state->size = size;
	state->started_ns = sys_now_ns();
	state->supervisor = (uint32_t)getpid();
	*out = state;
	return 0;
}

int session_files_share(const char *directory, uint32_t number)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/events-%04u.log", directory, number);
	return chmod(path, 0666) < 0 ? -errno : 0;
}

int session_files_gate(const char *directory, bool shared, const void *page, size_t size, struct stat *status)
{
	char path[PATH_MAX];
	int result = write_new(directory, GATE_FILE, shared ? 0444 : 0400, page, size);

	snprintf(path, sizeof path, "%s/" GATE_FILE, directory);
	if (result == 0 && stat(path, status) < 0)
		result = -errno;
	return result;
}

int session_files_make(const char *directory, const struct session_files *files, struct session_state **state)
{
	int result = write_new(directory, "policy.conf", 0400, files->text, files->text_len);

	if (result == 0)
		result = write_new(directory, "policy.img", files->shared ? 0444 : 0400, files->image, files->image_size);
	if (result == 0)
		result = make_state(directory, files, state);
	if (result == 0)
		result = log_make_segment(directory, 1);
	if (result == 0 && files->shared)
		result = session_files_share(directory, 1);
	if (result == 0)
		(*state)->log.ready = 1;
	else
		session_files_remove(directory);
	return result;
}

int session_files_open_state(const char *directory)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof path, "%s/state", directory);
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

bool session_files_in_use(int state)
{
	/* The kernel gives a write lease to the only one who has the file open; a mapping keeps it open. */
	if (fcntl(state, F_SETLEASE, F_WRLCK) < 0)
		return errno == EAGAIN;
	fcntl(state, F_SETLEASE, F_UNLCK);
	return false;
}

bool session_files_joined(const char *directory)
{
	int fd = session_files_open_state(directory);
	bool in_use = fd >= 0 && session_files_in_use(fd);

	if (fd >= 0)
		close(fd);
	return in_use;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *where)
{
	(void)info;
	(void)type;
	(void)where;
	return remove(path) < 0 ? -errno : 0;
}

int session_files_remove(const char *directory)
{
	int result = nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);

	return result == -1 ? -errno : result;
}
