/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report as JUnit XML, for CI systems that show test results: a session is
 * a suite, a refusal is a test that failed, and one test asks whether the guard
 * could see everything.
 */
#include "tools/report.h"

#include "tools/escape.h"
#include "tools/rule_text.h"
#include "tools/when.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_MAX_BYTES (16 * EVENT_SLOT * EVENT_SLOTS_MAX)

static void put_text(struct output *output, struct text text)
{
	static char storage[TEXT_MAX_BYTES];
	struct buf safe = BUF_ON(storage);

	escape_xml(text, &safe);
	output_bytes(output, safe.data, safe.len);
}

static void put_buf(struct output *output, const struct buf *buf)
{
	put_text(output, (struct text){buf->data, buf->len});
}

static void put_attribute(struct output *output, const char *name, const struct buf *buf)
{
	output_format(output, " %s=\"", name);
	put_buf(output, buf);
	output_string(output, "\"");
}

static void put_refusal(const struct report *report, struct output *output, const struct refusal *refusal)
{
	static char texts[TEXT_MAX_BYTES];
	struct rule_text rule = rule_text_of(session_view_policy(report->view), refusal->rule, refusal->verb);
	char names[512];
	struct buf raw = BUF_ON(texts), name = BUF_ON(names);

	rule_text_write_name(&rule, &name);
	output_string(output, "    <testcase");
	put_attribute(output, "classname", &name);
	buf_str(&raw, verb_table[refusal->verb].word);
	buf_char(&raw, ' ');
	report_write_object(refusal, &raw);
	put_attribute(output, "name", &raw);
	output_string(output, refusal->audit ? "><skipped" : "><failure type=\"refused\"");
	raw = BUF_ON(texts);
	report_write_refusal(report, refusal, &raw);
	put_attribute(output, "message", &raw);
	raw = BUF_ON(texts);
	report_write_event(report, refusal, &raw);
	output_string(output, ">event: ");
	put_buf(output, &raw);
	if (refusal->audit) {
		output_string(output, "</skipped></testcase>\n");
		return;
	}
	output_format(output, "\n%llu times\nprogram: ", (unsigned long long)refusal->count);
	put_text(output, refusal->exe);
	if (refusal->source.frame.file.len > 0) {
		raw = BUF_ON(texts);
		source_write(&refusal->source, report->summary->workspace, &raw);
		output_string(output, "\nsource: ");
		put_buf(output, &raw);
	}
	raw = BUF_ON(texts);
	report_write_hint(report, refusal, &raw);
	if (raw.len > 0) {
		output_string(output, "\nto allow: ");
		put_buf(output, &raw);
	}
	output_string(output, "</failure></testcase>\n");
}

static void put_coverage(const struct report *report, struct output *output)
{
	char storage[4096];
	struct buf gaps = BUF_ON(storage);

	output_string(output, "    <testcase classname=\"guard\" name=\"everything was covered and recorded\"");
	report_write_gaps(report, &gaps);
	if (gaps.len == 0) {
		output_string(output, "/>\n");
		return;
	}
	output_string(output, "><failure type=\"incomplete\"");
	put_attribute(output, "message", &gaps);
	output_string(output, "/></testcase>\n");
}

static void write_junit(const struct report *report, struct output *output)
{
	const struct session_info *info = &report->view->info;
	struct table_entry **entries = report_refusals(report);
	size_t count = report->summary->refusals.count, failures = 0, skipped = 0;
	char storage[4096], times[WHEN_MAX];
	struct buf line = BUF_ON(storage), started = BUF_ON(times);

	count = count > report->top ? report->top : count;
	for (size_t i = 0; i < count; i++)
		skipped += ((const struct refusal *)entries[i])->audit;
	report_write_gaps(report, &line);
	failures = count - skipped + (line.len > 0);
	line = BUF_ON(storage);
	buf_str(&line, info->id);
	when_write_rfc3339(info->started_ns, &started);
	output_string(output, "  <testsuite");
	put_attribute(output, "name", &line);
	put_attribute(output, "timestamp", &started);
	output_format(output, " tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\" time=\"%.3f\">\n", count + 1,
		      failures, skipped,
		      (double)session_view_duration(info, report->summary->last_ns) / 1e9);
	for (size_t i = 0; i < count; i++)
		put_refusal(report, output, (const struct refusal *)entries[i]);
	free(entries);
	put_coverage(report, output);
	line = BUF_ON(storage);
	report_write_verdict(report, &line);
	output_string(output, "    <system-out>");
	put_buf(output, &line);
	output_string(output, "</system-out>\n  </testsuite>\n");
}

static void begin_junit(struct output *output)
{
	output_string(output, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"libguard\">\n");
}

static void end_junit(struct output *output)
{
	output_string(output, "</testsuites>\n");
}

const struct report_format report_format_junit = {
	.name = "junit",
	.ascii = ASCII_XML,
	.sentence = "test results for CI",
	.whole = true,
	.begin = begin_junit,
	.write = write_junit,
	.end = end_junit,
};
