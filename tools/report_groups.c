/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Grouping refusals; see report_groups.h.
 */
#include "tools/report_groups.h"

#include "tools/rule_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define KEY_MAX (EVENT_SLOT * EVENT_SLOTS_MAX + 256)

static const char *const words[] = {
	[GROUP_BY_RULE] = "rule",           [GROUP_BY_PROGRAM] = "program", [GROUP_BY_OBJECT] = "object",
	[GROUP_BY_OPERATION] = "operation", [GROUP_BY_SOURCE] = "source",
};

int report_read_group_by(const char *word, enum report_group_by *out)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (words[i] && !strcmp(words[i], word)) {
			*out = (enum report_group_by)i;
			return 0;
		}
	return -EINVAL;
}

static void write_key(const struct report *report, const struct refusal *refusal, struct buf *key)
{
	struct rule_text rule = rule_text_of(session_view_policy(report->view), refusal->rule, refusal->verb);
	const char *operation = verb_table[refusal->verb].word;

	switch (report->group_by) {
	case GROUP_BY_CAUSE:
		buf_u64(key, refusal->rule);
		buf_char(key, ' ');
		buf_str(key, operation);
		break;
	case GROUP_BY_RULE:
		rule_text_write_name(&rule, key);
		break;
	case GROUP_BY_PROGRAM:
		buf_bytes(key, refusal->exe.data, refusal->exe.len);
		break;
	case GROUP_BY_OBJECT:
		buf_bytes(key, refusal->object.data, refusal->object.len);
		break;
	case GROUP_BY_OPERATION:
		buf_str(key, operation);
		break;
	case GROUP_BY_SOURCE:
		if (refusal->source.frame.file.len > 0)
			source_write(&refusal->source, report->summary->workspace, key);
		break;
	}
	if (key->len == 0)
		buf_str(key, "not known");
	/* Behind the words, and cut off below. */
	buf_char(key, refusal->audit ? 'w' : 'r');
}

static int compare(const void *left, const void *right)
{
	const struct report_group *a = *(const struct report_group *const *)left;
	const struct report_group *b = *(const struct report_group *const *)right;

	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return a->first->refusal->first_ns < b->first->refusal->first_ns ? -1 : 1;
}

void report_groups_make(const struct report *report, struct arena *arena, struct report_groups *out)
{
	size_t count = report->summary->refusals.count;
	struct table_entry **refusals = report_refusals(report);

	table_init(&out->table, arena, sizeof(struct report_group), count + 1);
	for (size_t i = 0; i < count; i++) {
		const struct refusal *refusal = (const struct refusal *)refusals[i];
		struct report_group_row *row = arena_take(arena, sizeof *row);
		char storage[KEY_MAX];
		struct buf key = BUF_ON(storage);
		struct report_group *group;

		write_key(report, refusal, &key);
		group = table_at(&out->table, (struct text){key.data, key.len});
		if (!group)
			continue;
		row->refusal = refusal;
		group->audit = refusal->audit;
		group->count += refusal->count;
		group->size++;
		if (group->last)
			group->last->next = row;
		else
			group->first = row;
		group->last = row;
	}
	free(refusals);
	out->sorted = table_copy(&out->table);
	if (out->table.count > 1)
		qsort(out->sorted, out->table.count, sizeof *out->sorted, compare);
	for (size_t i = 0; i < out->table.count; i++)
		out->sorted[i]->key.len--;
}

void report_groups_free(struct report_groups *groups)
{
	free(groups->sorted);
	table_free(&groups->table);
}
