/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names as strangers chose them, made safe to show.
 *
 * A file name may hold any byte but '/' and NUL: line ends that forge a line of
 * the report, escape sequences that command the terminal, text that runs from
 * right to left over its neighbours, bytes that are no UTF-8. Whoever prints a
 * name sends it through here. Pure: no allocation, no locale.
 */
#pragma once

#include "libguard/core/base.h"
#include "libguard/core/buf.h"

/*
 * The character that TEXT begins with.
 *
 *   code  its code point
 *
 * Returns its length in bytes, or 0 when the bytes are no UTF-8 (overlong forms, surrogates and what lies beyond
 * U+10FFFF included) or TEXT is empty.
 *
 * Source: RFC 3629.
 */
size_t utf8_read(struct text text, uint32_t *code) MUST_CHECK NONNULL;

/* Where the first byte stands that is no UTF-8; TEXT's length when there is none. */
size_t utf8_find_broken(struct text text) MUST_CHECK;

/*
 * Write TEXT for a terminal: one line, no byte that acts.
 *
 * Control characters become \n, \t, \r or \xNN, bytes that are no UTF-8 \xNN, invisible and direction-changing
 * characters \u{NNNN}, a backslash two. Everything else stays. At most four times the bytes of TEXT.
 */
void escape_terminal(struct text text, struct buf *out) NONNULL;

/* Does TEXT hold nothing but characters from blank to '~', no quotes or backslashes? Then it is the same in every form. */
bool escape_is_plain(struct text text) MUST_CHECK;

/*
 * Write TEXT as a JSON string with its quotes. Bytes that are no UTF-8 become U+FFFD each; everything else is kept.
 * At most six times the bytes of TEXT and two.
 *
 * Source: RFC 8259.
 */
void escape_json(struct text text, struct buf *out) NONNULL;

/* Write TEXT as valid UTF-8 without any quoting: bytes that are none become U+FFFD each. At most three times TEXT. */
void escape_utf8(struct text text, struct buf *out) NONNULL;

/* Columns that TEXT, as escape_terminal wrote it, takes on a terminal; wide characters count two, combining none. */
size_t escape_columns(struct text text) MUST_CHECK;

/*
 * Write TEXT, as escape_terminal wrote it, cut in the middle ("/home/u/…/x.c") so that it takes at most COLUMNS
 * columns. Both ends of a path tell more than its middle.
 */
void escape_cut(struct text text, size_t columns, struct buf *out) NONNULL;

/* TEXT as escape_terminal writes it, and then as a field of CSV in its quotes; what a spreadsheet would take for a
 * formula gets an apostrophe in front. Source: RFC 4180; OWASP, CSV injection. */
void escape_csv(struct text text, struct buf *out) NONNULL;

/* TEXT as escape_terminal writes it, and then for XML or HTML text or an attribute in double quotes. Source: XML 1.0,
 * 2.2; HTML, 13.2.5. */
void escape_xml(struct text text, struct buf *out) NONNULL;

/* TEXT as escape_terminal writes it, and then for Markdown inside a line, also in a table: nothing of it is markup,
 * HTML or a link. Source: GitHub Flavored Markdown, 2.5. */
void escape_markdown(struct text text, struct buf *out) NONNULL;

/* TEXT as escape_terminal writes it, and then for the data or (PROPERTY) a property of a GitHub workflow command. */
void escape_github(struct text text, bool property, struct buf *out) NONNULL;

/* The path TEXT as the path of a URI. Source: RFC 3986. */
void escape_uri(struct text text, struct buf *out) NONNULL;
