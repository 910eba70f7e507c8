/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pass over the events; see summary.h.
 */
#include "tools/summary.h"

#include "libguard/core/buf.h"

#include <errno.h>
#include <string.h>

#define REFUSALS_MAX 50000
#define CHANGES_MAX 100000
#define CONTACTS_MAX 20000
#define LOOKUPS_MAX 20000
#define LABELLED_MAX 20000
#define LABELS_MAX 64
#define READS_MAX 2000
#define NOTES_MAX 1000
#define FILES_MAX 20000

#define KEY_MAX (3 * EVENT_SLOT * EVENT_SLOTS_MAX + 64)

void summary_init(struct summary *summary, const char *workspace)
{
	struct arena *arena = &summary->arena;

	*summary = (struct summary){.workspace = {workspace, strlen(workspace)}};
	table_init(&summary->refusals, arena, sizeof(struct refusal), REFUSALS_MAX);
	table_init(&summary->changes, arena, sizeof(struct change), CHANGES_MAX);
	table_init(&summary->contacts, arena, sizeof(struct contact), CONTACTS_MAX);
	table_init(&summary->lookups, arena, sizeof(struct lookup), LOOKUPS_MAX);
	table_init(&summary->labelled, arena, sizeof(struct labelled), LABELLED_MAX);
	table_init(&summary->labels, arena, sizeof(struct label), LABELS_MAX);
	table_init(&summary->reads, arena, sizeof(struct read_place), READS_MAX);
	table_init(&summary->notes, arena, sizeof(struct note), NOTES_MAX);
	table_init(&summary->files, arena, sizeof(struct read_place), FILES_MAX);
	programs_init(&summary->programs, arena);
	origins_init(&summary->origins, arena);
	share_init(&summary->share, arena);
}

void summary_free(struct summary *summary)
{
	table_free(&summary->refusals);
	table_free(&summary->changes);
	table_free(&summary->contacts);
	table_free(&summary->lookups);
	table_free(&summary->labelled);
	table_free(&summary->labels);
	table_free(&summary->reads);
	table_free(&summary->notes);
	table_free(&summary->files);
	programs_free(&summary->programs);
	origins_free(&summary->origins);
	arena_free(&summary->arena);
}

enum outcome outcome_of(const struct event *event)
{
	/* A connect that does not wait has begun, not failed. */
	bool failed = event->flags & EVENT_FAILED && event->err != EINPROGRESS;

	if (event->verdict == VERDICT_ALLOW)
		return failed ? OUTCOME_FAILED : OUTCOME_DONE;
	if (event->flags & EVENT_AUDIT)
		return failed ? OUTCOME_WOULD_FAILED : OUTCOME_WOULD;
	return OUTCOME_REFUSED;
}

static struct text keep(struct summary *summary, struct text text)
{
	return (struct text){arena_text(&summary->arena, text.data, text.len), text.len};
}

static bool same(struct text a, struct text b)
{
	return a.len == b.len && !memcmp(a.data, b.data, a.len);
}

struct text event_address(const struct event *event, uint16_t *port)
{
	struct text text = event_get(event, FIELD_OBJECT);
	char storage[8];
	struct buf suffix = BUF_ON(storage);

	*port = (uint16_t)event->bytes;
	/* A port of the kernel's choice is told as 0; other names than IPs have none. */
	if (event->bytes > UINT16_MAX || text.len == 0 || strchr("/@", text.data[0]))
		return text;
	buf_char(&suffix, ':');
	buf_u64(&suffix, event->bytes);
	if (text.len > suffix.len && !memcmp(text.data + text.len - suffix.len, suffix.data, suffix.len) &&
	    (text.data[0] == '[' || !memchr(text.data, ':', text.len - suffix.len)))
		text.len -= suffix.len;
	if (text.len > 2 && text.data[0] == '[' && text.data[text.len - 1] == ']')
		text = (struct text){text.data + 1, text.len - 2};
	return text;
}

struct text summary_exe(const struct summary *summary, const struct event *event)
{
	struct text exe = event_get(event, FIELD_EXE);
	const struct program *program;

