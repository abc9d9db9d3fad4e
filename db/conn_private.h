/* What the files of a connection share: conn.c, conn_wait.c. */
#ifndef TRUNKGUARD_DB_CONN_PRIVATE_H
#define TRUNKGUARD_DB_CONN_PRIVATE_H

#include <libpq-fe.h>

#include "db/conn.h"
#include "db/event.h"

enum { DB_PREPARED_MAX = 256 };

struct db {
	PGconn *pg;
	int reply_timeout_ms; /* DB_NOT_LIMITED: none */
	bool broken;
	bool enclosed; /* db_enclose(): db_begin() and its like are of a savepoint */
	bool inner; /* that savepoint is set */
	struct db_error error;
	struct event_actor actor; /* who writes; db/event.h */
	unsigned notified; /* seen while something else was waited for */
	char *prepared[DB_PREPARED_MAX]; /* open addressing by text; statement n is named "s<n>" */
	unsigned prepared_count;
};

/* Sends what libpq holds back. ECONNRESET, ETIMEDOUT. */
int db_flush(struct db *db);
/* The next result of the running command, NULL at its end. The connection is broken when it fails. */
int db_next(struct db *db, PGresult **result);
/* Waits for octets from the server and takes them in. */
int db_receive(struct db *db);
void db_take_notifications(struct db *db);
/* Marks the connection as lost. Returns err. */
int db_lost(struct db *db, int err, const char *message);
/* Notes what a result says went wrong. Returns its errno. */
int db_note(struct db *db, const PGresult *result);

#endif
