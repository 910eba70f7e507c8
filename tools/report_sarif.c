/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report as SARIF 2.1.0, for code scanning: a session is a run, a refusal a
 * result. Its location is the line of the policy that refused, its related
 * location the agent's own line.
 *
 * Source: OASIS, Static Analysis Results Interchange Format 2.1.0.
 */
#include "tools/report.h"

#include "tools/escape.h"
#include "tools/json.h"
#include "tools/rule_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX_BYTES (16 * EVENT_SLOT * EVENT_SLOTS_MAX)

static void put_output(void *output, const char *text, size_t len)
{
	output_bytes(output, text, len);
}

static void put_buf(yajl_gen json, const char *key, const struct buf *buf)
{
	json_put_text(json, key, (struct text){buf->data, buf->len});
}

static void open_map(yajl_gen json, const char *key)
{
	json_key(json, key);
	yajl_gen_map_open(json);
}

static void put_message(yajl_gen json, const char *key, struct text text)
{
	static char storage[TEXT_MAX_BYTES];
	struct buf safe = BUF_ON(storage);

	/* Viewers show messages as they are. */
	escape_terminal(text, &safe);
	open_map(json, key);
	put_buf(json, "text", &safe);
	yajl_gen_map_close(json);
}

/* What stands below BASE is told from there, so that it is found in a checkout elsewhere. */
static void put_place(yajl_gen json, struct text file, uint64_t line, struct text base)
{
	static char storage[TEXT_MAX_BYTES];
	struct buf uri = BUF_ON(storage);
	bool inside = base.len > 1 && file.len > base.len && file.data[base.len] == '/' &&
		      !memcmp(file.data, base.data, base.len);

	if (inside)
		file = (struct text){file.data + base.len + 1, file.len - base.len - 1};
	else if (file.data[0] == '/')
		buf_str(&uri, "file://");
	escape_uri(file, &uri);
	open_map(json, "physicalLocation");
	open_map(json, "artifactLocation");
	put_buf(json, "uri", &uri);
	if (inside)
		json_put_string(json, "uriBaseId", "WORKSPACE");
	yajl_gen_map_close(json);
	if (line > 0) {
		open_map(json, "region");
		json_put_number(json, "startLine", line);
		yajl_gen_map_close(json);
	}
	yajl_gen_map_close(json);
}

static bool has_source(const struct refusal *refusal)
{
	return refusal->source.frame.file.len > 0 && refusal->source.frame.file.data[0] != '<';
}

static void put_locations(yajl_gen json, const struct report *report, const struct refusal *refusal,
			  const struct rule_text *rule)
{
	const struct source_frame *frame = &refusal->source.frame;
	struct text base = report->summary->workspace;

	json_key(json, "locations");
	yajl_gen_array_open(json);
	if (rule->file.len > 0 || has_source(refusal)) {
		yajl_gen_map_open(json);
		if (rule->file.len > 0)
			put_place(json, rule->file, rule->line, base);
		else
			put_place(json, frame->file, frame->line, base);
		yajl_gen_map_close(json);
	}
	yajl_gen_array_close(json);
	if (!has_source(refusal))
		return;
	json_key(json, "relatedLocations");
	yajl_gen_array_open(json);
	yajl_gen_map_open(json);
	json_put_number(json, "id", 1);
	put_place(json, frame->file, frame->line, base);
	open_map(json, "message");
	json_put_string(json, "text", refusal->inherited ? "the agent's line that started it" : "the agent's line");
	yajl_gen_map_close(json);
	yajl_gen_map_close(json);
	yajl_gen_array_close(json);
}

static uint64_t hash(uint64_t value, struct text text)
{
	/* FNV-1a; the NUL behind each text keeps neighbours apart. */
	for (size_t i = 0; i <= text.len; i++)
		value = (value ^ (i < text.len ? (unsigned char)text.data[i] : 0)) * 1099511628211u;
	return value;
}

/* What stays the same from run to run: neither times nor pids, nor lines, which move. */
static void put_fingerprint(yajl_gen json, const struct refusal *refusal, struct text rule)
{
	const char *operation = verb_table[refusal->verb].word;
	uint64_t value = hash(14695981039346656037u, (struct text){operation, strlen(operation)});
	char storage[17];

	value = hash(value, rule);
	value = hash(value, refusal->object);
	value = hash(value, refusal->host);
	value = hash(value, refusal->argv);
	value = hash(value, refusal->exe);
	value = hash(value, refusal->source.frame.file);
	value = hash(value, refusal->source.frame.name);
	snprintf(storage, sizeof storage, "%016llx", (unsigned long long)value);
	open_map(json, "partialFingerprints");
	json_put_string(json, "refusal/v1", storage);
	yajl_gen_map_close(json);
}

static void put_result(yajl_gen json, const struct report *report, const struct refusal *refusal)
{
	static char texts[TEXT_MAX_BYTES];
	struct rule_text rule = rule_text_of(session_view_policy(report->view), refusal->rule, refusal->verb);
	char names[512];
	struct buf name = BUF_ON(names), raw = BUF_ON(texts);

	rule_text_write_name(&rule, &name);
	report_write_refusal(report, refusal, &raw);
	yajl_gen_map_open(json);
	put_buf(json, "ruleId", &name);
	json_put_string(json, "level", refusal->audit ? "warning" : "error");
	put_message(json, "message", (struct text){raw.data, raw.len});
	put_locations(json, report, refusal, &rule);
	put_fingerprint(json, refusal, (struct text){name.data, name.len});
	json_put_number(json, "occurrenceCount", refusal->count);
	open_map(json, "properties");
	json_put_string(json, "operation", verb_table[refusal->verb].word);
	json_put_text(json, "object", refusal->object);
	json_put_text(json, "program", refusal->exe);
	raw = BUF_ON(texts);
	report_write_event(report, refusal, &raw);
	put_buf(json, "event", &raw);
	raw = BUF_ON(texts);
	report_write_hint(report, refusal, &raw);
	put_buf(json, "toAllow", &raw);
	yajl_gen_map_close(json);
	yajl_gen_map_close(json);
}

