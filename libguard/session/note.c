/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notes of hooks to the kernel door; see note.h.
 */
#include "libguard/session/note.h"

/* The upper part tells the object, the lower one this note from all others. */
#define NUMBER_BITS 20
#define NUMBER_MASK ((UINT64_C(1) << NUMBER_BITS) - 1)

static uint64_t hash_of(enum object_kind kind, struct text name)
{
	uint64_t hash = UINT64_C(14695981039346656037) ^ (unsigned)kind;

	for (size_t i = 0; i < name.len; i++)
		hash = (hash ^ (unsigned char)name.data[i]) * UINT64_C(1099511628211);
	hash ^= hash >> 29;
	return hash & ~NUMBER_MASK;
}

uint64_t session_note_leave(struct session *session, uint32_t pid, verb_set verbs, enum object_kind kind, struct text name)
{
	uint32_t number = atomic_fetch_add_explicit(&session->state->next_note, 1, memory_order_relaxed);
	/* 0 is no note. */
	uint64_t key = hash_of(kind, name) | (number & (NUMBER_MASK >> 1)) << 1 | 1;
	struct session_note *note = &session->state->notes[number % SESSION_NOTES];

	/* The oldest gives way: its call is then recorded twice. */
	atomic_store_explicit(&note->key, 0, memory_order_relaxed);
	atomic_store_explicit(&note->pid, pid, memory_order_release);
	atomic_store_explicit(&note->verbs, verbs, memory_order_relaxed);
	atomic_store_explicit(&note->key, key, memory_order_release);
	return key;
}

void session_note_take_back(struct session *session, uint64_t key)
{
	struct session_note *note = &session->state->notes[(key & NUMBER_MASK) >> 1 & (SESSION_NOTES - 1)];

	atomic_compare_exchange_strong_explicit(&note->key, &key, 0, memory_order_relaxed, memory_order_relaxed);
}

bool session_note_is_left(struct session *session, uint32_t pid, uint32_t (*parent)(void), verb_set verbs, enum object_kind kind,
			  struct text name)
{
	uint64_t hash = 0;

	for (unsigned i = 0; i < SESSION_NOTES; i++) {
		struct session_note *note = &session->state->notes[i];
		uint64_t key = atomic_load_explicit(&note->key, memory_order_acquire);
		uint32_t whose;

		if (key == 0 || (verbs & ~atomic_load_explicit(&note->verbs, memory_order_relaxed)))
			continue;
		if (hash == 0)
			hash = hash_of(kind, name);
		if ((key & ~NUMBER_MASK) != hash)
			continue;
		whose = atomic_load_explicit(&note->pid, memory_order_relaxed);
		if (whose == 0 || (whose != pid && whose != parent()))
			continue;
		if (!(verbs & (VERB_SET(EXEC) | VERB_SET(LOAD))) ||
		    atomic_compare_exchange_strong_explicit(&note->key, &key, 0, memory_order_acquire, memory_order_relaxed))
			return true;
	}
	return false;
}
