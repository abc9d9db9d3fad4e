/*
 * The worker's own small HTTP page: GET or HEAD of /healthz, /readyz and /metrics, on
 * TRUNKGUARD_WORKER_HTTP_LISTEN. libmicrohttpd's thread reads only what the SIP thread published
 * last, handed over by one atomic exchange, so neither ever waits for the other.
 *
 *   /healthz   200 while the SIP thread publishes (statepage_publish() within STATEPAGE_STALE_MS)
 *   /readyz    200 when it also says that it is ready; else 503 with the reason
 *   /metrics   its text, Prometheus format 0.0.4
 */
#ifndef SIP_STATEPAGE_H
#define SIP_STATEPAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct listen_address;
struct statepage;

enum { STATEPAGE_STALE_MS = 10000, STATEPAGE_WHY_MAX = 160 };

/* 0, or errno with the reason in why: EINVAL no IP literal, EADDRINUSE and others of bind(2). */
int statepage_new(struct statepage **page, const struct listen_address *listen, char *why);
/* Stops listening and waits for requests under way. */
void statepage_free(struct statepage *page);

/* From the SIP thread, once a second. reason: why not ready, "" when ready. Texts are copied. ENOMEM:
 * the last published state stays. */
int statepage_publish(struct statepage *page, bool ready, const char *reason, const char *metrics,
	size_t metrics_len);

/* The port that is listened on, for a configured port 0. */
uint16_t statepage_port(const struct statepage *page);

#endif
