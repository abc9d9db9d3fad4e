/* The HTTP server: libmicrohttpd and the checks it lacks. */
#ifndef TRUNKGUARD_API_HTTP_SERVER_H
#define TRUNKGUARD_API_HTTP_SERVER_H

#include "api/http_conn.h"
#include "core/settings.h"

struct app;
struct http_server;

/* Logs the reason of a failure. app is handed to the handlers. */
int http_server_start(struct http_server **server, const struct listen_address *listen,
	const struct http_conn_limits *limits, struct app *app);
/* Stops accepting, lets requests under way finish for at most drain_ms, closes all. */
void http_server_stop(struct http_server *server, int64_t drain_ms);

void http_server_count(struct http_server *server, struct http_conn_counts *counts);

#endif
