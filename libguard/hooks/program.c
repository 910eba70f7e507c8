/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What exec will run; see program.h.
 */
#include "libguard/hooks/program.h"

#include "libguard/core/sys.h"
#include "libguard/hooks/process.h"
#include "libguard/record/redact.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#define HEAD 1024 /* bytes read of a file: its `#!` line, or its program headers */

#if defined(__x86_64__)
#define OUR_MACHINE EM_X86_64
#else
#define OUR_MACHINE EM_AARCH64
#endif

size_t program_words(char *const *argv)
{
	return env_count(argv) + 4;
}

/* The operand is a program from here on: its words are matched and, redacted, recorded. */
static void describe(struct call *call, struct operand *operand, char *const *argv)
{
	size_t half = sizeof call->scratch->text / CALL_OPERANDS;
	struct buf words = {.data = call->scratch->text + half * (size_t)(operand - call->operands), .cap = half};

	operand->verbs = VERB_SET(EXEC);
	operand->object.kind = OBJECT_PROGRAM;
	operand->object.argv = argv;
	operand->unknown = operand->object.text.len == 0;
	if (argv)
		redact_argv(argv, 64, &words);
	operand->argv = (struct text){words.data, words.len};
}

/* The beginning of the operand's file; its length, 0 when it cannot be read. */
static size_t read_head(const struct operand *operand, char head[HEAD])
{
	char name[32];
	struct buf buf = BUF_ON(name);
	const char *last = operand->last;
	ssize_t len;
	int fd;

	if (last[0] == '\0') {
		buf_str(&buf, "/proc/self/fd/");
		buf_i64(&buf, operand->dir);
		last = buf_cstr(&buf);
	}
	fd = (int)SYS_4(SYS_openat, operand->dir, last, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0);
	if (fd < 0)
		return 0;
	len = sys_read(fd, head, HEAD);
	sys_close(fd);
	return len > 0 ? (size_t)len : 0;
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
		if (segment.p_offset < len && len - segment.p_offset > 32 && memmem(head + segment.p_offset, 32, "musl", 4))
			return COVER_FOREIGN;
		return COVER_HOOKS;
	}
	return COVER_STATIC;
}

static enum event_coverage coverage_of(const struct operand *operand, const char *head, size_t len)
{
	struct stat status;
	int flags = operand->last[0] == '\0' ? AT_EMPTY_PATH : 0;

	if (sys_fstatat(operand->dir, operand->last, &status, flags) == 0 && (status.st_mode & (S_ISUID | S_ISGID)) &&
	    (status.st_uid != guard.euid || (status.st_mode & S_ISGID)))
		return COVER_SETUID;
	if (guard.root.len > 0 && sys_faccessat(AT_FDCWD, guard.carry.library, 0) != 0)
		return COVER_NO_LIB;
	return len > 0 ? elf_coverage(head, len) : COVER_HOOKS;
}

/* Split "#!interpreter argument" in place. NULL when it is no such line. */
static char *split_line(char *head, size_t len, char **argument)
{
	char *end, *name;

	*argument = NULL;
	if (len < 3 || head[0] != '#' || head[1] != '!')
		return NULL;
	end = memchr(head, '\n', len);
	if (!end)
		end = head + (len < HEAD ? len : HEAD - 1);
	while (end > head + 2 && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
		end--;
	*end = '\0';
	name = head + 2 + strspn(head + 2, " \t");
	end = name + strcspn(name, " \t");
	if (*end) {
		*end = '\0';
		*argument = end + 1 + strspn(end + 1, " \t");
	}
	return *name ? name : NULL;
}

/* The argv with which the kernel starts an interpreter. */
static char *const *interpreter_words(char **words, char *interpreter, char *argument, char *script, char *const *argv)
{
	size_t count = 0;

	words[count++] = interpreter;
	if (argument)
		words[count++] = argument;
	words[count++] = script;
	for (size_t i = 1; argv && argv[0] && argv[i]; i++)
		words[count++] = argv[i];
	words[count] = NULL;
	return words;
}

bool program_allowed(struct call *call, int dir, const char *name, int at_flags, char *const *argv, char **words,
		     enum event_coverage *coverage)
{
	struct operand *operand;
	char head[HEAD];
	size_t len;
	bool allowed;

	call_at(call, dir, name, at_flags, VERB_SET(EXEC));
	operand = &call->operands[0];
	if (call->result < 0 || !operand->verbs) {
		operand->verbs = 0;
		return call->result >= 0;
	}
	describe(call, operand, argv);
	allowed = call_decide(call, operand, operand->verbs);
	len = read_head(operand, head);
	for (unsigned level = 0; allowed && level < PROGRAM_LEVELS; level++) {
		char *argument, *interpreter = split_line(head, len, &argument);

		if (!interpreter)
			break;
		if (call->count == CALL_OPERANDS && call->operands[1].pin >= 0)
			sys_close(call->operands[1].pin);
		call_file(call, AT_FDCWD, interpreter, VERB_SET(EXEC));
		operand = &call->operands[1];
		if (call->result < 0) {
			operand->verbs = 0;
			break; /* the kernel says what is wrong with it */
		}
		describe(call, operand,
			 interpreter_words(words, interpreter, argument, call->scratch->name[0], argv));
		allowed = call_decide(call, operand, operand->verbs);
		len = read_head(operand, head);
	}
	*coverage = coverage_of(operand, head, len);
	return allowed && call->result >= 0;
}

void program_record(struct call *call, enum event_coverage coverage)
{
	const struct operand *last = &call->operands[call->count - 1];

	call_record(call);
	if (coverage != COVER_HOOKS && last->verbs)
		process_uncovered(last->object.text, last->argv, coverage);
}
