/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building the system call filter; see filter.h.
 *
 * A search by number, then a block for each mediated call. Jumps of this machine
 * reach 255 instructions, so that every branch is a short one over a long jump;
 * long ones name a label until all is there.
 */
#include "libguard/kernel/filter.h"

#include "libguard/kernel/gate.h"

#include <asm/sockios.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>

#ifndef SECCOMP_RET_USER_NOTIF
#define SECCOMP_RET_USER_NOTIF 0x7fc00000u
#endif
#define NEW_USERFAULTFD 0xaa00u /* USERFAULTFD_IOC_NEW of /dev/userfaultfd, Linux 6.1 */

#ifndef AF_XDP
#define AF_XDP 44
#endif

#define X32_BIT 0x40000000u
#define LARGE 0x40000000u /* bytes: a shorter mapping that begins outside the gate's 4 GiB cannot reach its middle */
#define LINEAR 6          /* numbers that are compared one after the other */
#define LABELS_MAX 512

#define DATA(member) ((uint32_t)offsetof(struct seccomp_data, member))
#define LOW(n) (DATA(args) + (n) * 8u)
#define HIGH(n) (LOW(n) + 4u)

struct builder {
	const struct filter_setting *setting;
	struct sock_filter *out;
	unsigned count;
	unsigned labels;
	int at[LABELS_MAX]; /* where a label stands; -1: not yet */
	bool full;
};

static void emit(struct builder *b, uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
	if (b->count >= FILTER_MAX) {
		b->full = true;
		return;
	}
	b->out[b->count++] = (struct sock_filter){code, yes, no, k};
}

static unsigned label(struct builder *b)
{
	if (b->labels >= LABELS_MAX) {
		b->full = true;
		return 0;
	}
	b->at[b->labels] = -1;
	return b->labels++;
}

static void put(struct builder *b, unsigned name)
{
	b->at[name] = (int)b->count;
}

static void jump(struct builder *b, unsigned name)
{
	emit(b, BPF_JMP | BPF_JA, name, 0, 0);
}

static void load(struct builder *b, uint32_t offset)
{
	emit(b, BPF_LD | BPF_W | BPF_ABS, offset, 0, 0);
}

static void answer(struct builder *b, uint32_t action)
{
	emit(b, BPF_RET | BPF_K, action, 0, 0);
}