	if (exe.len > 0)
		return exe;
	program = programs_of(&summary->programs, event);
	return program ? program->exe : (struct text){"", 0};
}

/* The source line that STACK points to; for code in no file, with the line that started its program. */
static struct source_line source_line_of(const struct summary *summary, const struct event *event, struct text stack)
{
	struct source_line source, start;

	if (source_of(stack, &source) && source.needs_caller &&
	    source_of(origins_start_of(&summary->origins, event), &start))
		source.caller = start.frame;
	return source;
}

struct source_line summary_source(const struct summary *summary, const struct event *event, bool *inherited)
{
	return source_line_of(summary, event, origins_of(&summary->origins, event, inherited));
}

static void add_refusal(struct summary *summary, const struct event *event, enum outcome outcome)
{
	char storage[KEY_MAX];
	struct buf key = BUF_ON(storage);
	struct text object = event_get(event, FIELD_OBJECT);
	struct text argv = event_get(event, FIELD_ARGV);
	struct text exe = summary_exe(summary, event);
	bool inherited;
	struct text stack = origins_of(&summary->origins, event, &inherited);
	struct source_line source = source_line_of(summary, event, stack);
	struct refusal *refusal;

	buf_u64(&key, event->verb);
	buf_char(&key, outcome == OUTCOME_REFUSED ? 'r' : 'w');
	buf_u64(&key, event->rule);
	buf_char(&key, ' ');
	buf_bytes(&key, object.data, object.len);
	buf_char(&key, '\0');
	buf_bytes(&key, exe.data, exe.len);
	buf_char(&key, '\0');
	buf_bytes(&key, argv.data, argv.len);
	buf_char(&key, '\0');
	if (source.frame.file.len > 0)
		source_write(&source, (struct text){"", 0}, &key);
	refusal = table_at(&summary->refusals, (struct text){key.data, key.len});
	if (!refusal)
		return;
	refusal->last_ns = event->time_ns;
	if (refusal->count++)
		return;
	refusal->first_ns = event->time_ns;
	refusal->verb = event->verb;
	refusal->rule = event->rule;
	refusal->err = event->err;
	refusal->pid = event->pid;
	refusal->segment = event->segment;
	refusal->slot = event->slot;
	refusal->audit = outcome != OUTCOME_REFUSED;
	refusal->held = event->verdict == VERDICT_ASK;
	refusal->object = keep(summary, object);
	if (verb_table[event->verb].section == SECTION_NETWORK)
		refusal->object = keep(summary, event_address(event, &refusal->port));
	refusal->other = keep(summary, event_get(event, FIELD_OTHER));
	refusal->host = keep(summary, event_get(event, FIELD_HOST));
	refusal->argv = keep(summary, argv);
	refusal->exe = keep(summary, exe);
	refusal->call = keep(summary, event_get(event, FIELD_CALL));
	refusal->stack = keep(summary, stack);
	refusal->native = keep(summary, event_get(event, FIELD_STACK));
	refusal->source = source_line_of(summary, event, refusal->stack);
	refusal->inherited = inherited;
}

static bool begins(struct text text, const char *with)
{
	size_t len = strlen(with);

	return text.len >= len && !memcmp(text.data, with, len);
}

static void set_other(struct summary *summary, struct change *change, struct text other)
{
	if (!same(change->other, other))
		change->other = keep(summary, other);
}

static void add_change(struct summary *summary, const struct event *event)
{
	bool creates = event->verbs & VERB_SET(CREATE);
	bool deletes = event->verbs & VERB_SET(DELETE) && !creates;
	bool renames = false;
	struct change *change;

	/* A hard link asks for read and write on the old name without changing it. */
	if (event->verb == VERB_READ)
		return;
	change = table_at(&summary->changes, event_get(event, FIELD_OBJECT));
	if (!change)
		return;
	if (!(change->created | change->written | change->deleted | change->attr)) {
		change->before = !creates || event->flags & EVENT_REPLACED;
		change->other = TEXT("");
	}
	if (creates || deletes)
		renames = begins(event_get(event, FIELD_CALL), "rename");
	if (creates) {
		change->created++;
		change->moved_here = renames;
	} else if (deletes) {
		change->deleted++;
		change->moved_away = renames;
	} else if (event->verbs & VERB_SET(WRITE)) {
		change->written++;
	} else {
		change->attr++;
	}
	change->there = !deletes;
	if (renames)
		set_other(summary, change, event_get(event, FIELD_OTHER));
}

