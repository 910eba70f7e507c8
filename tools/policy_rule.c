/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/policy_rule.h"

#include "tools/escape.h"
#include "tools/policy_net.h"
#include "tools/policy_pattern.h"
#include "tools/policy_schema.h"
#include "tools/suggest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define REASON_MAX 400 /* bytes; it goes into the line that a refused program shows */
#define ERRNO_LAST 133 /* EHWPOISON, the last that Linux gives to programs */

/* A rule while it is read. */
struct work {
	const struct reading *reading;
	const config_setting_t *group;
	enum section section;
	enum key_place place;
	struct policy_rule *rule;
	struct words objects;
};

#define work_error(work, line, ...) reading_error((work)->reading, (line), __VA_ARGS__)

/* Keys whose values are what a rule is about, in the order in which messages list them. */
static const char *const object_keys[] = {"path", "program", "host", "address", "port", "socket", "env"};

bool rule_is_id(const char *name)
{
	const char *first = "abcdefghijklmnopqrstuvwxyz0123456789";

	return *name && strchr(first, *name) && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == strlen(name);
}

bool rule_id_is_of(const char *id, const char *profile)
{
	size_t len = strlen(profile);

	return !strncmp(id, profile, len) && id[len] == '/';
}

static const config_setting_t *member(const struct work *work, const char *name)
{
	return schema_member(work->group, work->place, name);
}

static void say_unknown_verb(const struct work *work, unsigned line, const char *word)
{
	const char *known[VERB_COUNT + 1] = {"all"}, *near;
	struct words words = {0};

	for (unsigned v = 0; v < VERB_COUNT; v++) {
		if (verb_table[v].section == work->section) {
			known[v + 1] = verb_table[v].word;
			words_add(work->reading->arena, &words, verb_table[v].word);
		} else if (!strcmp(verb_table[v].word, word)) {
			work_error(work, line, "\"%s\" is an operation of \"%s\", this rule is in \"%s\": move it there", word,
				   section_words[verb_table[v].section], section_words[work->section]);
			return;
		}
	}
	near = suggest(word, known, ARRAY_LEN(known));
	if (near)
		work_error(work, line, "unknown operation \"%s\"%s", word, suggest_text(work->reading->arena, near));
	else
		work_error(work, line, "unknown operation \"%s\": \"%s\" has %s", word, section_words[work->section],
			   words_join(work->reading->arena, &words, " and "));
}

static verb_set verbs_of(const struct work *work, const char *word)
{
	bool all = !strcmp(word, "all");
	verb_set verbs = 0;

	for (unsigned v = 0; v < VERB_COUNT; v++)
		if (verb_table[v].section == work->section && (all || !strcmp(verb_table[v].word, word)))
			verbs |= 1u << v;
	return verbs;
}

static void read_verdict(struct work *work)
{
	const config_setting_t *deny = config_setting_get_member(work->group, "deny");
	const config_setting_t *allow = config_setting_get_member(work->group, "allow");
	const config_setting_t *ask = config_setting_get_member(work->group, "ask");
	const config_setting_t *words = member(work, deny ? "deny" : "allow");
	struct image_rule *rule = &work->rule->image;

	if ((deny != NULL) + (allow != NULL) + (ask != NULL) > 1)
		work_error(work, work->group->line, "a rule has one verdict, this one has %s: make two rules of it",
			   deny && allow && ask ? "\"deny\", \"ask\" and \"allow\""
			   : !ask               ? "\"deny\" and \"allow\""
			   : deny               ? "\"deny\" and \"ask\""
						: "\"ask\" and \"allow\"");
	if (!deny && !allow && !ask)
		work_error(work, work->group->line, "the rule has no verdict: write deny = ... or allow = ...");
	rule->kind = deny ? VERDICT_DENY : VERDICT_ALLOW;
	for (unsigned i = 0; i < texts_count(words); i++) {
		verb_set verbs = verbs_of(work, texts_text(words, i));

		if (verbs == 0)
			say_unknown_verb(work, texts_item(words, i)->line, texts_text(words, i));
		rule->verbs |= verbs;
	}
}

