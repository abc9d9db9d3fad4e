/* Lists of words, of number prefixes, of address blocks. */
#include "api/field_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cidr.h"
#include "core/e164.h"

/* Blocks wider than these are slips, or an invitation to everybody. */
enum { BITS_MIN_V4 = 96 + 8, BITS_MIN_V6 = 16 };

/* Turns one item into its text of at most size octets; false: the error was added. */
typedef bool item_h(struct field_context *c, const struct field *f, const char *s, size_t len,
	const char *pointer, char *out, size_t size);

enum { ITEM_MAX = 64 };

static bool is_array(
	struct field_context *c, const struct field *f, const json_t *v, const char *pointer)
{
	if (!json_is_array(v)) {
		problems_add(
			c->problems, pointer, PROBLEM_WRONG_TYPE, "Must be a list of strings.");
		return false;
	}
	if (f->max > 0 && (int64_t)json_array_size(v) > f->max) {
		problems_add(c->problems, pointer, PROBLEM_TOO_MANY_ITEMS,
			"Must have at most %lld items.", (long long)f->max);
		return false;
	}
	return true;
}

/* Is item one of those in "{a,b"? */
static bool has_item(const char *list, size_t len, const char *item)
{
	size_t item_len = strlen(item);

	for (size_t at = 1; at < len;) {
		const char *comma = memchr(list + at, ',', len - at);
		size_t n = comma ? (size_t)(comma - list) - at : len - at;

		if (n == item_len && memcmp(list + at, item, n) == 0)
			return true;
		at += n + 1;
	}
	return false;
}

/* An array literal of items that need no quotes. */
static char *array_check(struct field_context *c, const struct field *f, const json_t *v,
	const char *pointer, item_h *h)
{
	size_t count, len = 1, i;
	unsigned before = c->problems->count;
	json_t *item;
	char *out;

	if (!is_array(c, f, v, pointer))
		return NULL;
	count = json_array_size(v);
	out = malloc(count * (ITEM_MAX + 1) + 3);
	if (!out) {
		c->failed = true;
		return NULL;
	}
	out[0] = '{';
	json_array_foreach(v, i, item)
	{
		char at[PROBLEM_POINTER_MAX], text[ITEM_MAX];

		pointer_join_index(at, pointer, i);
		if (!json_is_string(item)) {
			problems_add(c->problems, at, PROBLEM_WRONG_TYPE, "Must be a string.");
		} else if (h(c, f, json_string_value(item), json_string_length(item), at, text,
				   sizeof(text))) {
			if (has_item(out, len, text))
				problems_add(c->problems, at, PROBLEM_DUPLICATE_ITEM,
					"Stands twice in the list.");
			else
				len += (size_t)sprintf(out + len, "%s%s", len > 1 ? "," : "", text);
		}
	}
	out[len++] = '}';
	out[len] = '\0';
	if (c->problems->count != before) {
		free(out);
		return NULL;
	}
	return out;
}

static bool word_item(struct field_context *c, const struct field *f, const char *s, size_t len,
	const char *pointer, char *out, size_t size)
{
	if (len >= size || f->word(s) < 0) {
		problems_add(c->problems, pointer, PROBLEM_UNKNOWN_VALUE, "Must be one of %s.",
			f->words);
		return false;
	}
	memcpy(out, s, len + 1);
	return true;
}

char *words_check(
	struct field_context *c, const struct field *f, const json_t *v, const char *pointer)
{
	return array_check(c, f, v, pointer, word_item);
}

static bool prefix_item(struct field_context *c, const struct field *f, const char *s, size_t len,
	const char *pointer, char *out, size_t size)
{
	if (*s == '+') {
		s++;
		len--;
	}
	if (len > 15 || len < (size_t)f->min || strspn(s, "0123456789") != len) {
		problems_add(c->problems, pointer, PROBLEM_NOT_A_PREFIX,
			"Must be %lld to 15 digits, such as +1415.", (long long)f->min);
		return false;
	}
	snprintf(out, size, "%s", len == 0 ? "\"\"" : s);
	return true;
}

char *prefixes_check(
	struct field_context *c, const struct field *f, const json_t *v, const char *pointer)
{
	return array_check(c, f, v, pointer, prefix_item);
}

static bool country_item(struct field_context *c, const struct field *f, const char *s, size_t len,
	const char *pointer, char *out, size_t size)
{
	(void)f;
	if (len != 2 || !e164_country_known(s)) {
		problems_add(c->problems, pointer, PROBLEM_NOT_A_COUNTRY,
			"Must be an ISO 3166-1 code of two capital letters, such as US.");
		return false;
	}
	snprintf(out, size, "%s", s);
	return true;
}

char *countries_check(
	struct field_context *c, const struct field *f, const json_t *v, const char *pointer)
{
	return array_check(c, f, v, pointer, country_item);
}

static bool cidr_item(struct field_context *c, const struct field *f, const char *s, size_t len,
	const char *pointer, char *out, size_t size)
{
	char text[CIDR_TEXT_SIZE];
	struct cidr block;
	int rc = cidr_parse(s, len, &block);

	(void)f;
	if (rc != 0) {
		problems_add(c->problems, pointer, PROBLEM_NOT_A_CIDR,
			rc == ERANGE ? "Bits are set behind the prefix length."
				     : "Must be an IP address, or a block such as 192.0.2.0/24.");
		return false;
	}
	if (block.bits < (ip_is_v4(block.addr) ? BITS_MIN_V4 : BITS_MIN_V6)) {
		problems_add(c->problems, pointer, PROBLEM_OUT_OF_RANGE,
			"The block is too wide: at most an IPv4 /8 or an IPv6 /16.");
		return false;
	}
	cidr_format(&block, text);
	snprintf(out, size, "%s", text);
	return true;
}

char *cidrs_check(
	struct field_context *c, const struct field *f, const json_t *v, const char *pointer)
{
	return array_check(c, f, v, pointer, cidr_item);
}
