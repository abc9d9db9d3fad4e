/* Events: the audit of every write, in the transaction of its change, and what the workers saw.
 *
 * Who writes is a property of the connection, set once when a request takes it. resource_insert(),
 * resource_update() and resource_delete(), keys and mass operations note what they do by themselves;
 * whoever changes something by other SQL calls event_note() in the same transaction. */
#ifndef TRUNKGUARD_DB_EVENT_H
#define TRUNKGUARD_DB_EVENT_H

#include "core/uuid.h"
#include "db/conn.h"

enum { EVENT_REQUEST_ID_MAX = 128, EVENT_SOURCE_MAX = 46 };

struct event_actor {
	const char *kind; /* "operator", "account"; NULL: the system itself */
	char key_id[UUID_TEXT_SIZE]; /* "": no key */
	char source_ip[EVENT_SOURCE_MAX + 1];
	char request_id[EVENT_REQUEST_ID_MAX + 1];
};

/* Until the connection goes back to its pool. */
void event_actor_set(struct db *db, const struct event_actor *actor);

enum { EVENT_ACTOR_PARAMS = 4 };
/* Parameters for a statement with its own SQL_EVENT_ACTOR; they live as long as the connection. */
void event_actor_params(const struct db *db, const char *param[EVENT_ACTOR_PARAMS]);

/* Bare ids, digits and JSON texts; NULL: null. */
struct event {
	const char *account;
	const char *type; /* "dial_plan.updated" */
	const char *subject; /* "dial-plans/dp_…": the path below /v1 */
	const char *trunk, *did;
	const char *before, *after, *data;
};

/* Within the caller's transaction, or as one of its own. */
DB_MUST_CHECK int event_note(struct db *db, const struct event *event);

/* For the caller's account, or an operator (NULL). ESRCH. */
DB_MUST_CHECK int event_read(
	struct db *db, const char *id, const char *owner, struct pg_result **row);

/* db_rows() of result: what is not as it was written: account, seq, event, problem. */
DB_MUST_CHECK int event_verify(struct db *db, struct pg_result **result);
/* The end of each chain, to be kept elsewhere: account, seq, hash. */
DB_MUST_CHECK int event_heads(struct db *db, struct pg_result **result);
/* Drops what is older; *count: how many. */
DB_MUST_CHECK int event_forget(struct db *db, const char *days, int64_t *count);

#endif
