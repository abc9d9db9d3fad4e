#include "core/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/settings.h"
#include "core/utf8.h"

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

/* Writes text as the inside of a JSON string; returns the new length, at most size. */
static size_t escape(char *out, size_t at, size_t size, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		unsigned char c = (unsigned char)*text;
		size_t len = utf8_sequence(text, left), n;
		char esc[8];

		if (c == '"' || c == '\\')
			n = (size_t)snprintf(esc, sizeof(esc), "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			n = (size_t)snprintf(esc, sizeof(esc), "\\u%04x", c);
		else if (len == 0)
			n = (size_t)snprintf(esc, sizeof(esc), "\\ufffd");
		else
			n = (size_t)snprintf(esc, sizeof(esc), "%.*s", (int)len, text);
		if (at + n > size)
			break;
		memcpy(out + at, esc, n);
		at += n;
		len = len == 0 ? 1 : len;
		text += len;
		left -= len;
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
	int64_t now_ms = clock_ms(), next;
	va_list ap;

	if (!log_enabled(kind->level))
		return true;
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
