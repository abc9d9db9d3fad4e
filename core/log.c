#include "core/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/settings.h"

static const char *const level_words[LOG_LEVEL_COUNT] = {"debug", "info", "warn", "error"};

static const char *program_name = "";
static _Atomic enum log_level threshold = LOG_LEVEL_INFO;

void log_init(const char *program, enum log_level level)
{
	program_name = program;
	threshold = level;
}

int log_level_setting(const char *text, void *value, char *why)
{
	for (int i = 0; i < LOG_LEVEL_COUNT; i++) {
		if (strcmp(text, level_words[i]) == 0) {
			*(enum log_level *)value = (enum log_level)i;
			return 0;
		}
	}
	snprintf(why, SETTING_WHY_MAX, "is none of debug, info, warn, error");
	return EINVAL;
}

bool log_enabled(enum log_level level)
{
	return level >= threshold;
}

/* Octets of a well-formed UTF-8 sequence at s, 0 when it is not one. */
static size_t utf8_len(const unsigned char *s)
{
	size_t len = s[0] < 0x80                    ? 1
		     : s[0] >= 0xc2 && s[0] <= 0xdf ? 2
		     : s[0] >= 0xe0 && s[0] <= 0xef ? 3
		     : s[0] >= 0xf0 && s[0] <= 0xf4 ? 4
						    : 0;

	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
		(s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return len;
}

/* Writes text as the inside of a JSON string; returns the new length, at most size. */
static size_t escape(char *out, size_t at, size_t size, const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p != '\0';) {
		size_t len = utf8_len(p);
		char esc[8];

		if (*p == '"' || *p == '\\')
			snprintf(esc, sizeof(esc), "\\%c", *p);
		else if (*p < 0x20 || *p == 0x7f)
			snprintf(esc, sizeof(esc), "\\u%04x", *p);
		else if (len == 0)
			snprintf(esc, sizeof(esc), "\\ufffd");
		else
			snprintf(esc, sizeof(esc), "%.*s", (int)len, (const char *)p);
		if (at + strlen(esc) > size)
			break;
		memcpy(out + at, esc, strlen(esc));
		at += strlen(esc);
		p += len == 0 ? 1 : len;
	}
	return at;
}

__attribute__((format(printf, 4, 0))) static void line_write(
	enum log_level level, const char *kind, unsigned suppressed, const char *fmt, va_list ap)
{
	enum { TAIL_MAX = 40 };
	char line[LOG_LINE_MAX];
	char text[LOG_LINE_MAX];
	struct timespec now;
	struct tm tm;
	size_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	vsnprintf(text, sizeof(text), fmt, ap);
	n = strftime(line, sizeof(line), "{\"time\":\"%Y-%m-%dT%H:%M:%S", &tm);
	n += (size_t)snprintf(line + n, sizeof(line) - n,
		".%03ldZ\",\"level\":\"%s\",\"program\":\"%.32s\",\"kind\":\"%.48s\",\"message\":"
		"\"",
		now.tv_nsec / 1000000, level_words[level], program_name, kind);
	n = escape(line, n, sizeof(line) - TAIL_MAX, text);
	if (suppressed != 0)
		n += (size_t)snprintf(
			line + n, sizeof(line) - n, "\",\"suppressed\":%u}\n", suppressed);
	else
		n += (size_t)snprintf(line + n, sizeof(line) - n, "\"}\n");
	/* Nobody is left to tell when standard error is gone. */
	while (write(STDERR_FILENO, line, n) < 0 && errno == EINTR)
		;
}

#define LOG_AT(level_value)                                                                        \
	do {                                                                                       \
		va_list ap;                                                                        \
		if (!log_enabled(level_value))                                                     \
			return;                                                                    \
		va_start(ap, fmt);                                                                 \
		line_write((level_value), kind, 0, fmt, ap);                                       \
		va_end(ap);                                                                        \
	} while (0)

void log_debug(const char *kind, const char *fmt, ...)
{
	LOG_AT(LOG_LEVEL_DEBUG);
}

void log_info(const char *kind, const char *fmt, ...)
{
	LOG_AT(LOG_LEVEL_INFO);
}

void log_warn(const char *kind, const char *fmt, ...)
{
	LOG_AT(LOG_LEVEL_WARN);
}

void log_error(const char *kind, const char *fmt, ...)
{
	LOG_AT(LOG_LEVEL_ERROR);
}

bool log_limited(struct log_kind *kind, const char *fmt, ...)
{
	struct timespec now;
	int64_t now_ms, next;
	va_list ap;

	if (!log_enabled(kind->level))
		return true;
	clock_gettime(CLOCK_MONOTONIC, &now);
	now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	next = kind->next_ms;
	if (now_ms < next ||
		!atomic_compare_exchange_strong(&kind->next_ms, &next, now_ms + 1000)) {
		kind->suppressed++;
		return false;
	}
	va_start(ap, fmt);
	line_write(kind->level, kind->name, atomic_exchange(&kind->suppressed, 0), fmt, ap);
	va_end(ap);
	return true;
}
