/* The gateways that carry a number, best first: public trunks last, longer prefix first, then lower
 * priority, then the older gateway. For failover numbers and for calls of PBXs alike. */
#ifndef TRUNKGUARD_CORE_PLAN_GATEWAY_H
#define TRUNKGUARD_CORE_PLAN_GATEWAY_H

#include "core/cfg.h"

enum { GATEWAY_CHOICE_MAX = 32 };

struct gateway_choice {
	char number[E164_TEXT_SIZE]; /* with '+' */
	unsigned count;
	struct {
		const struct cfg_gateway *gw;
		unsigned match; /* one more than the digits of the prefix */
	} item[GATEWAY_CHOICE_MAX];
};

void gateway_choose(const struct cfg *cfg, e164_t number, struct gateway_choice *choice);

#endif
