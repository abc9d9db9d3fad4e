/* Many DIDs at once, each with all that a client may write: made, or changed, by two statements over a
 * temporary table into which they were copied. What may not be is found by set, before anything is
 * changed, with the line and the column that are wrong.
 *
 * All functions belong to one transaction, which the caller opens and ends. */
#ifndef TRUNKGUARD_DB_DID_LOAD_H
#define TRUNKGUARD_DB_DID_LOAD_H

#include "db/conn.h"
#include "db/did_column.h"

struct did_load {
	const char *owner; /* bare UUID; NULL: an operator asks */
	const char *account; /* bare UUID: all DIDs must be of this account; NULL: as they say */
	bool update; /* DIDs that are there are changed; else they are problems */
	/* COPY text: line, given, and the columns in the order of did_column(). given: bit n is set when column
	 * n was; a DID that is there keeps what was not given. */
	const char *text;
	size_t len;
};

struct did_load_count {
	int64_t created, updated, unchanged;
};

enum did_load_error {
	DID_LOAD_TWICE, /* the number stands twice */
	DID_LOAD_EXISTS, /* it is there, or somebody else's */
	DID_LOAD_NO_ACCOUNT,
	DID_LOAD_ACCOUNT_REQUIRED,
	DID_LOAD_ACCOUNT_FIXED, /* it cannot be given to another account */
	DID_LOAD_NO_TRUNK,
	DID_LOAD_NO_DIAL_PLAN,
	DID_LOAD_TWO_TARGETS, /* a trunk and a dial plan */
	DID_LOAD_NO_INTERNAL, /* a forwarding's target */
	DID_LOAD_SELF_FORWARD,
	DID_LOAD_CIRCLE, /* text: its path */
	DID_LOAD_DENIED, /* text: a sentence about the destination */
	DID_LOAD_EMERGENCY, /* the same */
	DID_LOAD_NOT_OWNED,
	DID_LOAD_NO_FIXED_NUMBER,
};
/* column: of did_column(). */
typedef void did_load_problem_h(
	int64_t line, unsigned column, enum did_load_error error, const char *text, void *arg);

/* Copies, completes what was not given and checks; the DIDs that are there stay locked. *problems: how
 * many there are, of which the handler gets some hundred. A dry run locks nothing. */
DB_MUST_CHECK int did_load_check(struct db *db, const struct did_load *load, bool dry_run,
	did_load_problem_h *h, void *arg, uint64_t *problems);
/* After a check without problems: what would happen. */
DB_MUST_CHECK int did_load_count(struct db *db, struct did_load_count *count);
/* One row a DID that is made or changed, in the order of lines, at most limit: its line, its number with '+',
 * its JSON before (null: made) and after. */
DB_MUST_CHECK int did_load_changes(struct db *db, const char *limit, struct pg_result **result);
/* The event of each, before it is done: who made or changed what, from what to what. */
DB_MUST_CHECK int did_load_event(struct db *db);
/* Does it. EEXIST: somebody made one of them meanwhile; begin again. */
DB_MUST_CHECK int did_load_apply(struct db *db);

#endif
