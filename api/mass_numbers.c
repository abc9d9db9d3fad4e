/* The numbers of a mass operation, one at a time out of the text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/json_body.h"
#include "api/mass_request.h"

/* Longer values are refused unread: none is a number, and nothing that one holds is worth memory. */
enum { ITEM_MAX = 1024 };

static bool number_add(struct mass_body *b, e164_t number)
{
	if (b->number_count == b->number_size) {
		size_t size = b->number_size == 0 ? 1024 : b->number_size * 2;
		e164_t *p;

		/* Each will be text once more for PostgreSQL: 17 octets at most, and libpq's copy. */
		if (!http_budget_take(b->req, (size - b->number_size) * (sizeof(*p) + 34)))
			return false;
		p = realloc(b->numbers, size * sizeof(*p));
		if (!p)
			return false;
		b->numbers = p;
		b->number_size = size;
	}
	b->numbers[b->number_count++] = number;
	return true;
}

/* A string of plain ASCII without escapes, as nearly all are. */
static bool is_plain(const char *item, size_t len)
{
	if (len < 2 || item[0] != '"')
		return false;
	for (size_t i = 1; i + 1 < len; i++) {
		if (item[i] < 0x20 || item[i] == 0x7f || item[i] == '\\')
			return false;
	}
	return true;
}

static e164_t number_parse(struct mass_body *b, const char *s, size_t len, const char *pointer)
{
	const char *why = "", *country = "";
	e164_t number;

	if (len == 0 || *s != '+') {
		country = mass_country(b);
		if (!country) {
			b->context.failed = true;
			return 0;
		}
	}
	if (e164_parse(s, len, country, &number, &why) == 0)
		return number;
	problems_add(&b->problems, pointer, PROBLEM_NOT_E164,
		"Not a phone number like +14155550100: %s.", why);
	return 0;
}

static void malformed(
	struct mass_body *b, const char *pointer, enum problem_code code, const char *detail)
{
	struct problems p = {0};

	problems_add(&p, pointer, code, "%s", detail);
	if (!problems_answer(b->req, 400, PROBLEM_MALFORMED_JSON, &p))
		problem_busy(b->req);
	problems_fini(&p);
}

/* What is no plain string is jansson's to judge. false: answered. */
static bool odd_item(struct mass_body *b, const char *item, size_t len, const char *pointer)
{
	json_error_t error;
	json_t *v = json_loadb(item, len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
	e164_t number;
	bool ok = true;

	if (!v) {
		malformed(b, pointer, json_problem_code(&error), error.text);
		return false;
	}
	if (!json_is_string(v)) {
		problems_add(&b->problems, pointer, PROBLEM_WRONG_TYPE, "Must be a string.");
	} else {
		number = number_parse(b, json_string_value(v), json_string_length(v), pointer);
		ok = number == 0 || number_add(b, number);
	}
	json_decref(v);
	if (!ok)
		problem_busy(b->req);
	return ok;
}

static bool item_take(struct mass_body *b, const char *item, size_t len, unsigned long index)
{
	char pointer[PROBLEM_POINTER_MAX];
	e164_t number;

	pointer_join_index(pointer, "/select/numbers", index);
	if (len > ITEM_MAX) {
		problems_add(&b->problems, pointer, PROBLEM_TOO_LONG, "Is no phone number.");
		return true;
	}
	if (!is_plain(item, len))
		return odd_item(b, item, len, pointer);
	number = number_parse(b, item + 1, len - 2, pointer);
	if (number != 0 && !number_add(b, number)) {
		problem_busy(b->req);
		return false;
	}
	return true;
}

/* "{14155550100,…}" */
static bool literal_make(struct mass_body *b)
{
	char *p = malloc(b->number_count * E164_TEXT_SIZE + 3);

	if (!p) {
		problem_busy(b->req);
		return false;
	}
	b->numbers_text = p;
	*p++ = '{';
	for (size_t i = 0; i < b->number_count; i++) {
		char text[E164_TEXT_SIZE];
		size_t len;

		e164_format(b->numbers[i], text);
		len = strlen(text) - 1;
		if (i > 0)
			*p++ = ',';
		memcpy(p, text + 1, len);
		p += len;
	}
	*p++ = '}';
	*p = '\0';
	b->request.numbers = b->numbers_text;
	b->request.number_count = b->number_count;
	return true;
}

bool mass_numbers_take(struct mass_body *b)
{
	struct mass_items it = {
		.p = b->list[MASS_LIST_NUMBERS].text, .len = b->list[MASS_LIST_NUMBERS].len};
	char pointer[PROBLEM_POINTER_MAX];
	const char *item;
	size_t len;
	int rc;

	while ((rc = mass_items_next(&it, &item, &len)) == 1) {
		if (it.index >= MASS_NUMBERS_MAX) {
			problems_add(&b->problems, "/select/numbers", PROBLEM_TOO_MANY_ITEMS,
				"Must have at most %d items.", MASS_NUMBERS_MAX);
			return true;
		}
		if (!item_take(b, item, len, it.index))
			return false;
		if (b->context.failed)
			return true;
	}
	if (rc < 0) {
		pointer_join_index(pointer, "/select/numbers", it.index);
		malformed(b, pointer, PROBLEM_MALFORMED_JSON, "A value or a comma is missing.");
		return false;
	}
	if (!it.begun)
		problems_add(&b->problems, "/select/numbers", PROBLEM_REQUIRED,
			"Must have at least one number.");
	return literal_make(b);
}
