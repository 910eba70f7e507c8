/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What exec will run; see program.h.
 */
#include "libguard/hooks/program.h"

#include "libguard/core/content.h"
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
#else
#define OUR_MACHINE EM_AARCH64
#endif

size_t program_words(char *const *argv)
{
	return env_count(argv) + 2 * SCRIPT_LEVELS + 2;
}

/* The operand is a program from here on: its words are matched and, redacted, recorded. */
static void describe(struct call *call, struct operand *operand, char *const *argv, char *const *envp)
{
	size_t number = (size_t)(operand - call->operands), part = sizeof call->scratch->text / CALL_OPERANDS;
	char *name = call->scratch->name[number];
	size_t used = strnlen(name, PATH_NAME_CAP - 1) + 1;
	struct buf words = {.data = call->scratch->text + part * number, .cap = part};

	/* Right behind the name if there is room: each page that is touched costs a forked process a fault. */
	if (PATH_NAME_CAP - used >= part)
		words.data = name + used;
	operand->verbs = VERB_SET(EXEC);
	operand->object.kind = OBJECT_PROGRAM;
	operand->object.argv = argv;
	operand->object.envp = envp;
	operand->unknown = operand->object.text.len == 0;
	if (argv)
		redact_argv(argv, 64, &words);
	operand->argv = (struct text){words.data, words.len};
}

/* What is known of an operand's file. */
struct file {
	struct stat status; /* all zero when it cannot be had */
	uint64_t print;     /* content_print where a rule names a program of this size; 0: cannot be told */
	bool is_loader;
	char loader[256];   /* that the kernel starts in its place (PT_INTERP), where it is not libc's */
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

/* The program header of TYPE among those that lie in the head. */
static bool find_segment(const struct file *file, uint32_t type, Elf64_Phdr *out)
{
	Elf64_Ehdr elf;

	memcpy(&elf, file->head, sizeof elf);
	for (unsigned i = 0; i < elf.e_phnum; i++) {
		size_t at = elf.e_phoff + i * sizeof *out;

		if (at > file->len || sizeof *out > file->len - at)
			return false;
		memcpy(out, file->head + at, sizeof *out);
		if (out->p_type == type)
			return true;
	}
	return false;
}

static bool is_elf(const struct file *file)
{
	return file->len >= sizeof(Elf64_Ehdr) && memcmp(file->head, ELFMAG, SELFMAG) == 0 &&
	       file->head[EI_CLASS] == ELFCLASS64;
}

/*
 * A shared object that needs no loader is one itself, by whatever name: it runs the program that its words name. One
 * without a name of its own (DT_SONAME) is a program linked to stand anywhere.
 */
static bool is_loader(const struct file *file, int fd)
{
	Elf64_Dyn entries[64];
	Elf64_Phdr segment;
	Elf64_Ehdr elf;
	ssize_t len;

	if (!is_elf(file))
		return false;
	memcpy(&elf, file->head, sizeof elf);
	if (elf.e_type != ET_DYN || find_segment(file, PT_INTERP, &segment) || !find_segment(file, PT_DYNAMIC, &segment))
		return false;
	len = sys_pread(fd, entries, sizeof entries, (off_t)segment.p_offset);
	for (ssize_t i = 0; (i + 1) * (ssize_t)sizeof entries[0] <= len && entries[i].d_tag != DT_NULL; i++)
		if (entries[i].d_tag == DT_SONAME)
			return true;
	return false;
}

/* The loader that an ELF file names, wherever its headers are. */
static void read_loader(struct file *file, int fd)
{
	static const char usual[][32] = {"/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"};
	Elf64_Phdr segment = {.p_type = PT_NULL};
	Elf64_Ehdr elf;
	size_t len;

	file->loader[0] = '\0';
	if (!is_elf(file))
		return;
	memcpy(&elf, file->head, sizeof elf);
	for (unsigned i = 0; i < elf.e_phnum && segment.p_type != PT_INTERP; i++) {
		size_t at = elf.e_phoff + i * sizeof segment;

		if (at <= file->len && sizeof segment <= file->len - at)
			memcpy(&segment, file->head + at, sizeof segment);
		else if (sys_pread(fd, &segment, sizeof segment, (off_t)at) != sizeof segment)
			return;
	}
	len = segment.p_filesz < sizeof file->loader ? segment.p_filesz : sizeof file->loader - 1;
	if (segment.p_type != PT_INTERP)
		return;
	if (segment.p_offset <= file->len && len <= file->len - segment.p_offset)
		memcpy(file->loader, file->head + segment.p_offset, len);
	else if (sys_pread(fd, file->loader, len, (off_t)segment.p_offset) != (ssize_t)len)
		len = 0;
	file->loader[len] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(usual); i++)
		if (!strcmp(file->loader, usual[i]))
			file->loader[0] = '\0';
}

