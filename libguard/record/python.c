/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Python's frames; see python.h.
 *
 * Offsets up to 3.12 are those of the released headers on 64-bit machines; they
 * did not change within a minor version. From 3.13 on the interpreter tells its
 * own at the beginning of _PyRuntime.
 */
#include "libguard/record/python.h"

#include "libguard/record/linetable.h"
#include "libguard/record/peek.h"

#include <string.h>

#define WALK_MAX 256   /* frames that are looked at; of a deep recursion the rest is left */
#define NAME_MAX_CHARS 1024
#define LINES_LEN_MAX (256u << 10)

#define ABSENT 0xffffu

/* How a frame says where in its code it is. */
enum position {
	POSITION_BYTES,   /* an int, in bytes */
	POSITION_UNITS,   /* an int, in instructions */
	POSITION_POINTER  /* the instruction's address */
};

/* Offsets in bytes; ABSENT where a version has no such field. */
struct python_layout {
	uint16_t thread_frame;  /* of the thread state: the current frame, or what holds it */
	uint16_t holder_frame;  /* 3.11, 3.12: the current frame in the _PyCFrame */
	uint16_t previous, code, position, owner;
	uint16_t private_code;  /* free-threaded 3.14: not 0 when the thread runs its own copy of the instructions */
	uint16_t first_line, file, name, lines;
	uint16_t instructions;  /* where they begin in the code object */
	uint16_t type;          /* of any object */
	uint16_t text_len, text_state, text_plain, text_wide; /* where an ASCII text begins, and any other */
	uint8_t text_shift;     /* of the kind in the state */
	uint8_t position_kind;  /* enum position */
	uint8_t lines_kind;     /* enum linetable */
	bool frame_is_object;
};

/* Bits of a text's state above the kind, which takes three. */
#define TEXT_COMPACT 0x08u
#define TEXT_ASCII 0x10u

/* Frames of the interpreter itself, between two of the program, have an owner from here on. */
#define OWNER_INTERPRETER 3

/* Bytes objects: the same in all versions. */
#define BYTES_LEN 16
#define BYTES_DATA 32

static const struct python_layout layout_3_8 = {
	.thread_frame = 24, .holder_frame = ABSENT, .previous = 24, .code = 32, .position = 104, .owner = ABSENT,
	.private_code = ABSENT, .first_line = 40, .file = 104, .name = 112, .lines = 120, .type = 8,
	.text_len = 16, .text_state = 32, .text_plain = 48, .text_wide = 72, .text_shift = 2,
	.position_kind = POSITION_BYTES, .lines_kind = LINES_LNOTAB, .frame_is_object = true,
};

static const struct python_layout layout_3_10 = {
	.thread_frame = 24, .holder_frame = ABSENT, .previous = 24, .code = 32, .position = 96, .owner = ABSENT,
	.private_code = ABSENT, .first_line = 40, .file = 104, .name = 112, .lines = 120, .type = 8,
	.text_len = 16, .text_state = 32, .text_plain = 48, .text_wide = 72, .text_shift = 2,
	.position_kind = POSITION_UNITS, .lines_kind = LINES_RANGES, .frame_is_object = true,
};

static const struct python_layout layout_3_11 = {
	.thread_frame = 56, .holder_frame = 8, .previous = 48, .code = 32, .position = 56, .owner = 69,
	.private_code = ABSENT, .first_line = 72, .file = 112, .name = 120, .lines = 136, .instructions = 184, .type = 8,
	.text_len = 16, .text_state = 32, .text_plain = 48, .text_wide = 72, .text_shift = 2,
	.position_kind = POSITION_POINTER, .lines_kind = LINES_LOCATIONS,
};

static const struct python_layout layout_3_12 = {
	.thread_frame = 56, .holder_frame = 0, .previous = 8, .code = 0, .position = 56, .owner = 70,
	.private_code = ABSENT, .first_line = 68, .file = 112, .name = 120, .lines = 136, .instructions = 192, .type = 8,
	.text_len = 16, .text_state = 32, .text_plain = 40, .text_wide = 56, .text_shift = 2,
	.position_kind = POSITION_POINTER, .lines_kind = LINES_LOCATIONS,
};

