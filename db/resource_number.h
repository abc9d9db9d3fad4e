/* What numbers mean to an account: its country, whose they are, where calls would go. */
#ifndef TRUNKGUARD_DB_RESOURCE_NUMBER_H
#define TRUNKGUARD_DB_RESOURCE_NUMBER_H

#include <stdbool.h>

#include "db/conn.h"

/* The default country of an account or of the account of a DID ("" none); ESRCH. Exactly one of
 * account (bare UUID) and did (digits) is given, the other NULL. */
DB_MUST_CHECK int number_country(
	struct db *db, const char *account, const char *did, char country[3]);

/* Is the number a DID of that account, or of the account of that DID? */
DB_MUST_CHECK int number_owned(
	struct db *db, const char *account, const char *did, const char *number, bool *owned);

/* Where calls would go, failover after failover, if the DID's (did not NULL) or the account's
 * failover number were this one. A circle is written to path, "+1… > +1… > +1…", or just said to be
 * one when it leads through another account; path is "" when there is none. Two writers at once can
 * close a circle between them: calls have a visited set and Max-Forwards against that. */
enum { NUMBER_PATH_MAX = 160 };
DB_MUST_CHECK int number_circle(struct db *db, const char *account, const char *did,
	const char *number, char path[NUMBER_PATH_MAX]);

#endif
