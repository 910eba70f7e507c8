/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From rules to rows; see image_build.h. Patterns go to image_trie.c, the
 * finished image is written by image_layout.c.
 */
#include "tools/image_build.h"

#include "libguard/policy/state.h"
#include "tools/image_rows.h"
#include "tools/image_trie.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct image_builder *image_builder_new(void)
{
	struct image_builder *b = calloc(1, sizeof *b);

	if (!b)
		return NULL;
	b->rules.row = sizeof(struct image_rule_row);
	b->nodes.row = sizeof(struct building_node);
	b->globs.row = sizeof(struct building_glob);
	b->edges.row = sizeof(struct building_edge);
	b->words.row = sizeof(uint32_t);
	b->excepts.row = sizeof(struct image_except);
	b->ports.row = sizeof(struct image_ports_row);
	b->strings.row = 1;
	b->twins.row = sizeof(struct image_twin);
	b->spans.row = sizeof(struct image_span);
	b->refs.row = sizeof(uint32_t);
	image_add_string(b, TEXT(""));
	image_add_row(b, &b->spans); /* span 0: none */
	for (uint32_t root = 0; root <= ROOT_COUNT; root++)
		image_add_node(b, 0);
	if (b->failed) {
		image_builder_free(b);
		return NULL;
	}
	return b;
}

void image_builder_free(struct image_builder *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->nodes.count; i++) {
		struct building_node *node = image_node_at(b, (uint32_t)i);

		free(node->refs.data);
		free(node->globs.data);
		free(node->tails.data);
	}
	for (size_t i = 0; i < b->globs.count; i++)
		free(ROW_AT(b->globs, struct building_glob, i)->refs.data);
	for (size_t i = 0; i < b->edges.count; i++)
		free(ROW_AT(b->edges, struct building_edge, i)->refs.data);
	for (unsigned i = 0; i < b->label_count; i++)
		free(b->label_names[i]);
	image_free_vector(&b->rules);
	image_free_vector(&b->nodes);
	image_free_vector(&b->globs);
	image_free_vector(&b->edges);
	image_free_vector(&b->words);
	image_free_vector(&b->excepts);
	image_free_vector(&b->ports);
	image_free_vector(&b->strings);
	image_free_vector(&b->spans);
	image_free_vector(&b->refs);
	image_free_vector(&b->twins);
	free(b->index);
	free(b);
}

int image_builder_label(struct image_builder *b, const char *name)
{
	for (unsigned i = 0; i < b->label_count; i++)
		if (!strcmp(b->label_names[i], name))
			return (int)i;
	if (b->label_count == ARRAY_LEN(b->labels))
		return -E2BIG;
	b->label_names[b->label_count] = strdup(name);
	if (!b->label_names[b->label_count])
		return -ENOMEM;
	b->labels[b->label_count] = image_add_string(b, text_of(name));
	return (int)b->label_count++;
}

static int add_patterns(struct image_builder *b, enum image_root root, const char *const *patterns, uint32_t rule,
			verb_set denies)
{
	int error = 0;

	for (; patterns && *patterns && !error; patterns++)
		error = image_trie_add(b, root, *patterns, rule, denies);
	return error;
}

static void add_edge_ref(struct image_builder *b, enum image_edge_kind kind, struct text key, uint32_t rule)
{
	struct building_edge *e = image_add_edge(b, kind, 0, key);

	if (e)
		image_list_add(b, &e->refs, rule);
}

static void add_hosts(struct image_builder *b, const char *const *hosts, uint32_t rule)
{
	for (; hosts && *hosts; hosts++) {
		if (!strncmp(*hosts, "*.", 2))
			add_edge_ref(b, EDGE_DOMAIN, text_of(*hosts + 2), rule);
		else
			add_edge_ref(b, EDGE_HOST, text_of(*hosts), rule);
	}
}

