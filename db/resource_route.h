/* All that the routing of one DID depends on: its records as the feed has them, and what is
 * observed of its trunk. For the explain endpoint, which builds the plan that a worker would. */
#ifndef TRUNKGUARD_DB_RESOURCE_ROUTE_H
#define TRUNKGUARD_DB_RESOURCE_ROUTE_H

#include "db/conn.h"

/* Gives the record lines of core/cfg_record.h (account, trunk, its SIP accounts, all gateways, the
 * DID) to h, in one snapshot with what route_observed() will read: inside db_begin_read() and
 * db_commit(). ESRCH: no such DID, or not the owner's. */
DB_MUST_CHECK int route_records(
	struct db *db, const char *number, const char *owner, db_line_h *h, void *arg);

/* Of a SIP account (bare UUID) and its trunk: has it a live binding, do all live workers that know
 * say it is down, and how many calls are up. */
struct route_observation {
	bool registered, down;
	int64_t calls_up;
};
DB_MUST_CHECK int route_observed(
	struct db *db, const char *sip_account, const char *trunk, struct route_observation *seen);

#endif
