/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What both forms of the report share; see report.h.
 */
#include "tools/report.h"

#include "tools/event_id.h"
#include "tools/rule_text.h"

#include <stdlib.h>
#include <string.h>

const char *const report_coverage[EVENT_COVERAGE_LAST + 1] = {
	[0] = "not told",
	[COVER_HOOKS] = "hooks",
	[COVER_STATIC] = "static: it has no dynamic loader",
	[COVER_SETUID] = "setuid: the loader drops the library",
	[COVER_FOREIGN] = "it uses another libc or architecture",
	[COVER_NO_ENV] = "started without the guard's environment",
	[COVER_NO_LIB] = "the library cannot be reached from there",
	[COVER_NOT_LOADED] = "the library should have been loaded and was not",
};

const char *const report_changes[CHANGE_KIND_COUNT] = {
	[CHANGE_CREATED] = "created",	  [CHANGE_WRITTEN] = "written",	  [CHANGE_DELETED] = "deleted",
	[CHANGE_RENAMED] = "renamed",	  [CHANGE_ATTR] = "attributes",	  [CHANGE_PASSING] = "temporary",
	[CHANGE_ARRIVED] = "new name",
};

static int by_number(uint64_t a, uint64_t b)
{
	return a > b ? -1 : a < b;
}

/* One entry of a sorted table; the array's elements are pointers. */
#define ENTRY(type, at) (*(const struct type *const *)(at))

static int compare_refusals(const void *left, const void *right)
{
	const struct refusal *a = ENTRY(refusal, left), *b = ENTRY(refusal, right);
	int order = by_number(a->count, b->count);

	return order ? order : -by_number(a->first_ns, b->first_ns);
}

static int compare_contacts(const void *left, const void *right)
{
	const struct contact *a = ENTRY(contact, left), *b = ENTRY(contact, right);
	int order = by_number(a->count, b->count);

	return order ? order : strcmp(a->address.data, b->address.data);
}

static int compare_reads(const void *left, const void *right)
{
	const struct read_place *a = ENTRY(read_place, left), *b = ENTRY(read_place, right);
	int order = by_number(a->count, b->count);

	return order ? order : strcmp(a->entry.key.data, b->entry.key.data);
}

#undef ENTRY

static struct table_entry **sorted(const struct table *table, int (*compare)(const void *, const void *))
{
	struct table_entry **entries = table_copy(table);

	if (table->count > 1)
		qsort(entries, table->count, sizeof *entries, compare);
	return entries;
}

struct table_entry **report_refusals(const struct report *report)
{
	return sorted(&report->summary->refusals, compare_refusals);
}

struct table_entry **report_contacts(const struct report *report)
{
	return sorted(&report->summary->contacts, compare_contacts);
}

struct table_entry **report_reads(const struct report *report)
{
	return sorted(&report->summary->reads, compare_reads);
}

struct table_entry **report_files(const struct report *report)
{
	return sorted(&report->summary->files, compare_reads);
}

bool report_is_complete(const struct report *report)
{
	const struct session_view *view = report->view;
	const struct log_damage *damage = &report->damage;

	return view->counts.known && view->counts.lost == 0 && report_uncovered(report) == 0 && !view->info.degraded[0] && damage->bad == 0 &&
	       damage->cut == 0 && damage->missing == 0 && damage->unread == 0 && damage->short_of == 0 &&
	       (damage->torn == 0 || view->info.running) && (view->info.ended_ns != 0 || view->info.running);
}

void report_write_labels(const struct report *report, uint32_t rule, struct buf *out)
{
	const struct table *labels = &report->summary->labels;
	bool any = false;

	for (size_t i = 0; i < labels->count; i++) {
		const struct label *label = (const struct label *)labels->items[i];

		if (label->rule != rule)
			continue;
		if (any)
			buf_char(out, ' ');
		buf_bytes(out, label->entry.key.data, label->entry.key.len);
		any = true;
	}
	if (!any)
		buf_char(out, '?');
}

static bool needs_quotes(struct text word)
{
	for (size_t i = 0; i < word.len; i++) {
		char c = word.data[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c & 0x80 ||
		      (c && strchr("%+,-./:=@_", c))))
			return true;
	}
	return word.len == 0;
}

static void write_word(struct text word, struct buf *out)
{
	if (!needs_quotes(word)) {
		buf_bytes(out, word.data, word.len);
		return;
	}
	buf_char(out, '\'');
	for (size_t i = 0; i < word.len; i++)
		if (word.data[i] == '\'')
			buf_str(out, "'\\''");
		else
			buf_char(out, word.data[i]);
	buf_char(out, '\'');
}

void report_write_words(struct text words, struct buf *out)
{
	const char *at = words.data;
	const char *stop = words.data + words.len;

	while (at < stop) {
		const char *end = memchr(at, '\0', (size_t)(stop - at));

		write_word((struct text){at, (size_t)((end ? end : stop) - at)}, out);
		at = end ? end + 1 : stop;
		if (at < stop)
			buf_char(out, ' ');
	}
}

void report_write_object(const struct refusal *refusal, struct buf *out)
{
	bool network = verb_table[refusal->verb].section == SECTION_NETWORK;
	bool brackets = network && refusal->port && memchr(refusal->object.data, ':', refusal->object.len);

	if (network && refusal->host.len > 0) {
		buf_bytes(out, refusal->host.data, refusal->host.len);
		buf_str(out, " at ");
	}
	buf_str(out, brackets ? "[" : "");
	buf_bytes(out, refusal->object.data, refusal->object.len);
	buf_str(out, brackets ? "]" : "");
	if (network && refusal->port) {
		buf_char(out, ':');
		buf_u64(out, refusal->port);
	}
	if (!network && refusal->argv.len > 0) {
		buf_str(out, ": ");
		report_write_words(refusal->argv, out);
	}
}