static void add_ranges(struct image_builder *b, const struct image_rule *rule, uint32_t number)
{
	for (size_t i = 0; i < rule->range_count; i++) {
		unsigned bits = rule->ranges[i].bits > 128 ? 128 : rule->ranges[i].bits;
		struct image_range_key key = image_range_key(rule->ranges[i].ip, bits);

		b->range_bits[bits / 64] |= UINT64_C(1) << bits % 64;
		add_edge_ref(b, EDGE_RANGE, (struct text){(const char *)key.bytes, sizeof key.bytes}, number);
	}
}

/* Globs for glob_match. With NAMES, one without a slash stands for that name in any directory. */
static uint32_t add_words(struct image_builder *b, const char *const *words, bool names)
{
	size_t first = b->words.count;

	for (; words && *words; words++) {
		char any[PATTERN_MAX + 8] = "**/";
		bool bare = names && !strchr(*words, '/');
		uint32_t *row;

		if (bare)
			strncat(any, *words, PATTERN_MAX);
		row = image_add_row(b, &b->words);
		if (row)
			*row = image_add_string(b, text_of(bare ? any : *words));
	}
	return image_span_from(b, &b->words, first);
}

/* "10.0.0.0/8", "::1", "any" as a range; false when TEXT is none. */
static bool read_range(const char *text, struct image_range *out)
{
	char address[INET6_ADDRSTRLEN + 1];
	size_t len = strcspn(text, "/");
	unsigned bits = 128;
	struct in_addr v4;

	if (!strcmp(text, "any")) {
		*out = (struct image_range){{0}, 0};
		return true;
	}
	if (len >= sizeof address)
		return false;
	memcpy(address, text, len);
	address[len] = '\0';
	memset(out, 0, sizeof *out);
	if (strchr(address, ':') ? inet_pton(AF_INET6, address, out->ip) != 1 : inet_aton(address, &v4) == 0)
		return false;
	if (!strchr(address, ':')) {
		memset(out->ip + 10, 0xff, 2);
		memcpy(out->ip + 12, &v4, 4);
	}
	if (text[len] == '/')
		bits = (unsigned)strtoul(text + len + 1, NULL, 10) + (strchr(address, ':') ? 0 : 96);
	out->bits = (uint8_t)(bits > 128 ? 128 : bits);
	return true;
}

static uint32_t add_excepts(struct image_builder *b, const struct image_rule *rule)
{
	size_t first = b->excepts.count;

	for (const char *const *at = rule->except; at && *at; at++) {
		char any[PATTERN_MAX + 8] = "**/";
		struct image_except *row = image_add_row(b, &b->excepts);
		struct image_except made = {.kind = EXCEPT_GLOB};
		struct image_range range;

		if (rule->section == SECTION_NETWORK && read_range(*at, &range)) {
			made.kind = EXCEPT_RANGE;
			memcpy(made.ip, range.ip, sizeof made.ip);
			made.bits = range.bits;
		} else if (rule->section == SECTION_NETWORK && !strncmp(*at, "*.", 2)) {
			made.kind = EXCEPT_DOMAIN;
			made.string = image_add_string(b, text_of(*at + 2));
		} else if (rule->section == SECTION_NETWORK && **at != '/' && **at != '@' && strncmp(*at, "**", 2) != 0) {
			made.kind = EXCEPT_HOST;
			made.string = image_add_string(b, text_of(*at));
		} else if (!strchr(*at, '/') && **at != '@') {
			strncat(any, *at, PATTERN_MAX);
			made.string = image_add_string(b, text_of(any));
		} else {
			made.string = image_add_string(b, text_of(*at));
		}
		if (row)
			*row = made;
	}
	return image_span_from(b, &b->excepts, first);
}

static uint32_t add_ports(struct image_builder *b, const struct image_rule *rule)
{
	size_t first = b->ports.count;

	for (size_t i = 0; i < rule->port_count; i++) {
		struct image_ports_row *row = image_add_row(b, &b->ports);

		if (row)
			*row = (struct image_ports_row){rule->ports[i].first, rule->ports[i].last};
	}
	return image_span_from(b, &b->ports, first);
}

