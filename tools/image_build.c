/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building a policy image; see image_build.h, and libguard/policy/image.h for
 * the layout.
 */
#include "tools/image_build.h"

#include "libguard/core/glob.h"
#include "libguard/policy/image.h"
#include "libguard/policy/state.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PATTERN_MAX 4096

/* A table that grows; rows of one size. */
struct vector {
	unsigned char *data;
	size_t count, cap, row;
};

/* Numbers that hang on a node or an edge until the image is laid out: a list in the order of adding. */
struct list {
	uint32_t *data;
	uint32_t count, cap;
};

struct building_node {
	struct list refs;   /* rules */
	struct list globs;  /* rows of builder->globs */
	struct list tails;  /* the same; their `node` is a row of tail_refs */
	uint32_t stars;
	uint32_t parent;
	bool is_stars;
	verb_set own; /* verbs that rules without conditions deny here */
	uint32_t own_rule;
};

struct building_glob {
	uint32_t pattern; /* string */
	uint32_t node;
	struct list refs; /* of a tail */
};

struct building_edge {
	uint32_t hash, owner, key;
	uint32_t node;    /* EDGE_LITERAL */
	struct list refs; /* EDGE_HOST, EDGE_DOMAIN, EDGE_RANGE */
};

struct image_builder {
	struct vector rules, nodes, globs, edges, words, excepts, ports, strings, spans, refs;
	uint32_t *index; /* edges by hash, open addressing; number + 1 */
	size_t index_size;
	uint64_t counters;
	uint64_t range_bits[3];
	bool hides;
	bool failed; /* memory was out once: nothing counts any more */
	uint32_t labels[64];
	unsigned label_count;
	char *label_names[64];
};

static void *add_row(struct image_builder *b, struct vector *v)
{
	if (v->count == v->cap) {
		size_t cap = v->cap ? v->cap * 2 : 64;
		unsigned char *data = realloc(v->data, cap * v->row);

		if (!data) {
			b->failed = true;
			return NULL;
		}
		v->data = data;
		v->cap = cap;
	}
	memset(v->data + v->count * v->row, 0, v->row);
	return v->data + v->count++ * v->row;
}

#define ROW_AT(vector, type, number) (&((type *)(void *)(vector).data)[number])

static void list_add(struct image_builder *b, struct list *list, uint32_t number)
{
	if (list->count > 0 && list->data[list->count - 1] == number)
		return;
	if (list->count == list->cap) {
		uint32_t cap = list->cap ? list->cap * 2 : 2;
		uint32_t *data = realloc(list->data, cap * sizeof *data);

		if (!data) {
			b->failed = true;
			return;
		}
		list->data = data;
		list->cap = cap;
	}
	list->data[list->count++] = number;
}

static uint32_t add_string(struct image_builder *b, struct text text)
{
	size_t need = sizeof(uint32_t) + text.len + 1;
	uint32_t len = (uint32_t)text.len;
	uint32_t at = (uint32_t)b->strings.count;
	struct vector *v = &b->strings;

	if (v->count + need > v->cap) {
		size_t cap = (v->cap ? v->cap * 2 : 4096) + need;
		unsigned char *data = realloc(v->data, cap);

		if (!data) {
			b->failed = true;
			return 0;
		}
		v->data = data;
		v->cap = cap;
	}
	memcpy(v->data + at, &len, sizeof len);
	memcpy(v->data + at + sizeof len, text.data, text.len);
	v->data[at + need - 1] = '\0';
	v->count += need;
	return at;
}

static struct text text_of(const char *string)
{
	return (struct text){string ? string : "", string ? strlen(string) : 0};
}

static struct text string_at(const struct image_builder *b, uint32_t at)
{
	uint32_t len;

	memcpy(&len, b->strings.data + at, sizeof len);
	return (struct text){(const char *)b->strings.data + at + sizeof len, len};
}

static uint32_t add_node(struct image_builder *b, uint32_t parent)
{
	struct building_node *node = add_row(b, &b->nodes);

	if (!node)
		return 0;
	node->parent = parent;
	return (uint32_t)b->nodes.count - 1;
}

