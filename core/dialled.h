/* What a PBX dialled, read as somebody in its account's country means it. */
#ifndef TRUNKGUARD_CORE_DIALLED_H
#define TRUNKGUARD_CORE_DIALLED_H

#include "core/e164.h"
#include "core/emergency.h"

enum dialled_kind {
	DIALLED_NUMBER, /* number */
	DIALLED_EMERGENCY, /* short_code */
	DIALLED_INCOMPLETE, /* digits, but too few: 484 */
	DIALLED_NOTHING, /* no number at all: 404 */
};

struct dialled {
	enum dialled_kind kind;
	e164_t number;
	char short_code[EMERGENCY_SIZE];
};

/* The user part of a sip URI or the subscriber of a tel URI, escapes undone; parameters (RFC 3966) may
 * follow, of which phone-context is used when it is digits.
 *
 *   +14155550100       international
 *   011… 00… 0011…     international, by the country's own prefix
 *   4155550100         national, by the country's trunk prefix or length
 *   14155550100        international without a mark, as many PBXs send it
 *   911                an emergency number of the country
 *
 * country: ISO 3166-1 alpha-2, "" none; there 00 and 011 are both international prefixes. */
void dialled_parse(const char *user, size_t len, const char *country, struct dialled *d);

#endif
