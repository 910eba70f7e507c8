/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process that reads binaries, and how it is asked; see symbols.h.
 *
 * A question is one packet, FILE NUL BUILD-ID NUL ADDRESS; its answer is another, FUNCTION NUL FILE NUL LINE, parts of
 * it empty where they are not known.
 */
#include "tools/symbols.h"

#include "tools/confine.h"
#include "tools/dwarf.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PACKET_MAX 6000 /* bytes: the longest path and more */
#define WAIT_MS 5000    /* for an answer */
#define CPU_S 20        /* for all of them */
#define MEMORY (4ull << 30)

static struct {
	bool tried;
	int fd; /* -1: there is nobody to ask */
	pid_t pid;
	char answer[PACKET_MAX + 1];
} reader = {.fd = -1};

/* The part of a packet at *at, which moves on behind it. */
static const char *next_part(const char **at, const char *end)
{
	const char *part = *at, *stop = memchr(part, '\0', (size_t)(end - part));

	*at = stop ? stop + 1 : end;
	return stop ? part : "";
}

static void write_answer(const char *question, size_t len, struct buf *out)
{
	const char *at = question, *end = question + len;
	const char *file = next_part(&at, end), *build_id = next_part(&at, end), *address = next_part(&at, end);
	struct dwarf_place place;

	if (!dwarf_find(file, build_id, strtoull(address, NULL, 16), &place))
		place = (struct dwarf_place){0};
	buf_str(out, place.function ? place.function : "");
	buf_char(out, '\0');
	if (place.file && place.file[0] != '/' && place.directory) {
		buf_str(out, place.directory);
		buf_char(out, '/');
	}
	buf_str(out, place.file ? place.file : "");
	buf_char(out, '\0');
	buf_u64(out, place.line > 0 ? (uint64_t)place.line : 0);
	buf_char(out, '\0');
}

/* The reading process: answers until nobody asks any more. */
static _Noreturn void serve(int fd)
{
	static char question[PACKET_MAX + 1], storage[PACKET_MAX];
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	ssize_t len;

	/* It must not keep a pipe of ours open, nor write to it. */
	for (int standard = 0; null >= 0 && standard <= 2; standard++)
		dup2(null, standard);
	/* libdw would ask servers for what is not here. */
	unsetenv("DEBUGINFOD_URLS");
	if (null < 0 || !dwarf_open() || confine_to_reading(CPU_S, MEMORY) != 0)
		_exit(1);
	while ((len = recv(fd, question, PACKET_MAX, 0)) > 0) {
		struct buf answer = BUF_ON(storage);

		question[len] = '\0';
		write_answer(question, (size_t)len, &answer);
		if (answer.overflow)
			answer.len = 0;
		if (send(fd, storage, answer.len ? answer.len : 1, MSG_NOSIGNAL) < 0)
			break;
	}
	_exit(0);
}

static void stop(void)
{
	if (reader.fd < 0)
		return;
	close(reader.fd);
	reader.fd = -1;
	kill(reader.pid, SIGKILL);
	waitpid(reader.pid, NULL, 0);
}

static void start(void)
{
	int fds[2];

	reader.tried = true;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
		return;
	reader.pid = fork();
	if (reader.pid == 0) {
		close(fds[0]);
		serve(fds[1]);
	}
	close(fds[1]);
	reader.fd = fds[0];
	if (reader.pid < 0) {
		close(reader.fd);
		reader.fd = -1;
		return;
	}
	atexit(stop);
}

/* The answer's length, or 0: there is none, and will be none. */
static size_t ask(const struct buf *question)
{
	struct pollfd wait = {.fd = reader.fd, .events = POLLIN};
	ssize_t len = -1;

	if (send(reader.fd, question->data, question->len, MSG_NOSIGNAL) == (ssize_t)question->len &&
	    poll(&wait, 1, WAIT_MS) == 1)
		len = recv(reader.fd, reader.answer, PACKET_MAX, 0);
	if (len <= 0)
		stop();
	return len > 0 ? (size_t)len : 0;
}

