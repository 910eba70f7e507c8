/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a policy image; see image.h. Every number that comes out of an image
 * is checked where it is used.
 */
#include "libguard/policy/image.h"

#include "libguard/policy/state.h"

#include <errno.h>
#include <string.h>

static const struct {
	size_t row; /* bytes */
	size_t table;
} tables[] = {
#define TABLE(name, size) {size, offsetof(struct image_head, name)}
	TABLE(rules, sizeof(struct image_rule_row)),
	TABLE(nodes, sizeof(struct image_node)),
	TABLE(globsets, sizeof(struct image_globset)),
	TABLE(globs, sizeof(struct image_glob)),
	TABLE(edges, sizeof(struct image_edge)),
	TABLE(spans, sizeof(struct image_span)),
	TABLE(refs, sizeof(uint32_t)),
	TABLE(words, sizeof(uint32_t)),
	TABLE(excepts, sizeof(struct image_except)),
	TABLE(ports, sizeof(struct image_ports_row)),
	TABLE(strings, 1),
	TABLE(labels, sizeof(uint32_t)),
#undef TABLE
};

static bool head_is_sound(const struct image_head *head, size_t size)
{
	if (head->magic != IMAGE_MAGIC || head->version != IMAGE_VERSION || head->size != size)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		struct image_table table;

		memcpy(&table, (const unsigned char *)head + tables[i].table, sizeof table);
		if (table.at % 8 || table.at > size || table.count > (size - table.at) / tables[i].row)
			return false;
	}
	/* The hash table is walked until a free row: it has to be a power of two with room. */
	return (head->edges.count & (head->edges.count - 1)) == 0 && head->edges.count > 0 && head->labels.count <= 64;
}

size_t policy_state_size(const void *image, size_t size)
{
	const struct image_head *head = image;

	if (size < sizeof *head || !head_is_sound(head, size) || head->counters > SIZE_MAX / 16)
		return 0;
	return sizeof(struct policy_state) + head->counters * sizeof(uint64_t);
}

int policy_attach(const void *image, size_t size, void *state, size_t state_size, struct policy *out)
{
	if (size < sizeof(struct image_head) || (uintptr_t)image % 8 || !head_is_sound(image, size))
		return -EINVAL;
	if (state && state_size < policy_state_size(image, size))
		return -EINVAL;
	*out = (struct policy){.image = image, .size = size, .state = state};
	return 0;
}

int policy_verify(const struct policy *policy)
{
	size_t from = offsetof(struct image_head, checksum) + sizeof(uint32_t);

	return image_checksum(policy->image + from, policy->size - from) == image_head(policy)->checksum ? 0 : -EINVAL;
}

const uint64_t image_empty_row[26];

struct text image_word(const struct policy *policy, uint32_t number)
{
	return image_string(policy, *image_word_row(policy, number));
}

struct text image_string(const struct policy *policy, uint32_t offset)
{
	const struct image_table *strings = &image_head(policy)->strings;
	const unsigned char *data = policy->image + strings->at;
	uint32_t len;

	/* Length, bytes, NUL. */
	if (UNLIKELY(strings->count < 5 || offset > strings->count - 5))
		return TEXT("");
	memcpy(&len, data + offset, sizeof len);
	if (UNLIKELY(len > strings->count - 5 - offset))
		return TEXT("");
	return (struct text){(const char *)data + offset + 4, len};
}

uint64_t image_key_hash(struct text key)
{
	uint64_t hash = UINT64_C(0x9e3779b97f4a7c15);
	const char *data = key.data;
	size_t len = key.len;
	uint64_t word;

	/* Eight bytes at a time: multiply and fold, as wyhash does. */
	for (; len >= 8; len -= 8, data += 8) {
		memcpy(&word, data, 8);
		hash = (hash ^ word) * UINT64_C(0xa0761d6478bd642f);
		hash ^= hash >> 29;
	}
	word = 0;
	if (len >= 4) { /* two halves that overlap */
		uint32_t half;

		memcpy(&half, data, 4);
		word = (uint64_t)half << 32;
		memcpy(&half, data + len - 4, 4);
		word |= half;
	} else if (len > 0) { /* first, middle, last */
		word = (uint64_t)(unsigned char)data[0] << 16 | (uint64_t)(unsigned char)data[len / 2] << 8 |
		       (unsigned char)data[len - 1];
	}
	hash = (hash ^ word ^ key.len << 56) * UINT64_C(0xe7037ed1a0b428db);
	return hash ^ hash >> 32;
}

uint32_t image_edge_hash(enum image_edge_kind kind, uint32_t owner, uint64_t key_hash)
{
	uint64_t hash = key_hash ^ (owner * UINT64_C(8) + kind) * UINT64_C(0x9e3779b97f4a7c15);

	hash *= UINT64_C(0x8ebc6af09c88c6e3);
	return (uint32_t)(hash >> 32) | 1;
}

uint32_t image_find_hashed(const struct policy *policy, enum image_edge_kind kind, uint32_t owner, struct text key,
			   uint64_t key_hash)
{
	uint32_t hash = image_edge_hash(kind, owner, key_hash);
	uint32_t mask = image_head(policy)->edges.count - 1;

	/* Bounded: a hostile image may have no free row. */
	for (uint32_t at = hash >> 1 & mask, tries = 0; tries <= mask; at = (at + 1) & mask, tries++) {
		const struct image_edge *edge = image_edge(policy, at);
		struct text found;

		if (edge->hash == 0)
			return 0;
		if (edge->hash != hash || edge->owner != owner * 8 + kind)
			continue;
		found = image_string(policy, edge->key);
		if (found.len == key.len && memcmp(found.data, key.data, key.len) == 0)
			return edge->value;
	}
	return 0;
}

uint32_t image_checksum(const unsigned char *data, size_t len)
{
	uint64_t sum = UINT64_C(0x9e3779b97f4a7c15) ^ len;

	while (len > 0) {
		uint64_t word = 0;
		size_t step = len < 8 ? len : 8;

		memcpy(&word, data, step);
		sum = (sum ^ word) * UINT64_C(0xa0761d6478bd642f);
		sum ^= sum >> 31;
		data += step;
		len -= step;
	}
	return (uint32_t)(sum ^ sum >> 32);
}

struct image_range_key image_range_key(const uint8_t ip[16], unsigned bits)
{
	struct image_range_key key = {{0}};

	memcpy(key.bytes, ip, bits / 8);
	if (bits % 8)
		key.bytes[bits / 8] = (uint8_t)(ip[bits / 8] & 0xff << (8 - bits % 8));
	key.bytes[16] = (uint8_t)bits;
	return key;
}
