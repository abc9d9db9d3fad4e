/* A request's connection to the database, and its errors as problems. */
#ifndef TRUNKGUARD_API_REQUEST_DB_H
#define TRUNKGUARD_API_REQUEST_DB_H

struct db;
struct http_request;

/* The connection that the request holds, taking one from the pool if it has none. NULL: the
 * request is answered, 503. */
struct db *request_db(struct http_request *req);
/* The same, of the pool whose statements may take long (mass operations, imports). Another one that
 * the request held goes back first. */
struct db *request_db_long(struct http_request *req);
/* Gives it back; harmless without one. Before every wait, and at the end. While the request's
 * transaction with its Idempotency-Key is open it stays. */
void request_db_put(struct http_request *req);

/* Answers for an error of db/conn.h that has no meaning of its own here. */
void request_db_failed(struct http_request *req, int err);

#endif
