#include "api/http_guard.h"

#include <string.h>
#include <strings.h>

void http_guard_init(struct http_guard *g)
{
	memset(g, 0, sizeof(*g));
}

static void refuse(struct http_guard *g, unsigned status, enum problem_code code, const char *why)
{
	if (status == 400)
		g->close = true;
	if (g->status != 0 && !(status == 400 && g->status != 400))
		return;
	g->status = status;
	g->code = code;
	g->why = why;
}

static bool is_token(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c <= ' ' || c >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", c))
			return false;
	}
	return len > 0;
}

/* Visible text, spaces and tabs; octets above 0x7f are obs-text (RFC 9110, 5.5). */
static bool is_field_value(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

static bool named(const char *name, size_t len, const char *known)
{
	return strlen(known) == len && strncasecmp(name, known, len) == 0;
}

static bool worded(const char *value, size_t len, const char *word)
{
	return strlen(word) == len && strncasecmp(value, word, len) == 0;
}

static void content_length(struct http_guard *g, const char *value, size_t len)
{
	uint64_t n = 0;

	g->lengths++;
	for (size_t i = 0; i < len; i++) {
		if (value[i] < '0' || value[i] > '9')
			len = 0;
		else if (n < UINT64_MAX / 100)
			n = n * 10 + (uint64_t)(value[i] - '0');
	}
	if (len == 0)
		refuse(g, 400, PROBLEM_MALFORMED_REQUEST, "Content-Length is not a number.");
	g->content_length = n;
}

static void transfer_encoding(struct http_guard *g, const char *value, size_t len)
{
	g->codings++;
	g->chunked = worded(value, len, "chunked");
	if (!g->chunked)
		refuse(g, 400, PROBLEM_MALFORMED_REQUEST,
			"The only transfer coding known is \"chunked\".");
}

void http_guard_field(struct http_guard *g, const char *name, size_t name_len, const char *value,
	size_t value_len)
{
	if (!is_token(name, name_len)) {
		refuse(g, 400, PROBLEM_MALFORMED_REQUEST,
			"The name of a header field is not a token.");
		return;
	}
	if (!is_field_value(value, value_len)) {
		refuse(g, 400, PROBLEM_MALFORMED_REQUEST,
			"A header field holds a control character.");
		return;
	}
	if (named(name, name_len, "Host"))
		g->hosts++;
	else if (named(name, name_len, "Content-Length"))
		content_length(g, value, value_len);
	else if (named(name, name_len, "Transfer-Encoding"))
		transfer_encoding(g, value, value_len);
	else if (named(name, name_len, "Content-Type"))
		g->types++;
	else if (named(name, name_len, "Authorization"))
		g->authorizations++;
	else if (named(name, name_len, "Content-Encoding") && !worded(value, value_len, "identity"))
		refuse(g, 415, PROBLEM_UNSUPPORTED_MEDIA_TYPE,
			"Content codings are not supported.");
	else if (named(name, name_len, "Expect") && !worded(value, value_len, "100-continue"))
		refuse(g, 417, PROBLEM_EXPECTATION_FAILED,
			"The only expectation known is 100-continue.");
}

void http_guard_end(struct http_guard *g, bool http_1_1)
{
	if (g->lengths > 1)
		refuse(g, 400, PROBLEM_MALFORMED_REQUEST, "There is more than one Content-Length.");
	if (g->codings > 1)
		refuse(g, 400, PROBLEM_MALFORMED_REQUEST,
			"There is more than one Transfer-Encoding.");
	if (g->lengths > 0 && g->codings > 0)
		refuse(g, 400, PROBLEM_MALFORMED_REQUEST,
			"There is a Content-Length beside a Transfer-Encoding.");
	if (g->codings > 0 && !http_1_1)
		refuse(g, 400, PROBLEM_MALFORMED_REQUEST, "HTTP/1.0 knows no Transfer-Encoding.");
	if (g->hosts > 1 || (g->hosts == 0 && http_1_1))
		refuse(g, 400, PROBLEM_MALFORMED_REQUEST, "There is not exactly one Host.");
	if (g->types > 1)
		refuse(g, 400, PROBLEM_MALFORMED_REQUEST, "There is more than one Content-Type.");
	if (g->authorizations > 1)
		refuse(g, 400, PROBLEM_MALFORMED_REQUEST, "There is more than one Authorization.");
}

void http_guard_refuse(struct http_guard *g, const char *why)
{
	refuse(g, 400, PROBLEM_MALFORMED_REQUEST, why);
}
