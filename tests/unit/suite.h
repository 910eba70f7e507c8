/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A suite of unit tests: one per FILE_test.c, named in suites.def.
 */
#pragma once

#include <CUnit/CUnit.h>

struct suite {
	const char *name;
	const CU_TestInfo *tests; /* ends in CU_TEST_INFO_NULL */
};