static struct text text_of(const char *string)
{
	return (struct text){string, strlen(string)};
}

static void look_up(struct text file, struct text build_id, struct text address, struct symbol *out)
{
	char storage[PACKET_MAX];
	struct buf question = BUF_ON(storage);
	const char *at = reader.answer;
	size_t len;

	buf_bytes(&question, file.data, file.len);
	buf_char(&question, '\0');
	buf_bytes(&question, build_id.data, build_id.len);
	buf_char(&question, '\0');
	buf_bytes(&question, address.data, address.len);
	buf_char(&question, '\0');
	if (!reader.tried)
		start();
	len = reader.fd < 0 || question.overflow ? 0 : ask(&question);
	if (len == 0)
		return;
	out->function = text_of(next_part(&at, reader.answer + len));
	out->file = text_of(next_part(&at, reader.answer + len));
	out->line = strtoull(next_part(&at, reader.answer + len), NULL, 10);
}

/* FILE+0xOFFSET BUILD-ID; a name may hold blanks and plus signs, so both are looked for from the end. */
static void read_frame(struct text frame, struct text exe, struct symbol *out)
{
	const char *blank = memrchr(frame.data, ' ', frame.len);
	const char *plus = blank ? memrchr(frame.data, '+', (size_t)(blank - frame.data)) : NULL;
	struct text file, build_id;
	char storage[32];
	struct buf address = BUF_ON(storage);
	uint64_t offset;

	*out = (struct symbol){.frame = {frame.data, blank ? (size_t)(blank - frame.data) : frame.len}, .function = {"", 0},
			       .file = {"", 0}};
	if (!plus)
		return;
	file = (struct text){frame.data, (size_t)(plus - frame.data)};
	if (file.len == 1 && file.data[0] == '-')
		file = exe;
	build_id = (struct text){blank + 1, frame.len - (size_t)(blank + 1 - frame.data)};
	buf_bytes(&address, plus + 1, (size_t)(blank - plus - 1));
	offset = strtoull(buf_cstr(&address), NULL, 16);
	if (file.len == 0 || file.data[0] != '/' || memchr(file.data, '\0', file.len) || build_id.len < 2 || offset == 0)
		return;
	/* The recorded place is behind the call, which may be another line already. */
	address.len = 0;
	buf_hex(&address, offset - 1, 16);
	look_up(file, build_id, (struct text){address.data, address.len}, out);
}

bool symbols_next(struct text *stack, struct text exe, struct symbol *out)
{
	const char *end = memchr(stack->data, '\0', stack->len);
	size_t len = end ? (size_t)(end - stack->data) : stack->len;

	if (stack->len == 0)
		return false;
	read_frame((struct text){stack->data, len}, exe, out);
	len += end != NULL;
	*stack = (struct text){stack->data + len, stack->len - len};
	return true;
}

void symbols_write(const struct symbol *symbol, struct buf *out)
{
	buf_bytes(out, symbol->function.data, symbol->function.len);
	if (symbol->file.len > 0) {
		buf_str(out, symbol->function.len > 0 ? " at " : "");
		buf_bytes(out, symbol->file.data, symbol->file.len);
		if (symbol->line) {
			buf_char(out, ':');
			buf_u64(out, symbol->line);
		}
		return;
	}
	buf_str(out, symbol->function.len > 0 ? " in " : "");
	buf_bytes(out, symbol->frame.data, symbol->frame.len);
}

void symbols_write_stack(struct text stack, struct text exe, unsigned count, struct buf *out)
{
	struct symbol symbol;
	const char *between = "";

	for (; count > 0 && symbols_next(&stack, exe, &symbol); count--) {
		buf_str(out, between);
		symbols_write(&symbol, out);
		between = ", from ";
	}
}
