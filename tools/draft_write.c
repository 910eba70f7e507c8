/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A draft as the text of a policy: a rule for each set of operations, its
 * objects one a line with what speaks for them.
 */
#include "tools/draft.h"

#include "tools/escape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_string(FILE *out, const char *text)
{
	static char storage[32 * EVENT_SLOT * EVENT_SLOTS_MAX];
	struct buf string = BUF_ON(storage);

	rule_text_write_string((struct text){text, strlen(text)}, false, &string);
	fwrite(string.data, 1, string.len, out);
}

/* A comment ends with its line, whatever a name holds. */
static void put_comment(FILE *out, const char *text)
{
	struct text rest = {text, strlen(text)};

	while (rest.len > 0) {
		uint32_t code = 0;
		size_t len = utf8_read(rest, &code);

		if (code < 0x20 || code == 0x7f)
			fputc('?', out);
		else
			fwrite(rest.data, 1, len, out);
		len += len == 0;
		rest = (struct text){rest.data + len, rest.len - len};
	}
}

static void put_words(FILE *out, const struct words *words)
{
	fputs(words->count == 1 ? "" : "[", out);
	for (size_t i = 0; i < words->count; i++) {
		fputs(i ? ", " : "", out);
		put_string(out, words->items[i]);
	}
	fputs(words->count == 1 ? "" : "]", out);
}

static void put_verbs(FILE *out, verb_set verbs)
{
	const char *between = "";
	bool many = verbs & (verbs - 1);

	fputs(many ? "allow = [" : "allow = ", out);
	for (unsigned verb = 0; verb < VERB_COUNT; verb++)
		if (verbs & 1u << verb) {
			fprintf(out, "%s\"%s\"", between, verb_table[verb].word);
			between = ", ";
		}
	fputs(many ? "]; " : "; ", out);
}

static void put_evidence(FILE *out, const struct draft *draft, size_t names, uint64_t count, uint32_t runs)
{
	fputs("  # ", out);
	if (names > 1)
		fprintf(out, "%zu names, ", names);
	fprintf(out, "%llux in %d of %u runs\n", (unsigned long long)count, __builtin_popcount(runs), draft->runs);
}

/* Objects that need conditions of their own do not share a rule. */
static bool stands_alone(const struct draft_item *item)
{
	return item->section == SECTION_NETWORK || item->words.count > 0 ||
	       (item->section == SECTION_COMMANDS && !item->any_call && item->calls.count >= 3);
}

/* Which rule an item goes into, then its name. */
static int compare(const void *left, const void *right)
{
	const struct draft_item *a = *(const struct draft_item *const *)left,
				*b = *(const struct draft_item *const *)right;
	int order = (int)a->section - (int)b->section;

	order = order ? order : (int)stands_alone(a) - (int)stands_alone(b);
	order = order ? order : strcmp(a->by, b->by);
	order = order ? order : strcmp(a->word, b->word);
	if (!order && a->verbs != b->verbs)
		order = a->verbs < b->verbs ? -1 : 1;
	return order ? order : strcmp(a->name, b->name);
}

static bool shares_rule(const struct draft_item *a, const struct draft_item *b)
{
	return !stands_alone(a) && !stands_alone(b) && a->section == b->section && a->verbs == b->verbs &&
	       !strcmp(a->word, b->word) && !strcmp(a->by, b->by);
}

/* Numbers, unless there is a range among them: lists of the policy do not mix. */
static void put_ports(FILE *out, const struct words *ports)
{
	bool range = false;

	for (size_t i = 0; i < ports->count; i++)
		range |= strchr(ports->items[i], '-') != NULL;
	fputs(ports->count > 1 ? "port = [" : "port = ", out);
	for (size_t i = 0; i < ports->count; i++)
		fprintf(out, range ? "%s\"%s\"" : "%s%s", i ? ", " : "", ports->items[i]);
	fputs(ports->count > 1 ? "]; " : "; ", out);
}

static void put_conditions(FILE *out, const struct draft_item *item)
{
	if (item->ports.count)
		put_ports(out, &item->ports);
	if (item->words.count) {
		fputs("args = ", out);
		put_words(out, &item->words);
		fputs("; ", out);
	} else if (stands_alone(item) && item->section == SECTION_COMMANDS) {
		fputs("args = \"{", out);
		for (size_t i = 0; i < item->calls.count; i++)
			fprintf(out, "%s%s", i ? "," : "", item->calls.items[i]);
		fputs("}\"; ", out);
	}
	if (*item->by) {
		fputs("by = ", out);
		put_string(out, item->by);
		fputs("; ", out);
	}
}

