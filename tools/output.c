/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Buffered standard output; see output.h.
 */
#include "tools/output.h"

#include "tools/cmd.h"
#include "tools/escape.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int output_read_colour(const char *word, enum colour_choice *out)
{
	static const char *const words[] = {[COLOUR_AUTO] = "auto", [COLOUR_ALWAYS] = "always", [COLOUR_NEVER] = "never"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (!strcmp(words[i], word)) {
			*out = (enum colour_choice)i;
			return 0;
		}
	return -EINVAL;
}

static bool wants_colour(enum colour_choice choice, bool is_terminal)
{
	const char *none = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (choice != COLOUR_AUTO)
		return choice == COLOUR_ALWAYS;
	return is_terminal && !(none && *none) && term && strcmp(term, "dumb") != 0;
}

struct output *output_open(enum colour_choice choice)
{
	static struct output output = {.fd = STDOUT_FILENO};
	struct winsize size;

	signal(SIGPIPE, SIG_IGN);
	output.is_terminal = isatty(output.fd);
	output.colour = wants_colour(choice, output.is_terminal);
	if (output.is_terminal && ioctl(output.fd, TIOCGWINSZ, &size) == 0)
		output.columns = size.ws_col;
	return &output;
}

static void write_all(struct output *output, const char *data, size_t len)
{
	while (len > 0 && !output->err) {
		ssize_t done = write(output->fd, data, len);

		if (done > 0) {
			data += done;
			len -= (size_t)done;
		} else if (done < 0 && errno != EINTR) {
			output->err = -errno;
		}
	}
}

bool output_flush(struct output *output)
{
	write_all(output, output->data, output->len);
	output->len = 0;
	return !output->err;
}

char *output_room(struct output *output, size_t size)
{
	if (size > sizeof output->data || output->ascii)
		return NULL;
	if (size > sizeof output->data - output->len)
		output_flush(output);
	return output->data + output->len;
}

static void put_bytes(struct output *output, const char *data, size_t len)
{
	if (len > sizeof output->data - output->len)
		output_flush(output);
	if (len > sizeof output->data) {
		write_all(output, data, len);
		return;
	}
	memcpy(output->data + output->len, data, len);
	output->len += len;
}

static void put_code(struct output *output, uint32_t code)
{
	char text[16];
	int len = 0;

	if (output->ascii == ASCII_BRACES)
		len = snprintf(text, sizeof text, "\\u{%x}", code);
	else if (output->ascii == ASCII_XML)
		len = snprintf(text, sizeof text, "&#x%x;", code);
	else if (code > 0xffff)
		len = snprintf(text, sizeof text, "\\u%04x\\u%04x", 0xd800 + ((code - 0x10000) >> 10 & 0x3ff),
			       0xdc00 + ((code - 0x10000) & 0x3ff));
	else
		len = snprintf(text, sizeof text, "\\u%04x", code);
	put_bytes(output, text, (size_t)len);
}

/* Callers write whole characters: names are made safe before, and what is no UTF-8 is gone then. */
static void put_ascii(struct output *output, struct text text)
{
	while (text.len > 0) {
		uint32_t code = 0xfffd;
		size_t len = utf8_read(text, &code);

		if (len == 0)
			len = 1;
		if (len == 1 && code < 0x80)
			put_bytes(output, text.data, 1);
		else
			put_code(output, code);
		text = (struct text){text.data + len, text.len - len};
	}
}

void output_bytes(struct output *output, const char *data, size_t len)
{
	if (output->ascii)
		put_ascii(output, (struct text){data, len});
	else
		put_bytes(output, data, len);
}

void output_string(struct output *output, const char *string)
{
	output_bytes(output, string, strlen(string));
}

void output_format(struct output *output, const char *format, ...)
{
	char text[1024];
	va_list arguments;
	int len;

	va_start(arguments, format);
	len = vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (len > 0)
		output_bytes(output, text, (size_t)len < sizeof text ? (size_t)len : sizeof text - 1);
}

void output_text(struct output *output, struct text text)
{
	char storage[1024];

	while (text.len > 0) {
		struct buf buf = BUF_ON(storage);
		struct text part = {text.data, text.len < sizeof storage / 4 ? text.len : sizeof storage / 4};

		/* Not between the bytes of one character. */
		while (part.len < text.len && part.len > sizeof storage / 4 - 4 &&
		       ((unsigned char)text.data[part.len] & 0xc0) == 0x80)
			part.len--;
		escape_terminal(part, &buf);
		output_bytes(output, buf.data, buf.len);
		text = (struct text){text.data + part.len, text.len - part.len};
	}
}

int output_finish(struct output *output, int code)
{
	output_flush(output);
	if (!output->err && close(output->fd) < 0 && errno != EBADF)
		output->err = -errno;
	if (!output->err || output->err == -EPIPE)
		return code;
	return fail(EXIT_GUARD, "cannot write to standard output: %s", strerror(-output->err));
}
