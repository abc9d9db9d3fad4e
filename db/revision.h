/* Revisions: "<epoch>-<transaction id>" names a write, and a worker's applied snapshot either sees it
 * or does not. In SQL: revision_current(), revision_state(token), revision_status(token),
 * revision_workers(token), and the view worker_status. */
#ifndef TRUNKGUARD_DB_REVISION_H
#define TRUNKGUARD_DB_REVISION_H

#include "db/conn.h"

enum { REVISION_SIZE = 32 }; /* with the NUL */

/* The token of the running write transaction; hand it out only after a successful commit. */
DB_MUST_CHECK int revision_token(struct db *db, char token[REVISION_SIZE]);
/* The newest revision there is: what a write that changed nothing answers with. */
DB_MUST_CHECK int revision_current(struct db *db, char token[REVISION_SIZE]);
/* EINVAL: no such text is a token. */
DB_MUST_CHECK int revision_check(const char *token);

/* A thread with a connection of its own between the API and the workers: it wakes them up, and LISTENs to
 * what they report, so that many requests can wait without a connection or a query each. Safe from
 * many threads. */
struct revision_listener;
DB_MUST_CHECK int revision_listener_new(struct revision_listener **listener, const char *url);
/* Wakes all waiters up with ECANCELED; they must have returned before it is freed. */
void revision_listener_stop(struct revision_listener *listener);
void revision_listener_free(struct revision_listener *listener);

/* Something was committed on a quiet connection: wakes the workers up, once for all commits that come
 * close together. When it gets lost, the workers find out by themselves within a second. */
void revision_wake(struct revision_listener *listener);

/* Blocks until every live worker routes by the revision, and there is one; *applied false when the time
 * was over first (also while PostgreSQL is away). EINVAL: no token; ECANCELED: stopped. */
DB_MUST_CHECK int revision_wait(
	struct revision_listener *listener, const char *token, int timeout_ms, bool *applied);

#endif
