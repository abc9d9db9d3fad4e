/* Which numbers an account may fail over or forward to, and how much of it. Pure: the same decision
 * is made when a number is written (api/) and when a call is about to go there (core/plan*.c), for rules
 * change after numbers were set.
 *
 *	1. Emergency numbers of any country, and the service codes of North America (+1911…): never,
 *	   nothing lifts it.
 *	2. The longest prefix of three lists decides: the account's allowed_prefixes, its
 *	   denied_prefixes, and the premium ranges that everybody is kept from (core/destination_table.h)
 *	   unless allow_premium is set. Equally long: allowed wins. What an allowed prefix names is
 *	   allowed whatever its country.
 *	3. allowed_countries, when it is set: the number must belong to one of them. Countries that
 *	   share a calling code (+1, +44, +7) are told apart.
 *
 * A range that is only denied because of one-ring fraud (the Caribbean part of +1) is open to an account
 * at home there, and to one that names the country in allowed_countries. */
#ifndef TRUNKGUARD_CORE_DESTINATION_H
#define TRUNKGUARD_CORE_DESTINATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/e164.h"
#include "core/str.h"

enum destination_verdict {
	DESTINATION_OK,
	DESTINATION_EMERGENCY,
	DESTINATION_PREMIUM, /* a premium range of the table */
	DESTINATION_PREFIX, /* one of denied_prefixes */
	DESTINATION_COUNTRY, /* not one of allowed_countries */
	DESTINATION_VERDICT_COUNT
};
/* "ok", "emergency_number", "premium_denied", "prefix_denied", "country_not_allowed" */
const char *destination_verdict_word(enum destination_verdict v);
/* A sentence for people: "It is in a premium range." */
const char *destination_verdict_text(enum destination_verdict v);

/* Lists are comma lists: "US,GB", "1900,44871". All zero: the default rules. */
struct destination_rules {
	char *allowed_countries; /* owned; NULL: every country, "": none */
	char *denied_prefixes; /* owned; NULL or "": none */
	char *allowed_prefixes; /* owned; NULL or "": none */
	bool allow_premium;
	uint32_t max_failover_calls; /* at the same time, with has_max; see core/failover_cap.h */
	uint32_t max_failover_calls_per_minute; /* 0: no limit */
	uint32_t max_failover_call_seconds; /* 0: as the trunk says */
	bool has_max; /* false: no limit */
};
void destination_rules_fini(struct destination_rules *rules);

/* The text form of feed records:
 * allowed_countries|denied_prefixes|allowed_prefixes|allow_premium|max_failover_calls|
 * max_failover_calls_per_minute|max_failover_call_seconds, allowed_countries "*": every country, the
 * last three empty: no limit. EINVAL with *wrong saying what, ENOMEM; *rules is then all zero. */
int destination_rules_parse(struct str text, struct destination_rules *rules, const char **wrong);

/* home: the account's default_country, "" none. */
enum destination_verdict destination_decide(
	e164_t number, const struct destination_rules *rules, const char *home);

#endif
