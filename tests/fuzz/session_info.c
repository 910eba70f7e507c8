/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session.json of any bytes: read or refused; what is read can be written and is the same when it is read again.
 */
#include "tools/session_info.h"

#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <string.h>

static void check_words(char **a, char **b)
{
	size_t count = 0;

	while (a[count] && b[count]) {
		fuzz_demand(strcmp(a[count], b[count]) == 0, "a word is read as it was written");
		count++;
	}
	fuzz_demand(!a[count] && !b[count], "a list is as long as it was");
}

/* Write INFO and read it again. */
static struct session_info go_round(const struct session_info *info)
{
	struct session_info again;

	fuzz_demand(session_info_write(info) == 0, "it can be written");
	fuzz_demand(session_info_read(fuzz_directory(), &again) == 0, "it can be read again");
	fuzz_demand(info->started_ns == again.started_ns && info->pid == again.pid &&
			    info->exit_code == again.exit_code && info->survivors == again.survivors,
		    "it says the same");
	return again;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct session_info info, once, twice;

	fuzz_put("session.json", data, len);
	if (session_info_read(fuzz_directory(), &info) != 0)
		return 0;
	fuzz_demand(info.id && info.directory && info.user && info.mode && info.argv && info.degraded,
		    "nothing is missing in what was read");
	/* yajl lets bytes pass that are no UTF-8; once they have been written, they are. */
	once = go_round(&info);
	twice = go_round(&once);
	fuzz_demand(strcmp(once.user, twice.user) == 0, "a string is read as it was written");
	check_words(once.argv, twice.argv);
	check_words(once.degraded, twice.degraded);
	session_info_free(&info);
	session_info_free(&once);
	session_info_free(&twice);
	return 0;
}
