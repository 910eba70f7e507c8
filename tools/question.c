/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/question.h"

#include "libguard/core/path.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEAD 1024 /* bytes read of a file that may be a script: as many as the hooks read */

static struct text text_of(const char *string)
{
	return (struct text){string, strlen(string)};
}

/* The canonical name, or NULL with -errno in *error. */
static const char *canonical(struct arena *arena, const char *name, bool follow, int *error)
{
	struct path path = {arena_take(arena, PATH_CAP), 0};

	*error = strlen(name) < PATH_NAME_CAP
			 ? path_resolve(AT_FDCWD, name, follow, arena_take(arena, PATH_CAP), &path)
			 : -ENAMETOOLONG;
	return *error < 0 ? NULL : path.text;
}

static const char *read_path(struct arena *arena, enum verb verb, const char *name, struct question *out)
{
	/* A name that is removed is the name itself; all else is done to what it leads to. */
	bool follow = verb != VERB_DELETE || path_is_dots(name + path_last(name));
	struct question_step *step = &out->steps[out->count++];
	const char *path;
	int error;

	if (!*name)
		return "an empty name names nothing";
	path = canonical(arena, name, follow, &error);
	if (!path)
		return arena_format(arena, "\"%s\" cannot be resolved: %s", name, strerror(-error));
	*step = (struct question_step){.verb = verb, .object = {.kind = OBJECT_PATH, .text = text_of(path)}};
	if (error == PATH_MAGIC)
		step->note = "a link of /proc to an open file: where it leads depends on the process";
	return NULL;
}

static void set_host(struct question_step *step, enum verb verb, const char *host)
{
	*step = (struct question_step){.verb = verb, .object = {.kind = OBJECT_HOST, .text = text_of(host)}};
}

/* As the hooks spell a host: lower case, no dots at the end. NULL when it is none. */
static const char *host_name(struct arena *arena, const char *text)
{
	char *name = arena_text(arena, text, strlen(text));
	size_t len = strlen(name);

	while (len > 0 && name[len - 1] == '.')
		name[--len] = '\0';
	for (char *c = name; *c; c++) {
		if (!isalnum((unsigned char)*c) && !strchr("-_.", *c))
			return NULL;
		*c = (char)tolower((unsigned char)*c);
	}
	return len > 0 && len <= 253 ? name : NULL;
}

bool question_ip(const char *text, uint16_t port, struct addr *out)
{
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	if (!strchr(text, ':'))
		return inet_aton(text, &four.sin_addr) && addr_read((struct sockaddr *)&four, sizeof four, out) == 0;
	return inet_pton(AF_INET6, text, &six.sin6_addr) == 1 &&
	       addr_read((struct sockaddr *)&six, sizeof six, out) == 0;
}

static const char *read_socket(struct arena *arena, enum verb verb, const char *name, struct question *out)
{
	struct question_step *step = &out->steps[out->count++];
	const char *path = name;
	int error = 0;

	if (*name != '@')
		path = canonical(arena, name, true, &error);
	if (!path)
		return arena_format(arena, "\"%s\" cannot be resolved: %s", name, strerror(-error));
	*step = (struct question_step){.verb = verb, .object = {.kind = OBJECT_ADDRESS, .text = text_of(path)}};
	step->addr.family = ADDR_UNIX;
	step->object.addr = &step->addr;
	/* A socket's name comes into being with it. */
	if (verb == VERB_BIND && *name != '@')
		return read_path(arena, VERB_CREATE, name, out);
	return NULL;
}

/* "host:443", "[fd00::1]:443" taken apart: the port, and the text in front of it; NULL when there is no port. */
static const char *split_port(struct arena *arena, const char *text, uint16_t *port)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;
	unsigned long number;
	char *end;

	if (!colon || !isdigit((unsigned char)colon[1]))
		return NULL;
	number = strtoul(colon + 1, &end, 10);
	if (*end || number > UINT16_MAX)
		return NULL;
	*port = (uint16_t)number;
	if (len > 2 && *text == '[' && text[len - 1] == ']')
		return arena_text(arena, text + 1, len - 2);
	return memchr(text, ':', len) ? NULL : arena_text(arena, text, len);
}

