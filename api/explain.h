/* What the two explain endpoints share. */
#ifndef TRUNKGUARD_API_EXPLAIN_H
#define TRUNKGUARD_API_EXPLAIN_H

#include "core/json_out.h"
#include "core/plan.h"

/* proven: when its target was last proven; "": never. */
void explain_attempt_write(struct json_out *j, const struct cfg *cfg, const struct attempt *a,
	unsigned index, const char *proven);

#endif
