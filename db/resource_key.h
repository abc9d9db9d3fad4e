/* API keys. The key itself is never here, only the SHA-256 of it. */
#ifndef TRUNKGUARD_DB_RESOURCE_KEY_H
#define TRUNKGUARD_DB_RESOURCE_KEY_H

#include "db/resource.h"

struct api_key_new {
	const char *account; /* bare UUID; NULL: an operator's */
	const char *name;
	const char *scopes; /* array literal: "{read,write}" */
	const char *hash; /* of the whole key: 64 hex digits */
	const char *id; /* bare UUID */
	const char *expires_at; /* RFC 3339; NULL: never */
};

/* row: JSON, no version. ENOENT: no such account. */
DB_MUST_CHECK int api_key_insert(
	struct db *db, const struct api_key_new *key, struct resource_row *row);
/* account: bare UUID, NULL: operators' keys. ESRCH. */
DB_MUST_CHECK int api_key_read(
	struct db *db, const char *account, const char *id, struct resource_row *row);
DB_MUST_CHECK int api_key_revoke(struct db *db, const char *account, const char *id);
/* Is the account there? ESRCH. */
DB_MUST_CHECK int api_key_account(struct db *db, const char *account);

/* What authentication needs of a live key: neither revoked nor expired. Texts live as long as
 * result. ESRCH. Notes that the key was used, at most once a minute. */
struct api_key_found {
	struct pg_result *result;
	const char *hash; /* 64 hex digits */
	const char *account; /* NULL: an operator's */
	bool can_read, can_write;
	bool account_enabled;
};
DB_MUST_CHECK int api_key_find(struct db *db, const char *id, struct api_key_found *found);

#endif
