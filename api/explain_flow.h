/* What explain has to say about dial plans and forwardings that the attempts do not show. */
#ifndef TRUNKGUARD_API_EXPLAIN_FLOW_H
#define TRUNKGUARD_API_EXPLAIN_FLOW_H

#include "core/cfg.h"
#include "core/json_out.h"

/* Adds sentences to the open array; the steps are looked at as they are at that time. */
void explain_flow_warnings(struct json_out *j, const struct cfg *cfg, e164_t did, int64_t now_ms);

#endif
