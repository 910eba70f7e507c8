/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/policy_default.h"

/* One string literal for each line, made from conf/guard.conf by the build. */
const char policy_default[] =
#include "tools/policy_default.inc"
	;