void report_write_peer(const struct contact *contact, struct buf *out)
{
	bool brackets = contact->port && memchr(contact->address.data, ':', contact->address.len);

	buf_str(out, brackets ? "[" : "");
	buf_bytes(out, contact->address.data, contact->address.len);
	buf_str(out, brackets ? "]" : "");
	if (contact->port) {
		buf_char(out, ':');
		buf_u64(out, contact->port);
	}
}

void report_write_event(const struct report *report, const struct refusal *refusal, struct buf *out)
{
	event_id_write(report->view->info.id, refusal->segment, refusal->slot, out);
}

void report_write_hint(const struct report *report, const struct refusal *refusal, struct buf *out)
{
	struct rule_text rule = rule_text_of(session_view_policy(report->view), refusal->rule, refusal->verb);
	struct refused refused = {refusal->verb, refusal->object, refusal->host, refusal->port, refusal->argv};

	rule_text_write_hint(&rule, &refused, out);
}

void report_write_refusal(const struct report *report, const struct refusal *refusal, struct buf *out)
{
	struct rule_text rule = rule_text_of(session_view_policy(report->view), refusal->rule, refusal->verb);

	buf_str(out, verb_table[refusal->verb].word);
	buf_str(out, " of ");
	report_write_object(refusal, out);
	buf_str(out, refusal->audit ? " would have been refused by " : " is refused by ");
	if (rule.known || rule.name.len == 0)
		buf_str(out, "rule ");
	rule_text_write_name(&rule, out);
	if (rule.file.len > 0) {
		buf_str(out, " (");
		rule_text_write_place(&rule, out);
		buf_char(out, ')');
	}
	if (rule.reason.len > 0) {
		buf_str(out, ": ");
		buf_bytes(out, rule.reason.data, rule.reason.len);
	}
}

/* ", 3 records lost". */
static void write_number(uint64_t number, const char *one, const char *many, struct buf *out)
{
	if (number == 0)
		return;
	if (out->len > 0)
		buf_str(out, ", ");
	buf_u64(out, number);
	buf_char(out, ' ');
	buf_str(out, number == 1 ? one : many);
}

void report_write_verdict(const struct report *report, struct buf *out)
{
	const uint64_t *outcomes = report->summary->outcomes;
	uint64_t would = outcomes[OUTCOME_WOULD] + outcomes[OUTCOME_WOULD_FAILED];

	write_number(outcomes[OUTCOME_REFUSED], "operation refused", "operations refused", out);
	write_number(would, "operation would have been refused", "operations would have been refused", out);
	if (out->len == 0)
		buf_str(out, "nothing refused");
	buf_str(out, selection_is_all(report->selection) ? "" : " among the events selected");
	buf_str(out, report_is_complete(report) ? "" : ", as far as the guard could see");
}

bool report_has_door(const struct report *report)
{
	return strstr(report->view->info.level, "kernel door") != NULL;
}

void report_write_share(const struct report *report, struct buf *out)
{
	const struct share *share = &report->summary->share;
	unsigned thousandths = share_of_hooks(share);

	buf_u64(out, thousandths / 10);
	buf_char(out, '.');
	buf_u64(out, thousandths % 10);
	buf_str(out, " % of what programs with hooks did (");
	buf_u64(out, share->by_hooks);
	buf_str(out, " of ");
	buf_u64(out, share->by_hooks + share->by_kernel);
	buf_str(out, " records; ");
	buf_u64(out, share->loading);
	buf_str(out, " of their loaders apart)");
}

uint64_t report_unhooked(const struct report *report)
{
	uint64_t counted = report->view->counts.uncovered, told = report->summary->programs.uncovered;

	return counted > told ? counted : told;
}

uint64_t report_uncovered(const struct report *report)
{
	return report_has_door(report) ? 0 : report_unhooked(report);
}

uint64_t report_lost(const struct report *report)
{
	const struct log_damage *damage = &report->damage;
	const struct session_view *view = report->view;

	return view->counts.lost + damage->bad + damage->cut + damage->missing + damage->unread + damage->short_of +
	       (view->info.running ? 0 : damage->torn) + !view->counts.known;
}

void report_write_gaps(const struct report *report, struct buf *out)
{
	const struct log_damage *damage = &report->damage;
	const struct session_view *view = report->view;

	write_number(report_uncovered(report), "program not covered", "programs not covered", out);
	write_number(view->counts.lost, "record lost", "records lost", out);
	if (!view->info.running)
		write_number(damage->torn, "record torn", "records torn", out);
	write_number(damage->bad, "slot damaged", "slots damaged", out);
	write_number(damage->cut, "record cut", "records cut", out);
	write_number(damage->missing, "segment missing", "segments missing", out);
	write_number(damage->unread, "segment unreadable", "segments unreadable", out);
	write_number(damage->short_of, "segment cut short", "segments cut short", out);
	if (!view->counts.known)
		buf_str(out, out->len ? ", losses not known" : "losses not known");
	if (!view->info.running && view->info.ended_ns == 0)
		buf_str(out, out->len ? ", ended unexpectedly" : "ended unexpectedly");
	for (char **sentence = view->info.degraded; *sentence; sentence++) {
		buf_str(out, out->len ? "; weaker: " : "weaker: ");
		buf_str(out, *sentence);
	}
}

void report_write_followed(const struct report *report, struct buf *out)
{
	for (enum verb verb = 0; verb < VERB_COUNT; verb++)
		write_number(report->summary->followed[verb], verb_table[verb].word, verb_table[verb].word, out);
}
