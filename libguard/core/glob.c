/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pattern match; see glob.h.
 */
#include "libguard/core/glob.h"

#include <string.h>

/* Where to go on when what follows a star does not match: the star then takes more of the text. */
struct retry {
	size_t pattern; /* just behind the star; SIZE_MAX: there is none */
	size_t text;    /* where it was tried last */
	bool components; /* the star stands for whole components: tried behind slashes only */
};

struct match {
	struct text pattern, text;
	size_t classes; /* pattern bytes up to and with the last `]`: no class begins behind it */
	size_t p, t;
	struct retry star;  /* the last `*` */
	struct retry stars; /* the last `**` */
	size_t first_star;  /* where the text stood at the first `*` behind the last `**`; SIZE_MAX: there is none */
};

static const struct retry no_retry = {SIZE_MAX, 0, false};

static char pattern_at(const struct match *m, size_t at)
{
	return at < m->pattern.len ? m->pattern.data[at] : '\0';
}

static bool is_stars(const struct match *m, size_t at)
{
	return pattern_at(m, at) == '*' && pattern_at(m, at + 1) == '*';
}

/* Does C belong to the class that begins at `[`? *end is put behind `]`, or at `[` + 1 when it is no class. */
static bool class_has(const struct match *m, size_t at, char c, size_t *end)
{
	size_t first = at + 1;
	bool negated = pattern_at(m, first) == '!' || pattern_at(m, first) == '^';
	bool found = false;
	size_t i = first += negated;

	for (; i < m->classes && (i == first || m->pattern.data[i] != ']'); i++) {
		unsigned char low = (unsigned char)m->pattern.data[i], high = low;

		if (pattern_at(m, i + 1) == '-' && i + 2 < m->pattern.len && m->pattern.data[i + 2] != ']') {
			high = (unsigned char)m->pattern.data[i + 2];
			i += 2;
		}
		found |= (unsigned char)c >= low && (unsigned char)c <= high;
	}
	if (i >= m->classes) {
		*end = at + 1;
		return c == '[';
	}
	*end = i + 1;
	return found != negated && c != '/';
}

/* Take one byte of both, if they agree. */
static bool take_one(struct match *m)
{
	char c = m->text.data[m->t];
	size_t end;

	if (m->p >= m->pattern.len)
		return false;
	switch (m->pattern.data[m->p]) {
	case '?':
		if (c == '/')
			return false;
		end = m->p + 1;
		break;
	case '[':
		if (!class_has(m, m->p, c, &end))
			return false;
		break;
	case '\\':
		if (m->p + 1 < m->pattern.len) {
			if (m->pattern.data[m->p + 1] != c)
				return false;
			end = m->p + 2;
			break;
		}
		__attribute__((fallthrough));
	default:
		if (m->pattern.data[m->p] != c)
			return false;
		end = m->p + 1;
	}
	m->p = end;
	m->t++;
	return true;
}

/* Let a star take more: one byte, or up to the next slash. */
static bool retry_take(struct match *m, struct retry *retry, bool crosses)
{
	const char *slash;

	if (retry->pattern == SIZE_MAX || retry->text >= m->text.len)
		return false;
	if (retry->components) {
		slash = memchr(m->text.data + retry->text, '/', m->text.len - retry->text);
		if (!slash)
			return false;
		retry->text = (size_t)(slash - m->text.data) + 1;
	} else {
		if (!crosses && m->text.data[retry->text] == '/')
			return false;
		retry->text++;
	}
	m->p = retry->pattern;
	m->t = retry->text;
	return true;
}

/*
 * A `*` that found nothing up to its slash makes every begin vain that would put it before the same slash: it would try
 * a part of the same places. Between `**` and the first `*` each byte of text is taken by one element of the pattern,
 * so `**` can go on from where they end behind that slash. This keeps the match within length times length.
 */
static bool skip_vain(struct match *m)
{
	size_t taken = m->first_star - m->stars.text;
	const char *slash;

	if (m->first_star == SIZE_MAX || m->stars.pattern == SIZE_MAX)
		return true;
	slash = memchr(m->text.data + m->first_star, '/', m->text.len - m->first_star);
	if (!slash)
		return false;
	m->stars.text = (size_t)(slash - m->text.data) - taken;
	return true;
}

static bool retry_any(struct match *m)
{
	if (retry_take(m, &m->star, false))
		return true;
	m->star = no_retry;
	if (!skip_vain(m))
		return false;
	m->first_star = SIZE_MAX;
	return retry_take(m, &m->stars, true);
}

/*
 * Stars at the pattern's position. Returns true when they end the match: a final `**` covers all that is left.
 */
static bool begin_star(struct match *m)
{
	bool component = is_stars(m, m->p) && (m->p == 0 || m->pattern.data[m->p - 1] == '/');

	if (!is_stars(m, m->p)) {
		m->p++;
		m->star = (struct retry){m->p, m->t, false};
		if (m->first_star == SIZE_MAX)
			m->first_star = m->t;
		return false;
	}
	m->p += 2;
	while (pattern_at(m, m->p) == '*')
		m->p++;
	m->star = no_retry;
	m->first_star = SIZE_MAX;
	if (m->p == m->pattern.len)
		return true;
	component = component && m->pattern.data[m->p] == '/';
	m->p += component;
	m->stars = (struct retry){m->p, m->t, component};
	return false;
}

/* "a/ **" without the blank also covers a itself: is that all that is left of the pattern? */
static bool only_stars_left(const struct match *m)
{
	size_t p = m->p;

	if (p > 0 && pattern_at(m, p) == '/' && is_stars(m, p + 1))
		p++;
	while (p < m->pattern.len && m->pattern.data[p] == '*')
		p++;
	return p == m->pattern.len;
}

bool glob_match(struct text pattern, struct text text)
{
	const char *bracket = pattern.len ? memrchr(pattern.data, ']', pattern.len) : NULL;
	struct match m = {
		.pattern = pattern,
		.text = text,
		.classes = bracket ? (size_t)(bracket - pattern.data) + 1 : 0,
		.star = no_retry,
		.stars = no_retry,
		.first_star = SIZE_MAX,
	};

	for (;;) {
		if (pattern_at(&m, m.p) == '*') {
			if (begin_star(&m))
				return true;
		} else if (m.t == text.len) {
			if (m.p == pattern.len || only_stars_left(&m))
				return true;
			if (!retry_any(&m))
				return false;
		} else if (!take_one(&m) && !retry_any(&m)) {
			return false;
		}
	}
}

bool glob_is_literal(struct text pattern)
{
	for (size_t i = 0; i < pattern.len; i++)
		if (strchr("*?[\\", pattern.data[i]) && pattern.data[i])
			return false;
	return true;
}