static void read_patterns(struct work *work, const char *name, enum pattern_kind kind, const char *const **out)
{
	const config_setting_t *texts = member(work, name);
	struct words patterns = {0};

	for (unsigned i = 0; i < texts_count(texts); i++)
		pattern_add(work->reading, texts_item(texts, i)->line, kind, texts_text(texts, i), &patterns);
	*out = patterns.items;
}

static void read_hosts(struct work *work)
{
	const config_setting_t *texts = member(work, "host");
	struct words hosts = {0};

	for (unsigned i = 0; i < texts_count(texts); i++) {
		const char *host = net_host(work->reading, texts_item(texts, i)->line, texts_text(texts, i));

		if (host)
			words_add(work->reading->arena, &hosts, host);
	}
	work->rule->image.hosts = hosts.items;
}

static void read_ranges(struct work *work)
{
	const config_setting_t *texts = member(work, "address");
	unsigned count = texts_count(texts);
	struct image_range *ranges = arena_take(work->reading->arena, (count + 1) * sizeof(*ranges));

	for (unsigned i = 0; i < count; i++)
		if (net_range(work->reading, texts_item(texts, i)->line, texts_text(texts, i),
			      &ranges[work->rule->image.range_count]))
			work->rule->image.range_count++;
	work->rule->image.ranges = ranges;
}

/* A port is a number or a string; both end as text for one reader. */
static void read_ports(struct work *work)
{
	const config_setting_t *texts = member(work, "port");
	unsigned count = texts_count(texts);
	struct image_ports *ports = arena_take(work->reading->arena, (count + 1) * sizeof(*ports));
	struct image_rule *rule = &work->rule->image;

	for (unsigned i = 0; i < count; i++) {
		const config_setting_t *item = texts_item(texts, i);
		const char *text = config_setting_get_string(item);

		if (!text)
			text = arena_format(work->reading->arena, "%lld", config_setting_get_int64(item));
		if (net_ports(work->reading, item->line, text, &ports[rule->port_count]))
			rule->port_count++;
	}
	rule->ports = ports;
	if (count > 0 && !member(work, "host") && !member(work, "address")) {
		if (member(work, "socket"))
			work_error(work, member(work, "port")->line, "\"port\" narrows hosts and addresses, \"socket\" has no port: take it out");
		rule->range_count = 1; /* the port of any address: a range of no bits */
	}
}

/* What is excepted is of the kind that the section is about. */
static bool read_exception(struct work *work, unsigned line, const char *text, struct words *out)
{
	struct arena *arena = work->reading->arena;
	struct image_range range;
	const char *host;

	if (work->section == SECTION_FILES)
		return pattern_add(work->reading, line, PATTERN_PATH, text, out);
	if (work->section != SECTION_NETWORK)
		return pattern_add(work->reading, line, PATTERN_PROGRAM, text, out);
	if (strchr("/@~$", *text) || !strncmp(text, "**", 2))
		return pattern_add(work->reading, line, PATTERN_SOCKET, text, out);
	if (net_is_address(text) && !strstr(text, "://")) {
		if (!net_range(work->reading, line, text, &range))
			return false;
		words_add(arena, out, net_range_text(arena, &range));
		return true;
	}
	host = net_host(work->reading, line, text);
	if (host)
		words_add(arena, out, host);
	return host != NULL;
}

/* The text itself goes with the file it came from. */
static void write_down(const struct work *work, const char *text, struct words *out)
{
	words_add(work->reading->arena, out, arena_text(work->reading->arena, text, strlen(text)));
}

static void read_exceptions(struct work *work)
{
	const config_setting_t *texts = member(work, "except");
	struct words out = {0};

	for (unsigned i = 0; i < texts_count(texts); i++) {
		(void)read_exception(work, texts_item(texts, i)->line, texts_text(texts, i), &out);
		write_down(work, texts_text(texts, i), &work->rule->written_except);
	}
	work->rule->image.except = out.items;
}

