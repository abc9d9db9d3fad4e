/* The DIDs that a mass operation makes, one at a time out of the text. */
#include "api/json_body.h"
#include "api/mass_request.h"

bool mass_dids_take(struct mass_body *b)
{
	struct mass_items it = {
		.p = b->list[MASS_LIST_DIDS].text, .len = b->list[MASS_LIST_DIDS].len};
	const json_t *list = json_object_get(b->root, "dids");
	char pointer[PROBLEM_POINTER_MAX];
	const char *item;
	size_t len;
	int rc;

	if (!b->list[MASS_LIST_DIDS].found) {
		problems_add(&b->problems, "/dids", list ? PROBLEM_WRONG_TYPE : PROBLEM_REQUIRED,
			"Must be a list of DIDs.");
		return true;
	}
	while ((rc = mass_items_next(&it, &item, &len)) == 1) {
		json_t *row;
		bool ok;

		pointer_join_index(pointer, "/dids", it.index);
		row = json_item(b->req, item, len, pointer);
		if (!row)
			return false;
		ok = did_rows_add(&b->dids, it.index, row);
		json_decref(row);
		if (!ok)
			return false;
	}
	if (rc < 0) {
		pointer_join_index(pointer, "/dids", it.index);
		json_refuse(
			b->req, pointer, PROBLEM_MALFORMED_JSON, "A value or a comma is missing.");
		return false;
	}
	if (!it.begun)
		problems_add(
			&b->problems, "/dids", PROBLEM_REQUIRED, "Must have at least one DID.");
	return true;
}
