/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/inventory.h"

#include "tools/rule_text.h"
#include "tools/summary.h"

#include <string.h>

#define NAMES_MAX      500000 /* of each list */
#define NAME_MAX_BYTES (32 * EVENT_SLOT * EVENT_SLOTS_MAX)

const char *const inventory_words[INVENTORY_LISTS] = {"refused", "hosts", "programs", "objects"};

static void add(struct inventory *inventory, enum inventory_list list, const struct event *event, verb_set verbs,
		const struct buf *name)
{
	struct inventory_item *item = table_at(&inventory->lists[list], (struct text){name->data, name->len});
	struct text object = event_get(event, FIELD_OBJECT);

	if (!item)
		return;
	item->verbs |= verbs;
	item->uncovered |= event->kind == EVENT_COVERAGE;
	if (item->count++)
		return;
	item->first = (struct text){arena_text(&inventory->arena, object.data, object.len), object.len};
	item->segment = event->segment;
	item->slot = event->slot;
}

static void write_object(const struct inventory *inventory, const struct event *event, struct buf *out)
{
	struct text object = event_get(event, FIELD_OBJECT);
	uint16_t port;

	if (verb_table[event->verb].section == SECTION_NETWORK && event->verb != VERB_RESOLVE) {
		object = event_address(event, &port);
		stable_write_peer(&inventory->stable, event_get(event, FIELD_HOST), object, port, out);
	} else if (object.len > 0 && object.data[0] == '/') {
		stable_write_path(&inventory->stable, object, out);
	} else {
		buf_bytes(out, object.data, object.len);
	}
}

/* "read /a/path, by rule shut". */
static void write_refusal(const struct inventory *inventory, const struct session_view *view, const struct event *event,
			  struct buf *out)
{
	struct rule_text rule = rule_text_of(session_view_policy(view), event->rule, event->verb);

	buf_str(out, verb_table[event->verb].word);
	buf_char(out, ' ');
	write_object(inventory, event, out);
	buf_str(out, outcome_of(event) == OUTCOME_REFUSED ? ", by " : ", which would be by ");
	rule_text_write_name(&rule, out);
}

static void add_operation(struct inventory *inventory, const struct session_view *view, const struct event *event)
{
	static char storage[NAME_MAX_BYTES];
	struct buf name = BUF_ON(storage);
	enum outcome outcome = outcome_of(event);
	enum section section = verb_table[event->verb].section;
	verb_set verbs = event->verbs ? event->verbs : 1u << event->verb;

	if (outcome_refuses(outcome)) {
		write_refusal(inventory, view, event, &name);
		add(inventory, INVENTORY_REFUSALS, event, 1u << event->verb, &name);
		name = BUF_ON(storage);
	}
	/* What failed by itself touched nothing; but a peer that did not answer was looked for. */
	if (!outcome_happened(outcome) && (section != SECTION_NETWORK || outcome == OUTCOME_REFUSED))
		return;
	write_object(inventory, event, &name);
	if (name.len == 0)
		return;
	if (section == SECTION_FILES)
		add(inventory, INVENTORY_OBJECTS, event, verbs, &name);
	else if (section == SECTION_NETWORK)
		add(inventory, INVENTORY_HOSTS, event, verbs, &name);
	else if (section == SECTION_COMMANDS)
		add(inventory, INVENTORY_PROGRAMS, event, verbs, &name);
}

void inventory_read(struct inventory *inventory, const struct session_view *view)
{
	struct event event;

	*inventory = (struct inventory){0};
	stable_init(&inventory->stable, &inventory->arena, stable_words);
	inventory->stable.session = (struct text){view->info.directory, strlen(view->info.directory)};
	inventory->stable.workspace = (struct text){view->info.workspace, strlen(view->info.workspace)};
	inventory->stable.home = (struct text){view->info.home, strlen(view->info.home)};
	for (int list = 0; list < INVENTORY_LISTS; list++)
		table_init(&inventory->lists[list], &inventory->arena, sizeof(struct inventory_item), NAMES_MAX);
	while (log_reader_next(view->reader, &event)) {
		stable_add(&inventory->stable, &event);
		if (event.kind == EVENT_OPERATION) {
			add_operation(inventory, view, &event);
		} else if (event.kind == EVENT_COVERAGE) {
			char storage[4096];
			struct buf name = BUF_ON(storage);

			stable_write_path(&inventory->stable, event_get(&event, FIELD_OBJECT), &name);
			add(inventory, INVENTORY_PROGRAMS, &event, 0, &name);
		}
	}
}

void inventory_free(struct inventory *inventory)
{
	for (int list = 0; list < INVENTORY_LISTS; list++)
		table_free(&inventory->lists[list]);
	stable_free(&inventory->stable);
	arena_free(&inventory->arena);
}
