/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/policy_schema.h"

#include "tools/suggest.h"

#include <stdlib.h>
#include <string.h>

#define TOP IN_TOP
#define PROFILE IN_PROFILE
#define DEFAULT IN_DEFAULT
#define LOG IN_LOG
#define KERNEL IN_KERNEL
#define FILES IN_FILES
#define NETWORK IN_NETWORK
#define COMMANDS IN_COMMANDS
#define PROCESS IN_PROCESS
#define RULE IN_RULE
static const struct policy_key keys[] = {
#define KEY(places, name, type, fallback, allowed, sentence)                                                           \
	{places, #name, KEY_##type, fallback, allowed, sentence},
#include "libguard/policy.def"
#undef KEY
};
#undef TOP
#undef PROFILE
#undef DEFAULT
#undef LOG
#undef KERNEL
#undef FILES
#undef NETWORK
#undef COMMANDS
#undef PROCESS
#undef RULE

/* The places in the order of their bits. */
static const char *const place_words[] = {"top",     "profile", "default",  "log",    "kernel",
					  "files",   "network", "commands", "process"};

static const char *const type_words[] = {
	[KEY_WORD] = "one word in quotes",
	[KEY_NUMBER] = "a number",
	[KEY_FLAG] = "true or false",
	[KEY_TEXT] = "one string",
	[KEY_TEXTS] = "a string or a list of strings: \"...\" or [\"...\", \"...\"]",
	[KEY_PORTS] = "a port, a range \"8000-8999\", or a list of them",
	[KEY_ERRNO] = "an error's name such as \"EPERM\", or its number",
	[KEY_GROUP] = "a group: { ... }",
	[KEY_RULES] = "a list of rules: ( { ... }, { ... } )",
	[KEY_LATER] = "",
};

const struct policy_key *schema_find(unsigned places, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (keys[i].places & places && !strcmp(keys[i].name, name))
			return &keys[i];
	return NULL;
}

/* PLACES as a message names them: "the top level", "rules in \"files\"". */
static const char *place_name(struct arena *arena, unsigned places)
{
	const char *word = place_words[__builtin_ctz(places)];

	if (places & IN_TOP)
		return "the top level of a policy";
	if (places & IN_PROFILE)
		return "a profile";
	if (places == IN_RULE)
		return "rules of any section";
	return arena_format(arena, places & IN_RULE ? "rules in \"%s\"" : "\"%s\"", word);
}

/* The number of WORD in a list separated by blanks, or -1. */
static int word_number(const char *list, const char *word)
{
	size_t len = strlen(word);
	int number = 0;

	for (const char *at = list; *at; number++) {
		size_t span = strcspn(at, " ");

		if (span == len && !strncmp(at, word, len))
			return number;
		at += span;
		at += strspn(at, " ");
	}
	return -1;
}

static void split(struct arena *arena, const char *list, struct words *out)
{
	for (const char *at = list; *at;) {
		size_t span = strcspn(at, " ");

		words_add(arena, out, arena_text(arena, at, span));
		at += span;
		at += strspn(at, " ");
	}
}

static bool is_number(const config_setting_t *setting)
{
	return config_setting_type(setting) == CONFIG_TYPE_INT || config_setting_type(setting) == CONFIG_TYPE_INT64;
}

static bool is_text(const config_setting_t *setting)
{
	return config_setting_type(setting) == CONFIG_TYPE_STRING;
}

static bool is_row(const config_setting_t *setting)
{
	return config_setting_is_array(setting) || config_setting_is_list(setting);
}

/* Every item a string, or (NUMBERS) a number. */
static bool all_texts(const config_setting_t *setting, bool numbers)
{
	for (unsigned i = 0; i < texts_count(setting); i++) {
		const config_setting_t *item = texts_item(setting, i);

		if (!is_text(item) && !(numbers && is_number(item)))
			return false;
	}
	return true;
}

static bool type_fits(const config_setting_t *setting, enum key_type type)
{
	switch (type) {
	case KEY_WORD:
	case KEY_TEXT:
		return is_text(setting);
	case KEY_NUMBER:
		return is_number(setting);
	case KEY_FLAG:
		return config_setting_type(setting) == CONFIG_TYPE_BOOL;
	case KEY_TEXTS:
		return all_texts(setting, false);
	case KEY_PORTS:
		return all_texts(setting, true);
	case KEY_ERRNO:
		return is_text(setting) || is_number(setting);
	case KEY_GROUP:
		return config_setting_is_group(setting);
	case KEY_RULES:
		/* "[]" and "()" differ only when there is something in them */
		return config_setting_is_list(setting) ||
		       (config_setting_is_array(setting) && config_setting_length(setting) == 0);
	case KEY_LATER:
		return true;
	}
	return false;
}

static void range_of(const struct policy_key *key, long long *least, long long *most)
{
	char *end;

	*least = strtoll(key->allowed, &end, 10);
	*most = strtoll(end + strspn(end, "."), NULL, 10);
}

static bool in_range(const struct policy_key *key, const config_setting_t *setting)
{
	long long least, most, value = config_setting_get_int64(setting);

	range_of(key, &least, &most);
	return value >= least && value <= most;
}

static void say_range(const struct reading *reading, const config_setting_t *member, const struct policy_key *key)
{
	long long least, most;

	range_of(key, &least, &most);
	if (least == most)
		reading_error(reading, member->line, "\"%s\" is %lld, this guardctl knows %lld: write %s = %lld;", key->name,
			      config_setting_get_int64(member), most, key->name, most);
	else
		reading_error(reading, member->line, "\"%s\" is %lld, it must be %lld to %lld", key->name,
			      config_setting_get_int64(member), least, most);
}

static void say_unknown(const struct reading *reading, const config_setting_t *member, enum key_place place)
{
	const char *name = config_setting_name(member);
	const struct policy_key *elsewhere = schema_find(~0u, name);
	const char *near[ARRAY_LEN(keys)] = {0};

	if (elsewhere) {
		reading_error(reading, member->line, "\"%s\" belongs in %s, not in %s", name,
			      place_name(reading->arena, elsewhere->places), place_name(reading->arena, place));
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (keys[i].places & place)
			near[i] = keys[i].name;
	if (suggest(name, near, ARRAY_LEN(near)))
		reading_error(reading, member->line, "unknown key \"%s\"%s", name,
			      suggest_text(reading->arena, suggest(name, near, ARRAY_LEN(near))));
	else
		reading_error(reading, member->line, "unknown key \"%s\": guardctl check --keys lists them", name);
}

static void check_word(const struct reading *reading, const config_setting_t *member, const struct policy_key *key)
{
	const char *word = config_setting_get_string(member);
	struct words known = {0};

	if (word_number(key->allowed, word) >= 0)
		return;
	split(reading->arena, key->allowed, &known);
	reading_error(reading, member->line, "\"%s\" cannot be \"%s\", it is %s%s", key->name, word,
		      words_join(reading->arena, &known, " or "),
		      suggest_text(reading->arena, suggest(word, known.items, known.count)));
}

void schema_check(const struct reading *reading, const config_setting_t *group, enum key_place place)
{
	for (unsigned i = 0; i < (unsigned)config_setting_length(group); i++) {
		const config_setting_t *member = config_setting_get_elem(group, i);
		const char *name = config_setting_name(member);
		const struct policy_key *key = schema_find(place, name);

		if (!key)
			say_unknown(reading, member, place);
		else if (key->type == KEY_LATER)
			reading_error(reading, member->line, "\"%s\" is not available yet: take it out", name);
		else if (!type_fits(member, key->type))
			reading_error(reading, member->line, "\"%s\" must be %s", name, type_words[key->type]);
		else if (key->type == KEY_WORD)
			check_word(reading, member, key);
		else if (key->type == KEY_NUMBER && !in_range(key, member))
			say_range(reading, member, key);
	}
}

const config_setting_t *schema_member(const config_setting_t *group, enum key_place place, const char *name)
{
	const struct policy_key *key = schema_find(place, name);
	const config_setting_t *member = group ? config_setting_get_member(group, name) : NULL;

	return key && member && type_fits(member, key->type) ? member : NULL;
}

unsigned schema_word(const config_setting_t *group, enum key_place place, const char *name)
{
	const struct policy_key *key = schema_find(place, name);
	const config_setting_t *member = schema_member(group, place, name);
	int number = member ? word_number(key->allowed, config_setting_get_string(member)) : -1;

	return (unsigned)(number >= 0 ? number : word_number(key->allowed, key->fallback));
}

unsigned schema_number(const config_setting_t *group, enum key_place place, const char *name)
{
	const struct policy_key *key = schema_find(place, name);
	const config_setting_t *member = schema_member(group, place, name);

	return member && in_range(key, member) ? (unsigned)config_setting_get_int64(member)
					       : (unsigned)strtoul(key->fallback, NULL, 10);
}

bool schema_flag(const config_setting_t *group, enum key_place place, const char *name)
{
	const config_setting_t *member = schema_member(group, place, name);

	return member ? config_setting_get_bool(member) : !strcmp(schema_find(place, name)->fallback, "true");
}

unsigned texts_count(const config_setting_t *setting)
{
	if (!setting)
		return 0;
	return is_row(setting) ? (unsigned)config_setting_length(setting) : 1;
}

const config_setting_t *texts_item(const config_setting_t *setting, unsigned index)
{
	return is_row(setting) ? config_setting_get_elem(setting, index) : setting;
}

const char *texts_text(const config_setting_t *setting, unsigned index)
{
	return config_setting_get_string(texts_item(setting, index));
}

void schema_print(FILE *out)
{
	static const char *const words[] = {"word",  "number", "flag",  "text",  "texts",
					    "ports", "errno",  "group", "rules", "later"};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const char *comma = "";

		for (unsigned bit = 0; bit < ARRAY_LEN(place_words); bit++)
			if (keys[i].places & 1u << bit) {
				fprintf(out, "%s%s", comma, place_words[bit]);
				comma = ",";
			}
		fprintf(out, "\t%s\t%s\t%s\t%s\t%s\n", keys[i].name, words[keys[i].type], keys[i].fallback,
			keys[i].allowed, keys[i].sentence);
	}
}
