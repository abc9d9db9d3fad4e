/* Where a request comes from, for the audit and the log: its id, and the address of its sender. */
#ifndef TRUNKGUARD_API_REQUEST_ORIGIN_H
#define TRUNKGUARD_API_REQUEST_ORIGIN_H

struct db;
struct http_request;

/* Sets req->id: what the field X-Request-Id says if that is short and plain, else a new one; and
 * req->source_ip: the peer, or who a proxy on this machine says it speaks for. */
void request_origin_take(struct http_request *req);

/* Makes the request's sender the one who writes on this connection. */
void request_origin_sign(const struct http_request *req, struct db *db);

#endif
