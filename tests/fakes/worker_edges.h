/* See tests/fakes/worker_edges.c. */
#ifndef TESTS_FAKES_WORKER_EDGES_H
#define TESTS_FAKES_WORKER_EDGES_H

#include <stdint.h>

/* One feed record into the configuration that the worker will see. */
void fake_config(const char *record);
/* The next worker finds no configuration. */
void fake_config_forget(void);
/* Forgets configuration, records and journal. */
void fake_edges_reset(void);
/* Call records, a line each:
 * "ANSWERED/NORMAL 200 caller failed_over; only_primary 503 server_error FAREND_RESPONSE; …" */
const char *fake_records(void);
/* What was last told of a trunk's calls. */
uint32_t fake_trunk_calls(void);
/* Live records of that kind in the journal; recorder_start() gives them back. */
unsigned fake_journal_count(uint8_t kind);

#endif
