/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy that holds when nobody names one: the text of conf/guard.conf.
 */
#pragma once

extern const char policy_default[];
