/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a secret looks like: by its own shape, or by the name before it.
 *
 * Pure: no allocation, no errno. Safe in threads, signal handlers, after fork
 * and vfork.
 */
#pragma once

#include "libguard/core/base.h"

/*
 * The secret that begins at IN.data[AT]: an access token of a known make, a JSON web token, a private key in PEM.
 *
 * Returns its length in bytes, 0 when there is none. Looking at every byte of a text in turn, past what is found,
 * takes time that grows with the length of the text.
 *
 * Source: the token formats that GitHub, GitLab, AWS, Slack, Google, Stripe, npm, PyPI, Hugging Face, OpenAI and
 * Anthropic publish for secret scanners; RFC 7519, RFC 7468.
 */
size_t secret_shape(struct text in, size_t at) MUST_CHECK;

enum secret_name {
	NAME_PLAIN,
	NAME_SECRET, /* GITHUB_TOKEN, --password, db.passwd */
	NAME_TOKENS, /* MAX_TOKENS: a secret unless the value is a number */
	NAME_KEY,    /* --private-key: a secret too, unless the value is a path */
	NAME_AUTH,   /* auth: a secret in auth=x, a plain word in "auth: fix x" */
	NAME_HEADER  /* Authorization, Cookie: all that follows on the line */
};

/* What a variable, option, key or header of this name holds. */
enum secret_name secret_name(struct text name) MUST_CHECK;
