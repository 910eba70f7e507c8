/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest with needs of its own; each word of the command line is one, and
 * prints a line that is the same guarded and unguarded.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <resolv.h>
#include <semaphore.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static sem_t begun;
static bool cleaned;

static void clean(void *unused)
{
	(void)unused;
	cleaned = true;
}

static void *open_fifo(void *name)
{
	pthread_cleanup_push(clean, NULL);
	sem_post(&begun);
	open(name, O_RDONLY);
	pthread_cleanup_pop(0);
	return NULL;
}

/* A listener whose queue is full lets the next connect wait. */
static void *connect_full(void *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	pthread_cleanup_push(clean, NULL);
	strcpy(address.sun_path, name);
	sem_post(&begun);
	connect(fd, (struct sockaddr *)&address, sizeof address);
	pthread_cleanup_pop(0);
	return NULL;
}

/* A receiver who does not read lets the next datagram wait. */
static void *send_full(void *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	pthread_cleanup_push(clean, NULL);
	strcpy(address.sun_path, name);
	sem_post(&begun);
	for (;;)
		sendto(fd, "x", 1, 0, (struct sockaddr *)&address, sizeof address);
	pthread_cleanup_pop(0);
	return NULL;
}

static void cancelled(const char *what, void *(*run)(void *), const char *name)
{
	pthread_t thread;
	void *result = NULL;

	cleaned = false;
	pthread_create(&thread, NULL, run, (void *)(uintptr_t)name);
	sem_wait(&begun);
	usleep(50000);
	pthread_cancel(thread);
	pthread_join(thread, &result);
	printf("%s cancelled %d cleaned %d, then open %d\n", what, result == PTHREAD_CANCELED, cleaned,
	       open("/dev/null", O_RDONLY) >= 0);
}

static void cancel(void)
{
	struct sockaddr_un stream = {AF_UNIX, "full"}, datagrams = {AF_UNIX, "deaf"};
	int fd;

	sem_init(&begun, 0, 0);
	mkfifo("fifo", 0600);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	bind(fd, (struct sockaddr *)&stream, sizeof stream);
	listen(fd, 0);
	connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&stream, sizeof stream);
	bind(socket(AF_UNIX, SOCK_DGRAM, 0), (struct sockaddr *)&datagrams, sizeof datagrams);
	cancelled("open", open_fifo, "fifo");
	cancelled("connect", connect_full, "full");
	cancelled("sendto", send_full, "deaf");
}

static int spawned(posix_spawn_file_actions_t *actions, const char *program)
{
	char *argv[] = {(char *)(uintptr_t)program, NULL};
	pid_t pid;
	int status = 0, error = posix_spawn(&pid, program, actions, NULL, argv, environ);

	if (!error)
		waitpid(pid, &status, 0);
	return error ? error : status;
}

/* The child reads `secret/f`, opened, entered or written by file actions. */
static void spawn(void)
{
	posix_spawn_file_actions_t actions;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addclose(&actions, 9);
	posix_spawn_file_actions_addopen(&actions, 0, "secret/f", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, 0, 7);
	printf("open %s\n", strerrorname_np(spawned(&actions, "/bin/cat")));
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addchdir_np(&actions, "secret");
	posix_spawn_file_actions_addopen(&actions, 1, "new", O_WRONLY | O_CREAT, 0600);
	printf("chdir and make %s\n", strerrorname_np(spawned(&actions, "/bin/true")));
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 8, "secret", O_PATH | O_DIRECTORY, 0);
	posix_spawn_file_actions_addfchdir_np(&actions, 8);
	posix_spawn_file_actions_addopen(&actions, 0, "f", O_RDONLY, 0);
	printf("fchdir and open %s\n", strerrorname_np(spawned(&actions, "/bin/cat")));
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "open", O_RDONLY, 0);
	posix_spawn_file_actions_addclosefrom_np(&actions, 3);
	printf("allowed %s\n", strerrorname_np(spawned(&actions, "/bin/true")));
}

/* A name server of the program's own: whether it may be asked is not the look-up's to say alone. */
static void ask(const char *server)
{
	unsigned char answer[64];
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(1)};

	inet_pton(AF_INET, server, &address.sin_addr);
	res_init();
	_res.nscount = 1;
	_res.retrans = _res.retry = 1;
	_res.nsaddr_list[0] = address;
	errno = 0;
	res_query("guard.invalid", 1, 1, answer, sizeof answer);
	printf("ask %s\n", errno == EACCES ? "refused" : "sent");
}

/* Functions got by hand are the guard's. */
static void symbols(const char *secret)
{
	void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
	int (*by_handle)(const char *, int) = (int (*)(const char *, int))dlsym(libc, "open");
	int (*by_version)(const char *, int) = (int (*)(const char *, int))dlvsym(libc, "open", "GLIBC_2.2.5");
	int (*by_default)(const char *, int) = (int (*)(const char *, int))dlsym(RTLD_DEFAULT, "open");

	printf("handle %d version %d default %d", by_handle(secret, O_RDONLY) >= 0, by_version(secret, O_RDONLY) >= 0,
	       by_default(secret, O_RDONLY) >= 0);
	printf(" none %d strlen %d\n", dlsym(libc, "no_such_function") != NULL, dlsym(libc, "strlen") != NULL);
}

/* The first to do anything is a child that shares its parent's memory. Prints who opened SECRET, in order. */
static void share(const char *secret)
{
	pid_t child = vfork();

	if (child == 0) {
		open(secret, O_RDONLY);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	open(secret, O_RDONLY);
	printf("%d\n%d\n", child, getpid());
	fflush(stdout);
}

static void share_twice(const char *secret)
{
	share(secret);
	if (fork() == 0)
		share(secret);
	else
		wait(NULL);
}

int main(int argc, char **argv)
{
	alarm(20);
	if (argc > 1 && !strcmp(argv[1], "cancel"))
		cancel();
	else if (argc > 1 && !strcmp(argv[1], "spawn"))
		spawn();
	else if (argc > 2 && !strcmp(argv[1], "ask"))
		ask(argv[2]);
	else if (argc > 2 && !strcmp(argv[1], "symbols"))
		symbols(argv[2]);
	else if (argc > 2 && !strcmp(argv[1], "share"))
		share_twice(argv[2]);
	else
		return 2;
	return 0;
}
