/* Asking a worker to do something now. */
#ifndef TRUNKGUARD_API_COMMAND_H
#define TRUNKGUARD_API_COMMAND_H

struct http_request;

enum { COMMAND_TIMEOUT_MS = 4000 };

/* Gives the request's connection back while it waits for the answer, at most timeout_ms. The result is the
 * caller's to free. NULL: the request is answered, 503: nobody did it in time, or PostgreSQL is away. */
char *command_ask(struct http_request *req, const char *worker, const char *kind,
	const char *argument, int timeout_ms);

#endif
