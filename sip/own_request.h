/* Requests that the worker itself makes in a dialog of others: ACK and BYE for a 2xx that came too
 * late, BYE and OPTIONS to either side of an answered call. */
#ifndef SIP_OWN_REQUEST_H
#define SIP_OWN_REQUEST_H

#include "sip/call.h"
#include "sip/sip_build.h"
#include "sip/txn.h"

/* For a 2xx whose sender shall be let go; everything is in the response. */
void own_request_ack(struct worker *w, const struct sip_msg *ok, const struct flow *peer);
void own_request_bye_late(struct worker *w, const struct sip_msg *ok, const struct flow *peer);

/* To one side of an answered call, in the name of the other. reason: a Reason line or empty. BYE's
 * answer is of no interest; OPTIONS' goes to h. */
void own_request_bye(struct call *call, enum leg_side to, struct str reason);
int own_request_options(struct call *call, enum leg_side to, txn_client_h *h, void *arg);

/* "<sip:+14155550100@192.0.2.1:5060;user=phone>" */
void own_request_number(struct sip_build *b, e164_t number, struct str host);

#endif
