/* Errors as RFC 9457 problems. Those of a body's content are collected first and answered all at
 * once, each with the JSON pointer (RFC 6901) of what is wrong. */
#ifndef TRUNKGUARD_API_PROBLEM_H
#define TRUNKGUARD_API_PROBLEM_H

#include <stdbool.h>

#include "api/problem_code.h"

struct http_request;

/* detail: a sentence for people. 401 carries WWW-Authenticate, 503 Retry-After. */
void problem_answer(
	struct http_request *req, unsigned status, enum problem_code code, const char *detail);
/* 503: too many at once. */
void problem_busy(struct http_request *req);

enum { PROBLEM_ERRORS_MAX = 100, PROBLEM_POINTER_MAX = 128, PROBLEM_DETAIL_MAX = 440 };

struct problem_error {
	bool parameter; /* pointer names a query parameter */
	char pointer[PROBLEM_POINTER_MAX];
	enum problem_code code;
	char detail[PROBLEM_DETAIL_MAX];
};

/* Zero is empty. Past PROBLEM_ERRORS_MAX errors are counted, not kept. */
struct problems {
	unsigned count;
	unsigned kept;
	unsigned size;
	struct problem_error *item;
};

void problems_fini(struct problems *p);
void problems_add(struct problems *p, const char *pointer, enum problem_code code, const char *fmt,
	...) __attribute__((format(printf, 4, 5)));
void problems_add_parameter(struct problems *p, const char *name, enum problem_code code,
	const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* All of more behind those of p, and none left in more. */
void problems_append(struct problems *p, struct problems *more);
/* Answers with all of them; false when there are none. */
bool problems_answer(struct http_request *req, unsigned status, enum problem_code code,
	const struct problems *p);

/* "/a/b" + "/" + name, escaped (RFC 6901, 3), into out (PROBLEM_POINTER_MAX). */
void pointer_join(char *out, const char *base, const char *name);
void pointer_join_index(char *out, const char *base, unsigned long index);

#endif
