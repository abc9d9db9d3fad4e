#include "core/plan_gateway.h"

#include <string.h>

/* One more than the digits of the longest prefix that the number begins with; 0: none does. */
static unsigned prefix_match(const struct cfg_gateway *gw, const char *number)
{
	unsigned best = gw->prefixes[0] ? 0 : 1;

	for (char **p = gw->prefixes; *p; p++) {
		size_t len = strlen(*p);

		if (len + 1 > best && !strncmp(number + 1, *p, len))
			best = (unsigned)len + 1;
	}
	return best;
}

static bool better(const struct cfg_gateway *a, unsigned a_match, const struct cfg_gateway *b,
	unsigned b_match)
{
	if (a->public_trunk != b->public_trunk)
		return b->public_trunk;
	if (a_match != b_match)
		return a_match > b_match;
	if (a->priority != b->priority)
		return a->priority < b->priority;
	return uuid_compare(&a->id, &b->id) < 0;
}

static int choose(const struct cfg_gateway *gw, void *arg)
{
	struct gateway_choice *c = arg;
	unsigned match = gw->enabled ? prefix_match(gw, c->number) : 0;
	unsigned at;

	if (!match)
		return 0;
	if (c->count < GATEWAY_CHOICE_MAX)
		c->count++;
	else if (!better(gw, match, c->item[c->count - 1].gw, c->item[c->count - 1].match))
		return 0;
	for (at = c->count - 1; at; at--) {
		if (!better(gw, match, c->item[at - 1].gw, c->item[at - 1].match))
			break;
		c->item[at] = c->item[at - 1];
	}
	c->item[at].gw = gw;
	c->item[at].match = match;
	return 0;
}

void gateway_choose(const struct cfg *cfg, e164_t number, struct gateway_choice *choice)
{
	choice->count = 0;
	e164_format(number, choice->number);
	cfg_each_gateway(cfg, choose, choice);
}
