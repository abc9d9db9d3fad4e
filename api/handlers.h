/* The handlers that the table of routes names. */
#ifndef TRUNKGUARD_API_HANDLERS_H
#define TRUNKGUARD_API_HANDLERS_H

struct http_request;

/* For every resource of db/resource_tables.c and list of db/resource_list.c. */
void handle_list(struct http_request *req);
void handle_create(struct http_request *req);
void handle_read(struct http_request *req);
void handle_put(struct http_request *req);
void handle_patch(struct http_request *req);
void handle_delete(struct http_request *req);

void handle_configuration_read(struct http_request *req);
void handle_configuration_plan(struct http_request *req);
void handle_configuration_apply(struct http_request *req);

void handle_api_key_list(struct http_request *req);
void handle_api_key_create(struct http_request *req);
void handle_api_key_read(struct http_request *req);
void handle_api_key_delete(struct http_request *req);

/* What a GET of a route with ROUTE_TABLE may answer, the first by default; ended by NULL. */
extern const char *const export_types[];
void handle_did_list(struct http_request *req);
void handle_did_import(struct http_request *req);

void handle_mass_create(struct http_request *req);
void handle_mass_read(struct http_request *req);
void handle_mass_revert(struct http_request *req);

void handle_fire_drill_create(struct http_request *req);
void handle_fire_drill_read(struct http_request *req);

void handle_trunk_status(struct http_request *req);
void handle_gateway_status(struct http_request *req);
void handle_call_read(struct http_request *req);
void handle_call_delete(struct http_request *req);
void handle_cdr_read(struct http_request *req);
void handle_webhook_ping(struct http_request *req);
void handle_delivery_list(struct http_request *req);
void handle_delivery_read(struct http_request *req);
void handle_delivery_replay(struct http_request *req);

void handle_event_read(struct http_request *req);
void handle_explain(struct http_request *req);
void handle_worker_read(struct http_request *req);
void handle_worker_patch(struct http_request *req);
void handle_explain_outbound(struct http_request *req);
void handle_sync(struct http_request *req);
void handle_sync_revision(struct http_request *req);

void handle_healthz(struct http_request *req);
void handle_readyz(struct http_request *req);
void handle_metrics(struct http_request *req);
void handle_openapi(struct http_request *req);
void handle_docs(struct http_request *req);

#endif
