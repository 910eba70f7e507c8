/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/draft.h"

#include "tools/summary.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define ITEMS_MAX    300000
#define NAMES_MAX    1000000
#define REFUSALS_MAX 1000
#define SPELLED_MAX  (32 * EVENT_SLOT * EVENT_SLOTS_MAX)
#define CALLS_MAX    32

/* What stands in a name until it is spelled; names that hold such bytes themselves are taken as they are. */
static const char *const marks[STABLE_PART_COUNT] = {
	[STABLE_WORKSPACE] = "\2", [STABLE_HOME] = "\3", [STABLE_PID] = "\1",	 [STABLE_RANDOM] = "\1",
	[STABLE_HASH] = "\1",	   [STABLE_TIME] = "\1", [STABLE_NUMBER] = "\1", [STABLE_PORT] = "\1",
};
static const char *const plain_marks[STABLE_PART_COUNT] = {[STABLE_WORKSPACE] = "\2", [STABLE_HOME] = "\3"};

void draft_init(struct draft *draft)
{
	*draft = (struct draft){0};
	table_init(&draft->items, &draft->arena, sizeof(struct draft_item), ITEMS_MAX);
	table_init(&draft->names, &draft->arena, sizeof(struct draft_name), NAMES_MAX);
	table_init(&draft->parts, &draft->arena, sizeof(struct draft_part), NAMES_MAX);
	table_init(&draft->refusals, &draft->arena, sizeof(struct draft_refusal), REFUSALS_MAX);
	words_add(&draft->arena, &draft->profiles, "base");
}

void draft_free(struct draft *draft)
{
	table_free(&draft->items);
	table_free(&draft->names);
	table_free(&draft->parts);
	table_free(&draft->refusals);
	arena_free(&draft->scratch);
	arena_free(&draft->arena);
}

static void set_places(struct stable *stable, const char *workspace, const char *home)
{
	stable->workspace = (struct text){workspace, strlen(workspace)};
	stable->home = (struct text){home, strlen(home)};
}

void draft_begin(struct draft *draft, const char *session, const char *workspace, const char *home,
		 struct draft_run *out)
{
	workspace = arena_text(&draft->arena, workspace, strlen(workspace));
	home = arena_text(&draft->arena, home, strlen(home));
	out->number = draft->runs++;
	stable_init(&out->stable, &draft->arena, marks);
	stable_init(&out->plain, &draft->arena, plain_marks);
	set_places(&out->stable, workspace, home);
	set_places(&out->plain, workspace, home);
	words_add_new(&draft->arena, &draft->places, workspace);
	words_add_new(&draft->arena, &draft->places, home);
	words_add_new(&draft->arena, &draft->places, arena_text(&draft->arena, session, strlen(session)));
}

/* A name as a pattern of the policy. What is spelled lives until the next event; see keep. */
static const char *spell(struct draft *draft, struct text name, bool marked)
{
	char *spelled = arena_take(&draft->scratch, 12 * name.len + 1), *to = spelled;

	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.data[i];

		if (marked && c >= 1 && c <= 3) {
			const char *word = c == 1 ? "*" : c == 2 ? "${WORKSPACE}" : "~";

			/* "**" is another thing than two of them. */
			if (c != 1 || to == spelled || to[-1] != '*')
				to = stpcpy(to, word);
		} else {
			if (memchr("*?[]{}\\$", c, 8))
				*to++ = '\\';
			*to++ = (char)c;
		}
	}
	return spelled;
}

static const char *keep(struct draft *draft, const char *text)
{
	return arena_text(&draft->arena, text, strlen(text));
}

static bool has_marks(struct text name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.data[i] >= 1 && name.data[i] <= 3)
			return true;
	return false;
}

static const char *spell_path(struct draft *draft, const struct stable *stable, struct text path)
{
	static char storage[SPELLED_MAX];
	struct buf name = BUF_ON(storage);

	if (has_marks(path))
		return spell(draft, path, false);
	stable_write_path(stable, path, &name);
	return spell(draft, (struct text){name.data, name.len}, true);
}

/* What a rule says of the object: the key, and the name behind it. */
struct spelled {
	const char *word, *name, *exact;
	uint16_t port;
	bool any_port;
};

