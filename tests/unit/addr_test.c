/* SPDX-License-Identifier: Apache-2.0 */
#include "libguard/core/addr.h"

#include "tests/unit/suite.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

static int read_inet(const char *ip, struct addr *out)
{
	struct sockaddr_in inet = {.sin_family = AF_INET, .sin_port = htons(80)};

	CU_ASSERT_EQUAL_FATAL(inet_pton(AF_INET, ip, &inet.sin_addr), 1);
	return addr_read((struct sockaddr *)&inet, sizeof inet, out);
}

static int read_inet6(const char *ip, struct addr *out)
{
	struct sockaddr_in6 inet = {.sin6_family = AF_INET6, .sin6_port = htons(443)};

	CU_ASSERT_EQUAL_FATAL(inet_pton(AF_INET6, ip, &inet.sin6_addr), 1);
	return addr_read((struct sockaddr *)&inet, sizeof inet, out);
}

static int read_unix(const char *name, size_t len, struct addr *out)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	memcpy(address.sun_path, name, len);
	return addr_read((struct sockaddr *)&address, offsetof(struct sockaddr_un, sun_path) + len, out);
}

static const char *written(const struct addr *addr)
{
	static char storage[128];
	struct buf buf = BUF_ON(storage);

	addr_write(addr, &buf);
	return buf_cstr(&buf);
}

static void ipv4_is_written_with_its_port(void)
{
	struct addr addr;

	CU_ASSERT_EQUAL(read_inet("192.168.0.255", &addr), 0);
	CU_ASSERT_EQUAL(addr.family, ADDR_INET);
	CU_ASSERT_EQUAL(addr.port, 80);
	CU_ASSERT_STRING_EQUAL(written(&addr), "192.168.0.255:80");
}

static void spellings_of_an_ipv4_host_fold(void)
{
	static const char *const spellings[] = {
		"::ffff:169.254.169.254", "::169.254.169.254", "64:ff9b::169.254.169.254", "2002:a9fe:a9fe::1",
		"2002:a9fe:a9fe:ffff::",
	};
	struct addr plain, addr;

	CU_ASSERT_EQUAL(read_inet("169.254.169.254", &plain), 0);
	for (size_t i = 0; i < ARRAY_LEN(spellings); i++) {
		CU_ASSERT_EQUAL(read_inet6(spellings[i], &addr), 0);
		CU_ASSERT_EQUAL(addr.family, ADDR_INET);
		CU_ASSERT_TRUE(addr_same_ip(&addr, &plain));
		CU_ASSERT_STRING_EQUAL(written(&addr), "169.254.169.254:443");
	}
}

static void ipv6_is_written_as_in_rfc5952(void)
{
	static const char *const texts[] = {
		"::1", "::", "::2", "fd00:ec2::254", "2001:db8::1:0:0:1", "2001:db8:0:1:1:1:1:1", "fe80::", "1:2:3:4:5:6:7:8",
		"1::8", "64:ff9b:1::1", "1:0:0:2::3",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		char expected[80];
		struct addr addr;

		CU_ASSERT_EQUAL(read_inet6(texts[i], &addr), 0);
		CU_ASSERT_EQUAL(addr.family, ADDR_INET6);
		snprintf(expected, sizeof expected, "[%s]:443", texts[i]);
		CU_ASSERT_STRING_EQUAL(written(&addr), expected);
	}
}

static void the_unspecified_address_leads_to_loopback_but_binds_everywhere(void)
{
	static const char *const ipv4[] = {"::ffff:0.0.0.0", "64:ff9b::", "2002::"};
	struct addr addr;

	CU_ASSERT_EQUAL(read_inet("0.0.0.0", &addr), 0);
	CU_ASSERT_STRING_EQUAL(written(&addr), "0.0.0.0:80");
	addr_as_peer(&addr);
	CU_ASSERT_STRING_EQUAL(written(&addr), "127.0.0.1:80");
	CU_ASSERT_EQUAL(read_inet6("::", &addr), 0);
	addr_as_peer(&addr);
	CU_ASSERT_STRING_EQUAL(written(&addr), "[::1]:443");
	for (size_t i = 0; i < ARRAY_LEN(ipv4); i++) {
		CU_ASSERT_EQUAL(read_inet6(ipv4[i], &addr), 0);
		addr_as_peer(&addr);
		CU_ASSERT_STRING_EQUAL(written(&addr), "127.0.0.1:443");
	}
	CU_ASSERT_EQUAL(read_inet("10.0.0.0", &addr), 0);
	addr_as_peer(&addr);
	CU_ASSERT_STRING_EQUAL(written(&addr), "10.0.0.0:80");
}

