/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules and hints in words; see rule_text.h.
 */
#include "tools/rule_text.h"

#include "tools/escape.h"

#include <string.h>

/* Where a section's default is meant, by section. */
static const struct text default_names[SECTION_COUNT] = {
	[SECTION_FILES] = {"default for files", 17},
	[SECTION_NETWORK] = {"default for network", 19},
	[SECTION_COMMANDS] = {"default for commands", 20},
	[SECTION_PROCESS] = {"default for process", 19},
};

struct rule_text rule_text_of(const struct policy *policy, uint32_t number, enum verb verb)
{
	struct rule_text rule = {.number = number};
	struct rule_info info;

	switch (number) {
	case RULE_DEFAULT:
		rule.name = default_names[verb_table[verb].section];
		rule.reason = TEXT("no rule allows it");
		return rule;
	case RULE_NOT_ASKED:
		rule.name = TEXT("not asked");
		return rule;
	case RULE_BROKEN:
		rule.name = TEXT("failed closed");
		rule.reason = TEXT("the guard could not decide or record it");
		return rule;
	}
	if (!policy || policy_rule(policy, number, &info) != 0)
		return rule;
	rule.name = info.id;
	rule.file = info.file;
	rule.line = info.line;
	rule.reason = info.reason;
	rule.builtin = info.builtin;
	rule.excepts = info.excepts;
	rule.known = true;
	return rule;
}

void rule_text_write_name(const struct rule_text *rule, struct buf *out)
{
	if (rule->name.len > 0) {
		buf_bytes(out, rule->name.data, rule->name.len);
		return;
	}
	buf_str(out, "rule ");
	buf_u64(out, rule->number);
}

void rule_text_write_place(const struct rule_text *rule, struct buf *out)
{
	const char *slash;

	if (rule->file.len == 0)
		return;
	slash = memrchr(rule->file.data, '/', rule->file.len);
	if (slash)
		buf_bytes(out, slash + 1, (size_t)(rule->file.data + rule->file.len - slash - 1));
	else
		buf_bytes(out, rule->file.data, rule->file.len);
	buf_char(out, ':');
	buf_u64(out, rule->line);
}

void rule_text_write_string(struct text text, bool glob, struct buf *out)
{
	buf_char(out, '"');
	while (text.len > 0) {
		char c = *text.data;
		uint32_t code;
		size_t len = utf8_read(text, &code);

		if (glob && memchr("*?[]{}\\$", c, 8))
			buf_str(out, "\\\\");
		if (len == 0 || code < 0x20 || code == 0x7f) {
			buf_str(out, "\\x");
			buf_hex(out, (unsigned char)c, 2);
			len = 1;
		} else {
			if (c == '"' || c == '\\')
				buf_char(out, '\\');
			buf_bytes(out, text.data, len);
		}
		text = (struct text){text.data + len, text.len - len};
	}
	buf_char(out, '"');
}

static struct text last_component(struct text path)
{
	const char *slash = memrchr(path.data, '/', path.len);
	size_t at = slash ? (size_t)(slash - path.data) + 1 : 0;

	return (struct text){path.data + at, path.len - at};
}

static void write_key(const char *key, struct text value, bool glob, struct buf *out)
{
	buf_str(out, key);
	buf_str(out, " = ");
	rule_text_write_string(value, glob, out);
	buf_str(out, "; ");
}

static bool is_socket(struct text object)
{
	return object.len > 0 && (object.data[0] == '/' || object.data[0] == '@');
}

static void write_network_object(const struct refused *refused, struct buf *out)
{
	if (refused->verb == VERB_RESOLVE)
		write_key("host", refused->object, false, out);
	else if (refused->host.len > 0)
		write_key("host", refused->host, false, out);
	else if (is_socket(refused->object))
		write_key("socket", refused->object, true, out);
	else
		write_key("address", refused->object, false, out);
	if (refused->port) {
		buf_str(out, "port = ");
		buf_u64(out, refused->port);
		buf_str(out, "; ");
	}
}

/* The words after the program's own name. */
static void write_args(struct text argv, struct buf *out)
{
	const char *end = memchr(argv.data, '\0', argv.len);
	const char *at = end ? end + 1 : argv.data + argv.len;
	const char *stop = argv.data + argv.len;

	if (at >= stop)
		return;
	buf_str(out, "args = [");
	while (at < stop) {
		const char *next = memchr(at, '\0', (size_t)(stop - at));

		rule_text_write_string((struct text){at, (size_t)((next ? next : stop) - at)}, true, out);
		at = next ? next + 1 : stop;
		buf_str(out, at < stop ? ", " : "]; ");
	}
}

static void write_rule(const struct refused *refused, struct buf *out)
{
	enum section section = verb_table[refused->verb].section;

	buf_str(out, section_words[section]);
	buf_str(out, " = ( { ");
	write_key("allow", (struct text){verb_table[refused->verb].word, strlen(verb_table[refused->verb].word)}, false,
		  out);
	switch (section) {
	case SECTION_FILES:
		write_key("path", refused->object, true, out);
		break;
	case SECTION_NETWORK:
		write_network_object(refused, out);
		break;
	case SECTION_COMMANDS:
		write_key("program", last_component(refused->object), true, out);
		write_args(refused->argv, out);
		break;
	case SECTION_PROCESS:
	case SECTION_COUNT:
		break;
	}
	buf_str(out, "} );");
}

void rule_text_write_hint(const struct rule_text *rule, const struct refused *refused, struct buf *out)
{
	struct text exception = refused->host.len > 0 ? refused->host : refused->object;

	if (rule->number == RULE_DEFAULT) {
		write_rule(refused, out);
	} else if (!rule->known) {
		return;
	} else if (rule->builtin) {
		buf_str(out, "not possible: the rule is built in");
	} else if (memchr(rule->name.data, '/', rule->name.len)) {
		/* The rule of a profile: a policy can only switch it off as a whole. */
		buf_str(out, "without = [");
		rule_text_write_string(rule->name, false, out);
		buf_str(out, "];");
	} else {
		buf_str(out, rule->excepts ? "add " : "add except = ");
		rule_text_write_string(exception, verb_table[refused->verb].section != SECTION_NETWORK, out);
		buf_str(out, rule->excepts ? " to the list except of the rule" : "; to the rule");
	}
}