/* From FIRST on, as many of LEFT items as share a rule; how many those are. */
static size_t put_rule(FILE *out, const struct draft *draft, struct draft_item *const *first, size_t left)
{
	size_t count = 1;

	while (count < left && shares_rule(first[0], first[count]))
		count++;
	fputs("  { ", out);
	put_verbs(out, first[0]->verbs);
	put_conditions(out, first[0]);
	fprintf(out, "%s = ", first[0]->word);
	if (count == 1) {
		put_string(out, first[0]->name);
		fprintf(out, "; }%s", count == left ? "" : ",");
		put_evidence(out, draft, first[0]->names, first[0]->count, first[0]->runs);
		return 1;
	}
	fputs("[\n", out);
	for (size_t i = 0; i < count; i++) {
		fputs("      ", out);
		put_string(out, first[i]->name);
		fputs(i + 1 < count ? "," : "", out);
		put_evidence(out, draft, first[i]->names, first[i]->count, first[i]->runs);
	}
	fprintf(out, "    ]; }%s\n", count == left ? "" : ",");
	return count;
}

static const char *copied_of(const struct draft *draft, size_t number, enum section section)
{
	const char *text = strchr(draft->copied.items[number], '\n'), *word = section_words[section];
	size_t len = (size_t)(text - draft->copied.items[number]);

	return strlen(word) == len && !memcmp(word, draft->copied.items[number], len) ? text + 1 : NULL;
}

static bool has_copied(const struct draft *draft, enum section section)
{
	for (size_t i = 0; i < draft->copied.count; i++)
		if (copied_of(draft, i, section))
			return true;
	return false;
}

static void put_copied(FILE *out, const struct draft *draft, enum section section, bool more)
{
	size_t last = 0;

	for (size_t i = 0; i < draft->copied.count; i++)
		last = copied_of(draft, i, section) ? i : last;
	for (size_t i = 0; i < draft->copied.count; i++) {
		const char *text = copied_of(draft, i, section);

		if (text)
			fprintf(out, "  %s%s  # of the ceiling\n", text, more || i < last ? "," : "");
	}
}

static void put_refusals(FILE *out, const struct draft *draft, enum section section)
{
	const char *word = section_words[section];

	for (size_t i = 0; i < draft->refusals.count; i++) {
		const struct draft_refusal *refusal = (const struct draft_refusal *)draft->refusals.items[i];
		const char *rule = strchr(refusal->hint, '{');

		if (strncmp(refusal->hint, word, strlen(word)) != 0 || !rule)
			continue;
		fputs("# ", out);
		put_comment(out, rule);
		fprintf(out, ",\n#   refused %llux in %d of %u runs by ", (unsigned long long)refusal->count,
			__builtin_popcount(refusal->runs), draft->runs);
		put_comment(out, refusal->why);
		fputc('\n', out);
	}
}

static size_t drop_equal(struct draft_item **items, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (kept && shares_rule(items[kept - 1], items[i]) && !strcmp(items[kept - 1]->name, items[i]->name))
			continue;
		items[kept++] = items[i];
	}
	return kept;
}

void draft_write(const struct draft *draft, const char *head, FILE *out)
{
	struct draft_item **items = (struct draft_item **)table_copy(&draft->items);
	size_t count = 0;

	for (size_t i = 0; i < draft->items.count; i++)
		if (items[i]->verbs)
			items[count++] = items[i];
	if (count > 1)
		qsort(items, count, sizeof *items, compare);
	count = drop_equal(items, count);
	fputs(head, out);
	fputs("version  = 1;\nprofiles = ", out);
	put_words(out, &draft->profiles);
	fputs(";\n", out);
	if (draft->without.count) {
		fputs("without  = ", out);
		put_words(out, &draft->without);
		fputs(";\n", out);
	}
	fputs("default  = { files = \"deny\"; network = \"deny\"; commands = \"deny\"; process = \"deny\"; };\n", out);
	for (size_t at = 0, section = 0; section < SECTION_COUNT; section++) {
		size_t end = at;

		while (end < count && items[end]->section == section)
			end++;
		if (end > at || has_copied(draft, (enum section)section)) {
			fprintf(out, "\n%s = (\n", section_words[section]);
			put_copied(out, draft, (enum section)section, end > at);
			while (at < end)
				at += put_rule(out, draft, items + at, end - at);
			fputs(");\n", out);
		}
		put_refusals(out, draft, (enum section)section);
	}
	free(items);
}
