/* SPDX-License-Identifier: Apache-2.0 */
#include "libguard/record/peek.h"
#include "libguard/record/python.h"

#include "tests/unit/suite.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096

static unsigned char *two_pages(int protection_of_second)
{
	unsigned char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CU_ASSERT_TRUE_FATAL(pages != MAP_FAILED);
	CU_ASSERT_EQUAL_FATAL(mprotect(pages + PAGE, PAGE, protection_of_second), 0);
	return pages;
}

static void memory_that_is_there_is_read(void)
{
	unsigned char *pages = two_pages(PROT_READ);
	struct peek peek = {0};
	char out[16];

	CU_ASSERT_TRUE(peek_works());
	memcpy(pages + PAGE - 8, "12345678", 8);
	errno = 7;
	CU_ASSERT_TRUE(peek_bytes(&peek, (uintptr_t)pages + PAGE - 8, out, sizeof out));
	CU_ASSERT_EQUAL(memcmp(out, "12345678\0\0\0\0\0\0\0", 16), 0);
	CU_ASSERT_EQUAL(errno, 7);
	munmap(pages, 2 * PAGE);
}

static void memory_that_is_not_there_is_told(void)
{
	unsigned char *pages = two_pages(PROT_NONE);
	struct peek peek = {0};
	char out[16];

	CU_ASSERT_TRUE(peek_bytes(&peek, (uintptr_t)pages + PAGE - 16, out, sizeof out));
	CU_ASSERT_FALSE(peek_bytes(&peek, (uintptr_t)pages + PAGE - 15, out, sizeof out));
	CU_ASSERT_EQUAL(peek_pointer(&peek, (uintptr_t)pages + PAGE), 0);
	CU_ASSERT_FALSE(peek_is_readable(&peek, 0, 8));
	CU_ASSERT_FALSE(peek_is_readable(&peek, 8, 8));
	CU_ASSERT_FALSE(peek_is_readable(&peek, UINTPTR_MAX - 3, 8));
	CU_ASSERT_FALSE(peek_is_readable(&peek, (uintptr_t)1 << 63, 8));
	CU_ASSERT_FALSE(peek_is_readable(&peek, (uintptr_t)pages, (size_t)1 << 40));
	munmap(pages, 2 * PAGE);
}

/* An interpreter that is none: what its version says, and a thread state full of nonsense. */
static const char *version;
static void *state;
static uint64_t runtime[100];
static char type_of_code, type_of_frame, type_of_text, type_of_bytes;

static void *give_state(void)
{
	return state;
}

static const char *give_version(void)
{
	return version;
}

static void *find_fake(const char *name)
{
	static const struct {
		const char *name;
		void *address;
	} rows[] = {
		{"PyGILState_GetThisThreadState", (void *)(uintptr_t)give_state},
		{"Py_GetVersion", (void *)(uintptr_t)give_version},
		{"PyCode_Type", &type_of_code},
		{"PyFrame_Type", &type_of_frame},
		{"PyUnicode_Type", &type_of_text},
		{"PyBytes_Type", &type_of_bytes},
		{"_PyRuntime", runtime},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (!strcmp(rows[i].name, name))
			return rows[i].address;
	return NULL;
}

static void *find_nothing(const char *name)
{
	(void)name;
	return NULL;
}

static void unknown_versions_are_left_alone(void)
{
	static const char *const versions[] = {"2.7.18 (main)", "3.7.16 (main)", "3.99.0", "3", "", "30.8", "3.13.0 (main)"};
	struct python python;

	python_find(find_nothing, &python);
	CU_ASSERT_PTR_NULL(python.layout);
	memset(runtime, 0, sizeof runtime);
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		version = versions[i];
		python_find(find_fake, &python);
		CU_ASSERT_PTR_NULL(python.layout);
	}
}

static bool tells_nothing(const struct python *python)
{
	char storage[256];
	struct buf out = BUF_ON(storage);

	python_write_stack(python, &out);
	return out.len == 0;
}

