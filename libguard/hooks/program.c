/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What exec will run; see program.h.
 */
#include "libguard/hooks/program.h"

#include "libguard/core/script.h"
#include "libguard/core/str.h"
#include "libguard/core/sys.h"
#include "libguard/hooks/process.h"
#include "libguard/record/redact.h"

#include <elf.h>
#include <errno.h>
#include <linux/prctl.h>
#include <string.h>

#define HEAD 1024 /* bytes read of a file: its `#!` line, or its program headers */

#if defined(__x86_64__)
#define OUR_MACHINE EM_X86_64
#define OUR_LOADER "/lib64/ld-linux-x86-64.so.2"
#else
#define OUR_MACHINE EM_AARCH64
#define OUR_LOADER "/lib/ld-linux-aarch64.so.1"
#endif

size_t program_words(char *const *argv)
{
	return env_count(argv) + 2 * SCRIPT_LEVELS + 2;
}

/* The operand is a program from here on: its words are matched and, redacted, recorded. */
static void describe(struct call *call, struct operand *operand, char *const *argv)
{
	size_t part = sizeof call->scratch->text / CALL_OPERANDS;
	struct buf words = {.data = call->scratch->text + part * (size_t)(operand - call->operands), .cap = part};

	operand->verbs = VERB_SET(EXEC);
	operand->object.kind = OBJECT_PROGRAM;
	operand->object.argv = argv;
	operand->unknown = operand->object.text.len == 0;
	if (argv)
		redact_argv(argv, 64, &words);
	operand->argv = (struct text){words.data, words.len};
}

/* What is known of an operand's file. */
struct file {
	struct stat status; /* all zero when it cannot be had */
	size_t len;         /* bytes in head; 0 when it cannot be read */
	char head[HEAD];
};

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Open the held file for reading: by its name while that leads to it, for proc(5) costs a new process 20 us. */
static int open_again(const struct operand *operand, int held, const struct stat *status)
{
	const int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	char name[32];
	struct buf buf = BUF_ON(name);
	struct stat found;
	int fd = -1;

	if (operand->path.len > 0)
		fd = sys_openat2(AT_FDCWD, operand->path.text, flags, 0, RESOLVE_NO_LINKS);
	if (fd >= 0 && sys_fstat(fd, &found) == 0 && is_same(&found, status))
		return fd;
	if (fd >= 0)
		sys_close(fd);
	buf_str(&buf, "/proc/self/fd/");
	buf_i64(&buf, held);
	return sys_open(buf_cstr(&buf), flags, 0);
}

static void read_file(const struct operand *operand, struct file *file)
{
	int held = operand->last[0] == '\0' ? operand->dir : operand->pin;
	ssize_t len;
	int fd;

	file->len = 0;
	if ((held >= 0 ? sys_fstat(held, &file->status)
		       : sys_fstatat(operand->dir, operand->last, &file->status, 0)) != 0)
		file->status = (struct stat){0};
	if (held < 0 || !S_ISREG(file->status.st_mode))
		return;
	fd = open_again(operand, held, &file->status);
	if (fd < 0)
		return;
	len = sys_read(fd, file->head, HEAD);
	sys_close(fd);
	file->len = len > 0 ? (size_t)len : 0;
}

/* Does the loader's name say that it is another libc's? */
static bool is_foreign_loader(const char *name, size_t len)
{
	static const char musl[] = "ld-musl";

	for (size_t i = 0; i + sizeof musl <= len && name[i]; i++)
		if (str_starts(name + i, musl, sizeof musl - 1))
			return true;
	return false;
}

static enum event_coverage elf_coverage(const char *head, size_t len)
{
	Elf64_Ehdr elf;
	Elf64_Phdr segment;