enum change_kind change_kind(const struct summary *summary, const struct change *change)
{
	const struct change *source;

	if (!change->there) {
		if (!change->before)
			return CHANGE_PASSING;
		return change->moved_away ? CHANGE_RENAMED : CHANGE_DELETED;
	}
	if (change->before)
		return change->created | change->written ? CHANGE_WRITTEN : CHANGE_ATTR;
	source = change->moved_here ? table_find(&summary->changes, change->other) : NULL;
	if (source && source->before && !source->there && source->moved_away &&
	    same(source->other, change->entry.key))
		return CHANGE_ARRIVED;
	return CHANGE_CREATED;
}

struct text read_place_of(struct text path, struct text workspace)
{
	size_t at = 1, levels = 2;

	if (workspace.len > 1 && path.len > workspace.len && path.data[workspace.len] == '/' &&
	    !memcmp(path.data, workspace.data, workspace.len)) {
		at = workspace.len + 1;
		levels = 1;
	}
	if (path.len < at)
		return path;
	for (; levels > 0; levels--) {
		const char *slash = memchr(path.data + at, '/', path.len - at);

		if (!slash)
			break;
		at = (size_t)(slash - path.data) + 1;
	}
	/* The slash belongs to the place only where it is all of it. */
	return (struct text){path.data, at > 1 ? at - 1 : at};
}

static void add_read(struct summary *summary, const struct event *event)
{
	struct text place = read_place_of(event_get(event, FIELD_OBJECT), summary->workspace);
	struct read_place *read = table_at(&summary->reads, place);

	if (read)
		read->count++;
}

static void add_file(struct summary *summary, const struct event *event)
{
	struct read_place *file = table_at(&summary->files, event_get(event, FIELD_OBJECT));

	if (file)
		file->count++;
}

static void count(enum outcome outcome, uint64_t *all, uint64_t *failed, uint64_t *refused)
{
	++*all;
	*failed += outcome == OUTCOME_FAILED || outcome == OUTCOME_WOULD_FAILED;
	*refused += outcome == OUTCOME_REFUSED;
}

static void add_contact(struct summary *summary, const struct event *event, enum outcome outcome)
{
	char storage[KEY_MAX];
	struct buf key = BUF_ON(storage);
	uint16_t port;
	struct text address = event_address(event, &port);
	struct text host = event_get(event, FIELD_HOST);
	struct contact *contact;

	buf_u64(&key, event->verb);
	buf_char(&key, ' ');
	buf_u64(&key, port);
	buf_char(&key, ' ');
	buf_bytes(&key, address.data, address.len);
	buf_char(&key, '\0');
	buf_bytes(&key, host.data, host.len);
	contact = table_at(&summary->contacts, (struct text){key.data, key.len});
	if (!contact)
		return;
	if (contact->count == 0) {
		size_t at = key.len - host.len;

		contact->verb = event->verb;
		contact->port = port;
		contact->host = (struct text){contact->entry.key.data + at, host.len};
		contact->address = (struct text){contact->entry.key.data + at - 1 - address.len, address.len};
	}
	count(outcome, &contact->count, &contact->failed, &contact->refused);
}

static void add_lookup(struct summary *summary, const struct event *event, enum outcome outcome)
{
	struct text name = event_get(event, FIELD_OBJECT);
	struct lookup *lookup = table_at(&summary->lookups, name.len ? name : event_get(event, FIELD_HOST));

	if (lookup)
		count(outcome, &lookup->count, &lookup->failed, &lookup->refused);
}

/* A name and an address it leads to. */
static void add_host(struct summary *summary, const struct event *event)
{
	struct text address = event_get(event, FIELD_OBJECT);
	struct lookup *lookup = table_at(&summary->lookups, event_get(event, FIELD_HOST));

	if (!lookup || address.len == 0)
		return;
	for (unsigned i = 0; i < lookup->address_count; i++)
		if (same(lookup->addresses[i], address))
			return;
	if (lookup->address_count < ARRAY_LEN(lookup->addresses))
		lookup->addresses[lookup->address_count++] = keep(summary, address);
}

