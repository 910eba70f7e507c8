/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy's text of any bytes: compiled or refused in words; what is compiled is whole and can be asked.
 */
#include "tools/policy_load.h"

#include "libguard/policy/policy.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

/* libconfig 1.5 to 1.7 keep the string they were in when they find a syntax error. The sanitizer's library asks. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig.so\n";
}

static void ask(const unsigned char *image, size_t size)
{
	const struct actor actor = {.exe = TEXT("/usr/bin/python3.11"), .library = TEXT("/opt/guard/libguard.so")};
	const struct object object = {.kind = OBJECT_PATH, .text = TEXT("/home/user/.ssh/id_rsa")};
	struct policy policy;
	struct verdict verdict;

	fuzz_demand(policy_attach(image, size, NULL, 0, &policy) == 0 && policy_verify(&policy) == 0,
		    "a compiled image is sound");
	policy_decide(&policy, VERB_SET(READ), &object, &actor, &verdict);
	fuzz_demand(verdict.rule != RULE_BROKEN, "a sound image can decide");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct policy_setting setting = {.workspace = "/home/user/project", .home = "/home/user"};
	struct policy_text text;
	unsigned char *image;
	char path[128], *said;
	size_t size, said_len;
	FILE *errors = open_memstream(&said, &said_len);
	int result;

	fuzz_put("guard.conf", data, len);
	snprintf(path, sizeof path, "%s/guard.conf", fuzz_directory());
	result = policy_compile(path, &setting, errors, errors, &image, &size, &text);
	fclose(errors);
	if (result == 0) {
		ask(image, size);
		policy_text_free(&text);
		free(image);
	}
	fuzz_demand(result == 0 || said_len > 0, "a refusal says why");
	free(said);
	return 0;
}
