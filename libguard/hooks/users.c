/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Users and groups by name or number: libc's own services read the files, at
 * the start of many programs (tar, ls, id, shells). What they are about to read
 * is decided and recorded here. Walking through all entries (getpwent) and
 * services that ask a daemon or a directory of their own are left to the door.
 *
 * Source: getpwnam(3), getgrnam(3), nsswitch.conf(5); glibc's nss_database.c.
 */
#include "libguard/core/sys.h"
#include "libguard/hooks/call.h"
#include "libguard/hooks/next.h"
#include "libguard/hooks/notes.h"

#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>

#define SERVICES "/etc/nsswitch.conf"
#define LIST_CAP 1024 /* bytes of the list of services that are looked at; behind them, the door sees what is read */

enum order { ORDER_UNKNOWN, ORDER_FILES, ORDER_OTHER };

/* What libc has read once it keeps, and so does a child. */
static struct database {
	const char *name, *file;
	_Atomic int order; /* enum order: is the file the first that is read? */
} users = {.name = "passwd", .file = "/etc/passwd"}, groups = {.name = "group", .file = "/etc/group"};
static atomic_bool knows_services;

/* Is "files" the first service of the line "NAME: files ..." in TEXT? */
static bool names_files(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		text += strspn(text, " \t");
		if (strncmp(text, name, len) != 0 || text[len + strspn(text + len, " \t")] != ':')
			continue;
		text = strchr(text, ':') + 1;
		text += strspn(text, " \t");
		return strncmp(text, "files", 5) == 0 && !isalnum((unsigned char)text[5]);
	}
	return false;
}

/* Without a list, libc's own default is "files". */
static enum order look_up_order(const char *name)
{
	int fd = sys_openat2(AT_FDCWD, SERVICES, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0, 0);
	char text[LIST_CAP];
	ssize_t len;

	if (fd < 0)
		return fd == -ENOENT ? ORDER_FILES : ORDER_OTHER;
	len = sys_read(fd, text, sizeof text - 1);
	sys_close(fd);
	text[len > 0 ? len : 0] = '\0';
	return names_files(text, name) ? ORDER_FILES : ORDER_OTHER;
}

static long ask_file(enum hook hook, const char *file, struct notes *notes)
{
	struct call call;

	call_enter(&call, hook);
	call_file(&call, AT_FDCWD, file, VERB_SET(READ));
	if (call_allowed(&call))
		notes_add(notes, &call);
	if (call.on && !call.refused)
		call.result = 0; /* what is missing libc finds out by itself */
	return call_finish(&call);
}

/* May libc look into a database? 0 or -errno. */
static long ask(enum hook hook, struct database *database, struct notes *notes)
{
	long error = 0;

	if (!guard_ready())
		return 0;
	if (atomic_load_explicit(&database->order, memory_order_relaxed) == ORDER_UNKNOWN)
		atomic_store_explicit(&database->order, (int)look_up_order(database->name), memory_order_relaxed);
	if (!atomic_exchange_explicit(&knows_services, true, memory_order_relaxed))
		error = ask_file(hook, SERVICES, notes);
	if (error == 0 && atomic_load_explicit(&database->order, memory_order_relaxed) == ORDER_FILES)
		error = ask_file(hook, database->file, notes);
	return error;
}

#define ENTRY(function, type, database, key)                                                                           \
	EXPORT struct type *function(key wanted)                                                                       \
	{                                                                                                              \
		struct notes notes = NOTES_NONE;                                                                       \
		long error = ask(HOOK_##function, &(database), &notes);                                                \
		struct type *found = error ? call_no_pointer(error) : NEXT_OF(function)(wanted);                       \
                                                                                                                       \
		notes_end(&notes);                                                                                     \
		return found;                                                                                          \
	}                                                                                                              \
	EXPORT int function##_r(key wanted, struct type *entry, char *room, size_t size, struct type **found)          \
	{                                                                                                              \
		struct notes notes = NOTES_NONE;                                                                       \
		long error = ask(HOOK_##function##_r, &(database), &notes);                                            \
		int result = (int)-error;                                                                              \
                                                                                                                       \
		if (error)                                                                                             \
			*found = NULL;                                                                                 \
		else                                                                                                   \
			result = NEXT_OF(function##_r)(wanted, entry, room, size, found);                              \
		notes_end(&notes);                                                                                     \
		return result;                                                                                         \
	}

ENTRY(getpwnam, passwd, users, const char *)
ENTRY(getpwuid, passwd, users, uid_t)
ENTRY(getgrnam, group, groups, const char *)
ENTRY(getgrgid, group, groups, gid_t)

/* Where the groups may not be read, a user has the one that is given, as in libc where they cannot. */
EXPORT int getgrouplist(const char *user, gid_t group, gid_t *list, int *count)
{
	struct notes notes = NOTES_NONE;
	long error = ask(HOOK_getgrouplist, &groups, &notes);
	int room = *count, result = 1;

	if (error == 0) {
		result = NEXT_OF(getgrouplist)(user, group, list, count);
	} else {
		*count = 1;
		if (room > 0)
			*list = group;
		else
			result = (int)call_errno(error);
	}
	notes_end(&notes);
	return result;
}
