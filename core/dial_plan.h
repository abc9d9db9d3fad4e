/* What a dial plan and a DID's forwardings are made of. See docs/behaviour.md. */
#ifndef TRUNKGUARD_CORE_DIAL_PLAN_H
#define TRUNKGUARD_CORE_DIAL_PLAN_H

#include "core/active_times.h"
#include "core/dial_sip_uri.h"
#include "core/e164.h"
#include "core/uuid.h"
#include "core/words.h"

enum {
	DIAL_STEPS_MAX = 64, /* of a whole dial plan, those inside schedules too */
	DIAL_DEPTH_MAX = 4, /* schedules inside schedules */
	DIAL_TARGETS_MAX = 8, /* of one ring step */
	DIAL_INTERNAL_MAX = 15, /* octets of an internal number */
	FORWARDINGS_MAX = 16, /* of one DID */
};

enum dial_target_kind {
	DIAL_INTERNAL, /* an internal number: a dial plan's, or a DID of the same account */
	DIAL_EXTERNAL, /* E.164 */
	DIAL_SIP_URI,
	DIAL_TRUNK, /* delivery to a trunk of the account, by its mode */
};

struct dial_target {
	enum dial_target_kind kind;
	char *internal; /* owned; DIAL_INTERNAL: a dial plan's, or "+" and the digits of a DID */
	e164_t external;
	struct uuid trunk_id;
	struct dial_sip_uri sip_uri;
};

enum dial_app { DIAL_RING, DIAL_FORWARD, DIAL_SCHEDULE, DIAL_MEDIA, DIAL_REJECT, DIAL_APP_COUNT };

struct dial_step;

struct dial_steps {
	struct dial_step *item; /* owned */
	uint16_t count;
};

struct dial_step {
	enum dial_app app;
	struct active_times
		active_times; /* of every app; of DIAL_SCHEDULE: between then and else */
	/* DIAL_RING; DIAL_FORWARD: target[0], an external one; DIAL_MEDIA: target[0], a SIP URI */
	struct dial_target *target; /* owned */
	uint8_t target_count;
	bool simultaneous;
	uint16_t ring_seconds; /* DIAL_RING */
	/* DIAL_SCHEDULE */
	struct dial_steps then_steps, else_steps;
	/* DIAL_REJECT */
	uint16_t code; /* 400..699 */
	char *reason; /* owned; NULL: the usual one */
};

/* One of a DID's forwardings. */
struct forwarding {
	char *designation; /* owned; "" none */
	bool enabled;
	struct dial_target target; /* DIAL_INTERNAL or DIAL_EXTERNAL */
	uint16_t ring_seconds;
	bool has_display; /* false: the account's */
	enum calling_party_display calling_party_display;
	e164_t calling_party_number; /* DISPLAY_FIXED */
	struct active_times active_times;
};

const char *dial_app_word(enum dial_app app); /* "" out of range */
int dial_app_parse(const char *word); /* -1: unknown */
/* Digits and '*', 1 to DIAL_INTERNAL_MAX of them. */
bool dial_internal_ok(const char *text, size_t len);

void dial_target_fini(struct dial_target *t);
void dial_steps_fini(struct dial_steps *steps);
void forwarding_fini(struct forwarding *f);
void forwardings_free(struct forwarding *list, unsigned count);

#endif
