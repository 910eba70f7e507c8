/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/judge.h"

#include "tools/cmd.h"

#include <stdlib.h>

int judge_open(const char *file, const struct session_info *info, FILE *warnings, struct judge *out)
{
	struct policy_setting setting;
	size_t size;

	*out = (struct judge){0};
	policy_setting_here(&setting);
	setting.workspace = info->workspace;
	if (*info->home)
		setting.home = info->home;
	if (policy_compile(file, &setting, stderr, warnings, &out->image, &size, &out->text) != 0)
		return EXIT_GUARD;
	if (replay_open(out->image, size, &out->replay) == 0)
		return 0;
	return fail(EXIT_GUARD, "the image that was made is not sound");
}

void judge_close(struct judge *judge)
{
	replay_close(&judge->replay);
	free(judge->image);
	policy_text_free(&judge->text);
}