static struct building_node *node_at(struct image_builder *b, uint32_t number)
{
	return ROW_AT(b->nodes, struct building_node, number);
}

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
	b->spans.row = sizeof(struct image_span);
	b->refs.row = sizeof(uint32_t);
	add_string(b, TEXT(""));
	add_row(b, &b->spans); /* span 0: none */
	for (uint32_t root = 0; root <= ROOT_COUNT; root++)
		add_node(b, 0);
	if (b->failed) {
		image_builder_free(b);
		return NULL;
	}
	return b;
}

static void free_vector(struct vector *v)
{
	free(v->data);
}

void image_builder_free(struct image_builder *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->nodes.count; i++) {
		struct building_node *node = node_at(b, (uint32_t)i);

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
	free_vector(&b->rules);
	free_vector(&b->nodes);
	free_vector(&b->globs);
	free_vector(&b->edges);
	free_vector(&b->words);
	free_vector(&b->excepts);
	free_vector(&b->ports);
	free_vector(&b->strings);
	free_vector(&b->spans);
	free_vector(&b->refs);
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
	b->labels[b->label_count] = add_string(b, text_of(name));
	return (int)b->label_count++;
}

static bool index_grow(struct image_builder *b)
{
	size_t size = b->index_size ? b->index_size * 2 : 1024;
	uint32_t *index = calloc(size, sizeof *index);

	if (!index) {
		b->failed = true;
		return false;
	}
	for (size_t i = 0; i < b->edges.count; i++) {
		size_t at = ROW_AT(b->edges, struct building_edge, i)->hash >> 1 & (size - 1);

		while (index[at])
			at = (at + 1) & (size - 1);
		index[at] = (uint32_t)i + 1;
	}
	free(b->index);
	b->index = index;
	b->index_size = size;
	return true;
}

/* The edge of that kind, owner and key; made if there is none. NULL when memory is out. */
static struct building_edge *edge(struct image_builder *b, enum image_edge_kind kind, uint32_t owner, struct text key)
{
	uint32_t hash = image_hash(kind, owner, key);
	struct building_edge *found;
	size_t at;

	if (b->edges.count * 2 >= b->index_size && !index_grow(b))
		return NULL;
	for (at = hash >> 1 & (b->index_size - 1); b->index[at]; at = (at + 1) & (b->index_size - 1)) {
		struct text other;

		found = ROW_AT(b->edges, struct building_edge, b->index[at] - 1);
		other = string_at(b, found->key);
		if (found->hash == hash && found->owner == owner * 8 + kind && other.len == key.len &&
		    !memcmp(other.data, key.data, key.len))
			return found;
	}
	found = add_row(b, &b->edges);
	if (!found)
		return NULL;
	found->hash = hash;
	found->owner = owner * 8 + kind;
	found->key = add_string(b, key);
	b->index[at] = (uint32_t)b->edges.count;
	return found;
}

static uint32_t child_by_literal(struct image_builder *b, uint32_t parent, struct text component)
{
	struct building_edge *e = edge(b, EDGE_LITERAL, parent, component);
	size_t number;

	if (!e)
		return 0;
	if (e->node)
		return e->node;
	number = (size_t)(e - ROW_AT(b->edges, struct building_edge, 0));
	uint32_t node = add_node(b, parent);
	ROW_AT(b->edges, struct building_edge, number)->node = node;
	return node;
}

static uint32_t child_by_stars(struct image_builder *b, uint32_t parent)
{
	uint32_t node;

	if (node_at(b, parent)->is_stars)
		return parent; /* "**" after "**" adds nothing */
	if (node_at(b, parent)->stars)
		return node_at(b, parent)->stars;
	node = add_node(b, parent);
	if (node) {
		node_at(b, node)->is_stars = true;
		node_at(b, parent)->stars = node;
	}
	return node;
}

/* The row of a glob among those of a node, made if there is none. */
static struct building_glob *glob_among(struct image_builder *b, struct list *list, struct text pattern)
{
	struct building_glob *glob;

