/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel door of one session; see kernel_door.h.
 */
#include "tools/kernel_door.h"

#include "libguard/kernel/install.h"
#include "tools/session_files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The door is not there; the sentence goes on with why. */
static int missing(struct made_session *session, const char *why)
{
	bool required = session->kernel.filter == PART_REQUIRE || session->kernel.supervisor == PART_REQUIRE;
	const char *outer = getenv(SESSION_VARIABLE);
	char *sentence = NULL;

	if (required) {
		fprintf(stderr, "libguard: the policy requires the kernel's filter (kernel.filter), which cannot be had: %s\n", why);
		return -EPERM;
	}
	/* Inside another session its filter is at work, and all is as it should be. */
	if (!outer || !*outer)
		fprintf(stderr, "libguard: no kernel door: %s; what does not come through the library is neither decided nor recorded\n",
			why);
	if (asprintf(&sentence, "no kernel door: %s", why) < 0)
		sentence = NULL;
	session_degrade(session, sentence);
	return 0;
}

static const char *reason(int error)
{
	switch (error) {
	case EBUSY:
		return "another supervisor's filter is in force already (seccomp: EBUSY)";
	case ENOSYS:
	case EINVAL:
		return "this kernel has no filters that ask (seccomp user notification, Linux 5.0)";
	case EAGAIN:
		return "no process more may be started (ulimit -u)";
	case EPERM:
	case EACCES:
		return "filters may not be installed here (seccomp: not permitted)";
	default:
		return strerror(error);
	}
}

/* Can a process here have a filter that asks? Tried by one that is good for nothing else. 0 or an errno. */
static int probe(void)
{
	struct sock_filter pass = {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};
	struct sock_fprog program = {1, &pass};
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return errno;
	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program) < 0)
			_exit(errno);
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

/* Guests are seen through /proc, by the numbers that we know them by. */
static bool has_proc(void)
{
	char link[16] = "";

	return readlink("/proc/self", link, sizeof link - 1) > 0 && atoi(link) == getpid();
}

static int make_gate(struct kernel_door *door, struct made_session *session)
{
	uint64_t seeds[2];
	struct stat status;
	int result;

	if (getrandom(seeds, sizeof seeds, 0) != sizeof seeds)
		return -EIO;
	gate_fill(&door->page, seeds[0], seeds[1]);
	result = session_files_gate(session->directory, session->shared, &door->page, sizeof door->page, &status);
	if (result < 0)
		return result;
	door->door.gate = door->page.address;
	door->door.back = gate_back(&door->page);
	door->door.cookie = door->page.cookie;
	door->door.gate_device = status.st_dev;
	door->door.gate_inode = status.st_ino;
	return 0;
}

int kernel_door_prepare(struct kernel_door *door, struct made_session *session)
{
	struct filter_setting setting = {.machine = CALLS_HERE, .trust = session->kernel.trust};
	int error;

	*door = (struct kernel_door){.count = 0};
	if (session->kernel.filter == PART_OFF || session->kernel.supervisor == PART_OFF) {
		session_degrade(session, strdup("no kernel door: the policy switches it off"));
		return 0;
	}
	if (!has_proc())
		return missing(session, "/proc is missing, or another namespace's");
	error = probe();
	if (error)
		return missing(session, reason(error));
	error = make_gate(door, session);
	if (error < 0)
		return missing(session, strerror(-error));
	setting.gate = door->door.gate;
	setting.back = door->door.back;
	setting.cookie = door->door.cookie;
	setting.hides = session->hides;
	error = filter_build(&setting, door->filter);
	if (error < 0)
		return missing(session, strerror(-error));
	door->count = error;
	return 0;
}

int kernel_door_receive(struct kernel_door *door, struct made_session *session, int from)
{
	struct install_report report = {.error = EPIPE};
	struct iovec part = {&report, sizeof report};
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
	int listener = -1, result;

	if (door->count == 0)
		return -1;
	memset(&control, 0, sizeof control);
	if (recvmsg(from, &message, MSG_CMSG_CLOEXEC) == sizeof report && report.error == 0 &&
	    message.msg_controllen >= CMSG_LEN(sizeof listener) && control.head.cmsg_type == SCM_RIGHTS)
		memcpy(&listener, CMSG_DATA(&control.head), sizeof listener);
	if (listener >= 0)
		return listener;
	result = missing(session, reason(report.error ? report.error : EPIPE));
	return result < 0 ? -EACCES : -1;
}

/*
 * Where nothing may be run from the session's directory (noexec, as a container's /tmp and /dev/shm), guests get a copy of
 * the gate instead, which lies nowhere.
 */
static int copy_gate(struct kernel_door *door, const char *directory)
{
	char name[PATH_MAX];
	struct stat status;
	void *page;
	int fd, copy;

	door->door.gate_copy = -1;
	snprintf(name, sizeof name, "%s/" GATE_FILE, directory);
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	page = mmap(NULL, sizeof door->page, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
	close(fd);
	if (page != MAP_FAILED) {
		munmap(page, sizeof door->page);
		return 0;
	}
	fd = memfd_create("libguard-gate", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
	if (write(fd, &door->page, sizeof door->page) != sizeof door->page ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0 || fstat(fd, &status) < 0) {
		close(fd);
		return -EIO;
	}
	copy = open(name, O_RDONLY | O_CLOEXEC);
	close(fd);
	if (copy < 0)
		return -EIO;
	door->door.gate_copy = copy;
	door->door.gate_device = status.st_dev;
	door->door.gate_inode = status.st_ino;
	return 0;
}

int kernel_door_serve(struct kernel_door *door, struct made_session *session, int listener, pid_t launcher)
{
	int result;

	door->door.listener = listener;
	door->door.directory = session->directory;
	door->door.library = session->library;
	door->door.launcher = launcher;
	/* Without it all is decided once more, as what comes another way. */
	if (copy_gate(door, session->directory) < 0)
		door->door.gate_copy = -1;
	result = door_open(&door->door);
	door->on = result == 0;
	if (result == 0) {
		char *level = strdup("hooks, kernel door");

		atomic_store(&session->state->door, 1);
		if (level) {
			free(session->info.level);
			session->info.level = level;
		}
	} else {
		fprintf(stderr, "libguard: nobody can answer the kernel's filter: %s; the program is not started\n",
			strerror(-result));
	}
	return result;
}
