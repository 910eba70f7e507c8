/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two segments of any bytes: read, summed up, told in every form and event by event.
 *
 * The first two bytes say how long the first segment is.
 */
#include "libguard/record/reader.h"

#include "tests/fuzz/fuzz.h"
#include "tools/draft.h"
#include "tools/event_block.h"
#include "tools/fields.h"
#include "tools/replay.h"
#include "tools/report.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yajl/yajl_parse.h>

#define EVENTS_MAX 100000 /* more than any input can hold */

/* All bytes of a text can be read. */
static volatile unsigned bytes_seen;

static void check_event(const struct event *event)
{
	fuzz_demand(event->kind >= 1 && event->kind <= EVENT_KIND_LAST && event->verb < VERB_COUNT &&
			    event->verdict <= EVENT_VERDICT_LAST && event->door <= EVENT_DOOR_LAST &&
			    event->coverage <= EVENT_COVERAGE_LAST && event->count <= EVENT_FIELDS_MAX,
		    "an event has known numbers only");
	for (unsigned i = 0; i < event->count; i++) {
		fuzz_demand(event->values[i].text.len > 0 && event->values[i].field < FIELD_COUNT, "a value is one");
		for (size_t k = 0; k < event->values[i].text.len; k++)
			bytes_seen += (unsigned char)event->values[i].text.data[k];
	}
}

static void check_json(const struct fields *fields, const struct event *event, struct buf *line)
{
	yajl_handle parser = yajl_alloc(NULL, NULL, NULL);

	line->len = 0;
	fields_write(fields, event, line);
	fuzz_demand(!line->overflow, "an event fits into a line");
	fuzz_demand(yajl_parse(parser, (const unsigned char *)line->data, line->len) == yajl_status_ok &&
			    yajl_complete_parse(parser) == yajl_status_ok,
		    "the line is JSON");
	yajl_free(parser);
}

/* Names without what changes, questions for the engine, and a policy of both. */
static void check_draft(struct draft *draft, struct draft_run *run, const struct event *event)
{
	static struct replay_question question;
	const struct rule_text rule = {.number = RULE_DEFAULT, .name = TEXT("default")};

	stable_add(&run->stable, event);
	if (!replay_read(event, &question))
		return;
	draft_want(draft, run, event, &(struct draft_grant){event_get(event, FIELD_EXE), event_get(event, FIELD_ARGV),
							     event->flags & EVENT_FAILED});
	draft_refuse(draft, run, event, &rule);
}

static bool allow_some(void *context, const struct draft_item *item, const char *name)
{
	(void)context;
	return (strlen(name) + item->verbs) % 3 != 0;
}

static void write_draft(struct draft *draft)
{
	static FILE *nowhere;

	nowhere = nowhere ? nowhere : fopen("/dev/null", "we");
	draft_spread(draft, &(struct draft_limit){allow_some, NULL, true});
	draft_write(draft, "", nowhere);
}

static void read_log(struct log_reader *reader, struct summary *summary)
{
	static char line[FIELDS_ROOM_MAX];
	static struct fields forms[FIELDS_FORMS];
	unsigned count = 0;
	struct event event;
	struct draft draft;
	struct draft_run run;

	draft_init(&draft);
	draft_begin(&draft, "/s", "/home/user/project", "/home/user", &run);
	for (int form = 0; form < FIELDS_FORMS; form++)
		if (!forms[form].table)
			fields_open(form, NULL, "x", "h", &forms[form]);

	while (log_reader_next(reader, &event)) {
		fuzz_demand(count++ < EVENTS_MAX, "reading ends");
		check_event(&event);
		summary_add(summary, &event);
		check_draft(&draft, &run, &event);
		for (int form = 0; form < FIELDS_FORMS; form++)
			check_json(&forms[form], &event, &BUF_ON(line));
	}
	/* Once more, as somebody who follows a log does. */
	while (log_reader_next(reader, &event))
		fuzz_demand(count++ < EVENTS_MAX, "reading on ends");
	write_draft(&draft);
	stable_free(&run.stable);
	stable_free(&run.plain);
	draft_free(&draft);
}

/* Also where guardctl is built without the page's script and nobody else writes it. */
static void pack(const struct report *told, struct output *output)
{
	struct event_block *block = event_block_make(told, told->summary->records % 2);

	fuzz_demand(block != NULL, "a log that was read can be read again");
	fuzz_demand(event_block_count(block) + event_block_cut(block) == told->summary->records, "each event is told or counted");
	event_block_write(block, output);
	event_block_free(block);
}

static void report(struct log_reader *reader)
{
	static char *none[] = {NULL};
	static struct output output;
	static char directory[128];
	struct session_view view = {.reader = reader, .policy_fault = "is missing"};
	struct selection selection = SELECTION_ALL;
	struct report told = {.view = &view, .top = 20, .events = 1000, .selection = &selection};
	const char *const *names;
	struct summary summary;
	size_t count;

	if (output.fd == 0)
		output.fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	snprintf(directory, sizeof directory, "%s", fuzz_directory());
	view.info = (struct session_info){.id = (char[]){"x"}, .directory = directory, .policy = (char[]){"p"}, .mode = (char[]){"enforce"},
					  .level = (char[]){"hooks"}, .floor = (char[]){"Landlock"}, .workspace = (char[]){"/home/user/project"},
					  .argv = none, .degraded = none};
	summary_init(&summary, view.info.workspace);
	read_log(reader, &summary);
	told.summary = &summary;
	told.damage = log_reader_damage(reader);
	output.columns = 80;
	names = report_format_names(&count);
	for (size_t i = 0; i < count; i++) {
		const struct report_format *format = report_format_find(names[i]);

		if (format->begin)
			format->begin(&output);
		format->write(&told, &output);
		if (format->end)
			format->end(&output);
	}
	pack(&told, &output);
	output_flush(&output);
	summary_free(&summary);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct log_reader *reader;
	size_t first;

	if (len < 2)
		return 0;
	first = data[0] | (size_t)data[1] << 8;
	data += 2;
	len -= 2;
	first = first < len ? first : len;
	fuzz_put("events-0001.log", data, first);
	fuzz_put("events-0002.log", data + first, len - first);
	if (log_reader_open(fuzz_directory(), &reader) != 0)
		return 0;
	report(reader);
	log_reader_close(reader);
	return 0;
}
