/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.json, written by the supervisor and read by everybody; see session_info.h.
 *
 * One table names the members; writer, reader and free go by it.
 */
#include "tools/session_info.h"

#include "tools/json.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <yajl/yajl_parse.h>

#define FORMAT 1
#define FILE_NAME "session.json"
#define FILE_MAX (1u << 20) /* bytes; argv is the only thing of any length in it */
#define LIST_MAX 8192       /* words of a list */

enum member_kind { MEMBER_STRING, MEMBER_LIST, MEMBER_TIME, MEMBER_INT };

static const struct member {
	const char *key;
	enum member_kind kind;
	size_t offset;
} members[] = {
	{"id", MEMBER_STRING, offsetof(struct session_info, id)},
	{"directory", MEMBER_STRING, offsetof(struct session_info, directory)},
	{"user", MEMBER_STRING, offsetof(struct session_info, user)},
	{"host", MEMBER_STRING, offsetof(struct session_info, host)},
	{"workspace", MEMBER_STRING, offsetof(struct session_info, workspace)},
	{"home", MEMBER_STRING, offsetof(struct session_info, home)},
	{"policy", MEMBER_STRING, offsetof(struct session_info, policy)},
	{"mode", MEMBER_STRING, offsetof(struct session_info, mode)},
	{"argv", MEMBER_LIST, offsetof(struct session_info, argv)},
	{"level", MEMBER_STRING, offsetof(struct session_info, level)},
	{"floor", MEMBER_STRING, offsetof(struct session_info, floor)},
	{"degraded", MEMBER_LIST, offsetof(struct session_info, degraded)},
	{"started_ns", MEMBER_TIME, offsetof(struct session_info, started_ns)},
	{"ended_ns", MEMBER_TIME, offsetof(struct session_info, ended_ns)},
	{"pid", MEMBER_INT, offsetof(struct session_info, pid)},
	{"supervisor", MEMBER_INT, offsetof(struct session_info, supervisor)},
	{"exit_code", MEMBER_INT, offsetof(struct session_info, exit_code)},
	{"survivors", MEMBER_INT, offsetof(struct session_info, survivors)},
};

_Static_assert(sizeof(pid_t) == sizeof(int), "MEMBER_INT covers pid_t");

static char **string_at(struct session_info *info, const struct member *member)
{
	return (char **)(void *)((char *)info + member->offset);
}

static char ***list_at(struct session_info *info, const struct member *member)
{
	return (char ***)(void *)((char *)info + member->offset);
}

static uint64_t *time_at(struct session_info *info, const struct member *member)
{
	return (uint64_t *)(void *)((char *)info + member->offset);
}

static int *int_at(struct session_info *info, const struct member *member)
{
	return (int *)(void *)((char *)info + member->offset);
}

static void list_free(char **list)
{
	for (char **word = list; word && *word; word++)
		free(*word);
	free(list);
}

void session_info_free(struct session_info *info)
{
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		if (members[i].kind == MEMBER_STRING)
			free(*string_at(info, &members[i]));
		else if (members[i].kind == MEMBER_LIST)
			list_free(*list_at(info, &members[i]));
	*info = (struct session_info){0};
}

static void write_member(yajl_gen json, struct session_info *info, const struct member *member)
{
	switch (member->kind) {
	case MEMBER_STRING:
		json_put_string(json, member->key, *string_at(info, member));
		return;
	case MEMBER_LIST:
		json_key(json, member->key);
		yajl_gen_array_open(json);
		for (char **word = *list_at(info, member); word && *word; word++)
			json_string(json, *word);
		yajl_gen_array_close(json);
		return;
	case MEMBER_TIME:
		json_put_number(json, member->key, *time_at(info, member));
		return;
	case MEMBER_INT:
		json_key(json, member->key);
		yajl_gen_integer(json, *int_at(info, member));
		return;
	}
}

static int write_file(const char *path, const unsigned char *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	int err = 0;

	if (fd < 0)
		return -errno;
	while (len > 0 && !err) {
		ssize_t done = write(fd, data, len);

		if (done > 0) {
			data += done;
			len -= (size_t)done;
		} else if (done < 0 && errno != EINTR) {
			err = -errno;
		}
	}
	if (close(fd) < 0 && !err)
		err = -errno;
	return err;
}