/* Does a rule name a program of this size? */
static bool may_have_twin(uint64_t size)
{
	struct policy_twin twin;

	for (unsigned i = 0; i < guard.session_count; i++)
		if (policy_twin(&guard.sessions[i].policy, size, 0, &twin))
			return true;
	return false;
}

static void read_file(const struct operand *operand, struct file *file)
{
	int held = operand->last[0] == '\0' ? operand->dir : operand->pin;
	ssize_t len;
	int fd;

	file->len = 0;
	file->print = 0;
	file->is_loader = false;
	file->loader[0] = '\0';
	if ((held >= 0 ? sys_fstat(held, &file->status)
		       : sys_fstatat(operand->dir, operand->last, &file->status, 0)) != 0)
		file->status = (struct stat){0};
	if (held < 0 || !S_ISREG(file->status.st_mode))
		return;
	fd = open_again(operand, held, &file->status);
	if (fd < 0)
		return;
	len = sys_read(fd, file->head, HEAD);
	file->len = len > 0 ? (size_t)len : 0;
	file->is_loader = is_loader(file, fd);
	read_loader(file, fd);
	if (UNLIKELY(may_have_twin((uint64_t)file->status.st_size)))
		file->print = content_print(fd, (uint64_t)file->status.st_size);
	sys_close(fd);
}

static bool is_twin(const struct file *file, const struct policy_twin *twin)
{
	return (file->status.st_dev == twin->device && file->status.st_ino == twin->inode) || file->print == twin->print ||
	       file->print == 0; /* of its size, and unreadable: the stricter reading */
}

/*
 * Decide once more by another name. Only a rule that refuses that name counts: what allows it, or says nothing of it, is
 * about another file.
 */
static bool also_allowed(struct call *call, struct operand *operand, struct text name)
{
	struct object object = operand->object;
	bool allowed = true;

	object.text = name;
	for (unsigned i = 0; i < guard.session_count; i++) {
		const struct policy *policy = &guard.sessions[i].policy;
		struct verdict now;

		if (policy_mode(policy) == MODE_OFF || operand->verdicts[i].kind != VERDICT_ALLOW)
			continue;
		policy_decide(policy, operand->verbs, &object, &guard.actor, &now);
		if (now.kind == VERDICT_ALLOW || now.rule == RULE_DEFAULT)
			continue;
		operand->verdicts[i] = now;
		if (policy_mode(policy) != MODE_ENFORCE)
			continue;
		if (!call->refused)
			call->result = -now.err;
		call->refused = true;
		allowed = false;
	}
	return allowed;
}

/* Decide the file also by the names of programs that it is a copy or a hard link of. */
static bool twins_allowed(struct call *call, struct operand *operand, const struct file *file)
{
	struct text name = operand->object.text;
	struct policy_twin twin;
	bool allowed = true;

	for (unsigned i = 0; i < guard.session_count; i++)
		for (uint32_t k = 0; policy_twin(&guard.sessions[i].policy, (uint64_t)file->status.st_size, k, &twin); k++) {
			if (is_twin(file, &twin) &&
			    (twin.path.len != name.len || memcmp(twin.path.data, name.data, name.len) != 0))
				allowed &= also_allowed(call, operand, twin.path);
		}
	return allowed;
}