/* The name of the label comes in a record of its own, once; this is every operation that gives it. */
static void add_labelled(struct summary *summary, const struct event *event)
{
	struct labelled *labelled = table_at(&summary->labelled, event_get(event, FIELD_OBJECT));

	if (!labelled || labelled->count++)
		return;
	labelled->exe = keep(summary, summary_exe(summary, event));
	labelled->verb = event->verb;
	labelled->rule = event->rule;
	labelled->first_ns = event->time_ns;
}

static void add_label(struct summary *summary, const struct event *event)
{
	struct label *label = table_at(&summary->labels, event_get(event, FIELD_LABEL));

	if (!label || label->first_ns)
		return;
	label->object = keep(summary, event_get(event, FIELD_OBJECT));
	label->rule = event->rule;
	label->first_ns = event->time_ns;
}

static void add_note(struct summary *summary, const struct event *event)
{
	struct note *note = table_at(&summary->notes, event_get(event, FIELD_REASON));

	if (note && note->count++ == 0)
		note->first_ns = event->time_ns;
}

static void add_operation(struct summary *summary, const struct event *event)
{
	static const verb_set touching = VERB_SET(READ) | VERB_SET(WRITE) | VERB_SET(CREATE) | VERB_SET(DELETE) | VERB_SET(ATTR);
	const verb_set changing = VERB_SET(WRITE) | VERB_SET(CREATE) | VERB_SET(DELETE) | VERB_SET(ATTR);
	enum outcome outcome = outcome_of(event);

	summary->outcomes[outcome]++;
	summary->verbs[event->verb][outcome]++;
	timeline_add(&summary->timeline, event->time_ns, outcome_refuses(outcome));
	if (summary->labelled.count > 0 && outcome_happened(outcome))
		summary->followed[event->verb]++;
	if (outcome_refuses(outcome))
		add_refusal(summary, event, outcome);
	if (event->flags & EVENT_LABELLED)
		add_labelled(summary, event);
	if (event->verb == VERB_CONNECT || event->verb == VERB_SEND || event->verb == VERB_BIND) {
		add_contact(summary, event, outcome);
	} else if (event->verb == VERB_RESOLVE) {
		add_lookup(summary, event, outcome);
	} else if (outcome_happened(outcome)) {
		if (event->verbs & touching)
			add_file(summary, event);
		if (event->verbs & VERB_SET(READ))
			add_read(summary, event);
		if (event->verbs & changing)
			add_change(summary, event);
	}
}

void summary_add(struct summary *summary, const struct event *event)
{
	if (summary->records++ == 0 || event->time_ns < summary->first_ns)
		summary->first_ns = event->time_ns;
	if (event->time_ns > summary->last_ns)
		summary->last_ns = event->time_ns;
	summary->cut += (event->flags & EVENT_CUT) != 0;
	origins_add(&summary->origins, event);
	share_add(&summary->share, event);
	switch (event->kind) {
	case EVENT_OPERATION:
		summary->doors[event->door]++;
		programs_add_operation(&summary->programs, event);
		add_operation(summary, event);
		break;
	case EVENT_PROCESS:
	case EVENT_COVERAGE:
		summary->coverage[event->coverage]++;
		programs_add(&summary->programs, event);
		break;
	case EVENT_HOST:
		add_host(summary, event);
		break;
	case EVENT_LABEL:
		add_label(summary, event);
		break;
	case EVENT_NOTE:
		add_note(summary, event);
		break;
	}
}

void summary_pass(struct summary *summary, const struct event *event)
{
	origins_add(&summary->origins, event);
	share_add(&summary->share, event);
	if (event->kind == EVENT_OPERATION)
		programs_add_operation(&summary->programs, event);
	if (event->kind == EVENT_PROCESS || event->kind == EVENT_COVERAGE) {
		summary->coverage[event->coverage]++;
		programs_add(&summary->programs, event);
	} else if (event->kind == EVENT_LABEL) {
		add_label(summary, event);
	}
}