static void check_objects(struct work *work)
{
	/* In "process", identity, mount and the like have no other process to name. */
	static const char *const needed[SECTION_COUNT] = {
		[SECTION_FILES] = "path",
		[SECTION_NETWORK] = "host, address, port or socket",
		[SECTION_COMMANDS] = "program or env",
	};
	bool any = false;

	for (size_t k = 0; k < ARRAY_LEN(object_keys); k++) {
		const config_setting_t *given = config_setting_get_member(work->group, object_keys[k]);
		const config_setting_t *texts = member(work, object_keys[k]);

		any |= given != NULL;
		for (unsigned i = 0; i < texts_count(texts); i++)
			if (texts_text(texts, i)) {
				words_add(work->reading->arena, &work->objects, texts_text(texts, i));
				if (strcmp(object_keys[k], "port") != 0 && strcmp(object_keys[k], "env") != 0)
					write_down(work, texts_text(texts, i), &work->rule->written);
			}
	}
	if (!any && needed[work->section])
		work_error(work, work->group->line, "the rule covers nothing: it names no %s; add one", needed[work->section]);
	work->rule->objects = words_join(work->reading->arena, &work->objects, ", ");
}

static void read_objects(struct work *work)
{
	struct image_rule *rule = &work->rule->image;

	read_patterns(work, "path", PATTERN_PATH, &rule->paths);
	read_patterns(work, "program", PATTERN_PROGRAM, &rule->programs);
	read_patterns(work, "socket", PATTERN_SOCKET, &rule->sockets);
	read_hosts(work);
	read_ranges(work);
	read_ports(work);
	check_objects(work);
	read_exceptions(work);
}

static void read_labels(struct work *work, const char *name, struct words *out)
{
	const config_setting_t *texts = member(work, name);

	for (unsigned i = 0; i < texts_count(texts); i++) {
		const char *label = texts_text(texts, i);

		if (rule_is_id(label))
			words_add_new(work->reading->arena, out, arena_text(work->reading->arena, label, strlen(label)));
		else
			work_error(work, texts_item(texts, i)->line,
				   "\"%s\" is no label: a-z, 0-9, '.', '_' and '-' make one", label);
	}
}

static void read_conditions(struct work *work)
{
	struct image_rule *rule = &work->rule->image;
	bool over = config_setting_get_member(work->group, "over") != NULL;
	bool per = config_setting_get_member(work->group, "per") != NULL;

	read_patterns(work, "args", PATTERN_ARGUMENT, &rule->args);
	read_patterns(work, "env", PATTERN_VARIABLE, &rule->env);
	read_patterns(work, "by", PATTERN_ACTOR, &rule->by);
	read_labels(work, "after", &work->rule->after);
	if (member(work, "after"))
		work->rule->after_line = member(work, "after")->line;
	if (over != per)
		work_error(work, work->group->line, "\"%s\" needs \"%s\" beside it, as in over = 100; per = 60;", over ? "over" : "per", over ? "per" : "over");
	rule->over = schema_number(work->group, work->place, "over");
	rule->per_s = schema_number(work->group, work->place, "per");
}

static int errno_of(const char *name)
{
	for (int number = 1; number <= ERRNO_LAST; number++) {
		const char *known = strerrorname_np(number);

		if (known && !strcmp(known, name))
			return number;
	}
	return 0;
}

static void read_errno(struct work *work)
{
	const config_setting_t *setting = member(work, "errno");
	const char *known[ERRNO_LAST] = {0}, *name;

	if (!setting)
		return;
	name = config_setting_get_string(setting);
	if (!name) {
		long long number = config_setting_get_int64(setting);

		if (number < 1 || number > ERRNO_LAST || !strerrorname_np((int)number))
			work_error(work, setting->line, "there is no error number %lld: write a name such as \"EPERM\"", number);
		else
			work->rule->image.err = (int)number;
		return;
	}
	work->rule->image.err = errno_of(name);
	if (work->rule->image.err > 0)
		return;
	for (int number = 1; number <= ERRNO_LAST; number++)
		known[number - 1] = strerrorname_np(number);
	if (suggest(name, known, ARRAY_LEN(known)))
		work_error(work, setting->line, "unknown error \"%s\"%s", name,
			   suggest_text(work->reading->arena, suggest(name, known, ARRAY_LEN(known))));
	else
		work_error(work, setting->line, "unknown error \"%s\": errno(3) lists them, such as \"EPERM\"", name);
}

