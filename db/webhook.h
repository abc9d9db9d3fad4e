/* Telling webhooks of events: what is due, and what came of it. The webhooks themselves are a resource
 * (db/resource_tables.c). */
#ifndef TRUNKGUARD_DB_WEBHOOK_H
#define TRUNKGUARD_DB_WEBHOOK_H

#include "db/conn.h"
#include "db/resource.h"

/* Links committed events to their chains and makes deliveries of them; *count: how many. */
DB_MUST_CHECK int event_settle(struct db *db, int64_t *count);

enum { WEBHOOK_LEASE_S = 30 };

enum webhook_job_column {
	WEBHOOK_JOB_ID,
	WEBHOOK_JOB_ATTEMPT,
	WEBHOOK_JOB_URL,
	WEBHOOK_JOB_SECRET,
	WEBHOOK_JOB_PREVIOUS, /* secret that still signs, or NULL */
	WEBHOOK_JOB_EVENT, /* "evt_…" */
	WEBHOOK_JOB_BODY, /* NULL: the event is gone */
};
/* Takes deliveries in hand that are due, at most so many; nobody else gets them for WEBHOOK_LEASE_S. */
DB_MUST_CHECK int webhook_claim(struct db *db, unsigned most, struct pg_result **jobs);

struct webhook_outcome {
	int64_t attempt;
	long status; /* 0: no answer */
	const char *error; /* NULL: none */
	int64_t duration_ms;
	int64_t retry_after_s; /* 0: not asked for */
};
DB_MUST_CHECK int webhook_note(
	struct db *db, const char *delivery, const struct webhook_outcome *outcome);

/* An attempt that was broken off here does not count, and is due at once. */
DB_MUST_CHECK int webhook_release(struct db *db, const char *delivery, int64_t attempt);

/* Drops what has been over for long. */
DB_MUST_CHECK int webhook_forget(struct db *db);

/* Is it there for the caller? ESRCH. */
DB_MUST_CHECK int webhook_find(struct db *db, const char *id, const char *owner, bool *enabled);
/* row: JSON. ESRCH. */
DB_MUST_CHECK int webhook_delivery_read(
	struct db *db, const char *webhook, const char *id, struct resource_row *row);
/* Makes a delivery again from its first attempt, and notes who asked. row: JSON. */
DB_MUST_CHECK int webhook_replay(
	struct db *db, const char *webhook, const char *id, struct resource_row *row);
/* An event for this webhook alone. row: JSON of the event. */
DB_MUST_CHECK int webhook_ping(struct db *db, const char *webhook, struct resource_row *row);

#endif
