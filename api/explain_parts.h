/* What the two explain endpoints share. */
#ifndef TRUNKGUARD_API_EXPLAIN_PARTS_H
#define TRUNKGUARD_API_EXPLAIN_PARTS_H

#include "core/json_out.h"
#include "core/plan.h"

/* A record of the feed into a configuration; cfg is a struct cfg. ENOMEM only: what the worker refuses it goes
 * on without, and so does this. */
int explain_record_take(const char *line, size_t len, void *cfg);

/* Zero: null. */
void explain_id_write(
	struct json_out *j, const char *key, const char *prefix, const struct uuid *id);
void explain_number_write(struct json_out *j, const char *key, e164_t number);

/* refusal NULL: none; status 0: none. */
void explain_refusal_write(struct json_out *j, const char *refusal, unsigned status);

/* proven: when its target was last proven; "": never. */
void explain_attempt_write(struct json_out *j, const struct cfg *cfg, const struct attempt *a,
	unsigned index, const char *proven);

#endif