/*
 * _Py_DebugOffsets as the numbers it is made of: a word "xdebugpy", the version, whether it is free-threaded, then
 * groups of offsets. Two versions differ in what stands in the groups.
 */
#define COOKIE "xdebugpy"
#define RELEASED 0xc0u /* of the version's lowest byte: a candidate or a release; what comes before has other groups */

struct offsets_places {
	uint8_t count;  /* numbers up to the last one we read */
	uint8_t thread, frame, code, object, bytes, text; /* where the groups begin; each begins with a size */
	uint8_t private_code; /* of the frame's group, or 0 */
};

static const struct offsets_places places_3_13 = {71, 19, 28, 34, 44, 64, 67, 0};
static const struct offsets_places places_3_14 = {81, 22, 31, 39, 50, 74, 77, 7};

#define OFFSETS_MAX 81

static bool is_bytes_as_ever(const uint64_t *bytes)
{
	return bytes[1] == BYTES_LEN && bytes[2] == BYTES_DATA;
}

/* The layout that the interpreter tells; false when it is not what we know how to read. */
static bool read_offsets(uintptr_t runtime, unsigned minor, struct python_layout *out)
{
	const struct offsets_places *places = minor == 13 ? &places_3_13 : &places_3_14;
	const uint64_t *thread, *frame, *code, *text;
	uint64_t numbers[OFFSETS_MAX];
	struct peek peek = {0};

	if (!peek_bytes(&peek, runtime, numbers, places->count * sizeof *numbers) ||
	    memcmp(numbers, COOKIE, sizeof *numbers) != 0 || numbers[1] >> 16 != (0x300u | minor) ||
	    (numbers[1] & 0xf0) < RELEASED || !is_bytes_as_ever(numbers + places->bytes))
		return false;
	for (unsigned i = places->thread; i < places->count; i++)
		if (numbers[i] >= ABSENT)
			return false;
	thread = numbers + places->thread;
	frame = numbers + places->frame;
	code = numbers + places->code;
	text = numbers + places->text;
	*out = (struct python_layout){
		.thread_frame = (uint16_t)thread[4],
		.holder_frame = ABSENT,
		.previous = (uint16_t)frame[1],
		.code = (uint16_t)frame[2],
		.position = (uint16_t)frame[3],
		.owner = (uint16_t)frame[5],
		.private_code = ABSENT,
		.file = (uint16_t)code[1],
		.name = (uint16_t)code[2],
		.lines = (uint16_t)code[4],
		.first_line = (uint16_t)code[5],
		.instructions = (uint16_t)code[9],
		.type = (uint16_t)numbers[places->object + 1],
		.text_state = (uint16_t)text[1],
		.text_len = (uint16_t)text[2],
		.text_plain = (uint16_t)text[3],
		.text_wide = (uint16_t)(text[3] + 2 * sizeof(void *)), /* PyCompactUnicodeObject adds a length and a pointer */
		.text_shift = numbers[2] ? 8 : 2,                      /* free-threaded: `interned` takes a whole byte */
		.position_kind = POSITION_POINTER,
		.lines_kind = LINES_LOCATIONS,
	};
	if (numbers[2] && places->private_code)
		out->private_code = (uint16_t)frame[places->private_code];
	return true;
}

/* The minor version of "3.11.2 (main, ...", or 0. */
static unsigned read_minor(const char *version)
{
	unsigned minor = 0;

	if (version[0] != '3' || version[1] != '.')
		return 0;
	for (const char *at = version + 2; *at >= '0' && *at <= '9' && minor < 100; at++)
		minor = minor * 10 + (unsigned)(*at - '0');
	return minor;
}

static const struct python_layout *find_layout(unsigned minor, uintptr_t runtime)
{
	static struct python_layout told;

	switch (minor) {
	case 8:
	case 9:
		return &layout_3_8;
	case 10:
		return &layout_3_10;
	case 11:
		return &layout_3_11;
	case 12:
		return &layout_3_12;
	case 13:
	case 14:
		return runtime && read_offsets(runtime, minor, &told) ? &told : NULL;
	default:
		return NULL;
	}
}

