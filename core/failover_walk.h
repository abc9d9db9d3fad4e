/* How the failover machine walks its plan: lanes, attempts, slots, and the end. For core/failover*.c
 * only; the rules are in core/failover.h. */
#ifndef TRUNKGUARD_CORE_FAILOVER_WALK_H
#define TRUNKGUARD_CORE_FAILOVER_WALK_H

#include "core/failover.h"
#include "core/failover_best.h"

/* The life of one branch. */
enum branch_state {
	BRANCH_SILENT, /* sent, or about to be; nothing heard */
	BRANCH_RINGS, /* a provisional came */
	BRANCH_ENDED, /* a final response came, or none will */
};

struct branch {
	uint8_t attempt;
	uint8_t state; /* enum branch_state */
	bool cancelled;
};

enum phase {
	PHASE_IDLE,
	PHASE_RUNNING, /* a lane runs */
	PHASE_LAST_WORD, /* the plan has ended; a branch that rang is being cancelled */
	PHASE_DONE,
};

/* What walks by itself: the attempt in progress, or one of several that ring at once. */
struct lane {
	int64_t deadline_ms; /* of its live branch; -1: none */
	uint16_t live; /* its branch, or FAILOVER_NO_BRANCH */
	uint8_t current;
	uint8_t end; /* the first attempt that is not the lane's */
	bool running;
	bool heard; /* the live branch gave a 1xx, or the one before it a final response */
};

struct failover {
	const struct plan *plan;
	int64_t started_ms, done_ms;
	int64_t last_word_ms; /* with PHASE_LAST_WORD */
	int64_t ring_ms; /* when the group's time is over; -1: nothing was heard, or no group */
	uint8_t phase; /* enum phase */
	uint8_t branches;
	uint8_t lanes;
	uint8_t first; /* attempt of the lanes */
	uint8_t slots; /* how many are held */
	uint8_t slot[PLAN_LANES_MAX]; /* attempts by whose trunks */
	uint8_t best; /* attempt whose response the caller got */
	uint8_t rejected; /* attempt that ends the plan with its own response, with is_rejected */
	bool is_rejected;
	bool moves_on; /* a lane of the group would have */
	bool looped; /* a number came round: no other one is called */
	bool caller_left;
	uint16_t winner; /* branch that was answered, or FAILOVER_NO_BRANCH */
	uint16_t replied; /* status of the final response made or relayed */
	struct lane lane[PLAN_LANES_MAX];
	struct branch branch[FAILOVER_BRANCHES_MAX];
	struct attempt_end end[]; /* one for each attempt */
};

/* One step's arguments, passed along together. */
struct step {
	struct failover *fo;
	int64_t now_ms;
	struct failover_actions *actions;
};

void walk_act(struct step *s, enum failover_action_kind kind, unsigned branch, unsigned status);
void walk_cancel(struct step *s, unsigned branch);
void walk_cancel_all(struct step *s);
void walk_release_slots(struct step *s);
/* The door could not take it. */
void walk_drop_slot(struct failover *fo, unsigned attempt);
/* The call stays with this attempt alone: of all trunks it holds a slot of that one's or none. */
void walk_keep_slot(struct step *s, unsigned attempt);
void walk_reply(struct step *s, unsigned branch, unsigned status);
void walk_done(struct step *s);

/* From this attempt on, alone or with its group; behind the last one the plan ends. */
void walk_enter(struct step *s, unsigned attempt);
/* Sends the lane's attempt to its next address. */
void walk_address(struct step *s, struct lane *lane);
/* The lane's attempt failed, its end says how: on to the next one, or to the end. */
void walk_attempt_over(struct step *s, struct lane *lane);
/* All lanes have come to their ends. */
void walk_group_over(struct step *s);
/* Where the trigger leads: an attempt, or the plan's count. Below 0: nowhere. */
int walk_way_on(const struct failover *fo, unsigned attempt, enum trigger trigger);
/* Nothing is left to try. */
void walk_end(struct step *s);
/* The caller gets the best of what came in. */
void walk_finish(struct step *s);
bool walk_rings_on(const struct failover *fo);

static inline const struct attempt *lane_attempt(const struct failover *fo, const struct lane *lane)
{
	return &fo->plan->attempt[lane->current];
}

/* The running lane whose live branch this is, or NULL. */
struct lane *walk_lane_of(struct failover *fo, unsigned branch);

#endif
