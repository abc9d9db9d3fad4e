/* A new INVITE becomes a call: the checks that all have in common, then its plan, then the first step. */
#ifndef SIP_ADMIT_H
#define SIP_ADMIT_H

#include "sip/setup.h"

struct admission {
	struct worker *w;
	struct txn_server *st;
	const struct sip_msg *m;
	const struct flow *from;
};

/* Makes the plan of the call's set-up, and fills in what the call says of itself: 0, or ENOMEM. */
typedef int admit_plan_h(struct call *call, const struct admission *a, void *arg);

/* Answers the INVITE, now or later. did: the one called, 0: none of ours; it would be a loop to pass here
 * again for it. */
void admit(const struct admission *a, e164_t did, admit_plan_h *plan_h, void *arg);

/* plan_observe_h; arg is the worker. */
void admit_observe(const struct cfg_trunk *trunk, const struct cfg_sip_account *acc,
	struct observation *obs, void *arg);

#endif