void python_find(void *(*find)(const char *name), struct python *out)
{
	const char *(*version)(void);
	void *thread_state = find("PyGILState_GetThisThreadState");

	*out = (struct python){0};
	if (!thread_state || !peek_works())
		return;
	version = (__typeof__(version))find("Py_GetVersion");
	out->thread_state = (__typeof__(out->thread_state))thread_state;
	out->code_type = (uintptr_t)find("PyCode_Type");
	out->frame_type = (uintptr_t)find("PyFrame_Type");
	out->text_type = (uintptr_t)find("PyUnicode_Type");
	out->bytes_type = (uintptr_t)find("PyBytes_Type");
	if (version && out->code_type && out->frame_type && out->text_type && out->bytes_type)
		out->layout = find_layout(read_minor(version()), (uintptr_t)find("_PyRuntime"));
}

/* One walk. */
struct walk {
	const struct python *python;
	const struct python_layout *layout;
	struct peek peek;
	struct buf *out;
};

static bool has_type(struct walk *walk, uintptr_t object, uintptr_t type)
{
	return object && peek_pointer(&walk->peek, object + walk->layout->type) == type;
}

static int32_t read_int(struct walk *walk, uintptr_t address, int32_t otherwise)
{
	int32_t value;

	return peek_bytes(&walk->peek, address, &value, sizeof value) ? value : otherwise;
}

static void write_utf8(struct buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf_char(out, (char)c);
	} else if (c >= 0xdc80 && c < 0xdd00) {
		buf_char(out, (char)(c - 0xdc00)); /* how Python holds a byte of a file's name that is no text (PEP 383) */
	} else if (c < 0x800) {
		buf_char(out, (char)(0xc0 | c >> 6));
		buf_char(out, (char)(0x80 | (c & 63)));
	} else if (c < 0x10000) {
		buf_char(out, (char)(0xe0 | c >> 12));
		buf_char(out, (char)(0x80 | (c >> 6 & 63)));
		buf_char(out, (char)(0x80 | (c & 63)));
	} else {
		buf_char(out, (char)(0xf0 | (c >> 18 & 7)));
		buf_char(out, (char)(0x80 | (c >> 12 & 63)));
		buf_char(out, (char)(0x80 | (c >> 6 & 63)));
		buf_char(out, (char)(0x80 | (c & 63)));
	}
}

static uint32_t character(uintptr_t data, unsigned kind, size_t i)
{
	switch (kind) {
	case 1:
		return ((const uint8_t *)data)[i];
	case 2:
		return ((const uint16_t *)data)[i];
	default:
		return ((const uint32_t *)data)[i];
	}
}

/* A str object; what could be taken for the end of a frame or of its file is written as '?'. */
static bool write_text(struct walk *walk, uintptr_t object, bool blanks)
{
	const struct python_layout *layout = walk->layout;
	uintptr_t data;
	uint64_t len;
	uint32_t state;
	unsigned kind;

	if (!has_type(walk, object, walk->python->text_type) ||
	    !peek_bytes(&walk->peek, object + layout->text_len, &len, sizeof len) ||
	    !peek_bytes(&walk->peek, object + layout->text_state, &state, sizeof state))
		return false;
	state >>= layout->text_shift;
	kind = state & 7;
	if ((kind != 1 && kind != 2 && kind != 4) || !(state & TEXT_COMPACT) || len == 0 || len > NAME_MAX_CHARS)
		return false;
	data = object + (state & TEXT_ASCII ? layout->text_plain : layout->text_wide);
	if (!peek_is_readable(&walk->peek, data, len * kind))
		return false;
	for (size_t i = 0; i < len; i++) {
		uint32_t c = character(data, kind, i);

		write_utf8(walk->out, c < 0x20 || c == 0x7f || (c == ' ' && !blanks) ? '?' : c);
	}
	return true;
}

