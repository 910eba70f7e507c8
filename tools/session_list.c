/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which sessions there are and which one is meant; see session_info.h.
 */
#include "tools/place.h"
#include "tools/session_files.h"
#include "tools/session_info.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct found {
	char *path;
	uint64_t started_ns;
};

struct list {
	struct found *items;
	size_t count, room;
};

/* The time in a name like 20260102T030405-4711 (UTC) as nanoseconds; 0 when it is no such name. */
static uint64_t id_time_ns(const char *name)
{
	static const char form[] = "dddddddd" "T" "dddddd" "-" "d";
	struct tm tm = {0};

	for (size_t i = 0; form[i]; i++)
		if (form[i] == 'd' ? !isdigit((unsigned char)name[i]) : name[i] != form[i])
			return 0;
	if (!strptime(name, "%Y%m%dT%H%M%S", &tm))
		return 0;
	return (uint64_t)timegm(&tm) * 1000000000ull;
}

static bool has_session_file(const char *path)
{
	char file[PATH_MAX];

	return (size_t)snprintf(file, sizeof file, "%s/session.json", path) < sizeof file && !access(file, F_OK);
}

/* A directory is a session by its name or by what it holds; a damaged one must not vanish from the list. */
static bool is_session(const char *path, const char *name)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode) && (id_time_ns(name) || has_session_file(path));
}

static uint64_t started_ns(const char *path, const char *name)
{
	struct session_info info;
	uint64_t started;

	if (session_info_read(path, &info))
		return id_time_ns(name);
	started = info.started_ns;
	session_info_free(&info);
	return started;
}

static int add(struct list *list, const char *path, const char *name)
{
	char *copy = realpath(path, NULL);

	if (!copy)
		return -errno;
	for (size_t i = 0; i < list->count; i++)
		if (!strcmp(list->items[i].path, copy)) {
			free(copy);
			return 0;
		}
	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 64;
		struct found *longer = realloc(list->items, room * sizeof *longer);

		if (!longer) {
			free(copy);
			return -ENOMEM;
		}
		list->items = longer;
		list->room = room;
	}
	list->items[list->count++] = (struct found){copy, started_ns(copy, name)};
	return 0;
}

static int add_below(struct list *list, const char *directory)
{
	DIR *dir = opendir(directory);
	const struct dirent *entry;
	int err = 0;

	if (!dir)
		return -errno;
	while (!err && (entry = readdir(dir))) {
		char path[PATH_MAX];

		if (entry->d_name[0] == '.' ||
		    (size_t)snprintf(path, sizeof path, "%s/%s", directory, entry->d_name) >= sizeof path ||
		    !is_session(path, entry->d_name))
			continue;
		err = add(list, path, entry->d_name);
		if (err == -ENOENT)
			err = 0;
	}
	closedir(dir);
	return err;
}

/* The sessions of a place, and root's that others may not list. */
static int add_place(struct list *list, const char *place)
{
	char unlisted[PATH_MAX];
	int err = add_below(list, place);

	if (err || (size_t)snprintf(unlisted, sizeof unlisted, "%s/" SESSION_FILES_UNLISTED, place) >= sizeof unlisted)
		return err;
	/* Not there, or not for us: root's sessions are no business of others. */
	return add_below(list, unlisted) == -ENOMEM ? -ENOMEM : 0;
}

static int newest_first(const void *left, const void *right)
{
	const struct found *a = left, *b = right;

	if (a->started_ns != b->started_ns)
		return a->started_ns > b->started_ns ? -1 : 1;
	return strcmp(b->path, a->path);
}

void session_list_free(char **list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list[i]);
	free(list);
}

/* Take the paths over into an array of their own. */
static int hand_over(struct list *list, int err, char ***out, size_t *count)
{
	char **paths = err ? NULL : calloc(list->count + 1, sizeof *paths);

	if (!err && !paths)
		err = -ENOMEM;
	if (!err && list->count)
		qsort(list->items, list->count, sizeof *list->items, newest_first);
	for (size_t i = 0; i < list->count; i++)
		if (err)
			free(list->items[i].path);
		else
			paths[i] = list->items[i].path;
	free(list->items);
	*out = paths;
	*count = err ? 0 : list->count;
	return err;
}

