/* The worker's counters as Prometheus text, and whether it is ready, published once a second. */
#ifndef SIP_METRICS_H
#define SIP_METRICS_H

#include <stdbool.h>

struct worker;

/* True: the worker is ready. */
bool metrics_publish(struct worker *w);

#endif
