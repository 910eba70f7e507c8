/* SPDX-License-Identifier: Apache-2.0 */
/* The system call filter, run in a simulator of the kernel's machine: no kernel needed. */
#include "libguard/kernel/filter.h"

#include "libguard/kernel/gate.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define GATE 0x123480000000u
#define BACK (GATE + 6)
#define COOKIE 0xfeedface12345678u
#define ELSEWHERE 0x7f0000001234u

static struct sock_filter program[FILTER_MAX];
static int length;
static enum calls_machine machine;

static void build(enum calls_machine of, enum policy_trust trust, bool hides)
{
	struct filter_setting setting = {.machine = of, .trust = trust, .gate = GATE, .back = BACK, .cookie = COOKIE, .hides = hides};

	machine = of;
	length = filter_build(&setting, program);
	CU_ASSERT_TRUE(length > 0);
}

/* What the kernel would do. *looked: whether more was read than architecture and number. */
static uint32_t run(const struct seccomp_data *data, bool *looked)
{
	uint32_t a = 0;

	*looked = false;
	for (int at = 0; at >= 0 && at < length; at++) {
		const struct sock_filter *one = &program[at];

		switch (one->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (one->k > sizeof *data - 4 || one->k % 4)
				return 0;
			memcpy(&a, (const char *)data + one->k, 4);
			*looked |= one->k != offsetof(struct seccomp_data, nr) && one->k != offsetof(struct seccomp_data, arch);
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= one->k;
			break;
		case BPF_JMP | BPF_JA:
			at += (int)one->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			at += a == one->k ? one->jt : one->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			at += a >= one->k ? one->jt : one->jf;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			at += a & one->k ? one->jt : one->jf;
			break;
		case BPF_RET | BPF_K:
			return one->k;
		default:
			return 0;
		}
	}
	return 0;
}

static struct seccomp_data call(int number, uint64_t from)
{
	static const uint32_t words[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_AARCH64};

	return (struct seccomp_data){.nr = number, .arch = words[machine], .instruction_pointer = from};
}

static uint32_t answer(const struct seccomp_data *data)
{
	bool looked;

	return run(data, &looked);
}

/* Arguments that make the row's check hold. */
static void provoke(const struct calls_row *row, struct seccomp_data *data)
{
	if (row->check == CHECK_SET)
		data->args[row->argument] = row->value & -row->value;
	else if (row->check == CHECK_GIVEN)
		data->args[row->argument] = UINT64_C(1) << 32;
	else if (row->check == CHECK_IS)
		data->args[row->argument] = row->value;
	else if (row->check == CHECK_CHANGES_FILES)
		data->args[1] = (uint64_t)FS_IOC_SETFLAGS;
	else if (row->check == CHECK_OWNS)
		data->args[1] = F_SETOWN;
	else if (row->check == CHECK_LIMITS)
		data->args[1] = RLIMIT_CORE;
	else if (row->check == CHECK_FRAMES)
		data->args[0] = AF_PACKET;
	else if (row->check == CHECK_HEADERS)
		data->args[2] = IP_HDRINCL; /* level 0 is IP's */
	else if (row->check == CHECK_GRIPS)
		data->args[0] = PTRACE_SEIZE;
	else if (row->check == CHECK_MAPS_CODE)
		data->args[2] = PROT_EXEC;
	else if (row->check == CHECK_AT_GATE)
		data->args[row->argument] = GATE + 4096;
}

static uint32_t expected(const struct calls_row *row, enum policy_trust trust, bool at_gate)
{
	if (row->way == WAY_BARRED)
		return SECCOMP_RET_ERRNO | row->value;
	if (at_gate && row->way == WAY_GATED && trust != TRUST_STRICT)
		return SECCOMP_RET_ALLOW;
	if (at_gate && row->way == WAY_CONFIRMED && trust == TRUST_FAST)
		return SECCOMP_RET_ALLOW;
	return SECCOMP_RET_USER_NOTIF;
}

static void each_mediated_number_gets_what_its_row_says(void)
{
	for (int of = 0; of < CALLS_MACHINES; of++)
		for (int trust = TRUST_FAST; trust <= TRUST_STRICT; trust++) {
			build((enum calls_machine)of, (enum policy_trust)trust, true);
			for (unsigned i = 0; i < calls_count; i++) {
				const struct calls_row *row = &calls_table[i];
				struct seccomp_data data = call(row->number[of], ELSEWHERE);

				if (row->number[of] < 0)
					continue;
				provoke(row, &data);
				CU_ASSERT_EQUAL(answer(&data), expected(row, (enum policy_trust)trust, false));
				data.args[5] = COOKIE;
				CU_ASSERT_EQUAL(answer(&data), expected(row, (enum policy_trust)trust, false));
				data.instruction_pointer = BACK;
				CU_ASSERT_EQUAL(answer(&data), expected(row, (enum policy_trust)trust, true));
				data.args[5] = COOKIE ^ (UINT64_C(1) << 40);
				CU_ASSERT_EQUAL(answer(&data), expected(row, (enum policy_trust)trust, false));
				data.args[5] = COOKIE;
				data.instruction_pointer = BACK ^ (UINT64_C(1) << 33);
				CU_ASSERT_EQUAL(answer(&data), expected(row, (enum policy_trust)trust, false));
			}
		}
}

