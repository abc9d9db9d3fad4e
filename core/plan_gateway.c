#include "core/plan_gateway.h"

#include <stdio.h>
#include <string.h>

#include "core/e164_country.h"

/* One more than the digits of the longest prefix that the number begins with; 0: none does. "911" is always
 * the emergency number, never the beginning of +91 1…, which is a part of India. */
static unsigned prefix_match(const struct cfg_gateway *gw, const char *number)
{
	unsigned best = gw->prefixes[0] ? 0 : 1;

	for (char **p = gw->prefixes; *p; p++) {
		size_t len = strlen(*p);

		if (len + 1 > best && !strncmp(number + 1, *p, len) && strcmp(*p, "911") != 0)
			best = (unsigned)len + 1;
	}
	return best;
}

/* More than any prefix of a number: what is made for emergency calls. */
enum { MATCH_SHORT_CODE = E164_DIGITS_MAX + 2 };

static bool has_prefix(const struct cfg_gateway *gw, const char *digits)
{
	for (char **p = gw->prefixes; *p; p++)
		if (!strcmp(*p, digits))
			return true;
	return false;
}

static unsigned match_of(const struct cfg_gateway *gw, const struct gateway_choice *c)
{
	if (c->short_code && has_prefix(gw, c->short_code))
		return MATCH_SHORT_CODE;
	return prefix_match(gw, c->number);
}

static bool better(const struct cfg_gateway *a, unsigned a_match, const struct cfg_gateway *b,
	unsigned b_match)
{
	bool a_made = a_match == MATCH_SHORT_CODE, b_made = b_match == MATCH_SHORT_CODE;

	if (a_made != b_made)
		return a_made;
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
	unsigned match = gw->enabled ? match_of(gw, c) : 0;
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
	choice->short_code = NULL;
	e164_format(number, choice->number);
	cfg_each_gateway(cfg, choose, choice);
}

void gateway_choose_emergency(const struct cfg *cfg, const char *country, const char *short_code,
	struct gateway_choice *choice)
{
	const struct e164_country *c = e164_country(country);

	choice->count = 0;
	choice->short_code = short_code;
	/* As if it were a number of the country: "+1911". Without a country only "all" fits. */
	if (c)
		snprintf(choice->number, sizeof(choice->number), "+%u%s", c->code, short_code);
	else
		strcpy(choice->number, "+");
	cfg_each_gateway(cfg, choose, choice);
}
