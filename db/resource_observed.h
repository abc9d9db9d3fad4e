/* What the workers report, as JSON for the API; resource_row has no version here. */
#ifndef TRUNKGUARD_DB_RESOURCE_OBSERVED_H
#define TRUNKGUARD_DB_RESOURCE_OBSERVED_H

#include "db/resource.h"

/* Bindings, health of every target, calls up and limit, last failover. ESRCH. */
DB_MUST_CHECK int observed_trunk(
	struct db *db, const char *trunk, const char *owner, struct resource_row *row);
/* ESRCH. */
DB_MUST_CHECK int observed_gateway(struct db *db, const char *gateway, struct resource_row *row);
/* One call record. ESRCH. */
DB_MUST_CHECK int observed_cdr(
	struct db *db, const char *cdr, const char *owner, struct resource_row *row);

/* The newest revision and every worker; what names other customers' things is for operators. */
DB_MUST_CHECK int observed_sync(struct db *db, bool is_operator, struct resource_row *row);
/* One revision. ESRCH: no such one was handed out. */
DB_MUST_CHECK int observed_revision(struct db *db, const char *revision, struct resource_row *row);

#endif
