/* Which number a PBX's outbound call shows. A trunk's own numbers are its DIDs, the DIDs of its account that
 * lead to no trunk, and its `caller_id`; both of its SIP accounts share them. Any other caller ID is
 * foreign and replaced by the trunk's `caller_id`. */
#ifndef TRUNKGUARD_CORE_CALLER_ID_H
#define TRUNKGUARD_CORE_CALLER_ID_H

#include "core/cfg.h"
#include "core/str.h"

/* What the PBX says. */
struct caller_claim {
	struct str from; /* user parts, escapes undone; empty: none */
	struct str asserted; /* of P-Asserted-Identity, else P-Preferred-Identity */
	bool anonymous; /* From names nobody, or Privacy asks for it */
};

struct caller_id {
	e164_t number; /* 0: none is known */
	bool replaced; /* what the PBX showed was foreign, or no number at all */
	bool anonymous; /* the number is for the gateway alone */
};

/*
 * The first that fits: From when it is the trunk's own, the asserted identity when it is, the trunk's
 * caller_id. EPERM: none does, the call must not go out.
 */
int caller_id_choose(const struct cfg *cfg, const struct cfg_trunk *trunk,
	const struct caller_claim *claim, struct caller_id *id);

/* A number that this text names for the account, by its default country; 0: none. */
e164_t caller_id_number(const struct cfg_account *account, struct str text);
bool caller_id_is_own(const struct cfg *cfg, const struct cfg_trunk *trunk, e164_t number);
/* Of trunk.caller_id, which may have a name before it: "Head office <+14155550100>"; 0: none. */
e164_t caller_id_of_trunk(const struct cfg_trunk *trunk);

#endif
