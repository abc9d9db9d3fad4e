/* What dial plans, forwardings and failovers lead to: whether it is there, and what a write is told that
 * would close a circle (db/migrations, call_flow). */
#ifndef TRUNKGUARD_DB_FLOW_H
#define TRUNKGUARD_DB_FLOW_H

#include "db/conn.h"

enum { FLOW_ACCOUNT_SIZE = 37 };

/* The account (bare UUID) of a dial plan (bare UUID) or of a DID (digits); exactly one of them is given,
 * the other NULL. ESRCH. */
DB_MUST_CHECK int flow_account(
	struct db *db, const char *dial_plan, const char *did, char account[FLOW_ACCOUNT_SIZE]);

enum flow_kind { FLOW_INTERNAL, FLOW_DID, FLOW_TRUNK };

/* Which of them the account does not have. list: an array literal, "{100,*98}", of internal numbers,
 * digits or bare UUIDs; missing: one for each, all false before. */
DB_MUST_CHECK int flow_missing(
	struct db *db, enum flow_kind kind, const char *account, const char *list, bool *missing);

/* Was the last statement refused because of a circle? Its path, in words that tell nothing of other
 * accounts; else NULL. */
const char *flow_circle(const struct db *db);

#endif
