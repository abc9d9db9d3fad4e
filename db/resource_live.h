/* Calls in progress and workers, as JSON for the API; resource_row has no version here. */
#ifndef TRUNKGUARD_DB_RESOURCE_LIVE_H
#define TRUNKGUARD_DB_RESOURCE_LIVE_H

#include "db/resource.h"
#include "db/revision.h"

/* One call of a worker that lives. ESRCH. */
DB_MUST_CHECK int live_call_read(
	struct db *db, const char *call, const char *owner, struct resource_row *row);
/* For hanging it up, which is noted: the call's worker, the caller's tag and the Call-ID, columns 0 to
 * 2. ESRCH. */
DB_MUST_CHECK int live_call_find(
	struct db *db, const char *call, const char *owner, struct pg_result **result);
/* Its worker says that it is over. */
DB_MUST_CHECK int live_call_forget(struct db *db, const char *call);

/* One worker. ESRCH. */
DB_MUST_CHECK int worker_read(struct db *db, const char *name, struct resource_row *row);
/* Shall it take no new calls? The revision of the change. ESRCH. */
DB_MUST_CHECK int worker_drain(
	struct db *db, const char *name, bool draining, char revision[REVISION_SIZE]);

#endif
