/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor of one session; see floor.h.
 */
#include "tools/floor.h"

#include "libguard/kernel/floor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MQUEUE_MAGIC 0x19800202 /* statfs(2) */
#define QUEUES "/dev/mqueue"

static void tell(struct made_session *session, char *sentence)
{
	free(session->info.floor);
	session->info.floor = sentence;
}

/* The floor cannot be had; the sentence goes on with why. */
static int missing(struct made_session *session, const char *why)
{
	const char *outer = getenv(SESSION_VARIABLE);
	char *sentence = NULL;

	if (session->kernel.landlock == PART_REQUIRE) {
		fprintf(stderr, "libguard: the policy requires Landlock (kernel.landlock), which cannot be had: %s\n", why);
		return -EACCES;
	}
	/* Inside another session its floor is there. */
	if (!outer || !*outer)
		fprintf(stderr, "libguard: no floor: %s; what the policy refuses, the hooks and the kernel door refuse\n", why);
	if (asprintf(&sentence, "no floor: %s", why) < 0)
		sentence = NULL;
	session_degrade(session, sentence);
	if (asprintf(&sentence, "none: %s", why) < 0)
		sentence = NULL;
	tell(session, sentence);
	return 0;
}

static const char *reason(int error)
{
	switch (error) {
	case ENOSYS:
		return "this kernel has no Landlock (Linux 5.13)";
	case EOPNOTSUPP:
		return "Landlock is switched off here (the kernel's parameter lsm=)";
	case EPERM:
	case EACCES:
		return "Landlock may not be used here (not permitted)";
	case E2BIG:
		return "there are as many Landlock layers above as the kernel allows";
	default:
		return strerror(error);
	}
}

