/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refusals as annotations of a GitHub workflow: at the agent's source line where
 * it is known, else without a place. GitHub shows ten of each kind for a step.
 *
 * Source: GitHub, workflow commands.
 */
#include "tools/report.h"

#include "tools/escape.h"

#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES (12 * EVENT_SLOT * EVENT_SLOTS_MAX)

static struct text below(struct text path, struct text base)
{
	if (base.len > 1 && path.len > base.len && path.data[base.len] == '/' && !memcmp(path.data, base.data, base.len))
		return (struct text){path.data + base.len + 1, path.len - base.len - 1};
	return path;
}

static void put_message(struct output *output, const struct buf *raw)
{
	static char storage[LINE_MAX_BYTES];
	struct buf message = BUF_ON(storage);

	escape_github((struct text){raw->data, raw->len}, false, &message);
	output_bytes(output, message.data, message.len);
	output_string(output, "\n");
}

static void put_refusal(const struct report *report, struct output *output, const struct refusal *refusal)
{
	static char texts[LINE_MAX_BYTES], files[LINE_MAX_BYTES];
	struct buf raw = BUF_ON(texts), file = BUF_ON(files);
	const struct source_frame *frame = refusal->source.caller.file.len ? &refusal->source.caller
									   : &refusal->source.frame;

	output_string(output, refusal->audit ? "::warning " : "::error ");
	if (frame->file.len > 0 && frame->line > 0) {
		escape_github(below(frame->file, report->summary->workspace), true, &file);
		output_string(output, "file=");
		output_bytes(output, file.data, file.len);
		output_format(output, ",line=%llu,", (unsigned long long)frame->line);
	}
	output_format(output, "title=libguard %s %s::", refusal->audit ? "would refuse" : "refused",
		      verb_table[refusal->verb].word);
	report_write_refusal(report, refusal, &raw);
	if (refusal->count > 1) {
		buf_str(&raw, " (");
		buf_u64(&raw, refusal->count);
		buf_str(&raw, " times)");
	}
	raw.overflow = false;
	buf_str(&raw, "; event ");
	report_write_event(report, refusal, &raw);
	buf_str(&raw, "; to allow: ");
	report_write_hint(report, refusal, &raw);
	put_message(output, &raw);
}

static void write_github(const struct report *report, struct output *output)
{
	struct table_entry **entries = report_refusals(report);
	size_t count = report->summary->refusals.count;
	char storage[4096];
	struct buf gaps = BUF_ON(storage);

	for (size_t i = 0; i < count && i < report->top; i++)
		put_refusal(report, output, (const struct refusal *)entries[i]);
	free(entries);
	if (count > report->top)
		output_format(output, "::notice title=libguard::%zu more refusals are not annotated\n", count - report->top);
	report_write_gaps(report, &gaps);
	if (gaps.len > 0) {
		output_string(output, "::warning title=libguard could not see all::");
		put_message(output, &gaps);
	}
}

const struct report_format report_format_github = {
	.name = "github",
	.ascii = ASCII_BRACES,
	.sentence = "annotations of a GitHub workflow",
	.write = write_github,
};