static void a_unix_path_ends_at_its_nul_or_its_length(void)
{
	char full[108];
	struct addr addr;

	CU_ASSERT_EQUAL(read_unix("/run/x.sock\0rest", 16, &addr), 0);
	CU_ASSERT_EQUAL(addr.family, ADDR_UNIX);
	CU_ASSERT_STRING_EQUAL(written(&addr), "/run/x.sock");
	CU_ASSERT_EQUAL(read_unix("/run/x.sock", 6, &addr), 0);
	CU_ASSERT_STRING_EQUAL(written(&addr), "/run/x");
	memset(full, 'a', sizeof full);
	CU_ASSERT_EQUAL(read_unix(full, sizeof full, &addr), 0);
	CU_ASSERT_EQUAL(addr.socket.len, sizeof full);
}

static void an_abstract_name_keeps_every_byte(void)
{
	char full[108];
	struct addr addr;

	CU_ASSERT_EQUAL(read_unix("\0name", 5, &addr), 0);
	CU_ASSERT_STRING_EQUAL(written(&addr), "@name");
	CU_ASSERT_EQUAL(read_unix("\0a\0b", 4, &addr), 0);
	CU_ASSERT_EQUAL(addr.socket.len, 4);
	CU_ASSERT_EQUAL(memcmp(addr.socket.data, "@a\0b", 4), 0);
	memset(full, 0, sizeof full);
	CU_ASSERT_EQUAL(read_unix(full, sizeof full, &addr), 0);
	CU_ASSERT_EQUAL(addr.socket.len, sizeof full);
	CU_ASSERT_EQUAL(read_unix("", 0, &addr), 0);
	CU_ASSERT_STRING_EQUAL(written(&addr), "@");
}

static void other_families_are_told_by_number(void)
{
	struct sockaddr_storage storage = {.ss_family = AF_NETLINK};
	struct addr addr;

	CU_ASSERT_EQUAL(addr_read((struct sockaddr *)&storage, 12, &addr), 0);
	CU_ASSERT_EQUAL(addr.family, ADDR_OTHER);
	CU_ASSERT_EQUAL(addr.other, AF_NETLINK);
	CU_ASSERT_STRING_EQUAL(written(&addr), "family 16");
	storage.ss_family = AF_UNSPEC;
	CU_ASSERT_EQUAL(addr_read((struct sockaddr *)&storage, 2, &addr), 0);
	CU_ASSERT_EQUAL(addr.family, ADDR_NONE);
	CU_ASSERT_FALSE(addr_same_ip(&addr, &addr));
}

static void addresses_of_a_wrong_length_are_invalid(void)
{
	static const struct {
		sa_family_t family;
		size_t len;
		int result;
	} cases[] = {
		{AF_INET, 1, -EINVAL}, {AF_INET, 15, -EINVAL}, {AF_INET, 16, 0},     {AF_INET, 128, 0},
		{AF_INET6, 23, -EINVAL}, {AF_INET6, 24, 0},    {AF_UNIX, 2, 0},      {AF_UNIX, 110, 0},
		{AF_UNIX, 111, -EINVAL}, {AF_UNSPEC, 0, -EINVAL},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct sockaddr_storage storage = {.ss_family = cases[i].family};
		struct addr addr;

		CU_ASSERT_EQUAL(addr_read((struct sockaddr *)&storage, cases[i].len, &addr), cases[i].result);
	}
}

static void an_unaligned_address_is_read(void)
{
	struct sockaddr_in6 inet = {.sin6_family = AF_INET6, .sin6_port = htons(1), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	char bytes[sizeof inet + 1];
	struct addr addr;

	memcpy(bytes + 1, &inet, sizeof inet);
	CU_ASSERT_EQUAL(addr_read((struct sockaddr *)(void *)(bytes + 1), sizeof inet, &addr), 0);
	CU_ASSERT_STRING_EQUAL(written(&addr), "[::1]:1");
}

static const CU_TestInfo tests[] = {
	{"ipv4_is_written_with_its_port", ipv4_is_written_with_its_port},
	{"spellings_of_an_ipv4_host_fold", spellings_of_an_ipv4_host_fold},
	{"ipv6_is_written_as_in_rfc5952", ipv6_is_written_as_in_rfc5952},
	{"the_unspecified_address_leads_to_loopback_but_binds_everywhere",
	 the_unspecified_address_leads_to_loopback_but_binds_everywhere},
	{"a_unix_path_ends_at_its_nul_or_its_length", a_unix_path_ends_at_its_nul_or_its_length},
	{"an_abstract_name_keeps_every_byte", an_abstract_name_keeps_every_byte},
	{"other_families_are_told_by_number", other_families_are_told_by_number},
	{"addresses_of_a_wrong_length_are_invalid", addresses_of_a_wrong_length_are_invalid},
	{"an_unaligned_address_is_read", an_unaligned_address_is_read},
	CU_TEST_INFO_NULL,
};

const struct suite addr_suite = {"addr", tests};