/* Whatever lies where a thread state should: no fault, no frame. */
static void nonsense_is_no_stack(void)
{
	static const char *const versions[] = {"3.8.1", "3.9.0", "3.10.4", "3.11.2 (main)", "3.12.0"};
	unsigned char *pages = two_pages(PROT_NONE);

	srandom(2);
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		struct python python;

		version = versions[i];
		python_find(find_fake, &python);
		CU_ASSERT_PTR_NOT_NULL_FATAL(python.layout);
		state = NULL;
		CU_ASSERT_TRUE(tells_nothing(&python));
		state = pages + PAGE - 16;
		CU_ASSERT_TRUE(tells_nothing(&python));
		state = pages;
		for (int round = 0; round < 200; round++) {
			for (size_t at = 0; at < PAGE / 8; at++) {
				uintptr_t inside = (uintptr_t)pages + (uintptr_t)random() % (2 * PAGE);

				((uintptr_t *)(void *)pages)[at] = random() % 3 ? inside & ~(uintptr_t)7 : (uintptr_t)random();
			}
			CU_ASSERT_TRUE(tells_nothing(&python));
		}
	}
	munmap(pages, 2 * PAGE);
}

/* Frames of 3.12, made by hand: the second is the interpreter's own, the third repeats the first. */
static void frames_are_told(void)
{
	static uint64_t thread[8], holder[1], frames[3][9], code[24], file[64], name[64], lines[6];
	char storage[256];
	struct buf out = BUF_ON(storage);
	struct python python;

	version = "3.12.9";
	python_find(find_fake, &python);
	state = thread;
	thread[7] = (uintptr_t)holder;
	holder[0] = (uintptr_t)frames[0];
	for (int i = 0; i < 3; i++) {
		frames[i][0] = (uintptr_t)code;
		frames[i][1] = i < 2 ? (uintptr_t)frames[i + 1] : 0;
		frames[i][7] = (uintptr_t)code + 192 + 2;
		((unsigned char *)frames[i])[70] = i == 1 ? 3 : 0;
	}
	code[1] = (uintptr_t)&type_of_code;
	((int32_t *)code)[17] = 40;
	code[14] = (uintptr_t)file;
	code[15] = (uintptr_t)name;
	code[17] = (uintptr_t)lines;
	file[1] = (uintptr_t)&type_of_text;
	file[2] = 3;
	file[4] = 2u << 2 | 1u << 5; /* two bytes a character, compact */
	memcpy((char *)file + 56, (const uint16_t[]){0xe4, 0x65e5, 0xdcff}, 6);
	name[1] = (uintptr_t)&type_of_text;
	name[2] = 5;
	name[4] = 1u << 2 | 1u << 5 | 1u << 6;
	memcpy((char *)name + 40, "a b\ncde", 7);
	lines[1] = (uintptr_t)&type_of_bytes;
	lines[2] = 5;
	memcpy((char *)lines + 32, (const unsigned char[]){0x80, 0, 0x80 | 12 << 3, 0, 0}, 5);
	python_write_stack(&python, &out);
	CU_ASSERT_EQUAL(out.len, strlen("\u00e4\u65e5\xff:42 a?b?c"));
	CU_ASSERT_EQUAL(memcmp(out.data, "\u00e4\u65e5\xff:42 a?b?c", out.len), 0);
}

static const CU_TestInfo tests[] = {
	{"memory_that_is_there_is_read", memory_that_is_there_is_read},
	{"memory_that_is_not_there_is_told", memory_that_is_not_there_is_told},
	{"unknown_versions_are_left_alone", unknown_versions_are_left_alone},
	{"nonsense_is_no_stack", nonsense_is_no_stack},
	{"frames_are_told", frames_are_told},
	CU_TEST_INFO_NULL,
};

const struct suite python_suite = {"python", tests};