static const char *read_address(struct arena *arena, enum verb verb, const char *text, struct question *out)
{
	struct question_step *step;
	const char *where, *host;
	struct buf spelled = {.data = arena_take(arena, 64), .cap = 64};
	uint16_t port;

	if (*text == '@' || strchr(text, '/'))
		return read_socket(arena, verb, text, out);
	where = split_port(arena, text, &port);
	if (!where)
		return arena_format(arena, "\"%s\": write HOST:PORT, ADDRESS:PORT, [IPV6]:PORT, /PATH or @NAME", text);
	step = &out->steps[out->count];
	step->object = (struct object){.kind = OBJECT_ADDRESS, .addr = &step->addr};
	step->verb = verb;
	if (question_ip(where, port, &step->addr)) {
		if (verb != VERB_BIND)
			addr_as_peer(&step->addr);
		addr_write(&step->addr, &spelled);
		step->object.text = (struct text){spelled.data, spelled.len};
		out->count++;
		return NULL;
	}
	host = host_name(arena, where);
	if (!host || verb == VERB_BIND)
		return arena_format(arena, "\"%s\" is no %s", where, verb == VERB_BIND ? "address" : "host or address");
	set_host(step, VERB_RESOLVE, host);
	step = &out->steps[out->count + 1];
	out->count += 2;
	*step = (struct question_step){.verb = verb};
	step->addr = (struct addr){.family = ADDR_NONE, .port = port};
	step->object = (struct object){.kind = OBJECT_ADDRESS,
				       .text = text_of(arena_format(arena, "%s:%u", host, port)),
				       .addr = &step->addr,
				       .host = text_of(host)};
	step->note = "decided by its name: it was not looked up, so rules about addresses other than \"any\" were not asked";
	return NULL;
}

static const char *read_host(struct arena *arena, const char *text, struct question *out)
{
	const char *host = host_name(arena, text);
	struct addr addr;

	if (question_ip(text, 0, &addr))
		return arena_format(arena, "\"%s\" is an address: nobody is asked for it, so nothing is decided", text);
	if (!host)
		return arena_format(arena, "\"%s\" is no host name", text);
	set_host(&out->steps[out->count++], VERB_RESOLVE, host);
	return NULL;
}

const char *question_program(struct arena *arena, const char *name)
{
	const char *path = getenv("PATH");
	int error;

	if (strchr(name, '/'))
		return access(name, F_OK) == 0 ? canonical(arena, name, true, &error) : NULL;
	/* As execvp(3) looks for it. */
	for (path = path ? path : "/bin:/usr/bin"; path; path = strchr(path, ':') ? strchr(path, ':') + 1 : NULL) {
		size_t len = strcspn(path, ":");
		const char *file = arena_format(arena, "%.*s%s%s", (int)len, path, len ? "/" : "", name);

		if (*name && access(file, X_OK) == 0)
			return canonical(arena, file, true, &error);
	}
	return NULL;
}

static struct text join_words(struct arena *arena, char *const *words)
{
	size_t len = 0, at = 0;
	char *joined;

	for (char *const *word = words; *word; word++)
		len += strlen(*word) + 1;
	joined = arena_take(arena, len + 1);
	for (char *const *word = words; *word; word++) {
		memcpy(joined + at, *word, strlen(*word) + 1);
		at += strlen(*word) + 1;
	}
	return (struct text){joined, len ? len - 1 : 0};
}

/* Words in front of a command that are variables, as for a shell, and how many there are. */
static unsigned count_variables(char *const *words, unsigned count)
{
	unsigned variables = 0;

	while (variables + 1 < count && strchr(words[variables], '=') &&
	       strspn(words[variables], "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") ==
		       strcspn(words[variables], "="))
		variables++;
	return variables;
}

/* This process's environment, with VARIABLES in it. */
static char **environment_with(struct arena *arena, char *const *variables, unsigned count)
{
	size_t kept = count;
	char **made;

	for (char **entry = environ; *entry; entry++)
		kept++;
	made = arena_take(arena, (kept + 1) * sizeof *made);
	memcpy(made, variables, count * sizeof *made);
	kept = count;
	for (char **entry = environ; *entry; entry++) {
		size_t name = strcspn(*entry, "=") + 1;
		unsigned i = 0;

		while (i < count && strncmp(variables[i], *entry, name) != 0)
			i++;
		if (i == count)
			made[kept++] = *entry;
	}
	return made;
}

