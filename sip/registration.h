/* One gateway's registration. For sip/registrant.c and sip/registration*.c only. */
#ifndef SIP_REGISTRATION_H
#define SIP_REGISTRATION_H

#include "sip/digest_client.h"
#include "sip/register_message.h"
#include "sip/registrant.h"
#include "sip/resolve.h"
#include "sip/txn.h"

enum { SERVER_MAIN, SERVER_FAILOVER, SERVER_COUNT, REGISTRATION_NAME_LEN = 16 };

struct registrant {
	struct registrant_config config;
	struct registration *list;
	uint32_t generation;
	uint8_t key[16];
	uint64_t made; /* random numbers so far */
	struct registrant_stats stats; /* without state[] */
	bool closing;
	struct wheel_timer patience; /* the end of waiting for the last answers */
	registrant_done_h *done_h;
	void *done_arg;
};

struct registration {
	struct registration *next;
	struct registrant *r;
	struct uuid gateway_id;
	uint32_t generation; /* of the configuration that last had it */

	/* What was configured. */
	char *username, *password;
	struct sip_address server[SERVER_COUNT];
	uint32_t expires_asked;
	int64_t failover_ms;

	/* What our requests have in common. */
	char call_id[REGISTRATION_NAME_LEN], tag[REGISTRATION_NAME_LEN];
	uint32_t cseq;
	bool challenged;
	struct digest_challenge challenge;

	/* The round under way. */
	bool returning; /* only the first choice is asked, beside what holds */
	bool leaving;
	bool raised; /* by a 423 */
	uint8_t place; /* enum: the server that is asked */
	unsigned at; /* its address */
	unsigned answers; /* challenges answered in this exchange */
	uint32_t expires; /* what is asked for */
	uint32_t retry_after; /* the longest that was heard in this round, in seconds */
	struct resolve_list list;
	struct resolve_query *query;
	struct txn_client *ct;
	struct wheel_timer answer; /* an answer is due; also the pause between rounds */

	/* What holds. */
	bool first_choice;
	uint8_t used_place;
	struct flow flow;
	int64_t expires_ms, refresh_ms; /* loop time; 0: not registered */
	struct wheel_timer expiry;
	unsigned failures; /* rounds in a row */

	enum registrant_state state, failed_as;
	unsigned status;
	int64_t since_wall_ms, checked_wall_ms;
	int64_t checked_ms; /* loop time */
};

int registration_new(struct registrant *r, const struct cfg_gateway *gw, struct registration **g);
bool registration_same(const struct registration *g, const struct cfg_gateway *gw);
/* Begins the first round. */
void registration_start(struct registration *g);
/* Unregisters and then frees it, perhaps at once. It is in the registrant's list until then. */
void registration_leave(struct registration *g);
void registration_free(struct registration *g);
/* Out of the list and free: the last one ends registrant_leave(). */
void registrant_drop(struct registration *g);

#endif