static bool spell_peer(struct draft *draft, const struct draft_run *run, const struct event *event, struct spelled *out)
{
	struct text address = event_address(event, &out->port), host = event_get(event, FIELD_HOST);
	bool named = address.len > 0 && (address.data[0] == '/' || address.data[0] == '@');

	if (event->verb == VERB_RESOLVE) {
		host = event_get(event, FIELD_OBJECT);
		out->any_port = true;
	}
	if (named) {
		out->word = "socket";
		out->any_port = true;
		out->name = spell_path(draft, &run->stable, address);
		out->exact = spell_path(draft, &run->plain, address);
		return true;
	}
	out->word = host.len > 0 ? "host" : "address";
	if (host.len == 0)
		host = address;
	out->name = out->exact = arena_text(&draft->scratch, host.data, host.len);
	/* Families that are not told apart have no word in the policy. */
	return host.len > 0 && strncmp(out->name, "family ", 7) != 0;
}

static bool spell_object(struct draft *draft, const struct draft_run *run, const struct event *event,
			 struct spelled *out)
{
	struct text object = event_get(event, FIELD_OBJECT);

	*out = (struct spelled){0};
	if (object.len == 0)
		return false;
	if (verb_table[event->verb].section == SECTION_NETWORK)
		return spell_peer(draft, run, event, out);
	out->word = verb_table[event->verb].section == SECTION_FILES ? "path" : "program";
	out->name = spell_path(draft, &run->stable, object);
	out->exact = spell_path(draft, &run->plain, object);
	return true;
}

static bool is_plain_word(const char *word)
{
	if (!islower((unsigned char)*word) || strlen(word) > 32)
		return false;
	for (; *word; word++)
		if (!islower((unsigned char)*word) && !isdigit((unsigned char)*word) && *word != '-')
			return false;
	return true;
}

/* The word behind the program's name tells what it is asked to do, where it always is such a word. */
static void add_call(struct draft *draft, struct draft_item *item, struct text argv)
{
	char *words = arena_text(&draft->scratch, argv.data, argv.len);
	size_t name = strlen(words);
	const char *first = name < argv.len ? words + name + 1 : "";

	if (!is_plain_word(first) || item->calls.count >= CALLS_MAX)
		item->any_call = true;
	else if (!words_have(&item->calls, first))
		words_add(&draft->arena, &item->calls, keep(draft, first));
}

static void add_port(struct draft *draft, struct draft_item *item, uint16_t port)
{
	const char *word = arena_format(&draft->scratch, "%u", port);

	if (!words_have(&item->ports, word))
		words_add(&draft->arena, &item->ports, keep(draft, word));
}

const char *draft_component(const char *at)
{
	const char *slash = strchr(at + (*at == '/'), '/');

	return slash ? slash : at + strlen(at);
}

/* Remember what stood where the pattern has a "*". Neither kind of name has more components than the other. */
static void add_parts(struct draft *draft, const char *name, const char *exact, uint32_t run)
{
	const char *pattern = name, *pattern_end, *exact_end;

	for (; *pattern && *exact; pattern = pattern_end, exact = exact_end) {
		struct draft_part *part;
		size_t len;

		pattern_end = draft_component(pattern);
		exact_end = draft_component(exact);
		len = (size_t)(exact_end - exact);
		if ((size_t)(pattern_end - pattern) == len && !memcmp(pattern, exact, len))
			continue;
		part = table_at(&draft->parts, (struct text){name, (size_t)(pattern_end - name)});
		if (!part)
			continue;
		part->runs |= run;
		if (!part->exact)
			part->exact = arena_text(&draft->arena, exact, len);
		else
			part->differs |= strlen(part->exact) != len || memcmp(part->exact, exact, len) != 0;
	}
}