static struct question_step *add_program(struct arena *arena, struct question *out, const char *path, char *const *argv)
{
	struct question_step *step = &out->steps[out->count++];

	*step = (struct question_step){.verb = VERB_EXEC, .argv = join_words(arena, argv)};
	step->object = (struct object){.kind = OBJECT_PROGRAM, .text = text_of(path), .argv = argv, .envp = out->envp};
	return step;
}

static size_t read_head(const char *path, char head[HEAD])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	ssize_t len = fd < 0 ? 0 : read(fd, head, HEAD);

	if (fd >= 0)
		close(fd);
	return len > 0 ? (size_t)len : 0;
}

/* The interpreters of a script, as the kernel would start them: each with its own words in front of the script's. */
static void add_interpreters(struct arena *arena, struct question *out, const char *script, char **argv, unsigned count)
{
	char **words = arena_take(arena, (count + 2 * SCRIPT_LEVELS + 2) * sizeof *words);
	const char *path = script;
	char head[HEAD];
	int error;

	words += 2 * SCRIPT_LEVELS;
	memcpy(words, argv, count * sizeof *words);
	words[0] = arena_text(arena, script, strlen(script));
	for (unsigned level = 0; level < SCRIPT_LEVELS; level++) {
		char *argument, *interpreter = script_split(head, read_head(path, head), HEAD, &argument);

		if (!interpreter)
			return;
		if (argument)
			*--words = arena_text(arena, argument, strlen(argument));
		*--words = arena_text(arena, interpreter, strlen(interpreter));
		path = access(interpreter, F_OK) == 0 ? canonical(arena, interpreter, true, &error) : NULL;
		if (!path)
			return; /* the kernel says what is wrong with it */
		/* The list is changed in front only: what it shows now stays. */
		add_program(arena, out, path, words)->note = "the interpreter that the script's first line names";
	}
}

static const char *read_command(struct arena *arena, char **words, unsigned count, struct question *out)
{
	unsigned variables = count_variables(words, count);
	const char *path;

	out->envp = environment_with(arena, words, variables);
	words += variables;
	count -= variables;
	path = question_program(arena, words[0]);
	if (!*words[0])
		return "an empty name names no program";
	if (path) {
		add_program(arena, out, path, words);
		add_interpreters(arena, out, path, words, count);
		return NULL;
	}
	path = strchr(words[0], '/') ? words[0] : arena_format(arena, "/usr/bin/%s", words[0]);
	if (*path != '/')
		return arena_format(arena, "there is no file \"%s\"", words[0]);
	add_program(arena, out, path, words)->note = "there is no such program here: decided by this name";
	return NULL;
}

static const char *read_process(struct arena *arena, enum verb verb, const char *name, struct question *out)
{
	const char *path = name ? question_program(arena, name) : "/";
	struct question_step *step = &out->steps[out->count++];

	*step = (struct question_step){.verb = verb};
	if (!path) {
		path = strchr(name, '/') ? name : arena_format(arena, "/usr/bin/%s", name);
		step->note = "there is no such program here: decided by this name";
	} else if (!name) {
		step->note = "no other program was named: rules about any process";
	}
	step->object = (struct object){.kind = OBJECT_PROCESS, .text = text_of(path)};
	return NULL;
}

const char *question_read(struct arena *arena, enum verb verb, char **words, unsigned count, struct question *out)
{
	enum section section = verb_table[verb].section;

	*out = (struct question){.count = 0};
	if (count == 0 && section != SECTION_PROCESS)
		return arena_format(arena, "what is to be done to is missing: %s %s", verb_table[verb].word,
				    section == SECTION_FILES      ? "PATH"
				    : section == SECTION_COMMANDS ? "PROGRAM [ARGUMENT...]"
				    : verb == VERB_RESOLVE        ? "HOST"
								  : "HOST:PORT");
	if (count > 1 && section != SECTION_COMMANDS)
		return arena_format(arena, "\"%s\" is one argument too many", words[1]);
	switch (section) {
	case SECTION_FILES:
		return read_path(arena, verb, words[0], out);
	case SECTION_NETWORK:
		return verb == VERB_RESOLVE ? read_host(arena, words[0], out) : read_address(arena, verb, words[0], out);
	case SECTION_COMMANDS:
		return read_command(arena, words, count, out);
	default:
		return read_process(arena, verb, count ? words[0] : NULL, out);
	}
}
