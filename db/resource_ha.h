/* What High Availability asks of a trunk before it may be used. */
#ifndef TRUNKGUARD_DB_RESOURCE_HA_H
#define TRUNKGUARD_DB_RESOURCE_HA_H

#include <stdbool.h>

#include "db/conn.h"

struct ha_standing {
	bool addon; /* the account has bought it */
	bool secondary; /* the trunk has a secondary SIP account */
};

/* trunk, owner: bare UUIDs, owner NULL for an operator. ESRCH: no such trunk, or not the owner's. */
DB_MUST_CHECK int ha_standing(
	struct db *db, const char *trunk, const char *owner, struct ha_standing *standing);

#endif
