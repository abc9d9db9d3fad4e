/* The body of POST /v1/mass-operations, checked and normalised. */
#ifndef TRUNKGUARD_API_MASS_REQUEST_H
#define TRUNKGUARD_API_MASS_REQUEST_H

#include <jansson.h>

#include "api/field_check.h"
#include "api/app.h"
#include "api/did_rows.h"
#include "api/http.h"
#include "api/mass_text.h"
#include "core/e164.h"
#include "core/uuid.h"
#include "db/mass.h"

enum { MASS_NUMBERS_MAX = 1000000, MASS_EXPIRES_MAX_S = 30 * 24 * 3600 };

enum { MASS_LIST_NUMBERS, MASS_LIST_DIDS, MASS_LISTS };

struct mass_body {
	struct http_request *req;
	struct mass_text text;
	struct mass_list list[MASS_LISTS];
	struct did_rows dids; /* action create; has problems of its own, of the list's items */
	json_t *root;
	json_t *shown; /* what the operation will show of its request */
	struct problems problems;
	struct field_context context;
	char country[3];
	bool country_known;
	e164_t *numbers; /* as they came, doubles too: an index is one of the body's list */
	size_t number_count, number_size;
	char *numbers_text, *shown_text;
	char *failover_text[MASS_FAILOVER_FIELDS];
	char owner[UUID_TEXT_SIZE], account[UUID_TEXT_SIZE], trunk[UUID_TEXT_SIZE];
	char assign_to[UUID_TEXT_SIZE], expires[24], prefix[E164_TEXT_SIZE];
	struct mass_request request; /* points into the rest */
};

void mass_body_init(struct mass_body *b, struct http_request *req);
void mass_body_fini(struct mass_body *b);
/* false: the request is answered. */
bool mass_body_take(struct mass_body *b);

/* /select/numbers, each strictly a phone number; api/mass_numbers.c. false: answered. */
bool mass_numbers_take(struct mass_body *b);
/* /dids, each as POST /v1/dids takes it; api/mass_dids.c. false: answered. */
bool mass_dids_take(struct mass_body *b);
/* The account's default country, "" without one; NULL: answered. */
const char *mass_country(void *body);

#endif
