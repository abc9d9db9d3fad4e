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

/* The same for a call that a trunk's PBX makes. First the trunk with its account, whose country says what
 * was dialled: ESRCH: no such trunk, or not the owner's. Then all gateways, and those of the two numbers
 * (digits, NULL: none) that are the trunk's own. */
DB_MUST_CHECK int route_trunk_itself(
	struct db *db, const char *trunk, const char *owner, db_line_h *h, void *arg);
DB_MUST_CHECK int route_trunk_records(struct db *db, const char *trunk, const char *called,
	const char *shown, db_line_h *h, void *arg);
/* Is the number a DID of anybody here? */
DB_MUST_CHECK int route_is_own(struct db *db, const char *number, bool *own);

/* Of a SIP account (bare UUID) and its trunk: has it a live binding, do all live workers that know
 * say it is down, and how many calls are up. */
struct route_observation {
	bool registered, down;
	int64_t calls_up;
};
DB_MUST_CHECK int route_observed(
	struct db *db, const char *sip_account, const char *trunk, struct route_observation *seen);

#endif
