/* SPDX-License-Identifier: Apache-2.0 */
#include "libguard/session/note.h"

#include "tests/unit/suite.h"

#define FILE_NAME TEXT("/work/file")
#define READ_AND_WRITE (VERB_SET(READ) | VERB_SET(WRITE))

static struct session_state state;
static struct session session = {.state = &state};

static uint32_t parent(void)
{
	return 7;
}

static uint32_t nobody(void)
{
	return 0;
}

static bool is_left(uint32_t pid, uint32_t (*of)(void), verb_set verbs, enum object_kind kind, struct text name)
{
	return session_note_is_left(&session, pid, of, verbs, kind, name);
}

static void a_note_is_about_one_object_of_one_process(void)
{
	uint64_t note = session_note_leave(&session, 7, READ_AND_WRITE, OBJECT_PATH, FILE_NAME);

	CU_ASSERT_TRUE(is_left(7, nobody, VERB_SET(READ), OBJECT_PATH, FILE_NAME));
	CU_ASSERT_TRUE(is_left(8, parent, VERB_SET(WRITE), OBJECT_PATH, FILE_NAME));
	CU_ASSERT_FALSE(is_left(8, nobody, VERB_SET(READ), OBJECT_PATH, FILE_NAME));
	CU_ASSERT_FALSE(is_left(7, nobody, VERB_SET(READ), OBJECT_PATH, TEXT("/work/files")));
	CU_ASSERT_FALSE(is_left(7, nobody, VERB_SET(READ), OBJECT_PROGRAM, FILE_NAME));
	CU_ASSERT_FALSE(is_left(7, nobody, VERB_SET(READ) | VERB_SET(DELETE), OBJECT_PATH, FILE_NAME));
	session_note_take_back(&session, note);
	CU_ASSERT_FALSE(is_left(7, nobody, VERB_SET(READ), OBJECT_PATH, FILE_NAME));
}

static void a_program_uses_its_note_up(void)
{
	uint64_t first = session_note_leave(&session, 7, VERB_SET(EXEC), OBJECT_PROGRAM, FILE_NAME);
	uint64_t second = session_note_leave(&session, 7, VERB_SET(EXEC), OBJECT_PROGRAM, FILE_NAME);

	CU_ASSERT_TRUE(is_left(8, parent, VERB_SET(EXEC), OBJECT_PROGRAM, FILE_NAME));
	CU_ASSERT_TRUE(is_left(9, parent, VERB_SET(EXEC), OBJECT_PROGRAM, FILE_NAME));
	CU_ASSERT_FALSE(is_left(8, parent, VERB_SET(EXEC), OBJECT_PROGRAM, FILE_NAME));
	session_note_take_back(&session, first);
	session_note_take_back(&session, second);
}

static void a_note_taken_back_late_takes_no_other(void)
{
	uint64_t old = session_note_leave(&session, 7, VERB_SET(READ), OBJECT_PATH, FILE_NAME), fresh = 0;

	for (unsigned i = 0; i < SESSION_NOTES; i++)
		fresh = session_note_leave(&session, 7, VERB_SET(READ), OBJECT_PATH, FILE_NAME);
	session_note_take_back(&session, old);
	for (unsigned i = 0; i < SESSION_NOTES; i++)
		CU_ASSERT_NOT_EQUAL(atomic_load(&state.notes[i].key), 0);
	session_note_take_back(&session, fresh);
	for (unsigned i = 0; i < SESSION_NOTES; i++)
		atomic_store(&state.notes[i].key, 0);
}

static const CU_TestInfo tests[] = {
	{"a_note_is_about_one_object_of_one_process", a_note_is_about_one_object_of_one_process},
	{"a_program_uses_its_note_up", a_program_uses_its_note_up},
	{"a_note_taken_back_late_takes_no_other", a_note_taken_back_late_takes_no_other},
	CU_TEST_INFO_NULL,
};

const struct suite note_suite = {"note", tests};
