#include "core/caller_account.h"

#include <errno.h>

/* A rule that some candidates keep. */
struct ladder {
	const struct cfg *cfg;
	const struct caller_claim *claim;
	uint16_t port;
	bool (*keeps)(const struct ladder *l, const struct cfg_sip_account *acc);
	const struct cfg_sip_account *found;
	bool several; /* of more than one trunk */
};

static bool any(const struct ladder *l, const struct cfg_sip_account *acc)
{
	(void)l, (void)acc;
	return true;
}

static bool owns_number(const struct ladder *l, const struct cfg_sip_account *acc)
{
	const struct cfg_account *a = acc->trunk->account;

	return caller_id_is_own(l->cfg, acc->trunk, caller_id_number(a, l->claim->from)) ||
	       caller_id_is_own(l->cfg, acc->trunk, caller_id_number(a, l->claim->asserted));
}

static bool calls_from_port(const struct ladder *l, const struct cfg_sip_account *acc)
{
	return acc->address.host && l->port == (acc->address.port ? acc->address.port : 5060);
}

static int candidate(const struct cfg_sip_account *acc, void *arg)
{
	struct ladder *l = arg;

	if (!l->keeps(l, acc))
		return 0;
	if (!l->found)
		l->found = acc;
	else if (l->found->trunk != acc->trunk)
		l->several = true;
	else if (acc->role == ROLE_PRIMARY)
		l->found = acc;
	return 0;
}

int caller_account(const struct cfg *cfg, const uint8_t addr[16], uint16_t port,
	const struct caller_claim *claim, const struct cfg_sip_account **account)
{
	static bool (*const rung[])(const struct ladder *, const struct cfg_sip_account *) = {
		any, owns_number, calls_from_port};
	bool known = false;

	for (unsigned i = 0; i < sizeof(rung) / sizeof(rung[0]); i++) {
		struct ladder l = {.cfg = cfg, .claim = claim, .port = port, .keeps = rung[i]};

		cfg_each_sip_account_by_ip(cfg, addr, candidate, &l);
		known |= l.found != NULL;
		if (!l.found || l.several)
			continue;
		*account = l.found;
		return 0;
	}
	return known ? EAGAIN : ENOENT;
}
