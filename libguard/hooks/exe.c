/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which file this process runs; see exe.h.
 */
#include "libguard/hooks/exe.h"

#include "libguard/core/sys.h"

#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>

#define HEAD 1024 /* bytes: where linkers put the program headers, right behind the ELF header */

/*
 * Does the file begin as the program that is mapped does? A script does not, nor does the loader when it was told to
 * run the program, nor what has taken the file's place since.
 */
static bool is_mapped(const char *name)
{
	const void *mapped = (const void *)getauxval(AT_PHDR);
	size_t len = getauxval(AT_PHNUM) * sizeof(Elf64_Phdr);
	char head[HEAD];
	Elf64_Ehdr elf;
	ssize_t got;
	int fd = sys_openat2(AT_FDCWD, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0, RESOLVE_NO_LINKS);

	if (fd < 0)
		return false;
	got = sys_read(fd, head, sizeof head);
	sys_close(fd);
	if (got < (ssize_t)sizeof elf)
		return false;
	memcpy(&elf, head, sizeof elf);
	return mapped && len > 0 && elf.e_phoff <= (size_t)got && len <= (size_t)got - elf.e_phoff &&
	       memcmp(head + elf.e_phoff, mapped, len) == 0;
}

size_t exe_find(char out[PATH_CAP], char rest[PATH_CAP])
{
	const char *given = (const char *)getauxval(AT_EXECFN);
	struct path path = {out, 0};
	ssize_t len;

	if (given && *given && path_lexical(AT_FDCWD, given, &path) == 0) {
		if (is_mapped(path.text))
			return path.len;
		if (path_resolve(AT_FDCWD, given, true, rest, &path) == 0 && is_mapped(path.text))
			return path.len;
	}
	len = sys_readlinkat(AT_FDCWD, "/proc/self/exe", out, PATH_NAME_CAP - 1);
	return len > 0 ? (size_t)len : 0;
}
