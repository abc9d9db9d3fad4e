#include "api/http.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *http_method_word(enum http_method m)
{
	static const char *const words[HTTP_METHOD_COUNT] = {
		[HTTP_GET] = "GET",
		[HTTP_POST] = "POST",
		[HTTP_PUT] = "PUT",
		[HTTP_PATCH] = "PATCH",
		[HTTP_DELETE] = "DELETE",
	};

	return m < HTTP_METHOD_COUNT ? words[m] : "other";
}

void http_response_header(struct http_response *res, const char *name, const char *fmt, ...)
{
	char *value = NULL;
	unsigned i;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&value, fmt, ap) < 0)
		value = NULL;
	va_end(ap);
	if (!value)
		return;
	for (i = 0; i < res->headers && strcmp(res->header[i].name, name) != 0; i++)
		;
	if (i == HTTP_HEADERS_MAX) {
		free(value);
		return;
	}
	if (i == res->headers)
		res->headers++;
	else
		free(res->header[i].value);
	res->header[i].name = name;
	res->header[i].value = value;
}

const char *http_response_find(const struct http_response *res, const char *name)
{
	for (unsigned i = 0; i < res->headers; i++) {
		if (strcmp(res->header[i].name, name) == 0)
			return res->header[i].value;
	}
	return NULL;
}

void http_response_body(
	struct http_response *res, unsigned status, const char *type, char *body, size_t len)
{
	free(res->body);
	res->status = status;
	res->type = body ? type : NULL;
	res->body = body;
	res->body_len = body ? len : 0;
	res->text = NULL;
}

void http_response_fini(struct http_response *res)
{
	free(res->body);
	if (res->stream)
		res->stream->free(res->stream);
	for (unsigned i = 0; i < res->headers; i++)
		free(res->header[i].value);
	memset(res, 0, sizeof(*res));
}