/* Decide the program that an operand is, by all that is known of it. */
static bool decide(struct call *call, struct operand *operand, struct file *file)
{
	bool allowed = call_decide(call, operand, operand->verbs);

	read_file(operand, file);
	return allowed && twins_allowed(call, operand, file);
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

#define COVER_NOTHING ((enum event_coverage)0) /* the kernel will not run it */

/* As shells tell it: a script without its `#!` line, which execve refuses, and who called hands to a shell. */
static bool is_text(const struct file *file)
{
	const char *end = memchr(file->head, '\n', file->len);

	return !memchr(file->head, '\0', end ? (size_t)(end - file->head) : file->len);
}

static enum event_coverage elf_coverage(const struct file *file)
{
	Elf64_Phdr segment;
	Elf64_Ehdr elf;

	if (!is_elf(file))
		return is_text(file) ? COVER_NOTHING : COVER_FOREIGN;
	memcpy(&elf, file->head, sizeof elf);
	if (elf.e_machine != OUR_MACHINE)
		return COVER_FOREIGN;
	if (!find_segment(file, PT_INTERP, &segment))
		return elf.e_phoff + elf.e_phnum * sizeof segment <= file->len && !file->is_loader ? COVER_STATIC : COVER_HOOKS;
	if (segment.p_offset < file->len && is_foreign_loader(file->head + segment.p_offset, file->len - segment.p_offset))
		return COVER_FOREIGN;
	return COVER_HOOKS;
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
	return file->len > 0 ? elf_coverage(file) : COVER_HOOKS;
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

/*
 * ARGV is a loader's own. The words of the program that it is told to run, that program's name first, or NULL: it
 * lists, tells about itself, or complains.
 *
 * Source: ld.so(8); the options of musl's are among these, and may be given as --option=value.
 */
static char *const *loader_words(char *const *argv)
{
	static const char *const with_value[] = {"--library-path",	  "--preload", "--audit", "--argv0", "--inhibit-rpath",
						 "--glibc-hwcaps-prepend", "--glibc-hwcaps-mask"};
	static const char *const without_program[] = {"--list", "--verify", "--list-tunables", "--list-diagnostics",
						      "--help", "--version"};

	if (!argv || !argv[0])
		return NULL;
	while (*++argv && str_starts(*argv, "--", 2)) {
		if ((*argv)[2] == '\0')
			return argv[1] ? argv + 1 : NULL;
		for (size_t i = 0; i < ARRAY_LEN(without_program); i++)
			if (!strcmp(*argv, without_program[i]))
				return NULL;
		for (size_t i = 0; i < ARRAY_LEN(with_value); i++)
			if (!strcmp(*argv, with_value[i]) && !*++argv)
				return NULL;
	}
	return *argv ? argv : NULL;
}

/* The program that the loader is told to run. Where it looks for a bare name is its own affair: that cannot be told. */
static bool loaded_allowed(struct call *call, char *const *argv, char *const *envp, struct file *file)
{
	struct operand *operand;
	bool bare = !strchr(argv[0], '/');

	if (bare)
		call_operand(call, VERB_SET(EXEC))->object.text = (struct text){argv[0], strlen(argv[0])};
	else
		call_file(call, AT_FDCWD, argv[0], VERB_SET(EXEC));
	operand = &call->operands[call->count - 1];
	if (call->result < 0) {
		operand->verbs = 0;
		call->result = 0; /* the loader says what is wrong with it */
		return true;
	}
	operand->loaded = true;
	describe(call, operand, argv, envp);
	operand->unknown |= bare;
	return bare ? call_decide(call, operand, operand->verbs) : decide(call, operand, file);
}

/* What the kernel starts in a program's place is any file that it names. Recorded if it is refused. */
static bool started_allowed(struct call *call, char *const *argv, char *const *envp, struct file *file)
{
	struct operand *operand;
	bool allowed;

	call_file(call, AT_FDCWD, file->loader, VERB_SET(EXEC));
	operand = &call->operands[call->count - 1];
	operand->loaded = true;
	if (call->result < 0) {
		operand->verbs = 0;
		call->result = 0; /* the kernel says what is wrong with it */
		return true;
	}
	describe(call, operand, argv, envp);
	allowed = decide(call, operand, file);
	if (allowed)
		operand->verbs = 0;
	return allowed;
}

bool program_allowed(struct call *call, int dir, const char *name, int at_flags, char *const *argv, char *const *envp,
		     char **words, enum event_coverage *coverage)
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
	describe(call, operand, argv, envp);
	allowed = decide(call, operand, &file);
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
		argv = words = interpreter_words(call, level, words, argument);
		describe(call, operand, words, envp);
		allowed = decide(call, operand, &file);
	}
	if (allowed && file.is_loader && (argv = loader_words(argv)) != NULL)
		allowed = loaded_allowed(call, argv, envp, &file);
	*coverage = coverage_of(&file);
	if (allowed && file.loader[0])
		allowed = started_allowed(call, argv, envp, &file);
	return allowed && call->result >= 0;
}

const struct operand *program_that_runs(const struct call *call)
{
	const struct operand *last = &call->operands[call->count - 1];

	return last->loaded ? last - 1 : last;
}

enum event_coverage program_coverage(const char *name)
{
	struct file file = {.len = 0};
	int fd = sys_open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0);
	ssize_t len = fd < 0 ? -1 : sys_read(fd, file.head, HEAD);

	file.len = len > 0 ? (size_t)len : 0;
	file.is_loader = fd >= 0 && is_loader(&file, fd);
	if (fd >= 0)
		sys_close(fd);
	return file.len > 0 ? elf_coverage(&file) : COVER_HOOKS;
}

void program_record(struct call *call, enum event_coverage coverage, bool in_child)
{
	const struct operand *last = program_that_runs(call);

	call_record(call);
	if (coverage != COVER_HOOKS && coverage != COVER_NOTHING && last->verbs)
		process_uncovered(last->object.text, last->argv, coverage, in_child && guard_has_door());
}
