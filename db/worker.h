/* What a worker tells of itself: its row, and what it routes by. */
#ifndef TRUNKGUARD_DB_WORKER_H
#define TRUNKGUARD_DB_WORKER_H

#include "db/feed.h"

struct db_worker {
	const char *name;
	const char *instance; /* a UUID made at the start of the process */
	const char *version;
	int64_t uptime_ms;
	const struct db_position *applied; /* NULL or nowhere: nothing yet */
	bool changed; /* it brought changes: a line of the history */
	int64_t applied_age_ms; /* how long ago it was applied */
	const char *counts; /* JSON object */
	const char *rejects; /* JSON array of {"object", "reason"} */
};

/* The heartbeat and the report in one: send it once a second and whenever something was applied. Wakes
 * up who waits for a revision. *rival: another process reported under this name in the last seconds. */
DB_MUST_CHECK int db_worker_report(struct db *db, const struct db_worker *worker, bool *rival);
/* Shall it take no new calls? */
DB_MUST_CHECK int db_worker_draining(struct db *db, const char *name, bool *draining);
/* Nobody waits for this worker any more. */
DB_MUST_CHECK int db_worker_stop(struct db *db, const char *name, const char *instance);

#endif
