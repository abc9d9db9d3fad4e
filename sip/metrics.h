/* The worker's counters as Prometheus text, and whether it is ready, published once a second. */
#ifndef SIP_METRICS_H
#define SIP_METRICS_H

struct worker;

void metrics_publish(struct worker *w);

#endif