/* Neighbouring rules come from one file: its name is kept once. */
static uint32_t file_string(struct image_builder *b, const char *file)
{
	if (b->rules.count > 1) {
		uint32_t last = ROW_AT(b->rules, struct image_rule_row, b->rules.count - 2)->file;
		struct text text = image_string_at(b, last);

		if (text.len == strlen(file) && !memcmp(text.data, file, text.len))
			return last;
	}
	return image_add_string(b, text_of(file));
}

static bool is_unconditional(const struct image_rule *rule)
{
	return !rule->by && !rule->args && !rule->env && !rule->after && rule->per_s == 0;
}

static int add_objects(struct image_builder *b, const struct image_rule *rule, uint32_t number)
{
	static const char *const anything[] = {"/**", NULL};
	verb_set denies = rule->kind == VERDICT_DENY && is_unconditional(rule) ? rule->verbs : 0;
	bool any_program = (rule->section == SECTION_PROCESS || rule->section == SECTION_COMMANDS) && !rule->programs;
	int error = add_patterns(b, ROOT_FILES, rule->paths, number, denies);

	if (!error)
		error = add_patterns(b, ROOT_PROGRAMS, any_program ? anything : rule->programs, number, 0);
	for (const char *const *at = rule->sockets; at && *at && !error; at++)
		error = image_trie_add(b, **at == '@' ? ROOT_ABSTRACT : ROOT_SOCKETS, *at, number, 0);
	add_hosts(b, rule->hosts, number);
	add_ranges(b, rule, number);
	return error;
}

int image_builder_add(struct image_builder *b, const struct image_rule *rule)
{
	uint32_t number = (uint32_t)b->rules.count;
	struct image_rule_row made = {
		.line = rule->line,
		.verbs = rule->verbs,
		.err = rule->err ? rule->err : (rule->hide ? ENOENT : EACCES),
		.kind = (uint8_t)rule->kind,
		.section = (uint8_t)rule->section,
		.builtin = rule->builtin,
		.no_log = rule->no_log,
		.over = rule->over,
		.per_s = rule->per_s,
		.labels = rule->labels,
		.after = rule->after,
	};

	if (rule->over > IMAGE_OVER_MAX)
		return -E2BIG;
	if (!image_add_row(b, &b->rules))
		return -ENOMEM;
	if (rule->per_s) {
		made.counter = (uint32_t)b->counters;
		b->counters += state_words(rule->over);
		if (b->counters > UINT32_MAX)
			return -E2BIG;
	}
	made.id = image_add_string(b, text_of(rule->id));
	made.reason = rule->reason ? image_add_string(b, text_of(rule->reason)) : 0;
	made.hint = rule->hint ? image_add_string(b, text_of(rule->hint)) : 0;
	made.file = file_string(b, rule->file);
	made.args = add_words(b, rule->args, false);
	made.env = add_words(b, rule->env, false);
	made.by = add_words(b, rule->by, true);
	made.except = add_excepts(b, rule);
	made.port = add_ports(b, rule);
	b->hides |= rule->hide;
	b->environment |= made.env != 0;
	*ROW_AT(b->rules, struct image_rule_row, number) = made;
	if (b->failed)
		return -ENOMEM;
	return add_objects(b, rule, number);
}

void image_builder_twin(struct image_builder *b, const char *path, const struct stat *status, uint64_t print)
{
	uint64_t size = (uint64_t)status->st_size;
	struct image_twin *row;

	for (size_t i = 0; i < b->twins.count; i++) {
		const struct image_twin *known = ROW_AT(b->twins, struct image_twin, i);
		struct text name = image_string_at(b, known->path);

		if (known->size == size && name.len == strlen(path) && !memcmp(name.data, path, name.len))
			return;
	}
	row = image_add_row(b, &b->twins);
	if (row)
		*row = (struct image_twin){size, status->st_dev, status->st_ino, print, image_add_string(b, text_of(path)), 0};
}
