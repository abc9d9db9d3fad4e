/* See tests/fakes/worker_edges.c. */
#ifndef TESTS_FAKES_WORKER_EDGES_H
#define TESTS_FAKES_WORKER_EDGES_H

#include <stdint.h>

struct worker;

/* One feed record into the configuration that the worker will see. */
void fake_config(const char *record);
/* The next worker finds no configuration. */
void fake_config_forget(void);
/* Forgets configuration, records and journal. */
void fake_edges_reset(void);
/* Call records, a line each:
 * "ANSWERED/NORMAL 200 caller failed_over; only_primary 503 server_error FAREND_RESPONSE; …" */
const char *fake_records(void);
/* Events, a line each: the type and its data. */
const char *fake_events(void);
/* What was last told of a trunk's calls. */
uint32_t fake_trunk_calls(void);
/* Calls in progress as they were last reported, "ringing 1 sip_account; answered 2 number" in no
 * order; "" none. */
const char *fake_live_calls(void);
/* The argument by which the newest of them is hung up. */
const char *fake_hang_up_argument(void);
/* A command to the worker; its result. */
const char *fake_command(struct worker *w, const char *kind, const char *argument);
/* What PostgreSQL says of draining; -1: it is away. */
void fake_drain(int draining);
/* Live records of that kind in the journal; recorder_start() gives them back. */
unsigned fake_journal_count(uint8_t kind);

#endif