/* Bytes from the first instruction to where FRAME is; negative when it has not begun. */
static long find_position(struct walk *walk, uintptr_t frame, uintptr_t code)
{
	const struct python_layout *layout = walk->layout;
	uintptr_t address = frame + layout->position;

	switch (layout->position_kind) {
	case POSITION_BYTES:
		return read_int(walk, address, -1);
	case POSITION_UNITS:
		return 2 * (long)read_int(walk, address, -1);
	default:
		return (long)(peek_pointer(&walk->peek, address) - (code + layout->instructions));
	}
}

static long find_line(struct walk *walk, uintptr_t frame, uintptr_t code, long position)
{
	const struct python_layout *layout = walk->layout;
	uintptr_t lines = peek_pointer(&walk->peek, code + layout->lines);
	uint64_t len;

	if (layout->private_code != ABSENT && read_int(walk, frame + layout->private_code, 1) != 0)
		return 0;
	if (!has_type(walk, lines, walk->python->bytes_type) ||
	    !peek_bytes(&walk->peek, lines + BYTES_LEN, &len, sizeof len) || len > LINES_LEN_MAX ||
	    (len > 0 && !peek_is_readable(&walk->peek, lines + BYTES_DATA, len)))
		return 0;
	return linetable_find((enum linetable)layout->lines_kind, (const unsigned char *)(lines + BYTES_DATA), len,
			      read_int(walk, code + layout->first_line, 0), position);
}

/* "FILE:LINE NAME" behind what is there; nothing when it does not fit or is not what it should be. */
static bool write_frame(struct walk *walk, uintptr_t code, long line)
{
	size_t before = walk->out->len;

	if (before > 0)
		buf_char(walk->out, '\0');
	if (write_text(walk, peek_pointer(&walk->peek, code + walk->layout->file), true)) {
		buf_char(walk->out, ':');
		buf_i64(walk->out, line);
		buf_char(walk->out, ' ');
		if (write_text(walk, peek_pointer(&walk->peek, code + walk->layout->name), false) &&
		    !walk->out->overflow)
			return true;
	}
	walk->out->len = before;
	return false;
}

static uintptr_t first_frame(struct walk *walk)
{
	uintptr_t state = (uintptr_t)walk->python->thread_state();
	uintptr_t frame;

	if (!state)
		return 0;
	frame = peek_pointer(&walk->peek, state + walk->layout->thread_frame);
	if (frame && walk->layout->holder_frame != ABSENT)
		frame = peek_pointer(&walk->peek, frame + walk->layout->holder_frame);
	return frame;
}

/* Does the frame run code of the program? */
static bool is_of_program(struct walk *walk, uintptr_t frame)
{
	uint8_t owner = 0;

	if (walk->layout->owner == ABSENT)
		return true;
	return peek_bytes(&walk->peek, frame + walk->layout->owner, &owner, sizeof owner) && owner < OWNER_INTERPRETER;
}

void python_write_stack(const struct python *python, struct buf *out)
{
	struct walk walk = {.python = python, .layout = python->layout, .out = out};
	uintptr_t frame, code, code_before = 0;
	long line, line_before = 0;
	unsigned told = 0;

	if (!python->layout)
		return;
	frame = first_frame(&walk);
	for (unsigned i = 0; frame && i < WALK_MAX && told < PYTHON_FRAMES_MAX; i++) {
		if (walk.layout->frame_is_object && !has_type(&walk, frame, python->frame_type))
			return;
		if (is_of_program(&walk, frame)) {
			/* From 3.14 on the lowest bits of a reference say how it is counted. */
			code = peek_pointer(&walk.peek, frame + walk.layout->code) & ~(uintptr_t)3;
			if (!has_type(&walk, code, python->code_type))
				return;
			line = find_line(&walk, frame, code, find_position(&walk, frame, code));
			if (code != code_before || line != line_before) {
				if (!write_frame(&walk, code, line))
					return;
				told++;
			}
			code_before = code;
			line_before = line;
		}
		frame = peek_pointer(&walk.peek, frame + walk.layout->previous);
	}
}