/* Go to NAME if what was loaded compares so. */
static void if_equal(struct builder *b, uint32_t value, unsigned name)
{
	emit(b, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
	jump(b, name);
}

static void if_other(struct builder *b, uint32_t value, unsigned name)
{
	emit(b, BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0);
	jump(b, name);
}

static void if_least(struct builder *b, uint32_t value, unsigned name)
{
	emit(b, BPF_JMP | BPF_JGE | BPF_K, value, 0, 1);
	jump(b, name);
}

static void if_set(struct builder *b, uint32_t mask, unsigned name)
{
	emit(b, BPF_JMP | BPF_JSET | BPF_K, mask, 0, 1);
	jump(b, name);
}

/* Does the row concern this filter at all? */
static bool is_there(const struct builder *b, const struct calls_row *row)
{
	if (row->number[b->setting->machine] < 0)
		return false;
	if (row->check == CHECK_AT_GATE)
		return b->setting->back != 0;
	return row->check != CHECK_HIDES || b->setting->hides;
}

static bool may_pass_gate(const struct builder *b, const struct calls_row *row)
{
	if (!b->setting->back || b->setting->trust == TRUST_STRICT)
		return false;
	return row->way == WAY_GATED || (row->way == WAY_CONFIRMED && b->setting->trust == TRUST_FAST);
}

/* Near the gate: within its 4 GiB; or a mapping to a fixed place that is so long that it may reach them. */
static void check_gate(struct builder *b, unsigned argument, unsigned name)
{
	load(b, HIGH(argument));
	if_equal(b, (uint32_t)(b->setting->gate >> 32), name);
}

/* Both halves of an argument. */
static void unless(struct builder *b, unsigned argument, uint64_t value, unsigned name)
{
	load(b, LOW(argument));
	if_other(b, (uint32_t)value, name);
	load(b, HIGH(argument));
	if_other(b, (uint32_t)(value >> 32), name);
}

/*
 * Who knows the cookie maps the gate unasked: he could use the gate that the session gives him as well. The sixth
 * argument is the offset; of the descriptor the kernel reads the lower half.
 */
static void check_gate_mapped(struct builder *b, unsigned pass, unsigned act)
{
	if (b->setting->trust == TRUST_STRICT) {
		jump(b, act);
		return;
	}
	unless(b, 0, b->setting->gate, act);
	unless(b, 1, GATE_SIZE, act);
	unless(b, 2, GATE_PROT, act);
	unless(b, 3, GATE_FLAGS, act);
	unless(b, 5, 0, act);
	load(b, HIGH(4));
	if_other(b, GATE_KEY(b->setting->cookie), act);
	jump(b, pass);
}

static void check_maps(struct builder *b, unsigned pass, unsigned act)
{
	unsigned short_one = label(b), code = label(b), near = label(b), far = label(b);

	if (b->setting->back) {
		check_gate(b, 0, near);
		jump(b, far);
		put(b, near);
		check_gate_mapped(b, pass, act);
		put(b, far);
		load(b, LOW(3));
		emit(b, BPF_JMP | BPF_JSET | BPF_K, MAP_FIXED | MAP_FIXED_NOREPLACE, 1, 0);
		jump(b, short_one);
		load(b, HIGH(1));
		if_other(b, 0, act);
		load(b, LOW(1));
		if_least(b, LARGE, act);
		put(b, short_one);
	}
	load(b, LOW(2));
	if_set(b, PROT_EXEC, code);
	jump(b, pass);
	put(b, code);
	load(b, LOW(3));
	if_set(b, MAP_ANONYMOUS, pass);
	jump(b, act);
}

/*
 * File systems have hundreds of commands, of which few only ask, and those programs use all the time: told by the letter of
 * their kind (Documentation/userspace-api/ioctl/ioctl-number.rst).
 */
static void check_changes(struct builder *b, unsigned argument, unsigned pass, unsigned act)
{
	static const uint32_t kinds[] = {'f' << 8, 'X' << 8, 'v' << 8, 'r' << 8, 0x94 << 8, 0xf5 << 8};
	static const uint32_t asking[] = {FS_IOC_GETFLAGS, FS_IOC_FIEMAP, FICLONE, FICLONERANGE, FIDEDUPERANGE, FS_IOC_FSGETXATTR};
	static const uint32_t others[] = {TIOCSTI, TIOCLINUX, FIOSETOWN, SIOCSPGRP, NEW_USERFAULTFD};
	unsigned file = label(b);

	load(b, LOW(argument));
	emit(b, BPF_ALU | BPF_AND | BPF_K, 0xff00, 0, 0);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if_equal(b, kinds[i], file);
	load(b, LOW(argument));
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if_equal(b, others[i], act);
	jump(b, pass);
	put(b, file);
	load(b, LOW(argument));
	for (size_t i = 0; i < ARRAY_LEN(asking); i++)
		if_equal(b, asking[i], pass);
	jump(b, act);
}

static void check_headers(struct builder *b, unsigned pass, unsigned act)
{
	unsigned six = label(b);

	load(b, LOW(1));
	if_equal(b, IPPROTO_IPV6, six);
	if_other(b, IPPROTO_IP, pass);
	load(b, LOW(2));
	if_equal(b, IP_HDRINCL, act);
	if_equal(b, IP_OPTIONS, act);
	jump(b, pass);
	put(b, six);
	load(b, LOW(2));
	if_equal(b, IPV6_HDRINCL, act);
	if_equal(b, IPV6_RTHDR, act);
	if_equal(b, IPV6_2292RTHDR, act);
	if_equal(b, IPV6_2292PKTOPTIONS, act);
}

/* Go to PASS unless the row's check holds; behind this comes what is done if it does. */
static void check(struct builder *b, const struct calls_row *row, unsigned pass)
{
	unsigned act = label(b);

	switch (row->check) {
	case CHECK_SET:
		load(b, LOW(row->argument));
		if_set(b, row->value, act);
		break;
	case CHECK_GIVEN:
		load(b, LOW(row->argument));
		if_other(b, 0, act);
		load(b, HIGH(row->argument));
		if_other(b, 0, act);
		break;
	case CHECK_IS:
		load(b, LOW(row->argument));
		if_equal(b, row->value, act);
		break;
	case CHECK_CHANGES_FILES:
		check_changes(b, row->argument, pass, act);
		break;
	case CHECK_OWNS:
		load(b, LOW(row->argument));
		if_equal(b, F_SETOWN, act);
		if_equal(b, F_SETOWN_EX, act);
		break;
	case CHECK_LIMITS:
		load(b, LOW(row->argument));
		if_other(b, 0, act);
		load(b, LOW(row->argument + 1u));
		if_equal(b, RLIMIT_CORE, act);
		break;
	case CHECK_FRAMES:
		load(b, LOW(row->argument));
		if_equal(b, AF_PACKET, act);
		if_equal(b, AF_XDP, act);
		load(b, LOW(2));
		if_equal(b, IPPROTO_RAW, act);
		if_equal(b, IPPROTO_SCTP, act);
		load(b, LOW(1));
		if_equal(b, SOCK_SEQPACKET, act);
		if_equal(b, SOCK_SEQPACKET | SOCK_CLOEXEC, act);
		if_equal(b, SOCK_SEQPACKET | SOCK_NONBLOCK, act);
		if_equal(b, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, act);
		break;
	case CHECK_HEADERS:
		check_headers(b, pass, act);
		break;
	case CHECK_GRIPS:
		load(b, LOW(row->argument));
		if_equal(b, PTRACE_TRACEME, act);
		if_equal(b, PTRACE_ATTACH, act);
		if_equal(b, PTRACE_SEIZE, act);
		break;
	case CHECK_MAPS_CODE:
		check_maps(b, pass, act);
		break;
	case CHECK_AT_GATE:
		check_gate(b, row->argument, act);
		break;
	default:
		put(b, act);
		return;
	}
	if (row->check != CHECK_MAPS_CODE)
		jump(b, pass);
	put(b, act);
}

/* Whoever knows the cookie and comes from the gate passes. */
static void pass_gate(struct builder *b, unsigned pass, unsigned ask)
{
	const struct filter_setting *setting = b->setting;

	load(b, DATA(instruction_pointer));
	if_other(b, (uint32_t)setting->back, ask);
	load(b, DATA(instruction_pointer) + 4);
	if_other(b, (uint32_t)(setting->back >> 32), ask);
	load(b, LOW(5));
	if_other(b, (uint32_t)setting->cookie, ask);
	load(b, HIGH(5));
	if_other(b, (uint32_t)(setting->cookie >> 32), ask);
	jump(b, pass);
}

/* Numbers in rising order, and where each one's block is. */
struct entry {
	uint32_t number;
	unsigned block;
	const struct calls_row *row;
};

static unsigned collect(struct builder *b, struct entry *entries, unsigned cap)
{
	unsigned count = 0;

	for (unsigned i = 0; i < calls_count && count < cap; i++) {
		struct entry entry = {.row = &calls_table[i]};
		unsigned at = count;

		if (!is_there(b, entry.row))
			continue;
		entry.number = (uint32_t)entry.row->number[b->setting->machine];
		entry.block = label(b);
		for (; at > 0 && entries[at - 1].number > entry.number; at--)
			entries[at] = entries[at - 1];
		entries[at] = entry;
		count++;
	}
	return count;
}

static void search(struct builder *b, const struct entry *entries, unsigned count, unsigned pass)
{
	unsigned half = count / 2, right;

	if (count <= LINEAR) {
		for (unsigned i = 0; i < count; i++)
			if_equal(b, entries[i].number, entries[i].block);
		jump(b, pass);
		return;
	}
	right = label(b);
	if_least(b, entries[half].number, right);
	search(b, entries, half, pass);
	put(b, right);
	search(b, entries + half, count - half, pass);
}

/* Labels become distances: all jumps go forward. */
static bool resolve(struct builder *b)
{
	for (unsigned i = 0; i < b->count; i++) {
		if (b->out[i].code != (BPF_JMP | BPF_JA))
			continue;
		if (b->at[b->out[i].k] <= (int)i)
			return false;
		b->out[i].k = (uint32_t)b->at[b->out[i].k] - i - 1;
	}
	return true;
}

int filter_build(const struct filter_setting *setting, struct sock_filter out[FILTER_MAX])
{
	static const uint32_t machines[] = {[CALLS_X86_64] = AUDIT_ARCH_X86_64, [CALLS_AARCH64] = AUDIT_ARCH_AARCH64};
	struct builder b = {.setting = setting, .out = out};
	unsigned pass = label(&b), ask = label(&b), gate = label(&b), unknown = label(&b), count;
	struct entry entries[256];

	count = collect(&b, entries, ARRAY_LEN(entries));
	load(&b, DATA(arch));
	if_other(&b, machines[setting->machine], unknown);
	load(&b, DATA(nr));
	/* The x32 table as well. */
	if_least(&b, CALLS_NEWEST + 1, unknown);
	search(&b, entries, count, pass);
	for (unsigned i = 0; i < count; i++) {
		const struct calls_row *row = entries[i].row;

		put(&b, entries[i].block);
		check(&b, row, pass);
		if (row->way == WAY_BARRED)
			answer(&b, SECCOMP_RET_ERRNO | row->value);
		else
			jump(&b, may_pass_gate(&b, row) ? gate : ask);
	}
	put(&b, gate);
	pass_gate(&b, pass, ask);
	put(&b, ask);
	answer(&b, SECCOMP_RET_USER_NOTIF);
	put(&b, unknown);
	answer(&b, SECCOMP_RET_ERRNO | ENOSYS);
	put(&b, pass);
	answer(&b, SECCOMP_RET_ALLOW);
	_Static_assert(CALLS_NEWEST < X32_BIT, "the x32 numbers lie above all others");
	return b.full || !resolve(&b) ? -E2BIG : (int)b.count;
}
