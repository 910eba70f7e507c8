/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs every suite of suites.def and prints TAP.
 */
#include "tests/unit/suite.h"

#include <CUnit/TestRun.h>

#include <stdio.h>
#include <stdlib.h>

#define SUITE(name) extern const struct suite name##_suite;
#include "tests/unit/suites.def"
#undef SUITE

static unsigned count, failures;

static void print_result(const CU_pTest test, const CU_pSuite suite, const CU_pFailureRecord failure)
{
	printf("%sok %u %s: %s\n", failure ? "not " : "", ++count, suite->pName, test->pName);
	for (CU_pFailureRecord f = failure; f; f = f->pNext)
		printf("# %s:%u: %s\n", f->strFileName, f->uiLineNumber, f->strCondition);
	failures += failure != NULL;
	fflush(stdout);
}

static void add(const struct suite *suite)
{
	CU_pSuite added = CU_add_suite(suite->name, NULL, NULL);

	for (const CU_TestInfo *t = suite->tests; t->pName; t++)
		if (!added || !CU_add_test(added, t->pName, t->pTestFunc))
			exit(99);
}

int main(void)
{
	if (CU_initialize_registry() != CUE_SUCCESS)
		return 99;
#define SUITE(name) add(&name##_suite);
#include "tests/unit/suites.def"
#undef SUITE
	CU_set_test_complete_handler(print_result);
	CU_run_all_tests();
	CU_cleanup_registry();
	printf("1..%u\n", count);
	return failures > 0;
}