int session_info_write(const struct session_info *info)
{
	struct session_info copy = *info; /* the table's accessors serve the reader, too, and are not const */
	char path[PATH_MAX], fresh[PATH_MAX];
	const unsigned char *data;
	size_t len;
	yajl_gen json;
	int err;

	if (!info->directory)
		return -EINVAL;
	if ((size_t)snprintf(path, sizeof path, "%s/" FILE_NAME, info->directory) >= sizeof path ||
	    (size_t)snprintf(fresh, sizeof fresh, "%s/" FILE_NAME ".new", info->directory) >= sizeof fresh)
		return -ENAMETOOLONG;
	json = yajl_gen_alloc(NULL);
	if (!json)
		return -ENOMEM;
	yajl_gen_config(json, yajl_gen_beautify, 1);
	yajl_gen_map_open(json);
	json_put_number(json, "format", FORMAT);
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		write_member(json, &copy, &members[i]);
	yajl_gen_map_close(json);
	err = yajl_gen_get_buf(json, &data, &len) == yajl_gen_status_ok ? write_file(fresh, data, len) : -ENOMEM;
	yajl_gen_free(json);
	if (!err && rename(fresh, path) < 0)
		err = -errno;
	if (err)
		unlink(fresh);
	return err;
}

/* Where the parser is. */
struct reading {
	struct session_info *info;
	const struct member *member; /* whose value comes next, or NULL */
	bool is_format;
	bool in_list;
	unsigned depth; /* of maps and arrays open */
	long long format;
	size_t words;
	int err;
};

static int stop(struct reading *reading, int err)
{
	reading->err = err;
	return 0;
}

static int on_key(void *context, const unsigned char *key, size_t len)
{
	struct reading *reading = context;

	if (reading->depth != 1)
		return 1;
	reading->member = NULL;
	reading->is_format = len == 6 && !memcmp(key, "format", 6);
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		if (strlen(members[i].key) == len && !memcmp(members[i].key, key, len))
			reading->member = &members[i];
	return 1;
}

static int on_string(void *context, const unsigned char *data, size_t len)
{
	struct reading *reading = context;
	const struct member *member = reading->member;
	char *copy;

	if (!member || reading->depth != (reading->in_list ? 2u : 1u))
		return 1;
	if (member->kind != (reading->in_list ? MEMBER_LIST : MEMBER_STRING) || memchr(data, '\0', len))
		return stop(reading, -EINVAL);
	copy = strndup((const char *)data, len);
	if (!copy)
		return stop(reading, -ENOMEM);
	if (reading->in_list) {
		char ***list = list_at(reading->info, member);
		char **longer = reading->words < LIST_MAX ? realloc(*list, (reading->words + 2) * sizeof **list) : NULL;

		if (!longer) {
			free(copy);
			return stop(reading, reading->words < LIST_MAX ? -ENOMEM : -EINVAL);
		}
		*list = longer;
		longer[reading->words++] = copy;
		longer[reading->words] = NULL;
	} else {
		free(*string_at(reading->info, member));
		*string_at(reading->info, member) = copy;
	}
	return 1;
}

static int on_integer(void *context, long long number)
{
	struct reading *reading = context;

	if (reading->depth != 1)
		return reading->in_list ? stop(reading, -EINVAL) : 1;
	if (reading->is_format) {
		reading->format = number;
		reading->is_format = false;
		return 1;
	}
	if (!reading->member)
		return 1;
	if (reading->member->kind == MEMBER_TIME && number >= 0)
		*time_at(reading->info, reading->member) = (uint64_t)number;
	else if (reading->member->kind == MEMBER_INT && number >= INT_MIN && number <= INT_MAX)
		*int_at(reading->info, reading->member) = (int)number;
	else
		return stop(reading, -EINVAL);
	return 1;
}

/* A value of a kind that no member has: fine below keys of others, damage below ours. */
static int on_other(struct reading *reading)
{
	if (reading->depth == 0 || (reading->depth == 1 && (reading->member || reading->is_format)) || reading->in_list)
		return stop(reading, -EINVAL);
	return 1;
}

static int on_null(void *context)
{
	return on_other(context);
}

static int on_bool(void *context, int value)
{
	(void)value;
	return on_other(context);
}

static int on_double(void *context, double value)
{
	(void)value;
	return on_other(context);
}

static int on_map(void *context)
{
	struct reading *reading = context;

	if (reading->depth > 0 && !on_other(reading))
		return 0;
	reading->depth++;
	return 1;
}

static int on_list(void *context)
{
	struct reading *reading = context;

	if (reading->depth == 1 && reading->member && reading->member->kind == MEMBER_LIST) {
		reading->in_list = true;
		reading->words = 0;
		list_free(*list_at(reading->info, reading->member));
		*list_at(reading->info, reading->member) = NULL;
	} else if (!on_other(reading)) {
		return 0;
	}
	reading->depth++;
	return 1;
}