	for (uint32_t i = 0; i < list->count; i++) {
		struct text other;

		glob = ROW_AT(b->globs, struct building_glob, list->data[i]);
		other = string_at(b, glob->pattern);
		if (other.len == pattern.len && !memcmp(other.data, pattern.data, pattern.len))
			return glob;
	}
	glob = add_row(b, &b->globs);
	if (!glob)
		return NULL;
	glob->pattern = add_string(b, pattern);
	list_add(b, list, (uint32_t)b->globs.count - 1);
	return glob;
}

/*
 * A node with very many globs makes looking for an equal one slow: the last few are enough, since equal patterns
 * come from neighbouring rules; a second row for the same pattern costs a little time and no correctness.
 */
static uint32_t child_by_glob(struct image_builder *b, uint32_t parent, struct text pattern)
{
	struct list *globs = &node_at(b, parent)->globs;
	struct building_glob *glob;
	uint32_t near = globs->count > 32 ? globs->count - 32 : 0;
	uint32_t node;

	for (uint32_t i = near; i < globs->count; i++) {
		struct text other;

		glob = ROW_AT(b->globs, struct building_glob, globs->data[i]);
		other = string_at(b, glob->pattern);
		if (other.len == pattern.len && !memcmp(other.data, pattern.data, pattern.len))
			return glob->node;
	}
	node = add_node(b, parent); /* may move the nodes */
	glob = add_row(b, &b->globs);
	if (!node || !glob)
		return 0;
	glob->pattern = add_string(b, pattern);
	glob->node = node;
	list_add(b, &node_at(b, parent)->globs, (uint32_t)b->globs.count - 1);
	return node;
}

static bool has_stars(struct text text)
{
	for (size_t i = 0; i + 1 < text.len; i++) {
		if (text.data[i] == '\\')
			i++;
		else if (text.data[i] == '*' && text.data[i + 1] == '*')
			return true;
	}
	return false;
}

/* "\*" is a literal star: take the backslashes out of a component that has no other meaning. False: it is a glob. */
static bool unescape(struct text component, char out[PATTERN_MAX], size_t *len)
{
	*len = 0;
	for (size_t i = 0; i < component.len; i++) {
		char c = component.data[i];

		if (c == '*' || c == '?' || c == '[')
			return false;
		if (c == '\\' && i + 1 < component.len)
			c = component.data[++i];
		out[(*len)++] = c;
	}
	return true;
}

/* Hang RULE on the node that PATTERN leads to. */
static int add_pattern(struct image_builder *b, enum image_root root, const char *pattern, uint32_t rule, verb_set denies)
{
	uint32_t node = (uint32_t)root;
	const char *at = pattern;

	if (strlen(pattern) >= PATTERN_MAX)
		return -E2BIG;
	if (*pattern != '/' && root != ROOT_ABSTRACT && strncmp(pattern, "**/", 3) != 0)
		node = child_by_stars(b, node);
	while (*at && !b->failed) {
		char literal[PATTERN_MAX];
		struct text component;
		size_t len;

		at += strspn(at, "/");
		component = (struct text){at, strcspn(at, "/")};
		if (component.len == 0)
			break;
		if (component.len == 2 && !memcmp(at, "**", 2)) {
			node = child_by_stars(b, node);
		} else if (unescape(component, literal, &len)) {
			node = child_by_literal(b, node, (struct text){literal, len});
		} else if (has_stars(component)) {
			struct building_glob *tail = glob_among(b, &node_at(b, node)->tails, text_of(at));

			if (tail)
				list_add(b, &tail->refs, rule);
			return b->failed ? -ENOMEM : 0;
		} else {
			node = child_by_glob(b, node, component);
		}
		at += component.len;
	}
	if (b->failed)
		return -ENOMEM;
	list_add(b, &node_at(b, node)->refs, rule);
	if (denies && !node_at(b, node)->own) {
		node_at(b, node)->own = denies;
		node_at(b, node)->own_rule = rule;
	}
	node_at(b, node)->own |= denies;
	return 0;
}

