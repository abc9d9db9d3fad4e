/* The configuration of an account, as it is and as it shall be. Plan and apply are one walk: every
 * change is made by the same code as single requests, in one transaction; a plan then takes all back.
 * So a plan that is answered is one that can be applied, and all rules are the same.
 *
 * What a thing of the document leaves out stays as it is; null sets the default. A list that is left out is not
 * looked at; things that are not in a list are deleted with prune only. */
#ifndef TRUNKGUARD_API_CONFIGURATION_H
#define TRUNKGUARD_API_CONFIGURATION_H

#include <jansson.h>
#include <stdbool.h>

#include "api/did_rows.h"
#include "api/http.h"
#include "api/mass_text.h"
#include "core/uuid.h"
#include "db/configuration.h"

struct configuration_trunk {
	char id[UUID_TEXT_SIZE];
	char *name, *external_id; /* owned; as they will be */
	long entry; /* of the document's list, -1: not in it */
	bool made; /* by this walk: its id is not shown */
};

struct configuration_dial_plan {
	char id[UUID_TEXT_SIZE];
	char internal_number[16];
	long entry; /* of the document's list, -1: not in it */
};

struct configuration {
	struct http_request *req;
	struct db *db; /* its transaction is open */
	char account[UUID_TEXT_SIZE];
	char owner_text[UUID_TEXT_SIZE];
	const char *owner;
	struct mass_text text;
	struct mass_list dids_list;
	json_t *root;
	const json_t *document;
	bool prune, plan;
	struct configuration_trunk *trunk;
	size_t trunks;
	struct configuration_dial_plan *dial_plan;
	size_t dial_plans;
	struct did_rows rows;
	struct problems problems;
	json_t *changes;
	size_t other_trunks, other_dial_plans, other_dids; /* not in the document, and left alone */
};

/* Everything that the functions below find wrong is in problems; false: the request is answered, and the
 * transaction must not go on. */
bool configuration_trunks_write(struct configuration *c);
/* Their failover, which may lead to dial plans. */
bool configuration_trunk_failovers_write(struct configuration *c);
bool configuration_trunks_prune(struct configuration *c);
bool configuration_dial_plans_write(struct configuration *c);
bool configuration_dial_plans_prune(struct configuration *c);
bool configuration_dids_write(struct configuration *c);

/* A trunk by its id, its external_id or its name; NULL: none, or more than one. */
const struct configuration_trunk *configuration_trunk_find(
	const struct configuration *c, const char *ref);
/* The bare UUID of a dial plan; NULL: none has the internal number. */
const char *configuration_dial_plan_find(
	const struct configuration *c, const char *internal_number);
/* Puts "dial_plan" with the internal number in the place of "dial_plan_id". */
void configuration_dial_plan_refer(const struct configuration *c, json_t *object);
/* What a DID calls it. */
void configuration_trunk_ref(
	const struct configuration *c, const struct configuration_trunk *t, char *out, size_t size);

/* One resource as it shall be. */
struct configuration_step {
	enum resource_id id;
	const char *kind; /* "trunk", "trunk_failover" */
	const char *subject; /* which, for people: "Head office" */
	const char *key; /* bare UUID; "": one that is made */
	const char *pointer; /* of desired */
	const json_t *desired; /* an object; null: a part's defaults */
	bool deletes; /* null is the end of what is no part */
};
/* made: the key of a new row, UUID_TEXT_SIZE; may be NULL. */
bool configuration_step(struct configuration *c, const struct configuration_step *step, char *made);

/* One entry of the plan; before or after NULL: it is made or deleted. Both may have members that are the same,
 * which are left out. Takes neither over. false: nothing differs. */
bool configuration_change(struct configuration *c, const char *kind, const char *subject,
	const char *pointer, const json_t *before, const json_t *after);

#endif
