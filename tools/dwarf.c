/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Symbols and source lines by libdw; see dwarf.h.
 */
#include "tools/dwarf.h"

#ifdef HAVE_ELFUTILS_LIBDWFL_H

#include "libguard/core/buf.h"

#include <dlfcn.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIBRARY "libdw.so.1"
#define BINARIES 32 /* that are kept open */
#define ID_MAX 64   /* bytes of a build-id */

/* What we call; types are those of its header. */
#define FUNCTIONS(ROW) \
	ROW(dwfl_begin) ROW(dwfl_end) ROW(dwfl_report_offline) ROW(dwfl_report_end) ROW(dwfl_module_getelf) \
	ROW(dwfl_module_build_id) ROW(dwfl_module_addrinfo) ROW(dwfl_module_getsrc) ROW(dwfl_lineinfo) \
	ROW(dwfl_line_comp_dir) ROW(dwfl_standard_find_debuginfo) ROW(dwfl_offline_section_address) \
	ROW(dwfl_build_id_find_elf)

#define ROW(name) __typeof__(name) *name;
static struct { FUNCTIONS(ROW) } real;
#undef ROW

static Dwfl_Callbacks callbacks;

struct binary {
	char *file;
	Dwfl *dwfl;          /* NULL: it cannot be read */
	Dwfl_Module *module;
	Dwarf_Addr bias;
	char build_id[2 * ID_MAX + 1];
};

static struct binary binaries[BINARIES];
static unsigned next;

bool dwarf_open(void)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (!library)
		return false;
#define ROW(name) \
	real.name = (__typeof__(name) *)dlsym(library, #name); \
	if (!real.name) \
		return false;
	FUNCTIONS(ROW)
#undef ROW
	callbacks = (Dwfl_Callbacks){
		.find_elf = real.dwfl_build_id_find_elf,
		.find_debuginfo = real.dwfl_standard_find_debuginfo,
		.section_address = real.dwfl_offline_section_address,
	};
	return true;
}

/* A name from a log may be that of a pipe or a device. */
static int open_file(const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;

	if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static void read_build_id(struct binary *binary)
{
	struct buf out = BUF_ON(binary->build_id);
	const unsigned char *bits;
	GElf_Addr address;
	int len = real.dwfl_module_build_id(binary->module, &bits, &address);

	for (int i = 0; i < len && len <= ID_MAX; i++)
		buf_hex(&out, bits[i], 2);
	buf_cstr(&out);
}

static void read_binary(struct binary *binary)
{
	int fd = open_file(binary->file);

	if (fd < 0)
		return;
	binary->dwfl = real.dwfl_begin(&callbacks);
	binary->module = binary->dwfl ? real.dwfl_report_offline(binary->dwfl, "", binary->file, fd) : NULL;
	if (!binary->module)
		close(fd);
	if (binary->module && real.dwfl_report_end(binary->dwfl, NULL, NULL) == 0 &&
	    real.dwfl_module_getelf(binary->module, &binary->bias))
		read_build_id(binary);
}

/* The row of a file, read when it is new. */
static struct binary *binary_of(const char *file)
{
	struct binary *binary;

	for (unsigned i = 0; i < BINARIES; i++)
		if (binaries[i].file && !strcmp(binaries[i].file, file))
			return &binaries[i];
	binary = &binaries[next++ % BINARIES];
	if (binary->dwfl)
		real.dwfl_end(binary->dwfl);
	free(binary->file);
	*binary = (struct binary){.file = strdup(file)};
	if (binary->file)
		read_binary(binary);
	return binary;
}

bool dwarf_find(const char *file, const char *build_id, uint64_t address, struct dwarf_place *out)
{
	const struct binary *binary = binary_of(file);
	GElf_Off offset = 0;
	Dwfl_Line *line;
	GElf_Sym symbol;

	*out = (struct dwarf_place){0};
	if (!binary->build_id[0] || strcmp(binary->build_id, build_id) != 0)
		return false;
	address += binary->bias;
	out->function = real.dwfl_module_addrinfo(binary->module, address, &offset, &symbol, NULL, NULL, NULL);
	/* The nearest symbol is another function's where this one has none. */
	if (out->function && offset >= symbol.st_size)
		out->function = NULL;
	line = real.dwfl_module_getsrc(binary->module, address);
	if (line) {
		out->file = real.dwfl_lineinfo(line, NULL, &out->line, NULL, NULL, NULL);
		out->directory = real.dwfl_line_comp_dir(line);
	}
	return out->function || out->file;
}

#else

bool dwarf_open(void)
{
	return false;
}

bool dwarf_find(const char *file, const char *build_id, uint64_t address, struct dwarf_place *out)
{
	(void)file, (void)build_id, (void)address;
	*out = (struct dwarf_place){0};
	return false;
}

#endif