static int add_patterns(struct image_builder *b, enum image_root root, const char *const *patterns, uint32_t rule,
			verb_set denies)
{
	int error = 0;

	for (; patterns && *patterns && !error; patterns++)
		error = add_pattern(b, root, *patterns, rule, denies);
	return error;
}

static void add_edge_ref(struct image_builder *b, enum image_edge_kind kind, struct text key, uint32_t rule)
{
	struct building_edge *e = edge(b, kind, 0, key);

	if (e)
		list_add(b, &e->refs, rule);
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

/* A span of rows that were added to TABLE from FIRST on; 0 when there are none. */
static uint32_t span_from(struct image_builder *b, const struct vector *table, size_t first)
{
	struct image_span *span;

	if (table->count == first)
		return 0;
	span = add_row(b, &b->spans);
	if (!span)
		return 0;
	*span = (struct image_span){(uint32_t)first, (uint32_t)(table->count - first)};
	return (uint32_t)b->spans.count - 1;
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
		row = add_row(b, &b->words);
		if (row)
			*row = add_string(b, text_of(bare ? any : *words));
	}
	return span_from(b, &b->words, first);
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
		struct image_except *row = add_row(b, &b->excepts);
		struct image_except made = {.kind = EXCEPT_GLOB};
		struct image_range range;

		if (rule->section == SECTION_NETWORK && read_range(*at, &range)) {
			made.kind = EXCEPT_RANGE;
			memcpy(made.ip, range.ip, sizeof made.ip);
			made.bits = range.bits;
		} else if (rule->section == SECTION_NETWORK && !strncmp(*at, "*.", 2)) {
			made.kind = EXCEPT_DOMAIN;
			made.string = add_string(b, text_of(*at + 2));
		} else if (rule->section == SECTION_NETWORK && **at != '/' && **at != '@' && strncmp(*at, "**", 2) != 0) {
			made.kind = EXCEPT_HOST;
			made.string = add_string(b, text_of(*at));
		} else if (!strchr(*at, '/') && **at != '@') {
			strncat(any, *at, PATTERN_MAX);
			made.string = add_string(b, text_of(any));
		} else {
			made.string = add_string(b, text_of(*at));
		}
		if (row)
			*row = made;
	}
	return span_from(b, &b->excepts, first);
}

static uint32_t add_ports(struct image_builder *b, const struct image_rule *rule)
{
	size_t first = b->ports.count;

	for (size_t i = 0; i < rule->port_count; i++) {
		struct image_ports_row *row = add_row(b, &b->ports);

		if (row)
			*row = (struct image_ports_row){rule->ports[i].first, rule->ports[i].last};
	}
	return span_from(b, &b->ports, first);
}

/* Neighbouring rules come from one file: its name is kept once. */
static uint32_t file_string(struct image_builder *b, const char *file)
{
	if (b->rules.count > 1) {
		uint32_t last = ROW_AT(b->rules, struct image_rule_row, b->rules.count - 2)->file;
		struct text text = string_at(b, last);

		if (text.len == strlen(file) && !memcmp(text.data, file, text.len))
			return last;
	}
	return add_string(b, text_of(file));
}

static bool is_unconditional(const struct image_rule *rule)
{
	return !rule->by && !rule->args && !rule->after && rule->per_s == 0;
}