static void all_other_numbers_pass_without_a_look(void)
{
	for (int of = 0; of < CALLS_MACHINES; of++) {
		build((enum calls_machine)of, TRUST_BALANCED, true);
		for (int number = 0; number <= CALLS_NEWEST; number++) {
			struct seccomp_data data = call(number, ELSEWHERE);
			bool looked;

			if (calls_find((enum calls_machine)of, number))
				continue;
			CU_ASSERT_EQUAL(run(&data, &looked), SECCOMP_RET_ALLOW);
			CU_ASSERT_FALSE(looked);
		}
	}
}

static void foreign_tables_and_unknown_numbers_are_refused(void)
{
	struct seccomp_data data;

	build(CALLS_X86_64, TRUST_FAST, false);
	data = call(5, ELSEWHERE);
	data.arch = AUDIT_ARCH_I386;
	CU_ASSERT_EQUAL(answer(&data), SECCOMP_RET_ERRNO | ENOSYS);
	data = call(0x40000000 | 1, ELSEWHERE);
	CU_ASSERT_EQUAL(answer(&data), SECCOMP_RET_ERRNO | ENOSYS);
	data = call(-1, ELSEWHERE);
	CU_ASSERT_EQUAL(answer(&data), SECCOMP_RET_ERRNO | ENOSYS);
	data = call(CALLS_NEWEST + 1, ELSEWHERE);
	CU_ASSERT_EQUAL(answer(&data), SECCOMP_RET_ERRNO | ENOSYS);
	build(CALLS_AARCH64, TRUST_FAST, false);
	data = call(5, ELSEWHERE);
	data.arch = AUDIT_ARCH_ARM;
	CU_ASSERT_EQUAL(answer(&data), SECCOMP_RET_ERRNO | ENOSYS);
}

static void what_harms_nobody_passes(void)
{
	static const struct {
		int number;
		uint64_t args[6];
		uint32_t answer;
	} rows[] = {
		{44, {3, 1, 2, 0, 0, 0}, SECCOMP_RET_ALLOW},                  /* sendto without an address */
		{44, {3, 1, 2, 0, 0x1000, 16}, SECCOMP_RET_USER_NOTIF},
		{56, {17, 0, 0, 0, 0, 0}, SECCOMP_RET_ALLOW},                 /* clone: SIGCHLD */
		{56, {0x3d0f00, 0, 0, 0, 0, 0}, SECCOMP_RET_ALLOW},           /* a thread */
		{56, {CLONE_NEWUSER | 17, 0, 0, 0, 0, 0}, SECCOMP_RET_USER_NOTIF},
		{272, {CLONE_FS, 0, 0, 0, 0, 0}, SECCOMP_RET_ALLOW},          /* unshare */
		{272, {CLONE_NEWNS, 0, 0, 0, 0, 0}, SECCOMP_RET_USER_NOTIF},
		{16, {0, TCGETS, 0, 0, 0, 0}, SECCOMP_RET_ALLOW},             /* ioctl */
		{16, {0, UINT64_C(0xdead00000000) | TIOCSTI, 0, 0, 0, 0}, SECCOMP_RET_USER_NOTIF},
		{41, {AF_INET, SOCK_STREAM, 0, 0, 0, 0}, SECCOMP_RET_ALLOW},  /* socket */
		{16, {0, FS_IOC_GETFLAGS, 0, 0, 0, 0}, SECCOMP_RET_ALLOW},
		{16, {0, FS_IOC_SETVERSION, 0, 0, 0, 0}, SECCOMP_RET_USER_NOTIF},
		{16, {0, 0x6612, 0, 0, 0, 0}, SECCOMP_RET_USER_NOTIF},        /* a file system's of tomorrow */
		{72, {0, F_SETFL, 0, 0, 0, 0}, SECCOMP_RET_ALLOW},            /* fcntl */
		{72, {0, F_SETOWN_EX, 0, 0, 0, 0}, SECCOMP_RET_USER_NOTIF},
		{41, {AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, 0, 0, 0}, SECCOMP_RET_USER_NOTIF},
		{54, {3, IPPROTO_TCP, 4, 0, 4, 0}, SECCOMP_RET_ALLOW},        /* setsockopt: the number of IP_OPTIONS elsewhere */
		{54, {3, IPPROTO_IP, IP_OPTIONS, 0, 4, 0}, SECCOMP_RET_USER_NOTIF},
		{54, {3, IPPROTO_IPV6, IPV6_RTHDR, 0, 4, 0}, SECCOMP_RET_USER_NOTIF},
		{302, {0, 7, 0x1000, 0, 0, 0}, SECCOMP_RET_ALLOW},            /* prlimit64: its own */
		{302, {1, 7, 0x1000, 0, 0, 0}, SECCOMP_RET_USER_NOTIF},
		{101, {PTRACE_CONT, 0, 0, 0, 0, 0}, SECCOMP_RET_ALLOW},
		{101, {PTRACE_TRACEME, 0, 0, 0, 0, 0}, SECCOMP_RET_USER_NOTIF},
		{9, {0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, ~0u, 0}, SECCOMP_RET_ALLOW}, /* mmap */
		{9, {0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, ~0u, 0}, SECCOMP_RET_ALLOW},
		{9, {0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, 3, 0}, SECCOMP_RET_USER_NOTIF},
		{9, {0, 4096, PROT_READ, MAP_PRIVATE, 3, 0}, SECCOMP_RET_ALLOW},
		{9, {GATE, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, 3, 0}, SECCOMP_RET_USER_NOTIF},
		{9, {GATE - 0x100000000, 0x200000000, 0, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, 3, 0}, SECCOMP_RET_USER_NOTIF},
		{9, {GATE - 0x100000000, 0x200000000, 0, MAP_PRIVATE | MAP_ANONYMOUS, 3, 0}, SECCOMP_RET_ALLOW},
		{25, {0, 0, 0, 0, 0, 0}, SECCOMP_RET_ALLOW},                  /* mremap */
		{25, {0, 0, 0, 3, GATE, 0}, SECCOMP_RET_ERRNO | EPERM},
		{4, {0, 0, 0, 0, 0, 0}, SECCOMP_RET_ALLOW},                   /* stat: no rule hides */
	};

	build(CALLS_X86_64, TRUST_BALANCED, false);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct seccomp_data data = call(rows[i].number, ELSEWHERE);

		memcpy(data.args, rows[i].args, sizeof data.args);
		CU_ASSERT_EQUAL(answer(&data), rows[i].answer);
	}
}

