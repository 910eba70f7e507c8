/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/drift.h"

#include <stdlib.h>
#include <string.h>

const char *const drift_words[3] = {"new", "gone", "changed"};

struct text drift_name(const struct drift_row *row)
{
	return (row->run ? row->run : row->base)->entry.key;
}

static int by_name(const void *left, const void *right)
{
	struct text a = drift_name(left), b = drift_name(right);
	int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);

	return order ? order : a.len > b.len ? 1 : a.len < b.len ? -1 : 0;
}

static void add(struct drift_list *list, enum drift_kind kind, const struct inventory_item *base,
		const struct inventory_item *run)
{
	list->rows[list->count++] = (struct drift_row){kind, base, run};
}

static void compare(struct drift *drift, enum inventory_list number)
{
	const struct table *base = &drift->base.lists[number], *run = &drift->run.lists[number];
	struct drift_list *list = &drift->lists[number];

	list->rows = arena_take(&drift->run.arena, (base->count + run->count + 1) * sizeof *list->rows);
	for (size_t i = 0; i < run->count; i++) {
		const struct inventory_item *now = (const struct inventory_item *)run->items[i];
		const struct inventory_item *then = table_find(base, now->entry.key);

		if (!then)
			add(list, DRIFT_NEW, NULL, now);
		else if (then->verbs != now->verbs || then->uncovered != now->uncovered)
			add(list, DRIFT_CHANGED, then, now);
		else
			list->same++;
	}
	for (size_t i = 0; i < base->count; i++)
		if (!table_find(run, base->items[i]->key))
			add(list, DRIFT_GONE, (const struct inventory_item *)base->items[i], NULL);
	if (list->count > 1)
		qsort(list->rows, list->count, sizeof *list->rows, by_name);
	drift->count += list->count;
	drift->ignored += base->refused + run->refused;
}

static bool is_complete(const struct session_view *view)
{
	struct log_damage damage = log_reader_damage(view->reader);

	return view->counts.known && view->counts.lost == 0 && view->counts.uncovered == 0 && damage.bad == 0 &&
	       damage.torn == 0 && damage.cut == 0 && damage.missing == 0 && damage.unread == 0 && damage.short_of == 0;
}

int drift_open(const char *log_directory, const char *base, const char *run, struct drift *out)
{
	int err;

	*out = (struct drift){0};
	err = session_view_open(log_directory, base, &out->views[0]);
	if (err)
		return err;
	err = session_view_open(log_directory, run, &out->views[1]);
	if (err) {
		session_view_close(&out->views[0]);
		return err;
	}
	inventory_read(&out->base, &out->views[0]);
	inventory_read(&out->run, &out->views[1]);
	out->complete = is_complete(&out->views[0]) && is_complete(&out->views[1]);
	for (int list = 0; list < INVENTORY_LISTS; list++)
		compare(out, list);
	return 0;
}

void drift_close(struct drift *drift)
{
	inventory_free(&drift->base);
	inventory_free(&drift->run);
	session_view_close(&drift->views[0]);
	session_view_close(&drift->views[1]);
}