static int add_objects(struct image_builder *b, const struct image_rule *rule, uint32_t number)
{
	static const char *const anything[] = {"/**", NULL};
	verb_set denies = rule->kind == VERDICT_DENY && is_unconditional(rule) ? rule->verbs : 0;
	bool any_process = rule->section == SECTION_PROCESS && !rule->programs;
	int error = add_patterns(b, ROOT_FILES, rule->paths, number, denies);

	if (!error)
		error = add_patterns(b, ROOT_PROGRAMS, any_process ? anything : rule->programs, number, 0);
	for (const char *const *at = rule->sockets; at && *at && !error; at++)
		error = add_pattern(b, **at == '@' ? ROOT_ABSTRACT : ROOT_SOCKETS, *at, number, 0);
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
	if (!add_row(b, &b->rules))
		return -ENOMEM;
	if (rule->per_s) {
		made.counter = (uint32_t)b->counters;
		b->counters += state_words(rule->over);
		if (b->counters > UINT32_MAX)
			return -E2BIG;
	}
	made.id = add_string(b, text_of(rule->id));
	made.reason = rule->reason ? add_string(b, text_of(rule->reason)) : 0;
	made.file = file_string(b, rule->file);
	made.args = add_words(b, rule->args, false);
	made.by = add_words(b, rule->by, true);
	made.except = add_excepts(b, rule);
	made.port = add_ports(b, rule);
	b->hides |= rule->hide;
	*ROW_AT(b->rules, struct image_rule_row, number) = made;
	if (b->failed)
		return -ENOMEM;
	return add_objects(b, rule, number);
}

/* ---- laying out ---- */

/* Tables of the image in the making. */
struct layout {
	struct vector nodes, globsets, globs, edges;
};

static uint32_t span_of(struct image_builder *b, const struct list *list)
{
	size_t first = b->refs.count;

	for (uint32_t i = 0; i < list->count; i++) {
		uint32_t *row = add_row(b, &b->refs);

		if (row)
			*row = list->data[i];
	}
	return span_from(b, &b->refs, first);
}

/* Literal bytes at the beginning or end of a component glob. */
static size_t literal_start(struct text glob)
{
	size_t len = strcspn(glob.data, "*?[\\");

	return len < glob.len ? len : glob.len;
}

static size_t literal_end(struct text glob)
{
	size_t at = glob.len;

	while (at > 0 && !strchr("*?[]\\", glob.data[at - 1]))
		at--;
	return glob.len - at;
}

struct filed_glob {
	enum image_edge_kind kind; /* EDGE_PREFIX, EDGE_SUFFIX, or 0 for loose */
	struct text key;
	struct image_glob glob;
};

static int compare_filed(const void *a, const void *b)
{
	const struct filed_glob *x = a, *y = b;
	size_t len = x->key.len < y->key.len ? x->key.len : y->key.len;
	int order;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	order = memcmp(x->key.data, y->key.data, len);
	if (order)
		return order;
	return x->key.len < y->key.len ? -1 : x->key.len > y->key.len;
}

static void file_glob(const struct image_builder *b, const struct building_glob *glob, struct filed_glob *out)
{
	struct text pattern = string_at(b, glob->pattern);
	size_t start = literal_start(pattern), end = literal_end(pattern);

	*out = (struct filed_glob){0, {pattern.data, 0}, {glob->pattern, glob->node}};
	if (start > 0 && start < 256) {
		out->kind = EDGE_PREFIX;
		out->key.len = start;
	} else if (end > 0 && end < 256) {
		out->kind = EDGE_SUFFIX;
		out->key = (struct text){pattern.data + pattern.len - end, end};
	}
}

static uint32_t add_globs(struct image_builder *b, struct layout *to, const struct filed_glob *filed, size_t count)
{
	size_t first = to->globs.count;

	for (size_t i = 0; i < count; i++) {
		struct image_glob *row = add_row(b, &to->globs);

		if (row)
			*row = filed[i].glob;
	}
	return span_from(b, &to->globs, first);
}

/* An edge made while laying out: added to the builder's, which are laid out last. */
static void add_span_edge(struct image_builder *b, enum image_edge_kind kind, uint32_t owner, struct text key,
			  uint32_t span)
{
	char copy[256];
	struct building_edge *e;

	/* The key lies among the strings, which grow. */
	memcpy(copy, key.data, key.len);
	e = edge(b, kind, owner, (struct text){copy, key.len});
	if (e)
		e->node = span;
}

