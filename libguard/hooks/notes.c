/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What hooks tell the kernel door; see notes.h.
 */
#include "libguard/hooks/notes.h"

#include "libguard/hooks/self.h"

void notes_add(struct notes *notes, const struct call *call)
{
	if (!guard_has_door() || !call->on || call->refused)
		return;
	for (unsigned i = 0; i < call->count && notes->count < NOTES_MAX; i++) {
		const struct operand *operand = &call->operands[i];

		if (operand->verbs)
			notes->notes[notes->count++] = session_note_leave(&guard.sessions[0], (uint32_t)self_pid(), operand->verbs,
									  operand->object.kind, operand->object.text);
	}
}

void notes_add_fd(struct notes *notes, enum hook hook, int fd, verb_set verbs)
{
	struct call call;

	if (!guard_has_door())
		return;
	call_enter(&call, hook);
	call_fd(&call, fd, verbs);
	if (call.result == 0)
		notes_add(notes, &call);
	/* Decided and recorded when it was opened. */
	for (unsigned i = 0; i < call.count; i++)
		call.operands[i].verbs = 0;
	call_finish(&call);
}

void notes_end(const struct notes *notes)
{
	for (unsigned i = 0; i < notes->count; i++)
		session_note_take_back(&guard.sessions[0], notes->notes[i]);
}