static int on_end(void *context)
{
	struct reading *reading = context;

	reading->depth--;
	if (reading->depth == 1) {
		reading->in_list = false;
		reading->member = NULL;
	}
	return 1;
}

static int parse(const unsigned char *data, size_t len, struct session_info *out)
{
	static const yajl_callbacks callbacks = {
		.yajl_null = on_null,
		.yajl_boolean = on_bool,
		.yajl_integer = on_integer,
		.yajl_double = on_double,
		.yajl_string = on_string,
		.yajl_start_map = on_map,
		.yajl_map_key = on_key,
		.yajl_end_map = on_end,
		.yajl_start_array = on_list,
		.yajl_end_array = on_end,
	};
	struct reading reading = {.info = out};
	yajl_handle parser = yajl_alloc(&callbacks, NULL, &reading);
	yajl_status status;

	if (!parser)
		return -ENOMEM;
	status = yajl_parse(parser, data, len);
	if (status == yajl_status_ok)
		status = yajl_complete_parse(parser);
	yajl_free(parser);
	/* A newer format may have changed the kind of a member, so this comes before what the parser found. */
	if (reading.format > FORMAT)
		return -EPROTONOSUPPORT;
	if (reading.err)
		return reading.err;
	return status == yajl_status_ok && reading.format == FORMAT ? 0 : -EINVAL;
}

static int read_file(const char *directory, unsigned char **data, size_t *len)
{
	char path[PATH_MAX];
	struct stat st;
	ssize_t got = 0;
	int fd, err = 0;

	if ((size_t)snprintf(path, sizeof path, "%s/" FILE_NAME, directory) >= sizeof path)
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	*data = NULL;
	*len = 0;
	if (fstat(fd, &st) < 0)
		err = -errno;
	else if (!S_ISREG(st.st_mode) || st.st_size > FILE_MAX)
		err = -EINVAL;
	else if (!(*data = malloc((size_t)st.st_size + 1)))
		err = -ENOMEM;
	while (!err && *len < (size_t)st.st_size && (got = read(fd, *data + *len, (size_t)st.st_size - *len)) > 0)
		*len += (size_t)got;
	if (got < 0)
		err = -errno;
	close(fd);
	if (err)
		free(*data);
	return err;
}

/* CLOCK_REALTIME at which PID was started, or 0. */
static uint64_t process_start_ns(pid_t pid)
{
	char path[64], text[1024];
	struct timespec real, boot;
	const char *at;
	unsigned long long ticks;
	ssize_t len;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	len = read(fd, text, sizeof text - 1);
	close(fd);
	if (len <= 0)
		return 0;
	text[len] = '\0';
	/* The name in parentheses may hold anything, so count from its end: the start time is field 22. */
	at = strrchr(text, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (!at || sscanf(at, "%llu", &ticks) != 1)
		return 0;
	clock_gettime(CLOCK_REALTIME, &real);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	return (uint64_t)(real.tv_sec - boot.tv_sec) * 1000000000ull +
	       ticks * (1000000000ull / (uint64_t)sysconf(_SC_CLK_TCK));
}

/* Is the supervisor alive? A process that began well after the session only has its number. */
static bool is_running(const struct session_info *info)
{
	const uint64_t slack_ns = 10000000000ull;

	if (info->ended_ns || info->supervisor <= 0)
		return false;
	if (kill(info->supervisor, 0) < 0 && errno != EPERM)
		return false;
	return process_start_ns(info->supervisor) <= info->started_ns + slack_ns;
}

static int fill_in(struct session_info *info, const char *directory)
{
	char path[PATH_MAX];
	const char *name;

	if (!realpath(directory, path))
		return -errno;
	name = strrchr(path, '/');
	free(info->id);
	free(info->directory);
	info->directory = strdup(path);
	info->id = strdup(name && name[1] ? name + 1 : path);
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		if (members[i].kind == MEMBER_STRING) {
			char **string = string_at(info, &members[i]);

			if (!*string && !(*string = strdup("")))
				return -ENOMEM;
		} else if (members[i].kind == MEMBER_LIST) {
			char ***list = list_at(info, &members[i]);

			if (!*list && !(*list = calloc(1, sizeof **list)))
				return -ENOMEM;
		}
	info->running = is_running(info);
	return 0;
}

int session_info_read(const char *directory, struct session_info *out)
{
	unsigned char *data;
	size_t len;
	int err;

	*out = (struct session_info){0};
	err = read_file(directory, &data, &len);
	if (err)
		return err;
	err = parse(data, len, out);
	free(data);
	if (!err)
		err = fill_in(out, directory);
	if (err)
		session_info_free(out);
	return err;
}
