/* What the parts of a registration share: its state as told (_state), its rounds of attempts and the pauses
 * between them (_round), its requests (_request) and what comes back (_answer). */
#ifndef SIP_REGISTRATION_IMPL_H
#define SIP_REGISTRATION_IMPL_H

#include "sip/registration.h"

enum { EXPECT_AGAIN_MS = 1800 * 1000 }; /* the guard forgets after an hour */

int64_t registration_now(const struct registration *g);
uint64_t registrant_random(struct registrant *r);
/* Half to one and a half of ms. */
int64_t registration_jitter(struct registration *g, int64_t ms);
/* What is under way comes back no more. */
void registration_let_go(struct registration *g);

void registration_tell(struct registration *g);
void registration_set_state(struct registration *g, enum registrant_state state);
void registration_tell_gone(struct registration *g);

/* returning: only the first choice is asked, beside what holds. */
void registration_begin_round(struct registration *g, bool returning);
/* With the address whose turn it is. */
void registration_begin_exchange(struct registration *g);
/* Failover registrar, then the next address of the main one, then the end of the round. */
void registration_next_address(struct registration *g);
/* Nobody is left to be asked; what holds beside it stays. */
void registration_give_up(struct registration *g, enum registrant_state as);
void registration_round_failed(struct registration *g, enum registrant_state as);
/* To the next refresh, or to the next look at the first choice, whichever comes first. */
void registration_rest(struct registration *g);

/* A failure counts as no answer. */
void registration_send(struct registration *g);
/* How long what we asked for lasts by this 2xx, and where it came from. */
int registration_lasts(
	struct registration *g, const struct sip_msg *m, struct flow *to, uint32_t *seconds);

void registration_unanswered(struct registration *g);

/* Handlers. */
wheel_h registration_expired, registration_no_answer;
txn_client_h registration_client_h;

#endif
