/* Destination rules (core/destination.h) against what a write would store. */
#ifndef TRUNKGUARD_DB_DESTINATION_H
#define TRUNKGUARD_DB_DESTINATION_H

#include "core/destination.h"
#include "db/conn.h"

/* What the rules of an account (bare UUID), or of the account of a DID (digits), say of each number;
 * exactly one of the two is given, the other NULL. A DID of the account's own is no outside call: DESTINATION_OK.
 * So is everything when there is no such account, which the write itself will not find. */
DB_MUST_CHECK int destination_check(struct db *db, const char *account, const char *did,
	const e164_t *number, size_t count, enum destination_verdict *verdict);

/* The first thing that the rules of the accounts of all DIDs in mass_work have against the number. */
DB_MUST_CHECK int destination_check_mass(
	struct db *db, const char *number, enum destination_verdict *verdict);

/* What rules in their text form (a feed_account's destination_rules; NULL: the default ones) say, home
 * being the account's default country or NULL. */
DB_MUST_CHECK int destination_decide_text(
	const char *rules, const char *home, e164_t number, enum destination_verdict *verdict);

#endif
