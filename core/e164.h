/* Phone numbers (ITU-T E.164). Inside they are integers, outside text with '+'. */
#ifndef TRUNKGUARD_CORE_E164_H
#define TRUNKGUARD_CORE_E164_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An E.164 number without '+', at most 15 digits; 0: none. No number starts with 0, so
 * the digits come back exactly. */
typedef uint64_t e164_t;

enum { E164_DIGITS_MIN = 7, E164_DIGITS_MAX = 15, E164_TEXT_SIZE = E164_DIGITS_MAX + 2 };

/* Reads a number as a person or a portal writes it: "+14155550100", "14155550100" or, with a
 * default country, as dialled at home ("4155550100" in US, "030 1234567" in DE is not: spaces are
 * refused). Between digits the visual separators of RFC 3966 ("-", ".", "(", ")") may stand.
 *
 * Without '+', the number is national when it begins with the country's trunk prefix, or when the
 * country has none and the number has the length of a national one; else it is international.
 *
 * default_country: ISO 3166-1 alpha-2, NULL or "": none. EINVAL when it is not a number; *why then
 * says in a few words what is wrong (the API's code for all of these is "not_e164"). */
int e164_parse(const char *text, size_t len, const char *default_country, e164_t *number,
	const char **why);

/* Digits only, as in feed records. EINVAL. */
int e164_parse_digits(const char *text, size_t len, e164_t *number);

/* "+14155550100"; "" for 0. */
void e164_format(e164_t number, char out[E164_TEXT_SIZE]);

/* How many digits the number has. */
unsigned e164_digits(e164_t number);

/* True for an ISO 3166-1 alpha-2 code in upper case whose calling code is known. */
bool e164_country_known(const char *iso);

#endif
