#include "core/json_out.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/mem.h"
#include "core/utf8.h"

enum { SIZE_FIRST = 256 };

void json_out_init(struct json_out *j)
{
	memset(j, 0, sizeof(*j));
}

void json_out_fini(struct json_out *j)
{
	mem_free(j->buf);
	memset(j, 0, sizeof(*j));
}

void json_out_reset(struct json_out *j)
{
	j->len = 0;
	j->depth = 0;
	j->not_first = 0;
	j->is_array = 0;
	j->failed = false;
}

/* Room for len more octets and a NUL. */
static bool room(struct json_out *j, size_t len)
{
	size_t size = j->size ? j->size : SIZE_FIRST;
	char *grown;

	if (j->failed)
		return false;
	if (len < j->size - j->len)
		return true;
	while (size - j->len <= len) {
		if (size > SIZE_MAX / 2) {
			j->failed = true;
			return false;
		}
		size *= 2;
	}
	grown = mem_realloc(j->buf, size);
	if (!grown) {
		j->failed = true;
		return false;
	}
	j->buf = grown;
	j->size = size;
	return true;
}

static void put(struct json_out *j, const char *s, size_t len)
{
	if (!room(j, len))
		return;
	memcpy(j->buf + j->len, s, len);
	j->len += len;
}

static void put_escaped(struct json_out *j, unsigned char c)
{
	static const char short_form[] = "\"\"\\\\\bb\ff\nn\rr\tt";
	char text[8];
	int len;

	for (const char *s = short_form; *s; s += 2) {
		if ((unsigned char)*s != c)
			continue;
		put(j, (const char[]){'\\', s[1]}, 2);
		return;
	}
	len = snprintf(text, sizeof(text), "\\u%04x", (unsigned)c);
	put(j, text, (size_t)len);
}

static bool plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* What is not plain at s: an escape, or a sequence of UTF-8. How many octets it was. */
static size_t put_special(struct json_out *j, const char *s, size_t len)
{
	size_t sequence;

	if ((unsigned char)*s < 0x80) {
		put_escaped(j, (unsigned char)*s);
		return 1;
	}
	sequence = utf8_sequence(s, len);
	if (sequence)
		put(j, s, sequence);
	else
		put(j, "\xef\xbf\xbd", 3);
	return sequence ? sequence : 1;
}

/* Whether all eight octets are plain. Borrows between octets cannot hide one that is not: the lowest
 * such octet always shows, and more is not asked. */
static bool plain_eight(const char *s)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones * 0x80;
	uint64_t v, quote, backslash, delete;

	memcpy(&v, s, sizeof(v));
	quote = v ^ ones * '"';
	backslash = v ^ ones * '\\';
	delete = v ^ ones * 0x7f;
	return !((v | (v - ones * 0x20) | (quote - ones) | (backslash - ones) | (delete - ones)) &
		 tops);
}

static size_t plain_run(const char *s, size_t len)
{
	size_t run = 0;

	while (len - run >= 8 && plain_eight(s + run))
		run += 8;
	/* The last few octets, by the eight that end with them. */
	if (len - run < 8 && len >= 8 && plain_eight(s + len - 8))
		return len;
	while (run < len && plain((unsigned char)s[run]))
		run++;
	return run;
}

static void put_quoted(struct json_out *j, const char *s, size_t len)
{
	size_t run = plain_run(s, len);

	if (!room(j, run + 2))
		return;
	j->buf[j->len++] = '"';
	memcpy(j->buf + j->len, s, run);
	j->len += run;
	for (size_t i = run; i < len; i += run) {
		i += put_special(j, s + i, len - i);
		run = plain_run(s + i, len - i);
		put(j, s + i, run);
	}
	put(j, "\"", 1);
}

/* There is room for a key that is plain, as words of ours are. */
static void put_key(struct json_out *j, const char *key, size_t len)
{
	char *to = j->buf + j->len;

	if (plain_run(key, len) < len) {
		put_quoted(j, key, len);
		put(j, ":", 1);
		return;
	}
	*to++ = '"';
	memcpy(to, key, len);
	memcpy(to + len, "\":", 2);
	j->len += len + 3;
}

static void before_value(struct json_out *j, const char *key)
{
	uint32_t bit = UINT32_C(1) << (j->depth % JSON_OUT_DEPTH_MAX);
	size_t len = key ? strlen(key) : 0;
	char *to;

	if (!room(j, len + 4))
		return;
	to = j->buf + j->len;
	if (j->not_first & bit)
		*to++ = ',';
	j->not_first |= bit;
	j->len = (size_t)(to - j->buf);
	if (key)
		put_key(j, key, len);
}

static void open_level(struct json_out *j, const char *key, bool array)
{
	uint32_t bit;

	before_value(j, key);
	put(j, array ? "[" : "{", 1);
	if (j->depth + 1 >= JSON_OUT_DEPTH_MAX) {
		j->failed = true;
		return;
	}
	bit = UINT32_C(1) << ++j->depth;
	j->not_first &= ~bit;
	j->is_array = array ? j->is_array | bit : j->is_array & ~bit;
}

void json_out_object(struct json_out *j, const char *key)
{
	open_level(j, key, false);
}

void json_out_array(struct json_out *j, const char *key)
{
	open_level(j, key, true);
}

void json_out_end(struct json_out *j)
{
	if (!j->depth)
		return;
	put(j, j->is_array & UINT32_C(1) << j->depth ? "]" : "}", 1);
	j->depth--;
}

void json_out_str(struct json_out *j, const char *key, const char *s)
{
	if (s)
		json_out_mem(j, key, s, strlen(s));
	else
		json_out_null(j, key);
}

void json_out_mem(struct json_out *j, const char *key, const char *s, size_t len)
{
	before_value(j, key);
	put_quoted(j, s, len);
}

static void put_number(struct json_out *j, const char *key, bool negative, uint64_t v)
{
	char text[24], *at = text + sizeof(text);

	do
		*--at = (char)('0' + v % 10);
	while (v /= 10);
	if (negative)
		*--at = '-';
	before_value(j, key);
	put(j, at, (size_t)(text + sizeof(text) - at));
}

void json_out_int(struct json_out *j, const char *key, int64_t v)
{
	put_number(j, key, v < 0, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void json_out_uint(struct json_out *j, const char *key, uint64_t v)
{
	put_number(j, key, false, v);
}

void json_out_bool(struct json_out *j, const char *key, bool v)
{
	before_value(j, key);
	put(j, v ? "true" : "false", v ? 4 : 5);
}

void json_out_raw(struct json_out *j, const char *key, const char *json)
{
	before_value(j, key);
	put(j, json ? json : "null", json ? strlen(json) : 4);
}

void json_out_null(struct json_out *j, const char *key)
{
	before_value(j, key);
	put(j, "null", 4);
}

int json_out_text(struct json_out *j, const char **text, size_t *len)
{
	if (!room(j, 0))
		return ENOMEM;
	j->buf[j->len] = '\0';
	*text = j->buf;
	if (len)
		*len = j->len;
	return 0;
}
