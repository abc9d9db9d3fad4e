/* The other trunking servers (S1): asked where no failover service is configured, and by nobody who was
 * asked himself. */
#include "core/plan_draft.h"

static bool is_failover_of_did(const struct cfg_did_failover *f)
{
	return f && (f->number || f->backup_pbxs.count || f->flow);
}

/* What is configured counts, not what is to be tried at this hour. */
static bool has_failover_service(const struct cfg_did *did)
{
	const struct cfg_account *account = did->account;

	return is_failover_of_did(did->failover) || account->failover_number ||
	       account->backup_pbxs.count || did->trunk->failover_enabled;
}

/* A full trunk is full: its limit is not doubled by asking elsewhere. */
static bool is_full(const struct plan_draft *d)
{
	for (unsigned i = 0; i < d->count; i++)
		if (d->attempt[i].unavailable == TRIGGER_CAPACITY)
			return true;
	return false;
}

void plan_add_peers(struct plan_draft *d, const struct cfg_did *did, const trigger_set *triggers)
{
	const struct sip_address_list *peers = d->call->peers;

	if (!peers || d->call->from_peer || has_failover_service(did) || is_full(d))
		return;
	for (unsigned i = 0; i < peers->count; i++) {
		struct attempt *a = plan_draft_add(d, ATTEMPT_PEER, RULE_PEER_SERVER, did->trunk);

		if (!a)
			return;
		plan_draft_address(a, &peers->item[i]);
		a->triggers = *triggers;
		/* The call as it came: To, too, stays what it is. */
		a->did_delivery = DELIVER_REQUEST_URI;
	}
}
