/* A bounded pool of connections for many threads.
 *
 * While PostgreSQL is away nobody queues up to find that out: one caller at a time tries to connect,
 * not more often than the back-off allows, and the others get ECONNRESET at once. A connection that
 * broke is replaced when it is next wanted. */
#ifndef TRUNKGUARD_DB_POOL_H
#define TRUNKGUARD_DB_POOL_H

#include "db/conn.h"

struct db_pool;

/* Connects nothing yet. url is copied. ENOMEM. */
DB_MUST_CHECK int db_pool_new(
	struct db_pool **pool, const char *url, unsigned size, const struct db_options *options);
/* All connections must have been given back. */
void db_pool_free(struct db_pool *pool);

/* A connection outside any transaction. EAGAIN: all were in use for wait_ms; ECONNRESET: PostgreSQL is
 * away (why, may be NULL, says how). */
DB_MUST_CHECK int db_pool_get(
	struct db_pool *pool, int wait_ms, struct db **db, struct db_error *why);
/* An open transaction is rolled back. NULL is fine. */
void db_pool_put(struct db_pool *pool, struct db *db);

struct db_pool_state {
	unsigned size, in_use, idle;
	bool away; /* the last attempt to connect failed */
};
void db_pool_state(struct db_pool *pool, struct db_pool_state *state);

#endif
