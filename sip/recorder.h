/* What the SIP thread leaves behind, without ever waiting: call records, the journal of what must
 * survive a restart, and observed state for PostgreSQL.
 *
 *   journal   bindings, calls, slots: recorder_put(), recorder_delete(); written, so that a kill of the process
 *             takes nothing away, within about 2 ms, on disk within about 50 ms
 *   records   recorder_cdr(): on disk first, then in PostgreSQL, there exactly once
 *   observed  bindings, health, calls up: newest state only, in PostgreSQL within about a second
 *
 * Order is kept: a call's record is on disk before a later recorder_delete() of its journal entry is.
 * While PostgreSQL is away records collect on disk; when the disk is full, in memory up to a limit, and
 * after that the oldest are lost and counted. */
#ifndef TRUNKGUARD_SIP_RECORDER_H
#define TRUNKGUARD_SIP_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cfg.h"
#include "sip/journal.h"

struct recorder_config {
	const char *url; /* of PostgreSQL */
	const char *worker; /* this worker's name */
	const char *data_dir; /* an existing directory: holds journal and spool/ */
	uint8_t resting; /* the kind of journal entries that can be put again (sip/journal.h) */
	size_t queue_max; /* items not taken yet by the thread; 0: 65,536 */
	size_t memory_max; /* octets of records kept in memory while the disk is full; 0: 64 MiB */
};

struct recorder;

/* Opens journal and spool, gives every live journal record to h in the calling thread, but for calls that have
 * left their record, then starts the threads. EBUSY: another worker uses data_dir; else errno of the file operations, ENOMEM. */
int recorder_start(struct recorder **recorder, const struct recorder_config *config,
	journal_load_h *h, void *arg);
/* Writes what is queued to disk and, if PostgreSQL answers, there too; a few seconds at most. */
void recorder_stop(struct recorder *recorder);

/* All below: the SIP thread; arguments are copied. EAGAIN: the queue is full, nothing was taken and
 * the loss is counted; ENOMEM. */

int recorder_put(struct recorder *recorder, uint8_t kind, const void *key, size_t key_len,
	const void *value, size_t value_len);
int recorder_delete(struct recorder *recorder, uint8_t kind, const void *key, size_t key_len);

/* Entries of the resting kind cannot be read any more: they are to be put again. Any thread; true once. */
bool recorder_entries_lost(struct recorder *recorder);

struct cdr_attempt {
	const char *kind; /* attempt kind's word: "delivery", "backup_pbx", "number" … */
	const char *target; /* as in the explain endpoint */
	const char *rule; /* why it is in the plan */
	int64_t started_ms; /* wall clock; 0: never reached */
	int64_t duration_ms;
	unsigned status; /* 0: none */
	const char *trigger; /* NULL: none */
	const char *disposition, *cause;
};

/* Texts may be NULL; what is not UTF-8 is replaced. Times are wall clock, 0: never. */
struct cdr {
	struct uuid id; /* UUIDv7 made when the call began: a second record of it is ignored */
	struct uuid account_id, trunk_id; /* all zero: none */
	const char *direction; /* "inbound", "outbound" */
	e164_t did; /* called, or shown by an outbound call; 0: none */
	const char *caller, *called, *sip_call_id;
	int64_t started_ms, answered_ms, ended_ms;
	int64_t duration_ms; /* answer to end, by the monotonic clock */
	const char *disposition, *cause;
	unsigned status; /* final response to the caller, 0: none */
	bool failed_over;
	int answered_by; /* index into attempt, -1: none */
	const char *ended_by; /* "caller", "callee", "worker", "operator" */
	const char *revision;
	unsigned attempts;
	const struct cdr_attempt *attempt;
};
int recorder_cdr(struct recorder *recorder, const struct cdr *cdr);

/* What a worker saw, for GET /v1/events and webhooks (sip/worker_event.h); goes the way of call records. */
struct worker_event {
	struct uuid id; /* UUIDv7: a second event of it is ignored */
	const char *type, *subject; /* "trunk.down", "trunks/trk_…" */
	struct uuid account_id, trunk_id; /* all zero: none */
	e164_t did; /* 0: none */
	int64_t at_ms; /* wall clock */
	const char *data; /* a JSON object */
};
int recorder_event(struct recorder *recorder, const struct worker_event *event);

/* Rows of GET /v1/registrations. */
struct observed_binding {
	struct uuid sip_account_id;
	const char *contact, *source, *path, *user_agent, *call_id; /* source: "192.0.2.1:5060" */
	enum transport transport;
	uint32_t cseq;
	int64_t registered_ms, expires_ms; /* wall clock */
};
int recorder_binding(struct recorder *recorder, const struct observed_binding *binding);
int recorder_binding_gone(
	struct recorder *recorder, const struct uuid *sip_account_id, const char *contact);

/* kind: "address" (target: "host|port|transport", port 0 when there is none). Only a change of state or
 * status is written at once, the rest once a minute. state NULL: forget it. */
struct observed_health {
	const char *kind, *target, *state;
	unsigned status, rtt_ms; /* 0: none */
	int64_t since_ms, checked_ms;
};
int recorder_health(struct recorder *recorder, const struct observed_health *health);

/* Registrations with gateways. state NULL: forget it. */
struct observed_registration {
	struct uuid gateway_id;
	const char *state, *registrar, *source; /* registrar: "host|port|transport" */
	unsigned status; /* 0: none */
	int64_t expires_ms, since_ms, checked_ms; /* wall clock; 0: never */
};
int recorder_registration(
	struct recorder *recorder, const struct observed_registration *registration);

/* Call it as often as it changes: only the newest is written, once a second. */
int recorder_trunk_calls(struct recorder *recorder, const struct uuid *trunk_id, uint32_t calls_up);

/* Rows of GET /v1/calls. A call that is forgotten before it was uploaded leaves no trace. */
struct observed_call {
	struct uuid id; /* of the record that it will leave */
	struct uuid account_id, trunk_id; /* all zero: none */
	e164_t did;
	bool outbound;
	bool told; /* recorder_call() had it before */
	const char *caller, *called, *sip_call_id, *caller_tag;
	int64_t started_ms, answered_ms; /* wall clock, 0: not yet */
	unsigned attempt_position; /* 0: nothing is tried yet */
	const char *attempt_kind, *attempt_target;
};
int recorder_call(struct recorder *recorder, const struct observed_call *call);
int recorder_call_gone(struct recorder *recorder, const struct uuid *id);
/* PostgreSQL has no rows of calls any more, and no copies are kept: recorder_call() is wanted for every call
 * in progress. True once. */
bool recorder_calls_lost(struct recorder *recorder);

/* Any thread. */
struct recorder_stats {
	uint64_t records; /* taken */
	uint64_t uploaded; /* in PostgreSQL */
	uint64_t waiting; /* not there yet */
	uint64_t lost; /* queue or memory full */
	uint64_t refused; /* by PostgreSQL, each logged and kept in spool/refused */
	bool connected;
	int disk_error; /* errno of the last write to journal or spool, 0: good */
};
void recorder_stats(struct recorder *recorder, struct recorder_stats *stats);

#endif
