/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/policy_notes.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static void PRINTF(5, 0) add(struct notes *notes, const char *file, unsigned line, bool warning, const char *format,
		va_list arguments)
{
	char text[2048];

	if (notes->count == notes->room) {
		unsigned room = notes->room ? 2 * notes->room : 16;
		struct note *list = arena_take(notes->arena, room * sizeof(*list));

		if (notes->count > 0)
			memcpy(list, notes->list, notes->count * sizeof(*list));
		notes->list = list;
		notes->room = room;
	}
	vsnprintf(text, sizeof(text), format, arguments);
	notes->list[notes->count] = (struct note){
		.file = file,
		.line = line,
		.number = notes->count,
		.warning = warning,
		.text = arena_text(notes->arena, text, strlen(text)),
	};
	notes->count++;
	if (warning)
		notes->warnings++;
	else
		notes->errors++;
}

void notes_error(struct notes *notes, const char *file, unsigned line, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add(notes, file, line, false, format, arguments);
	va_end(arguments);
}

void notes_warning(struct notes *notes, const char *file, unsigned line, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add(notes, file, line, true, format, arguments);
	va_end(arguments);
}

/* Files in the order in which they were first complained about, lines upwards, one line's notes as they came. */
static int by_place(const void *left, const void *right)
{
	const struct note *a = left, *b = right;

	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

static void print(const struct note *note, FILE *out)
{
	if (note->line > 0)
		fprintf(out, "%s:%u: ", note->file, note->line);
	else
		fprintf(out, "%s: ", note->file);
	if (note->warning)
		fputs("warning: ", out);
	for (const char *c = note->text; *c; c++) {
		unsigned char byte = (unsigned char)*c;

		if (byte < 0x20 || byte == 0x7f)
			fprintf(out, "\\x%02x", byte);
		else
			fputc(byte, out);
	}
	fputc('\n', out);
}

void notes_print(struct notes *notes, FILE *errors, FILE *warnings)
{
	struct words files = {0};

	for (unsigned i = 0; i < notes->count; i++)
		words_add_new(notes->arena, &files, notes->list[i].file);
	if (notes->count > 0)
		qsort(notes->list, notes->count, sizeof(*notes->list), by_place);
	for (size_t f = 0; f < files.count; f++)
		for (unsigned i = 0; i < notes->count; i++) {
			const struct note *note = &notes->list[i];
			FILE *out = note->warning ? warnings : errors;

			if (out && !strcmp(note->file, files.items[f]))
				print(note, out);
		}
}
