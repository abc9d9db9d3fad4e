/* Mass operations: one change to any number of DIDs in one transaction, and taking it back.
 *
 * All functions here open their own transaction on a connection whose statements may take long
 * (mass_db_options). Rows are locked in the order of their numbers. What the DIDs had is kept for 30
 * days, grouped by value.
 *
 * Tenant isolation: with an owner only that account's DIDs are seen; a number of somebody else is
 * missing like one that does not exist. */
#ifndef TRUNKGUARD_DB_MASS_H
#define TRUNKGUARD_DB_MASS_H

#include "core/destination.h"
#include "db/conn.h"
#include "db/did_load.h"
#include "db/resource.h"
#include "db/revision.h"

enum mass_action {
	MASS_SET_FAILOVER,
	MASS_CLEAR_FAILOVER,
	MASS_CREATE,
	MASS_ASSIGN,
	MASS_DELETE,
	MASS_ACTION_COUNT
};
#define MASS_ACTION_WORDS "set_failover, clear_failover, create, assign, delete"
/* "set_failover"; -1: no such word. */
const char *mass_action_word(enum mass_action a);
int mass_action_parse(const char *word);

enum { MASS_FAILOVER_FIELDS = 4 }; /* those of RESOURCE_DID_FAILOVER, in their order */

struct mass_request {
	enum mass_action action;
	const char *owner; /* bare UUID; NULL: an operator asks */
	const char *numbers; /* array literal of digits; NULL: by what follows */
	size_t number_count;
	const char *account, *trunk, *prefix; /* bare UUIDs, digits; NULL: any */
	struct resource_value failover[MASS_FAILOVER_FIELDS];
	const char *assign_to; /* a trunk's bare UUID; NULL: to none */
	const char *assign_to_dial_plan; /* a dial plan's; at most one of the two */
	const char *
		request; /* JSON object with select, failover, trunk_id, dial_plan_id, skip_missing */
	const char *expires_in_seconds; /* decimal; NULL: never */
	bool skip_missing, dry_run;
};

/* Why an operation was refused: bits, for several may hold. */
enum {
	MASS_NO_ACCOUNT = 1, /* select.account_id */
	MASS_NO_TRUNK = 2, /* select.trunk_id */
	MASS_MISSING = 4, /* numbers */
	MASS_SELF_FORWARD = 8, /* failover.number is one of the DIDs */
	MASS_CIRCLE = 16, /* text: its path */
	MASS_NOT_OWNED = 32, /* failover.calling_party_number */
	MASS_NO_FIXED_NUMBER = 64, /* calling_party_display fixed without a number */
	MASS_NO_TARGET = 128, /* trunk_id is no trunk of the DIDs' account */
	MASS_NO_DIAL_PLAN = 512, /* dial_plan_id is none of the DIDs' account */
	MASS_DENIED = 256, /* failover.number, by the rules of an account: verdict */
};

struct mass_result {
	unsigned refused; /* 0: done */
	char path[400]; /* MASS_CIRCLE */
	enum destination_verdict verdict; /* MASS_DENIED */
	struct pg_result *missing; /* one row: array literal of digits, ascending, or NULL */
	struct pg_result *row; /* of the operation: its JSON, its id, its revision */
};
void mass_result_fini(struct mass_result *r);

/* 0 with refused set or not; else as in db/conn.h. EBUSY: try again. EINPROGRESS: another one of the
 * account is being carried out. A dry run does all but the
 * change, and keeps nothing. */
DB_MUST_CHECK int mass_apply(
	struct db *db, const struct mass_request *request, struct mass_result *result);

/* action create: makes the DIDs of the load. *problems: found and reported by the handler, and then nothing was
 * done. EBUSY and EEXIST: try again. */
DB_MUST_CHECK int mass_create(struct db *db, const struct mass_request *request,
	const struct did_load *load, did_load_problem_h *h, void *arg, uint64_t *problems,
	struct mass_result *result);

/* row: JSON. ESRCH. */
DB_MUST_CHECK int mass_read(
	struct db *db, const char *id, const char *owner, struct pg_result **row);

/* Puts back what each DID had, but for those changed since. row: JSON, id, revision. ESRCH: no such
 * operation; EALREADY: it was reverted before. */
DB_MUST_CHECK int mass_revert(
	struct db *db, const char *id, const char *owner, struct pg_result **row);

/* Reverts one operation whose time has come, if there is one that no other process has in hand.
 * *found: there was one, so there may be more. One that cannot be reverted is tried again 10 s later. */
DB_MUST_CHECK int mass_expire(struct db *db, bool *found);
/* Drops what is older than 30 days. */
DB_MUST_CHECK int mass_forget(struct db *db);

extern const struct db_options mass_db_options;

#endif
