/* The gateways that carry a number, best first: public trunks last, longer prefix first, then lower
 * priority, then the older gateway. For failover numbers and for calls of PBXs alike. */
#ifndef TRUNKGUARD_CORE_PLAN_GATEWAY_H
#define TRUNKGUARD_CORE_PLAN_GATEWAY_H

#include "core/cfg.h"

enum { GATEWAY_CHOICE_MAX = 32 };

struct gateway_choice {
	char number[E164_TEXT_SIZE]; /* with '+' */
	const char *short_code; /* NULL: the number is one */
	unsigned count;
	struct {
		const struct cfg_gateway *gw;
		unsigned match; /* one more than the digits of the prefix */
	} item[GATEWAY_CHOICE_MAX];
};

/* The same for an emergency number: gateways that have it as a prefix before all others, then those that
 * carry the country's numbers (ISO 3166-1 alpha-2, "" none) or all. */
void gateway_choose_emergency(const struct cfg *cfg, const char *country, const char *short_code,
	struct gateway_choice *choice);

void gateway_choose(const struct cfg *cfg, e164_t number, struct gateway_choice *choice);

#endif