int session_list(const char *log_directory, char ***out, size_t *count)
{
	struct list list = {0};
	int err = 0;

	if (log_directory) {
		if (has_session_file(log_directory))
			err = add(&list, log_directory, "");
		else
			err = add_place(&list, log_directory);
	} else {
		char places[4][PLACE_MAX];
		unsigned number = place_log_directories(places);

		for (unsigned i = 0; i < number && err != -ENOMEM; i++)
			err = add_place(&list, places[i]);
		if (err != -ENOMEM)
			err = 0;
	}
	return hand_over(&list, err, out, count);
}

static void say_none(const char *log_directory)
{
	char places[4][PLACE_MAX];
	unsigned number;

	if (log_directory) {
		fprintf(stderr, "guardctl: no session in %s; --log takes the directory that sessions are kept in "
				"(log.directory of the policy)\n", log_directory);
		return;
	}
	number = place_log_directories(places);
	fputs("guardctl: no session in ", stderr);
	for (unsigned i = 0; i < number; i++)
		fprintf(stderr, "%s%s", i ? ", " : "", places[i]);
	fputs("; make one with \"guardctl run -- COMMAND\", or say with --log DIR where they are kept\n", stderr);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The one session whose id is NAME or begins with it. */
static char *pick(char **list, size_t count, const char *name)
{
	size_t matches = 0;
	char *picked = NULL;

	for (size_t i = 0; i < count; i++) {
		if (!strcmp(base_name(list[i]), name))
			return list[i];
		if (!strncmp(base_name(list[i]), name, strlen(name))) {
			picked = list[i];
			matches++;
		}
	}
	if (matches == 1)
		return picked;
	if (matches == 0)
		fprintf(stderr, "guardctl: no session \"%s\"; \"guardctl sessions\" lists the %zu there are, the newest is "
				"%s\n", name, count, base_name(list[0]));
	else
		fprintf(stderr, "guardctl: \"%s\" is the beginning of %zu sessions, among them %s; give more of it\n", name,
			matches, base_name(picked));
	return NULL;
}

static char *find_path(const char *name)
{
	struct stat st;

	if (stat(name, &st) < 0)
		fprintf(stderr, "guardctl: cannot open session %s: %s\n", name, strerror(errno));
	else if (!S_ISDIR(st.st_mode))
		fprintf(stderr, "guardctl: %s is not a directory; give a session's directory or its id\n", name);
	else
		return strdup(name);
	return NULL;
}

char *session_find(const char *log_directory, const char *name)
{
	char **list;
	size_t count;
	char *found;
	int err;

	if (name && strchr(name, '/'))
		return find_path(name);
	err = session_list(log_directory, &list, &count);
	if (err) {
		fprintf(stderr, "guardctl: cannot read the sessions in %s: %s\n",
			log_directory ? log_directory : "the default places", strerror(-err));
		return NULL;
	}
	if (count == 0) {
		say_none(log_directory);
		free(list);
		return NULL;
	}
	found = !name || !strcmp(name, "last") ? list[0] : pick(list, count, name);
	found = found ? strdup(found) : NULL;
	session_list_free(list, count);
	return found;
}

/* Make the directory and those above it, closed to others. */
static int make_directories(const char *path)
{
	char part[PLACE_MAX];

	for (size_t i = 1;; i++) {
		if (path[i] == '/' || path[i] == '\0') {
			memcpy(part, path, i);
			part[i] = '\0';
			if (mkdir(part, 0700) < 0 && errno != EEXIST)
				return -errno;
		}
		if (path[i] == '\0')
			return 0;
	}
}

static void remove_dead_links(const char *place)
{
	DIR *dir = opendir(place);
	const struct dirent *entry;
	struct stat st;

	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode) &&
		    id_time_ns(entry->d_name) && fstatat(dirfd(dir), entry->d_name, &st, 0) < 0 && errno == ENOENT)
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
}

int session_link(const char *directory)
{
	char places[4][PLACE_MAX];
	unsigned number = place_log_directories(places);
	char *real = realpath(directory, NULL);
	int err = real ? -ENOENT : -errno;

	for (unsigned i = 0; real && i < number; i++)
		if (!strncmp(real, places[i], strlen(places[i])) && real[strlen(places[i])] == '/')
			err = 0;
	for (unsigned i = 0; real && i < number && err; i++) {
		char link[PATH_MAX];

		if ((size_t)snprintf(link, sizeof link, "%s/%s", places[i], base_name(real)) >= sizeof link)
			continue;
		err = make_directories(places[i]);
		if (!err)
			err = symlink(real, link) < 0 && errno != EEXIST ? -errno : 0;
		if (!err)
			remove_dead_links(places[i]);
	}
	free(real);
	return err;
}
