/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which file the loader will take; see library.h.
 */
#include "libguard/hooks/library.h"

#include "libguard/core/buf.h"
#include "libguard/core/sys.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>

#define DIRECTORIES_CAP 16384 /* bytes of the loader's list of directories */

/* /etc/ld.so.cache since glibc 2.2; numbers are the machine's. */
struct cache_head {
	char magic[20]; /* "glibc-ld.so.cache1.1" */
	uint32_t count;
	uint32_t strings_len;
	uint32_t unused[5];
};

struct cache_row {
	int32_t flags;
	uint32_t name, file; /* offsets from the head */
	uint32_t unused;
	uint64_t abilities;
};

#if defined(__x86_64__)
#define OUR_LIBRARIES 0x0303
#else
#define OUR_LIBRARIES 0x0a03
#endif

static bool has_soname(const struct link_map *object, const char *name)
{
	const char *strings = NULL;
	ElfW(Addr) soname = 0;
	bool named = false;

	for (const ElfW(Dyn) *at = object->l_ld; at && at->d_tag != DT_NULL; at++) {
		if (at->d_tag == DT_STRTAB)
			strings = (const char *)(at->d_un.d_ptr < object->l_addr ? at->d_un.d_ptr + object->l_addr
										   : at->d_un.d_ptr);
		else if (at->d_tag == DT_SONAME)
			named = true, soname = at->d_un.d_val;
	}
	return named && strings && strcmp(strings + soname, name) == 0;
}

static bool is_loaded(const char *name)
{
	for (const struct link_map *object = _r_debug.r_map; object; object = object->l_next)
		if (strcmp(object->l_name, name) == 0 || has_soname(object, name))
			return true;
	return false;
}

static bool is_there(const char *name)
{
	return sys_faccessat(AT_FDCWD, name, R_OK) == 0;
}

static bool search_cache(const char *name, char out[PATH_NAME_CAP])
{
	int fd = sys_open("/etc/ld.so.cache", O_RDONLY | O_CLOEXEC, 0);
	const struct cache_head *head;
	const struct cache_row *rows;
	struct stat status;
	bool found = false;
	size_t size;

	if (fd < 0)
		return false;
	if (sys_fstat(fd, &status) != 0 || (size_t)status.st_size < sizeof *head) {
		sys_close(fd);
		return false;
	}
	size = (size_t)status.st_size;
	head = sys_mmap(size, PROT_READ, MAP_PRIVATE, fd, 0);
	sys_close(fd);
	if (sys_failed(head))
		return false;
	rows = (const void *)(head + 1);
	if (!memcmp(head->magic, "glibc-ld.so.cache1.1", sizeof head->magic) &&
	    head->count <= (size - sizeof *head) / sizeof *rows) {
		for (uint32_t i = 0; i < head->count && !found; i++) {
			const char *text = (const char *)head;

			/* The file ends in a NUL, so any offset within it is a text. */
			if (rows[i].flags != OUR_LIBRARIES || rows[i].name >= size || rows[i].file >= size ||
			    text[size - 1] != '\0' || strcmp(text + rows[i].name, name) != 0)
				continue;
			found = strlen(text + rows[i].file) < PATH_NAME_CAP;
			if (found)
				memcpy(out, text + rows[i].file, strlen(text + rows[i].file) + 1);
		}
	}
	sys_munmap((void *)(uintptr_t)head, size);
	return found && is_there(out);
}

static bool search_directories(const char *name, struct link_map *object, char out[PATH_NAME_CAP])
{
	_Alignas(Dl_serinfo) char storage[DIRECTORIES_CAP];
	Dl_serinfo *list = (void *)storage, size;
	bool cache = false;

	if (dlinfo(object, RTLD_DI_SERINFOSIZE, &size) != 0 || size.dls_size > sizeof storage)
		return false;
	list->dls_size = size.dls_size;
	list->dls_cnt = size.dls_cnt;
	if (dlinfo(object, RTLD_DI_SERINFO, list) != 0)
		return false;
	for (unsigned i = 0; i < list->dls_cnt; i++) {
		struct buf buf = {.data = out, .cap = PATH_NAME_CAP};

		if ((list->dls_serpath[i].dls_flags & LA_SER_DEFAULT) && !cache) {
			cache = true;
			if (search_cache(name, out))
				return true;
		}
		buf_str(&buf, list->dls_serpath[i].dls_name);
		buf_char(&buf, '/');
		buf_str(&buf, name);
		buf_cstr(&buf);
		if (!buf.overflow && is_there(out))
			return true;
	}
	return !cache && search_cache(name, out);
}

static struct link_map *object_of(const void *address)
{
	struct link_map *object = NULL;
	Dl_info info;

	if (dladdr1(address, &info, (void **)&object, RTLD_DL_LINKMAP) == 0 || !object)
		object = _r_debug.r_map;
	return object;
}

/* "$ORIGIN/libx.so": the directory of the object that calls. */
static bool expand_origin(const char *name, const struct link_map *object, char out[PATH_NAME_CAP])
{
	struct buf buf = {.data = out, .cap = PATH_NAME_CAP};
	size_t skip = strncmp(name, "${ORIGIN}", 9) == 0 ? 9 : (strncmp(name, "$ORIGIN", 7) == 0 ? 7 : 0);
	const char *last = strrchr(object->l_name, '/');
	char exe[PATH_NAME_CAP];
	const char *file = object->l_name;

	if (skip == 0)
		return false;
	if (!last) {
		ssize_t len = sys_readlinkat(AT_FDCWD, "/proc/self/exe", exe, sizeof exe - 1);

		exe[len > 0 ? len : 0] = '\0';
		file = exe;
		last = strrchr(exe, '/');
	}
	if (!last)
		return false;
	buf_bytes(&buf, file, (size_t)(last - file));
	buf_str(&buf, name + skip);
	buf_cstr(&buf);
	return !buf.overflow;
}

bool library_find(const char *name, const void *caller, char out[PATH_NAME_CAP])
{
	struct buf buf = {.data = out, .cap = PATH_NAME_CAP};

	if (is_loaded(name))
		return false;
	if (!strchr(name, '/'))
		return search_directories(name, object_of(caller), out);
	if (expand_origin(name, object_of(caller), out))
		return true;
	buf_str(&buf, name);
	buf_cstr(&buf);
	return !buf.overflow;
}
