/* Counters for /metrics, in Prometheus text format. */
#ifndef TRUNKGUARD_API_METRICS_H
#define TRUNKGUARD_API_METRICS_H

struct http_request;

/* An answered request. */
void metrics_request(const struct http_request *req);

#endif