	if (len < sizeof elf || memcmp(head, ELFMAG, SELFMAG) != 0)
		return COVER_FOREIGN;
	memcpy(&elf, head, sizeof elf);
	if (elf.e_ident[EI_CLASS] != ELFCLASS64 || elf.e_machine != OUR_MACHINE)
		return COVER_FOREIGN;
	for (unsigned i = 0; i < elf.e_phnum; i++) {
		size_t at = elf.e_phoff + i * sizeof segment;

		if (at + sizeof segment > len)
			return COVER_HOOKS;
		memcpy(&segment, head + at, sizeof segment);
		if (segment.p_type != PT_INTERP)
			continue;
		if (segment.p_offset < len && is_foreign_loader(head + segment.p_offset, len - segment.p_offset))
			return COVER_FOREIGN;
		return COVER_HOOKS;
	}
	return COVER_STATIC;
}

/* Does a set-user-id bit mean anything? Under the kernel's filter no program has more rights than who starts it. */
static bool rises(void)
{
#ifdef GUARD_DOOR
	return false;
#else
	return SYS_5(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1;
#endif
}

static enum event_coverage coverage_of(const struct file *file)
{
	const struct stat *status = &file->status;

	if ((status->st_mode & (S_ISUID | S_ISGID)) && rises() && (status->st_uid != guard.euid || (status->st_mode & S_ISGID)))
		return COVER_SETUID;
	if (guard.root.len > 0 && sys_faccessat(AT_FDCWD, guard.carry.library, 0) != 0)
		return COVER_NO_LIB;
	return file->len > 0 ? elf_coverage(file->head, file->len) : COVER_HOOKS;
}

/*
 * Put the words with which the kernel starts an interpreter in front of those it would start the script with; WORDS is
 * filled from its end. Their text is kept on the scratch of operand NUMBER: the next file is read over it.
 */
static char **interpreter_words(struct call *call, unsigned number, char **words, const char *argument)
{
	char *name = call->scratch->name[number], *kept = name + sizeof call->scratch->name[number] / 2;

	_Static_assert(sizeof call->scratch->name[0] / 2 > HEAD, "an interpreter and its argument fit");
	if (argument) {
		memcpy(kept, argument, strlen(argument) + 1);
		*--words = kept;
	}
	*--words = name;
	return words;
}

/* ARGV as an interpreter gets it, but for itself: the script's name first. At the end of WORDS. */
static char **script_words(char **words, char *script, char *const *argv)
{
	size_t count = argv && argv[0] ? env_count(argv) - 1 : 0;
	char **first = words + 2 * SCRIPT_LEVELS;

	first[0] = script;
	for (size_t i = 0; i < count; i++)
		first[1 + i] = argv[1 + i];
	first[1 + count] = NULL;
	return first;
}

/* ---- what the dynamic loader runs when it is run itself ---- */

static bool is_loader_name(struct text name)
{
	size_t at = name.len;

	while (at > 0 && name.data[at - 1] != '/')
		at--;
	name = (struct text){name.data + at, name.len - at};
	return (name.len >= 8 && !memcmp(name.data, "ld-linux", 8)) || (name.len >= 5 && !memcmp(name.data, "ld.so", 5)) ||
	       (name.len >= 7 && !memcmp(name.data, "ld-musl", 7));
}

/* A copy of the loader, under whatever name: a shared object that may be run, and begins as the loader does. */
static bool begins_as_loader(const struct file *file)
{
	const char *const loader = OUR_LOADER;
	struct stat status;
	Elf64_Ehdr elf;
	char head[HEAD];
	ssize_t len = -1;
	int fd;

	if (file->len < HEAD)
		return false;
	memcpy(&elf, file->head, sizeof elf);
	if (memcmp(file->head, ELFMAG, SELFMAG) != 0 || elf.e_type != ET_DYN || elf_coverage(file->head, file->len) != COVER_STATIC)
		return false;
	fd = sys_open(loader, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return false;
	if (sys_fstat(fd, &status) == 0 && status.st_size == file->status.st_size)
		len = sys_read(fd, head, sizeof head);
	sys_close(fd);
	return len == HEAD && memcmp(head, file->head, HEAD) == 0;
}

/* The words of the program that the loader is told to run; NULL when it runs none. Source: ld.so(8). */
static char *const *loader_words(char *const *argv)
{
	static const char *const with_value[] = {"--library-path", "--inhibit-rpath", "--audit", "--preload", "--argv0",
						 "--glibc-hwcaps-prepend", "--glibc-hwcaps-mask"};

	if (!argv || !argv[0])
		return NULL;
	for (argv++; *argv; argv++) {
		bool takes_value = false;

		if (strncmp(*argv, "--", 2) != 0)
			return argv;
		for (size_t i = 0; i < ARRAY_LEN(with_value); i++)
			takes_value |= !strcmp(*argv, with_value[i]);
		if (takes_value && !*++argv)
			return NULL;
	}
	return NULL;
}

static bool loaded_allowed(struct call *call, const struct operand *loader, const struct file *file, char *const *argv)
{
	struct operand *operand;
	char *const *words;

	if (!is_loader_name(loader->object.text) && !begins_as_loader(file))
		return true;
	words = loader_words(argv);
	if (!words)
		return true;
	call_file(call, AT_FDCWD, *words, VERB_SET(EXEC));
	operand = &call->operands[call->count - 1];
	operand->loaded = true;
	if (call->result < 0 || !operand->verbs) {
		operand->verbs = 0;
		call->result = 0; /* the loader will say so */
		return true;
	}
	describe(call, operand, words);
	return call_decide(call, operand, operand->verbs);
}

/* Does any session refuse a program to anybody? */
static bool refuses_programs(void)
{
	for (unsigned i = 0; i < guard.session_count; i++)
		if (policy_refuses(&guard.sessions[i].policy, VERB_SET(EXEC)))
			return true;
	return false;
}

/* A file that has no name any more, or never had one (memfd_create, O_TMPFILE), may be a copy of any other. */
static void doubt_nameless(struct operand *operand, const struct file *file)
{
	if (UNLIKELY(S_ISREG(file->status.st_mode) && file->status.st_nlink == 0) && refuses_programs())
		operand->unknown = true;
}

bool program_allowed(struct call *call, int dir, const char *name, int at_flags, char *const *argv, char **words,
		     enum event_coverage *coverage)
{
	struct operand *operand;
	struct file file;
	bool allowed;

	call_at(call, dir, name, at_flags, VERB_SET(EXEC));
	operand = &call->operands[0];
	if (call->result < 0 || !operand->verbs) {
		operand->verbs = 0;
		return call->result >= 0;
	}
	describe(call, operand, argv);
	read_file(operand, &file);
	doubt_nameless(operand, &file);
	allowed = call_decide(call, operand, operand->verbs);
	words = script_words(words, call->scratch->name[0], argv);
	for (unsigned level = 1; allowed && level <= SCRIPT_LEVELS; level++) {
		char *argument, *interpreter = script_split(file.head, file.len, HEAD, &argument);

		if (!interpreter)
			break;
		call_file(call, AT_FDCWD, interpreter, VERB_SET(EXEC));
		operand = &call->operands[level];
		if (call->result < 0) {
			operand->verbs = 0;
			break; /* the kernel says what is wrong with it */
		}
		words = interpreter_words(call, level, words, argument);
		describe(call, operand, words);
		read_file(operand, &file);
		doubt_nameless(operand, &file);
		allowed = call_decide(call, operand, operand->verbs);
	}
	*coverage = coverage_of(&file);
	if (allowed && call->result >= 0 && call->count < CALL_OPERANDS)
		allowed = loaded_allowed(call, operand, &file, operand->object.argv);
	return allowed && call->result >= 0;
}

const struct operand *program_that_runs(const struct call *call)
{
	const struct operand *last = &call->operands[call->count - 1];

	return last->loaded ? last - 1 : last;
}

void program_record(struct call *call, enum event_coverage coverage)
{
	const struct operand *last = program_that_runs(call);

	call_record(call);
	if (coverage != COVER_HOOKS && last->verbs)
		process_uncovered(last->object.text, last->argv, coverage);
}
