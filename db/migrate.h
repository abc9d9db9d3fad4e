/* Brings the schema to this program's version: each file of db/migrations once, in order, each in its
 * own transaction, whichever of several starters comes first. */
#ifndef TRUNKGUARD_DB_MIGRATE_H
#define TRUNKGUARD_DB_MIGRATE_H

#include <stddef.h>

enum { DB_MIGRATE_WHY_MAX = 520 };

/* *applied: how many files were new (may be NULL). On failure why (DB_MIGRATE_WHY_MAX octets) holds a
 * sentence for people:
 *   ENOTSUP    the database is newer than this program, or has other migrations: nothing was changed
 *   EBUSY      somebody else has been migrating for a minute
 *   others     as in db/conn.h */
int db_migrate(const char *url, int *applied, char *why);

/* 0 when the schema is exactly this program's, EPROTO when it is older, ENOTSUP when newer. */
struct db;
int db_migrate_check(struct db *db);

#endif