static const char *spell_words(struct draft *draft, struct draft_item *item, struct text argv)
{
	const char *all = "";

	if (argv.len == 0)
		return all;
	for (const char *at = argv.data, *end = argv.data + argv.len; at < end;) {
		const char *stop = memchr(at, '\0', (size_t)(end - at));
		size_t len = (size_t)((stop ? stop : end) - at);
		const char *word = spell(draft, (struct text){at, len}, false);

		/* The first is the program's name. */
		if (at != argv.data && item)
			words_add(&draft->arena, &item->words, keep(draft, word));
		all = arena_format(&draft->scratch, "%s\n%s", all, word);
		at += len + 1;
	}
	return all;
}

void draft_want(struct draft *draft, struct draft_run *run, const struct event *event, const struct draft_grant *grant)
{
	struct arena *arena = &draft->scratch;
	enum section section = verb_table[event->verb].section;
	struct spelled spelled;
	struct draft_item *item;
	const char *key, *program;
	struct draft_name *named;

	arena_free(arena);
	if (!spell_object(draft, run, event, &spelled))
		return;
	if (grant->exact)
		spelled.name = spelled.exact;
	program = grant->by.len ? spell_path(draft, &run->plain, grant->by) : "";
	key = arena_format(arena, "%d %s %s\n%s%s\n%s", section, grant->exact ? "exact" : "", spelled.word, program,
			   spell_words(draft, NULL, grant->argv), spelled.name);
	item = table_at(&draft->items, (struct text){key, strlen(key)});
	if (!item) {
		draft->lost++;
		return;
	}
	if (item->count++ == 0) {
		item->section = section;
		item->word = spelled.word;
		item->name = keep(draft, spelled.name);
		item->exact = keep(draft, spelled.exact);
		item->by = keep(draft, program);
		spell_words(draft, item, grant->argv);
	}
	item->verbs |= event->verbs ? event->verbs : 1u << event->verb;
	item->runs |= 1u << run->number;
	if (spelled.name != spelled.exact)
		add_parts(draft, spelled.name, spelled.exact, 1u << run->number);
	if (section == SECTION_NETWORK && !spelled.any_port)
		add_port(draft, item, spelled.port);
	if (section == SECTION_COMMANDS)
		add_call(draft, item, event_get(event, FIELD_ARGV));
	key = arena_format(arena, "%s\n%s", key, spelled.exact);
	named = table_at(&draft->names, (struct text){key, strlen(key)});
	if (!named || named->item)
		return;
	named->item = item;
	named->exact = keep(draft, spelled.exact);
	item->names++;
}

void draft_refuse(struct draft *draft, struct draft_run *run, const struct event *event, const struct rule_text *rule)
{
	static char storage[SPELLED_MAX];
	const struct rule_text none = {.number = RULE_DEFAULT};
	struct refused refused = {.verb = event->verb,
				  .object = event_get(event, FIELD_OBJECT),
				  .host = event_get(event, FIELD_HOST),
				  .argv = event_get(event, FIELD_ARGV)};
	struct buf text = BUF_ON(storage);
	struct draft_refusal *refusal;
	const char *hint, *why;

	if (verb_table[event->verb].section == SECTION_NETWORK && event->verb != VERB_RESOLVE)
		refused.object = event_address(event, &refused.port);
	rule_text_write_hint(&none, &refused, &text);
	/* The rule alone: "files = ( { ... } );" ends in the section's end. */
	arena_free(&draft->scratch);
	hint = arena_text(&draft->scratch, text.data, text.len > 3 ? text.len - 3 : 0);
	text = BUF_ON(storage);
	rule_text_write_name(rule, &text);
	if (rule->file.len > 0) {
		buf_str(&text, " (");
		rule_text_write_place(rule, &text);
		buf_char(&text, ')');
	}
	if (rule->reason.len > 0) {
		buf_str(&text, ": ");
		buf_bytes(&text, rule->reason.data, rule->reason.len);
	}
	why = arena_text(&draft->scratch, text.data, text.len);
	hint = arena_format(&draft->scratch, "%s\n%s", hint, why);
	refusal = table_at(&draft->refusals, (struct text){hint, strlen(hint)});
	if (!refusal)
		return;
	refusal->count++;
	refusal->runs |= 1u << run->number;
	if (refusal->count > 1)
		return;
	refusal->hint = arena_text(&draft->arena, hint, strlen(hint) - strlen(why) - 1);
	refusal->why = keep(draft, why);
}