/* Hold PATH, or the nearest directory above that is there: what is made later lies below it. -errno. */
static int open_nearest(const char *path)
{
	size_t len = strlen(path);
	char *name = strdup(path);
	int fd;

	if (!name)
		return -ENOMEM;
	while ((fd = open(len ? name : "/", O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0 && len > 0)
		for (name[--len] = '\0'; len > 0 && name[len] != '/'; name[--len] = '\0')
			;
	fd = fd < 0 ? -errno : fd;
	free(name);
	return fd;
}

#define TOP 1

/* Allow all that the floor is about below PATH. TOP if that is everything. */
static int allow_root(int ruleset, const char *path, uint64_t rights)
{
	int fd = open_nearest(path), top, result;
	struct stat here, all;

	if (fd < 0)
		return fd;
	top = fstat(fd, &here) == 0 && stat("/", &all) == 0 && here.st_dev == all.st_dev && here.st_ino == all.st_ino;
	result = floor_allow_below(ruleset, fd, rights);
	close(fd);
	return result < 0 ? result : top * TOP;
}

/* The top of the message queues' file system, by a mount that is nobody else's; needs rights. */
static int mount_queues(void)
{
	int context = (int)syscall(SYS_fsopen, "mqueue", FSOPEN_CLOEXEC), mount;

	if (context < 0)
		return -1;
	mount = syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0
			? (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, 0)
			: -1;
	close(context);
	return mount;
}

/*
 * Message queues are opened by a mount that no name leads to; but its top is the same directory as that of any other
 * mount of them. False: there is none.
 */
static bool allow_queues(int ruleset, uint64_t rights)
{
	int fd = open(QUEUES, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs status;
	bool allowed;

	if (fd >= 0 && (fstatfs(fd, &status) < 0 || (unsigned long)status.f_type != MQUEUE_MAGIC)) {
		close(fd);
		fd = -1;
	}
	/* Inside another session that would be refused and recorded. */
	if (fd < 0 && !getenv(SESSION_VARIABLE))
		fd = mount_queues();
	allowed = fd >= 0 && floor_allow_below(ruleset, fd, rights) == 0;
	if (fd >= 0)
		close(fd);
	return allowed;
}

static bool covers_queues(const struct floor_plan *plan)
{
	for (size_t i = 0; i < plan->roots.count; i++) {
		const char *root = plan->roots.items[i];
		size_t len = strlen(root);

		if (!strncmp(root, QUEUES, len) && (QUEUES[len] == '/' || QUEUES[len] == '\0'))
			return true;
	}
	return false;
}

/* Every process opens the session's files itself, to map them. */
static int allow_session(int ruleset, const char *directory)
{
	int fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int result = fd < 0 ? -errno : floor_allow_below(ruleset, fd, FLOOR_WRITE_FILE);

	if (fd >= 0)
		close(fd);
	return result;
}

static int allow_sessions(int ruleset, const char *own)
{
	const char *outer = getenv(SESSION_VARIABLE);
	char *list, *rest, *directory;
	int result = allow_session(ruleset, own);

	if (!outer || result < 0)
		return result;
	list = rest = strdup(outer);
	if (!list)
		return -ENOMEM;
	while (result == 0 && (directory = strsep(&rest, ":")) != NULL)
		if (*directory)
			result = allow_session(ruleset, directory);
	free(list);
	return result;
}

static int allow_ports(int ruleset, const struct floor_ports *ports, uint64_t right)
{
	int result = 0;

	for (unsigned port = 0; ports->limited && result == 0 && port < 65536; port++)
		if (ports->may[port / 8] & 1u << port % 8)
			result = floor_allow_port(ruleset, (uint16_t)port, right);
	return result;
}

/* The ruleset's descriptor, or -errno; -ENOTSUP: all would be allowed to change. */
static int make_ruleset(const struct floor_plan *plan, const struct floor_scope *scope, const char *directory, bool *queues)
{
	int ruleset = floor_ruleset(scope), result = 0;

	if (ruleset < 0)
		return ruleset;
	if (scope->files)
		result = allow_sessions(ruleset, directory);
	for (size_t i = 0; scope->files && result == 0 && i < plan->roots.count; i++)
		result = allow_root(ruleset, plan->roots.items[i], scope->files);
	*queues = !scope->files || !covers_queues(plan) || result || allow_queues(ruleset, scope->files);
	if (result == 0 && (scope->ports & FLOOR_CONNECT_TCP))
		result = allow_ports(ruleset, &plan->connect, FLOOR_CONNECT_TCP);
	if (result == 0 && (scope->ports & FLOOR_BIND_TCP))
		result = allow_ports(ruleset, &plan->bind, FLOOR_BIND_TCP);
	if (result == 0)
		return ruleset;
	close(ruleset);
	return result < 0 ? result : -ENOTSUP;
}

static void put_ports(FILE *out, const char *what, const struct floor_ports *ports)
{
	fprintf(out, "; TCP %s %u %s", what, ports->count, ports->count == 1 ? "port" : "ports");
}

/* "Landlock 7: changes below 2 directories, where 1 rule refuses more; TCP connects to 1 port". */
static char *describe(const struct floor_plan *plan, const struct floor_scope *scope, int abi, const char *no_changes,
		      bool queues)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	fprintf(out, "Landlock %d: ", abi);
	if (scope->files) {
		fprintf(out, "files change below %zu %s", plan->roots.count, plan->roots.count == 1 ? "directory" : "directories");
		if (plan->inside)
			fprintf(out, " (%u %s there)", plan->inside,
				plan->inside == 1 ? "rule refuses more" : "rules refuse more");
		if (!queues)
			fputs(", message queues never (nothing is mounted at " QUEUES ")", out);
	} else {
		fprintf(out, "files change anywhere (%s)", no_changes);
	}
	if (scope->ports & FLOOR_CONNECT_TCP)
		put_ports(out, "connects to", &plan->connect);
	if (scope->ports & FLOOR_BIND_TCP)
		put_ports(out, "binds to", &plan->bind);
	if (scope->kept_inside & FLOOR_SIGNALS)
		fputs("; no signals outside", out);
	if (scope->kept_inside & FLOOR_ABSTRACT)
		fputs("; no abstract sockets outside", out);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

static void tell_none(struct made_session *session, const char *why)
{
	char *sentence;

	if (asprintf(&sentence, "none: %s", why) < 0)
		sentence = NULL;
	tell(session, sentence);
}

static bool is_empty(const struct floor_scope *scope)
{
	return !scope->files && !scope->ports && !scope->kept_inside;
}

int floor_prepare(struct floor *floor, struct made_session *session)
{
	const struct floor_plan *plan = session->floor;
	const char *no_changes = plan->no_changes;
	struct floor_scope scope = {
		.files = plan->changes ? FLOOR_CHANGES : 0,
		.ports = (plan->connect.limited ? FLOOR_CONNECT_TCP : 0) | (plan->bind.limited ? FLOOR_BIND_TCP : 0),
		.kept_inside = (plan->signals ? FLOOR_SIGNALS : 0) | (plan->abstract ? FLOOR_ABSTRACT : 0),
	};
	bool queues = true;
	int abi;

	*floor = (struct floor){.ruleset = -1};
	/* Who requires it is told that it is missing, also where there would be nothing to do. */
	if (plan->nothing && session->kernel.landlock != PART_REQUIRE) {
		tell_none(session, plan->nothing);
		return 0;
	}
	abi = floor_abi();
	if (abi < 0)
		return missing(session, reason(-abi));
	if (plan->nothing) {
		tell_none(session, plan->nothing);
		return 0;
	}
	if (scope.files && abi < FLOOR_ABI_LEAST)
		no_changes = "this kernel's Landlock would refuse every rename to another directory (Linux 5.19)";
	floor_mask(&scope, abi);
	if (!is_empty(&scope))
		floor->ruleset = make_ruleset(plan, &scope, session->directory, &queues);
	if (floor->ruleset == -ENOTSUP) {
		no_changes = "of a place where the policy allows changes, nothing is there but the top";
		scope.files = 0;
		if (!is_empty(&scope))
			floor->ruleset = make_ruleset(plan, &scope, session->directory, &queues);
	}
	if (is_empty(&scope)) {
		floor->ruleset = -1;
		tell_none(session, no_changes ? no_changes : "this kernel's Landlock knows nothing of what the policy refuses");
		return 0;
	}
	if (floor->ruleset < 0)
		return missing(session, reason(-floor->ruleset));
	floor->sentence = describe(plan, &scope, abi, no_changes, queues);
	return 0;
}

int floor_confirm(struct floor *floor, struct made_session *session, int socket)
{
	int32_t error;

	if (floor->ruleset < 0)
		return 0;
	if (read(socket, &error, sizeof error) != sizeof error)
		error = EPIPE;
	if (error) {
		free(floor->sentence);
		return missing(session, reason(error));
	}
	tell(session, floor->sentence);
	return 0;
}
