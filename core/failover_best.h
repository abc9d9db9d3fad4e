/* How attempts end, and which of their responses the caller gets. For core/failover.c only. */
#ifndef TRUNKGUARD_CORE_FAILOVER_BEST_H
#define TRUNKGUARD_CORE_FAILOVER_BEST_H

#include "core/failover.h"

struct attempt_end {
	struct attempt_outcome outcome;
	uint16_t branch; /* whose response it is, FAILOVER_NO_BRANCH when made here */
	bool known; /* the outcome says something, if only of the addresses tried so far */
};

void attempt_end_init(struct attempt_end *e);
/* A final response of 300 and above from the far end. */
void attempt_end_far(struct attempt_end *e, unsigned status, unsigned branch);
void attempt_end_made_here(struct attempt_end *e, enum trigger trigger);
/* A response of the plan itself: a reject, a loop. */
void attempt_end_planned(struct attempt_end *e, unsigned status);
void attempt_end_answered(struct attempt_end *e, unsigned status);
/* cause: the caller left, or NORMAL when another attempt was answered. */
void attempt_end_cancelled(struct attempt_end *e, enum cause cause);

struct best_response {
	unsigned attempt;
	unsigned branch; /* FAILOVER_NO_BRANCH: made here, with status */
	unsigned status;
};

/* The rule is in core/failover.h, "Answers". count > 0; ends that are not known do not count. */
void best_response_choose(
	const struct attempt_end *end, unsigned count, struct best_response *best);

#endif
