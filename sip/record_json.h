/* Call records and observed state as JSON objects whose keys are the columns of the tables. */
#ifndef TRUNKGUARD_SIP_RECORD_JSON_H
#define TRUNKGUARD_SIP_RECORD_JSON_H

#include "core/json_out.h"
#include "sip/recorder.h"

void cdr_json(struct json_out *out, const struct cdr *cdr);
/* Begins with the key "type", by which the uploader knows it from a call record. */
void event_json(struct json_out *j, const struct worker_event *e);
void binding_json(struct json_out *out, const struct observed_binding *binding);
void registration_json(struct json_out *j, const struct observed_registration *g);
void health_json(struct json_out *out, const struct observed_health *health);
void call_json(struct json_out *j, const struct observed_call *call);
void calls_json(struct json_out *out, const struct uuid *trunk_id, uint32_t calls_up);

#endif