static uint32_t lay_globset(struct image_builder *b, struct layout *to, uint32_t number)
{
	const struct list *list = &node_at(b, number)->globs;
	struct filed_glob *filed;
	struct image_globset *set, made = {{0}, {0}, 0, 0};

	if (list->count == 0)
		return 0;
	filed = calloc(list->count, sizeof *filed);
	set = add_row(b, &to->globsets);
	if (!filed || !set) {
		b->failed = true;
		free(filed);
		return 0;
	}
	for (uint32_t i = 0; i < list->count; i++)
		file_glob(b, ROW_AT(b->globs, struct building_glob, list->data[i]), &filed[i]);
	qsort(filed, list->count, sizeof *filed, compare_filed);
	for (uint32_t i = 0, next; i < list->count; i = next) {
		uint32_t span;
		size_t len = filed[i].key.len;

		for (next = i + 1; next < list->count && compare_filed(&filed[i], &filed[next]) == 0; next++)
			;
		span = add_globs(b, to, filed + i, next - i);
		if (filed[i].kind == EDGE_PREFIX)
			made.prefixes[len / 64] |= UINT64_C(1) << len % 64;
		else if (filed[i].kind == EDGE_SUFFIX)
			made.suffixes[len / 64] |= UINT64_C(1) << len % 64;
		if (!filed[i].kind) {
			made.loose = span;
			continue;
		}
		/* Adding an edge adds its key, which may move the strings that the other keys lie in. */
		add_span_edge(b, filed[i].kind, number, filed[i].key, span);
		for (uint32_t k = next; k < list->count; k++) {
			struct text pattern = string_at(b, filed[k].glob.pattern);

			filed[k].key.data = filed[k].kind == EDGE_SUFFIX ? pattern.data + pattern.len - filed[k].key.len
									 : pattern.data;
		}
	}
	free(filed);
	*ROW_AT(to->globsets, struct image_globset, to->globsets.count - 1) = made;
	return (uint32_t)to->globsets.count - 1;
}

static uint32_t lay_tails(struct image_builder *b, struct layout *to, const struct list *list)
{
	size_t first;
	struct image_glob *rows = calloc(list->count ? list->count : 1, sizeof *rows);

	if (!rows) {
		b->failed = true;
		return 0;
	}
	for (uint32_t i = 0; i < list->count; i++) {
		const struct building_glob *glob = ROW_AT(b->globs, struct building_glob, list->data[i]);

		rows[i] = (struct image_glob){glob->pattern, span_of(b, &glob->refs)};
	}
	first = to->globs.count;
	for (uint32_t i = 0; i < list->count; i++) {
		struct image_glob *row = add_row(b, &to->globs);

		if (row)
			*row = rows[i];
	}
	free(rows);
	return span_from(b, &to->globs, first);
}

static void lay_node(struct image_builder *b, struct layout *to, uint32_t number)
{
	const struct building_node *node = node_at(b, number);
	struct image_node made = {.stars = node->stars, .is_stars = node->is_stars};
	struct image_node *row = add_row(b, &to->nodes);

	made.refs = span_of(b, &node->refs);
	made.globset = lay_globset(b, to, number);
	made.tails = lay_tails(b, to, &node->tails);
	if (row)
		*row = made;
}

/* What is denied below each node: children come after their parents, so from the last to the first. */
static void lay_below(const struct image_builder *b, struct layout *to)
{
	for (size_t i = b->nodes.count; i-- > ROOT_COUNT + 1;) {
		const struct building_node *node = ROW_AT(b->nodes, struct building_node, i);
		const struct image_node *row = ROW_AT(to->nodes, struct image_node, i);
		struct image_node *parent = ROW_AT(to->nodes, struct image_node, node->parent);
		verb_set denied = node->own | row->below;
		uint32_t rule = node->own ? node->own_rule : row->below_rule;

		/* Below `**` anything may lie, or nothing: only a rule that ends there speaks for its directory. */
		if (node->is_stars)
			continue;
		if (node->stars && ROW_AT(b->nodes, struct building_node, node->stars)->own) {
			denied |= ROW_AT(b->nodes, struct building_node, node->stars)->own;
			rule = ROW_AT(b->nodes, struct building_node, node->stars)->own_rule;
		}
		if (denied && !parent->below)
			parent->below_rule = rule;
		parent->below |= denied;
	}
}