/* The one mapping near the gate that passes: the gate's own, by who knows the cookie. */
static void the_gate_is_mapped_with_its_key_alone(void)
{
	const uint64_t own[6] = {GATE, GATE_SIZE, GATE_PROT, GATE_FLAGS, (uint64_t)GATE_KEY(COOKIE) << 32 | 3, 0};

	for (int of = 0; of < CALLS_MACHINES; of++)
		for (int trust = TRUST_FAST; trust <= TRUST_STRICT; trust++) {
			struct seccomp_data data;

			build((enum calls_machine)of, (enum policy_trust)trust, false);
			data = call(calls_table[CALLS_mmap].number[of], ELSEWHERE);
			memcpy(data.args, own, sizeof own);
			CU_ASSERT_EQUAL(answer(&data), trust == TRUST_STRICT ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ALLOW);
			for (unsigned bit = 0; bit < 6 * 64; bit++) {
				memcpy(data.args, own, sizeof own);
				data.args[bit / 64] ^= UINT64_C(1) << bit % 64;
				/* A descriptor's number is its owner's affair; what is no longer near is checked as any mapping. */
				if (bit / 64 != 4 || bit % 64 >= 32)
					CU_ASSERT_EQUAL(answer(&data), SECCOMP_RET_USER_NOTIF);
			}
		}
}

static void without_a_gate_nothing_passes_as_its_own(void)
{
	struct filter_setting setting = {.machine = CALLS_X86_64, .trust = TRUST_FAST};
	struct seccomp_data data;

	machine = CALLS_X86_64;
	length = filter_build(&setting, program);
	data = call(257, 0);
	CU_ASSERT_EQUAL(answer(&data), SECCOMP_RET_USER_NOTIF);
}

static void every_jump_stays_inside(void)
{
	build(CALLS_X86_64, TRUST_BALANCED, true);
	for (int i = 0; i < length; i++) {
		unsigned reach = program[i].code == (BPF_JMP | BPF_JA) ? program[i].k
				 : program[i].jt > program[i].jf       ? program[i].jt
								       : program[i].jf;

		if (BPF_CLASS(program[i].code) == BPF_JMP)
			CU_ASSERT_TRUE((unsigned)i + 1 + reach < (unsigned)length);
	}
	CU_ASSERT_EQUAL(BPF_CLASS(program[length - 1].code), BPF_RET);
}

static const CU_TestInfo tests[] = {
	{"each mediated number gets what its row says", each_mediated_number_gets_what_its_row_says},
	{"all other numbers pass without a look", all_other_numbers_pass_without_a_look},
	{"foreign tables and unknown numbers are refused", foreign_tables_and_unknown_numbers_are_refused},
	{"what harms nobody passes", what_harms_nobody_passes},
	{"the gate is mapped with its key alone", the_gate_is_mapped_with_its_key_alone},
	{"without a gate nothing passes as its own", without_a_gate_nothing_passes_as_its_own},
	{"every jump stays inside", every_jump_stays_inside},
	CU_TEST_INFO_NULL,
};

const struct suite filter_suite = {"filter", tests};
