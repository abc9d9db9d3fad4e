#include "core/e164.h"

#include <errno.h>
#include <string.h>

#include "core/e164_country.h"

enum { INPUT_MAX = 64, NANP_CODE = 1, NANP_DIGITS = 11 };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Copies the digits and drops visual separators, which may not stand for themselves. */
static const char *strip(const char *text, size_t len, char *digits, size_t size, size_t *count)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (is_digit(text[i])) {
			if (n == size)
				return "has more than 15 digits";
			digits[n++] = text[i];
		} else if (text[i] == '\0' || !strchr("-.()", text[i])) {
			return "has something other than digits";
		}
	}
	*count = n;
	return NULL;
}

static e164_t value_of(e164_t head, const char *digits, size_t count)
{
	for (size_t i = 0; i < count; i++)
		head = head * 10 + (e164_t)(digits[i] - '0');
	return head;
}

static const char *check(const char *digits, size_t count)
{
	if (count == 0)
		return "is empty";
	if (count >= 2 && digits[0] == '0' && digits[1] == '0')
		return "begins with 00: write + and the country code";
	if (digits[0] == '0')
		return "is national: write + and the country code";
	if (count > E164_DIGITS_MAX)
		return "has more than 15 digits";
	if (count < E164_DIGITS_MIN)
		return "has fewer than 7 digits";
	if (digits[0] == '0' + NANP_CODE && count != NANP_DIGITS)
		return "is not 10 digits after +1";
	return NULL;
}

/* How many digits of a number dialled at home to drop, -1 when it is not national. */
static int national_skip(const struct e164_country *c, const char *digits, size_t count)
{
	size_t trunk = strlen(c->trunk);

	if (count >= 2 && digits[0] == '0' && digits[1] == '0')
		return -1;
	/* Some keep the 0 of a national number (Italy, Ivory Coast); North America has none. */
	if (c->code == NANP_CODE && count && digits[0] < '2')
		return -1;
	if (count < trunk || memcmp(digits, c->trunk, trunk))
		return -1;
	if (count - trunk < c->min || count - trunk > c->max)
		return -1;
	return (int)trunk;
}

static const char *parse(const char *text, size_t len, const char *country, e164_t *number)
{
	bool plus = len && text[0] == '+';
	char digits[E164_DIGITS_MAX + 2]; /* a trunk prefix may come on top */
	char full[E164_TEXT_SIZE];
	size_t count = 0;
	const char *why;

	if (len > INPUT_MAX)
		return "is too long";
	why = strip(text + plus, len - plus, digits, sizeof(digits), &count);
	if (why)
		return why;
	if (!plus && country && country[0]) {
		const struct e164_country *c = e164_country(country);
		int skip = c ? national_skip(c, digits, count) : -1;

		if (skip >= 0) {
			e164_t n = value_of(c->code, digits + skip, count - (size_t)skip);

			if (e164_digits(n) > E164_DIGITS_MAX)
				return "has more than 15 digits";
			e164_format(n, full);
			*number = n;
			return check(full + 1, strlen(full + 1));
		}
	}
	*number = value_of(0, digits, count);
	return check(digits, count);
}

int e164_parse(
	const char *text, size_t len, const char *default_country, e164_t *number, const char **why)
{
	e164_t parsed = 0;
	const char *wrong = parse(text, len, default_country, &parsed);

	if (why)
		*why = wrong;
	if (wrong)
		return EINVAL;
	*number = parsed;
	return 0;
}

int e164_parse_digits(const char *text, size_t len, e164_t *number)
{
	if (len == 0 || len > E164_DIGITS_MAX || text[0] == '0')
		return EINVAL;
	for (size_t i = 0; i < len; i++)
		if (!is_digit(text[i]))
			return EINVAL;
	*number = value_of(0, text, len);
	return 0;
}

void e164_format(e164_t number, char out[E164_TEXT_SIZE])
{
	unsigned digits = e164_digits(number);

	if (digits == 0 || digits > E164_DIGITS_MAX) {
		out[0] = '\0';
		return;
	}
	out[0] = '+';
	for (unsigned i = digits; i > 0; i--, number /= 10)
		out[i] = (char)('0' + number % 10);
	out[digits + 1] = '\0';
}

unsigned e164_digits(e164_t number)
{
	unsigned digits = 0;

	for (; number; number /= 10)
		digits++;
	return digits;
}

bool e164_country_known(const char *iso)
{
	return e164_country(iso) != NULL;
}