static void lay_edges(struct image_builder *b, struct layout *to)
{
	size_t size = 16;

	while (size < b->edges.count * 2)
		size *= 2;
	to->edges.data = calloc(size, to->edges.row);
	to->edges.count = size;
	if (!to->edges.data) {
		b->failed = true;
		return;
	}
	for (size_t i = 0; i < b->edges.count; i++) {
		const struct building_edge *e = ROW_AT(b->edges, struct building_edge, i);
		uint32_t value = e->refs.count ? span_of(b, &e->refs) : e->node;
		size_t at = e->hash >> 1 & (size - 1);

		while (ROW_AT(to->edges, struct image_edge, at)->hash)
			at = (at + 1) & (size - 1);
		*ROW_AT(to->edges, struct image_edge, at) = (struct image_edge){e->hash, e->owner, e->key, value};
	}
}

struct part {
	struct image_table *table;
	const void *data;
	size_t count, row;
};

static int write_image(const struct part *parts, size_t count, struct image_head *head, unsigned char **image, size_t *size)
{
	size_t at = (sizeof *head + 7) & ~(size_t)7;
	size_t from = offsetof(struct image_head, checksum) + sizeof head->checksum;

	for (size_t i = 0; i < count; i++) {
		*parts[i].table = (struct image_table){(uint32_t)at, (uint32_t)parts[i].count};
		at = (at + parts[i].count * parts[i].row + 7) & ~(size_t)7;
	}
	if (at > UINT32_MAX)
		return -ENOMEM;
	head->size = at;
	*image = calloc(1, at);
	if (!*image)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (parts[i].count)
			memcpy(*image + parts[i].table->at, parts[i].data, parts[i].count * parts[i].row);
	memcpy(*image, head, sizeof *head);
	head->checksum = image_checksum(*image + from, at - from);
	memcpy(*image, head, sizeof *head);
	*size = at;
	return 0;
}

int image_builder_finish(struct image_builder *b, const struct image_setting *setting, unsigned char **image, size_t *size)
{
	struct layout to = {
		.nodes.row = sizeof(struct image_node),
		.globsets.row = sizeof(struct image_globset),
		.globs.row = sizeof(struct image_glob),
		.edges.row = sizeof(struct image_edge),
	};
	struct image_head head;
	int error = -ENOMEM;

	add_row(b, &to.globsets); /* row 0: none */
	for (size_t i = 0; i < b->nodes.count; i++)
		lay_node(b, &to, (uint32_t)i);
	lay_edges(b, &to);
	if (!b->failed) {
		struct part parts[] = {
#define PART(name, from) {&head.name, (from).data, (from).count, (from).row}
			PART(rules, b->rules),   PART(nodes, to.nodes),	 PART(globsets, to.globsets),
			PART(globs, to.globs),	 PART(edges, to.edges),	 PART(spans, b->spans),
			PART(refs, b->refs),	 PART(words, b->words),	 PART(excepts, b->excepts),
			PART(ports, b->ports),	 PART(strings, b->strings),
#undef PART
			{&head.labels, b->labels, b->label_count, sizeof b->labels[0]},
		};

		lay_below(b, &to);
		memset(&head, 0, sizeof head); /* padding too: it is checksummed */
		head.magic = IMAGE_MAGIC;
		head.version = IMAGE_VERSION;
		head.counters = b->counters;
		head.mode = (uint8_t)setting->mode;
		for (int i = 0; i < SECTION_COUNT; i++)
			head.defaults[i] = (uint8_t)setting->defaults[i];
		head.hides = b->hides;
		head.log_required = setting->log.required;
		head.log_reads = setting->log.reads;
		head.log_stacks = setting->log.stacks;
		head.log_native = setting->log.native;
		memcpy(head.range_bits, b->range_bits, sizeof head.range_bits);
		error = write_image(parts, ARRAY_LEN(parts), &head, image, size);
	}
	free_vector(&to.nodes);
	free_vector(&to.globsets);
	free_vector(&to.globs);
	free_vector(&to.edges);
	return error;
}
