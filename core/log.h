/* The log: one JSON object a line on standard error, each written by one write(2), control
 * characters and quotes escaped, at most LOG_LINE_MAX octets (longer text is cut). Nothing that a
 * stranger sent reaches the log unescaped.
 *
 *   {"time":"2026-01-02T03:04:05.678Z","level":"warn","program":"trunkguard-api",
 *    "kind":"database","message":"connection lost: …","suppressed":12}
 *
 * What traffic can cause goes through log_limited(): one line a second per kind, the next one
 * says how many were held back. All functions may be called from any thread. */
#ifndef TRUNKGUARD_CORE_LOG_H
#define TRUNKGUARD_CORE_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum log_level {
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_INFO,
	LOG_LEVEL_WARN,
	LOG_LEVEL_ERROR,
	LOG_LEVEL_COUNT
};

enum { LOG_LINE_MAX = 1024 };

/* program must stay valid. Before log_init() the level is info and the program empty. */
void log_init(const char *program, enum log_level level);
/* A setting_parse_h for TRUNKGUARD_LOG; value: enum log_level. */
int log_level_setting(const char *text, void *value, char *why);
bool log_enabled(enum log_level level);

void log_debug(const char *kind, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_info(const char *kind, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_warn(const char *kind, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_error(const char *kind, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

struct log_kind {
	const char *name;
	enum log_level level;
	_Atomic int64_t next_ms; /* monotonic time from which a line may be written again */
	atomic_uint suppressed;
};
#define LOG_KIND(kind_name, kind_level)                                                            \
	{                                                                                          \
		.name = (kind_name), .level = (kind_level)                                         \
	}

/* True when the line was written (or its level is off), false when it was held back. */
bool log_limited(struct log_kind *kind, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
