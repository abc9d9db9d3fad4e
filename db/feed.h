/* Reading the configuration feed: everything, or what changed since a position, in the record lines of
 * core/cfg_record.h and in their order, all of one snapshot. docs/feed.md says why nothing is missed.
 *
 *	db_feed_begin(db, &known, &reading)  opens the snapshot and says what is to come
 *	db_feed_lines(db, &reading, h, arg)  the records
 *	db_feed_end(db)
 *	known = reading.now, once all of it is applied
 */
#ifndef TRUNKGUARD_DB_FEED_H
#define TRUNKGUARD_DB_FEED_H

#include "db/conn.h"
#include "db/revision.h"

enum { DB_EPOCH_SIZE = 16, DB_SNAPSHOT_MAX = 65536 };

/* How far somebody has read. Zero-initialised: nowhere. */
struct db_position {
	char epoch[DB_EPOCH_SIZE];
	char revision[REVISION_SIZE]; /* the newest one in it */
	char *snapshot; /* owned; pg_snapshot as text; NULL: nowhere */
};

DB_MUST_CHECK int db_position_copy(struct db_position *to, const struct db_position *from);
void db_position_fini(struct db_position *position);

struct db_feed_reading {
	bool full; /* everything, the known position is of no use */
	char kinds
		[16]; /* which of "ADGPST" changed, which of "adgpst" went; "": nothing; not when full */
	struct db_position now;
};

/* LISTENs to changes; db_wait() then reports them. */
DB_MUST_CHECK int db_feed_listen(struct db *db);

/* known may be NULL. After an error no transaction is open and reading->now is empty. */
DB_MUST_CHECK int db_feed_begin(
	struct db *db, const struct db_position *known, struct db_feed_reading *reading);
DB_MUST_CHECK int db_feed_lines(
	struct db *db, const struct db_feed_reading *reading, db_line_h *h, void *arg);
DB_MUST_CHECK int db_feed_end(struct db *db);

/* Drops keys, history and reports that nobody needs any more; call it about once a minute. */
DB_MUST_CHECK int db_feed_collect(struct db *db);

#endif
