/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times and durations; see when.h.
 */
#include "tools/when.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_S 1000000000ull

static void write_digits(struct buf *out, uint64_t number, unsigned digits)
{
	char text[20];

	for (unsigned i = digits; i-- > 0; number /= 10)
		text[i] = (char)('0' + number % 10);
	buf_bytes(out, text, digits);
}

static void write_date(struct buf *out, const struct tm *tm, char between)
{
	write_digits(out, (uint64_t)tm->tm_year + 1900, 4);
	buf_char(out, '-');
	write_digits(out, (uint64_t)tm->tm_mon + 1, 2);
	buf_char(out, '-');
	write_digits(out, (uint64_t)tm->tm_mday, 2);
	buf_char(out, between);
}

static void write_clock(struct buf *out, const struct tm *tm)
{
	write_digits(out, (uint64_t)tm->tm_hour, 2);
	buf_char(out, ':');
	write_digits(out, (uint64_t)tm->tm_min, 2);
	buf_char(out, ':');
	write_digits(out, (uint64_t)tm->tm_sec, 2);
}

void when_write_rfc3339(uint64_t time_ns, struct buf *out)
{
	static uint64_t second = UINT64_MAX;
	static char storage[WHEN_MAX];
	static size_t len;

	if (time_ns / NS_PER_S != second) {
		struct buf text = BUF_ON(storage);
		time_t seconds = (time_t)(time_ns / NS_PER_S);
		struct tm tm = {0};

		gmtime_r(&seconds, &tm);
		write_date(&text, &tm, 'T');
		write_clock(&text, &tm);
		len = text.len;
		second = time_ns / NS_PER_S;
	}
	buf_bytes(out, storage, len);
	buf_char(out, '.');
	write_digits(out, time_ns % NS_PER_S, 9);
	buf_char(out, 'Z');
}

void when_write_local(uint64_t time_ns, struct buf *out)
{
	time_t seconds = (time_t)(time_ns / NS_PER_S);
	struct tm tm = {0};

	localtime_r(&seconds, &tm);
	write_date(out, &tm, ' ');
	write_clock(out, &tm);
}

void when_write_clock(uint64_t time_ns, struct buf *out)
{
	static uint64_t second = UINT64_MAX;
	static char storage[WHEN_MAX];
	static size_t len;

	if (time_ns / NS_PER_S != second) {
		struct buf text = BUF_ON(storage);
		time_t seconds = (time_t)(time_ns / NS_PER_S);
		struct tm tm = {0};

		localtime_r(&seconds, &tm);
		write_clock(&text, &tm);
		len = text.len;
		second = time_ns / NS_PER_S;
	}
	buf_bytes(out, storage, len);
	buf_char(out, '.');
	write_digits(out, time_ns % NS_PER_S / 1000, 6);
}

void when_write_duration(uint64_t duration_ns, struct buf *out)
{
	uint64_t s = duration_ns / NS_PER_S;

	if (s < 10) {
		buf_u64(out, s);
		buf_char(out, '.');
		buf_u64(out, duration_ns % NS_PER_S / (NS_PER_S / 10));
		buf_str(out, " s");
		return;
	}
	if (s < 60) {
		buf_u64(out, s);
		buf_str(out, " s");
		return;
	}
	if (s < 3600) {
		buf_u64(out, s / 60);
		buf_str(out, " min ");
		buf_u64(out, s % 60);
		buf_str(out, " s");
		return;
	}
	if (s < 86400) {
		buf_u64(out, s / 3600);
		buf_str(out, " h ");
		buf_u64(out, s % 3600 / 60);
		buf_str(out, " min");
		return;
	}
	buf_u64(out, s / 86400);
	buf_str(out, " d ");
	buf_u64(out, s % 86400 / 3600);
	buf_str(out, " h");
}

/* ".5" and the like after a second; *at moves behind it. */
static uint64_t read_fraction(const char **at)
{
	uint64_t unit = NS_PER_S;
	uint64_t ns = 0;

	if (**at != '.' || !isdigit((unsigned char)(*at)[1]))
		return 0;
	for (++*at; isdigit((unsigned char)**at); ++*at) {
		unit /= 10;
		ns += unit * (uint64_t)(**at - '0');
	}
	return ns;
}

static int read_count(const char *text, uint64_t now_ns, uint64_t *out_ns)
{
	static const struct {
		const char *word;
		uint64_t seconds;
	} units[] = {{"s", 1}, {"m", 60}, {"min", 60}, {"h", 3600}, {"d", 86400}, {"w", 604800}};
	const char *at;
	char *end;
	uint64_t number, ns;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno || number > UINT64_MAX / NS_PER_S - 1)
		return -EINVAL;
	at = end;
	ns = number * NS_PER_S + read_fraction(&at);
	if (!*at) {
		*out_ns = ns;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (!strcmp(units[i].word, at)) {
			if (ns > now_ns / units[i].seconds)
				*out_ns = 0;
			else
				*out_ns = now_ns - ns * units[i].seconds;
			return 0;
		}
	return -EINVAL;
}

/* "Z", "+02:00" or nothing; the distance to UTC in seconds. */
static int read_zone(const char *at, bool *local, int *offset)
{
	unsigned h, m;

	*local = *at == '\0';
	*offset = 0;
	if (*local || !strcmp(at, "Z") || !strcmp(at, "z"))
		return 0;
	if ((*at != '+' && *at != '-') || strlen(at) != 6 || at[3] != ':')
		return -EINVAL;
	for (int i = 1; i < 6; i++)
		if (i != 3 && !isdigit((unsigned char)at[i]))
			return -EINVAL;
	h = (unsigned)(at[1] - '0') * 10 + (unsigned)(at[2] - '0');
	m = (unsigned)(at[4] - '0') * 10 + (unsigned)(at[5] - '0');
	if (h > 23 || m > 59)
		return -EINVAL;
	*offset = (int)(h * 3600 + m * 60);
	if (*at == '-')
		*offset = -*offset;
	return 0;
}

static bool is_date(const struct tm *tm)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year = tm->tm_year + 1900;
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return year >= 1970 && tm->tm_mday <= days[tm->tm_mon] + (leap && tm->tm_mon == 1);
}

int when_read(const char *text, uint64_t now_ns, uint64_t *out_ns)
{
	struct tm tm = {.tm_isdst = -1};
	uint64_t fraction = 0;
	const char *at;
	bool local;
	int offset;
	time_t seconds;

	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	at = strptime(text, "%Y-%m-%d", &tm);
	if (!at)
		return read_count(text, now_ns, out_ns);
	if (*at == 'T' || *at == 't' || *at == ' ') {
		const char *clock = at + 1;

		at = strptime(clock, "%H:%M:%S", &tm);
		if (!at)
			at = strptime(clock, "%H:%M", &tm);
		if (!at)
			return -EINVAL;
		fraction = read_fraction(&at);
	}
	if (!is_date(&tm) || read_zone(at, &local, &offset))
		return -EINVAL;
	seconds = local ? mktime(&tm) : timegm(&tm) - offset;
	if (seconds < 0)
		return -EINVAL;
	*out_ns = (uint64_t)seconds * NS_PER_S + fraction;
	return 0;
}
