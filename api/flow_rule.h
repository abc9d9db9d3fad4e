/* What steps and forwardings lead to, looked up in the account: internal numbers, DIDs, trunks, and where
 * calls may go at all. */
#ifndef TRUNKGUARD_API_FLOW_RULE_H
#define TRUNKGUARD_API_FLOW_RULE_H

#include "api/resource_write.h"

/* Errors go to w->problems; a DID that was named in its national form is put in E.164. false: the request
 * is answered. */
bool flow_rule_check(struct resource_write *w);

#endif