static void read_reason(struct work *work)
{
	const config_setting_t *setting = member(work, "reason");
	const char *reason = setting ? config_setting_get_string(setting) : NULL;

	if (!reason)
		return;
	for (const char *c = reason; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f) {
			work_error(work, setting->line,
				   "\"reason\" is one line of text: take the control characters out");
			return;
		}
	if (utf8_find_broken((struct text){reason, strlen(reason)}) < strlen(reason))
		work_error(work, setting->line, "\"reason\" is shown to people and must be UTF-8");
	if (strlen(reason) > REASON_MAX)
		work_error(work, setting->line, "\"reason\" is longer than %d bytes: shorten it", REASON_MAX);
	work->rule->image.reason = arena_text(work->reading->arena, reason, strlen(reason));
}

static void read_effects(struct work *work)
{
	static const char *const refusal_keys[] = {"hide", "errno"};
	struct image_rule *rule = &work->rule->image;

	read_labels(work, "label", &work->rule->labels);
	read_errno(work);
	read_reason(work);
	rule->hide = schema_flag(work->group, work->place, "hide");
	rule->no_log = !schema_flag(work->group, work->place, "log");
	if (rule->hide && rule->err > 0)
		work_error(work, work->group->line, "\"hide\" refuses with ENOENT: leave \"errno\" out");
	for (size_t i = 0; i < ARRAY_LEN(refusal_keys); i++) {
		const config_setting_t *setting = config_setting_get_member(work->group, refusal_keys[i]);

		if (setting && config_setting_get_member(work->group, "allow"))
			work_error(work, setting->line, "\"%s\" says how to refuse, and this rule allows: take it out",
				   refusal_keys[i]);
	}
}

static void read_id(struct work *work, unsigned position)
{
	const config_setting_t *setting = member(work, "id");
	const char *id = setting ? config_setting_get_string(setting) : NULL;
	struct arena *arena = work->reading->arena;

	if (id && !rule_is_id(id))
		work_error(work, setting->line, "\"%s\" is no id: a-z, 0-9, '.', '_' and '-' make one", id);
	if (!id)
		id = arena_format(arena, "%s-%u", section_words[work->section], position);
	work->rule->image.id = work->reading->profile ? arena_format(arena, "%s/%s", work->reading->profile, id)
						      : arena_text(arena, id, strlen(id));
}

/* An empty list would make a rule that does nothing, or one that does more than it seems to. */
static void check_empty(const struct work *work)
{
	for (unsigned i = 0; i < (unsigned)config_setting_length(work->group); i++) {
		const config_setting_t *setting = config_setting_get_elem(work->group, i);
		const struct policy_key *key = schema_find(work->place, config_setting_name(setting));

		if (key && (key->type == KEY_TEXTS || key->type == KEY_PORTS) && texts_count(setting) == 0)
			work_error(work, setting->line, "\"%s\" is an empty list%s: fill it, or take %s out", key->name,
				   key->places == IN_RULE ? "" : " and the rule covers nothing",
				   key->places == IN_RULE ? "the key" : "the rule");
	}
}

bool rule_read(const struct reading *reading, const config_setting_t *group, enum section section, unsigned position,
	       struct policy_rule *out)
{
	struct work work = {
		.reading = reading, .group = group, .section = section, .place = section_place(section), .rule = out};
	unsigned errors = reading->notes->errors;

	*out = (struct policy_rule){.image = {.file = reading->file, .line = group->line, .section = section}};
	if (!config_setting_is_group(group)) {
		reading_error(reading, group->line, "a rule is a group: { deny = ...; ... }");
		return false;
	}
	schema_check(reading, group, work.place);
	check_empty(&work);
	read_id(&work, position);
	read_verdict(&work);
	read_objects(&work);
	read_conditions(&work);
	read_effects(&work);
	return reading->notes->errors == errors;
}
