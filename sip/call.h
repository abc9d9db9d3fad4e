/* A call: from the INVITE's admission to its end. While it is set up it owns a plan, a failover
 * machine and branches (sip/setup.h); once answered it shrinks to two legs (sip/dialog.h) that are
 * watched (sip/watch.h). A call is found by its Call-ID and the caller's tag. */
#ifndef SIP_CALL_H
#define SIP_CALL_H

#include "core/cfg.h"
#include "core/hash.h"
#include "core/plan.h"
#include "core/uuid.h"
#include "core/wheel.h"
#include "sip/flow.h"
#include "sip/scan.h"

struct worker;
struct call_mask;
struct call_record;
struct call_setup;
struct relay;

enum { CALL_SLOTS_MAX = PLAN_LANES_MAX };

enum leg_side { LEG_CALLER, LEG_CALLEE, LEG_COUNT };

/* What it takes to reach one side and to speak for the other. Texts are one allocation. */
struct leg {
	struct flow flow; /* where requests to this side go */
	char *tag;
	char *address; /* From or To value without parameters, as the callee knows it */
	char *contact; /* remote target, RFC 3261 12.1; "" none */
	char *route; /* route set as one Route value list; "" none */
	uint32_t cseq; /* the highest seen in a request from this side */
	uint8_t misses; /* probes in a row without an answer */
	bool probing;
	bool bound; /* a registered PBX: reached the way its registration came */
};

/* Who ended a call; an operator does by the API. */
enum call_end { END_CALLER, END_CALLEE, END_SYSTEM, END_OPERATOR };

/* The PBX that makes the call; all zero when a gateway does. A call of a PBX to one of our own DIDs is both:
 * outbound to the caller's account, inbound to the DID's. Its trunk has a slot for the whole call, beside
 * the one that delivery to a trunk takes: a call from a trunk to itself is two of its calls. */
struct call_origin {
	struct uuid account_id, trunk_id;
	e164_t number; /* what it shows, 0: nothing */
	bool inside; /* it calls what is ours: the called party may be a PBX too */
	bool by_address; /* known by nothing but the source address of a datagram */
	bool holds_slot;
};

/* A call's place among those whose change has not been reported, or among those that have been
 * (sip/live_call.h). */
struct live_call {
	struct live_call *next, *before;
	uint32_t round; /* that of struct calls: reported; another: waits */
	bool reported; /* ever */
};

struct call {
	struct hash_link link;
	struct worker *w;
	struct uuid id; /* of its record */
	struct uuid account_id, trunk_id;
	struct call_origin origin;
	e164_t did; /* the DID called, 0: none of ours */
	char *caller; /* user part of From, or the number that a PBX shows; for the record */
	char *called; /* what a PBX dialled, as it was understood; NULL: the DID */
	struct call_setup *setup; /* NULL once answered */
	struct leg leg[LEG_COUNT];
	struct call_mask *mask; /* NULL: nothing is masked */
	struct relay *relays; /* requests in the dialog that are under way */
	struct wheel_timer timer;
	int64_t started_ms, answered_ms; /* loop time */
	int64_t started_wall_ms, answered_wall_ms;
	int64_t end_at, session_at, probe_at; /* loop time; INT64_MAX: never */
	uint32_t max_call_seconds;
	struct call_record *record; /* what is known since the answer; NULL before */
	struct live_call live;
	uint8_t direction; /* enum call_direction */
	uint8_t slots; /* how many it holds; once answered one at most */
	bool hung_up; /* by an operator, while it was set up */
	bool ended;
	e164_t failover_leg; /* of an answered call: the number of its leg, 0 none */
	struct uuid slot; /* a trunk of which it holds one; more of them in its setup */
	size_t call_id_len;
	char call_id[];
};

/* The table of live calls. */
struct calls {
	struct hash by_dialog; /* Call-ID and caller's tag */
	struct live_call changed, told; /* rings, oldest first */
	uint32_t round; /* of telling; never 0 */
	bool journal_again; /* those that wait are to be put in the journal, too */
	struct wheel_timer live_timer;
	uint64_t started, answered, failed, failed_over; /* counters for metrics */
};

int calls_init(struct calls *calls, const uint8_t key[16]);
/* Frees every call without a word to anyone: the process ends. */
void calls_fini(struct calls *calls);

/* ENOMEM. The call is in the table. */
int call_new(struct call **call, struct worker *w, struct str call_id, struct str caller_tag);
/* Out of the table; frees. Its relays and branches go on without it. */
void call_free(struct call *call);

struct call *call_find(struct worker *w, struct str call_id, struct str caller_tag);
/* By a message of either side: *from is who sent the request (or, for a response, its request). */
struct call *call_of(struct worker *w, const struct sip_msg *m, enum leg_side *from);

/* Slots are exact: what is held is not taken again, nor given back twice. */
/* 0; EBUSY: the trunk's calls are in use; ENOMEM. */
int call_take_slot(struct call *call, const struct uuid *trunk, uint32_t limit);
void call_release_slot(struct call *call, const struct uuid *trunk);
void call_release_slots(struct call *call);
/* It is answered: only the slot of this trunk stays, if there are several. */
void call_keep_slot(struct call *call, const struct uuid *trunk);
/* The slot of the caller's trunk; given back by call_free(). */
void call_take_caller_slot(struct call *call);
/* The id of that slot, and of the record of the caller's side when the DID's side has one too. */
struct uuid call_caller_id(const struct call *call);

/* Fills a leg's texts; EINVAL when they are too long to be kept, ENOMEM. */
int leg_set(
	struct leg *leg, struct str tag, struct str address, struct str contact, struct str route);
void leg_fini(struct leg *leg);

#endif