/* Each rule that refused, once. */
static void put_rules(yajl_gen json, const struct report *report, struct table_entry **entries, size_t count)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct table seen;

	table_init(&seen, &arena, sizeof(struct read_place), count + 1);
	json_key(json, "rules");
	yajl_gen_array_open(json);
	for (size_t i = 0; i < count; i++) {
		const struct refusal *refusal = (const struct refusal *)entries[i];
		struct rule_text rule = rule_text_of(session_view_policy(report->view), refusal->rule, refusal->verb);
		char names[512];
		struct buf name = BUF_ON(names);
		struct read_place *place;

		rule_text_write_name(&rule, &name);
		place = table_at(&seen, (struct text){name.data, name.len});
		if (!place || place->count++)
			continue;
		yajl_gen_map_open(json);
		put_buf(json, "id", &name);
		if (rule.reason.len > 0)
			put_message(json, "shortDescription", rule.reason);
		yajl_gen_map_close(json);
	}
	yajl_gen_array_close(json);
	table_free(&seen);
}

static void put_invocation(yajl_gen json, const struct report *report)
{
	const struct session_info *info = &report->view->info;
	char storage[4096];
	struct buf gaps = BUF_ON(storage);

	json_key(json, "invocations");
	yajl_gen_array_open(json);
	yajl_gen_map_open(json);
	/* Of the guard, not of the program it guards. */
	json_put_bool(json, "executionSuccessful", report_is_complete(report));
	json_put_time(json, "startTimeUtc", info->started_ns);
	if (info->ended_ns) {
		json_put_time(json, "endTimeUtc", info->ended_ns);
		json_put_number(json, "exitCode", (uint64_t)info->exit_code);
	}
	report_write_gaps(report, &gaps);
	if (gaps.len > 0) {
		json_key(json, "toolExecutionNotifications");
		yajl_gen_array_open(json);
		yajl_gen_map_open(json);
		json_put_string(json, "level", "warning");
		put_message(json, "message", (struct text){gaps.data, gaps.len});
		yajl_gen_map_close(json);
		yajl_gen_array_close(json);
	}
	yajl_gen_map_close(json);
	yajl_gen_array_close(json);
}

static void put_bases(yajl_gen json, const struct report *report)
{
	static char storage[TEXT_MAX_BYTES];
	struct buf uri = BUF_ON(storage);

	if (report->summary->workspace.len < 2)
		return;
	buf_str(&uri, "file://");
	escape_uri(report->summary->workspace, &uri);
	buf_char(&uri, '/');
	open_map(json, "originalUriBaseIds");
	open_map(json, "WORKSPACE");
	put_buf(json, "uri", &uri);
	yajl_gen_map_close(json);
	yajl_gen_map_close(json);
}

static void write_sarif(const struct report *report, struct output *output)
{
	struct table_entry **entries = report_refusals(report);
	size_t count = report->summary->refusals.count;
	yajl_gen json = yajl_gen_alloc(NULL);

	if (!json)
		exit(fail(EXIT_GUARD, "out of memory"));
	count = count > report->top ? report->top : count;
	output_string(output, report->number > 0 ? "," : "");
	yajl_gen_config(json, yajl_gen_beautify, 1);
	yajl_gen_config(json, yajl_gen_print_callback, put_output, output);
	yajl_gen_map_open(json);
	open_map(json, "tool");
	open_map(json, "driver");
	json_put_string(json, "name", "libguard");
	json_put_string(json, "version", PACKAGE_VERSION);
	put_rules(json, report, entries, count);
	yajl_gen_map_close(json);
	yajl_gen_map_close(json);
	put_invocation(json, report);
	put_bases(json, report);
	json_key(json, "results");
	yajl_gen_array_open(json);
	for (size_t i = 0; i < count; i++)
		put_result(json, report, (const struct refusal *)entries[i]);
	yajl_gen_array_close(json);
	open_map(json, "properties");
	json_put_string(json, "session", report->view->info.id);
	json_put_number(json, "refusalsNotTold", report->summary->refusals.count - count + report->summary->refusals.refused);
	yajl_gen_map_close(json);
	yajl_gen_map_close(json);
	yajl_gen_free(json);
	free(entries);
}

static void begin_sarif(struct output *output)
{
	output_string(output, "{\n  \"$schema\": \"https://json.schemastore.org/sarif-2.1.0.json\",\n"
			      "  \"version\": \"2.1.0\",\n  \"runs\": [\n");
}

static void end_sarif(struct output *output)
{
	output_string(output, "]\n}\n");
}

const struct report_format report_format_sarif = {
	.name = "sarif",
	.ascii = ASCII_JSON,
	.sentence = "SARIF 2.1.0 for code scanning",
	.whole = true,
	.begin = begin_sarif,
	.write = write_sarif,
	.end = end_sarif,
};
