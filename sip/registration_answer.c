#include "core/clock.h"
#include "sip/guard.h"
#include "sip/registration_impl.h"

enum {
	ANSWERS_MAX =
		3, /* challenges in one exchange: the first, a stale one, and one by another proxy */
	RETRY_AFTER_MAX = 3600,
	EXPIRES_MAX = 86400,
};

static uint32_t seconds_of(const struct sip_msg *m, enum sip_hdr id, uint32_t max)
{
	struct str value = sip_msg_get(m, id);
	uint32_t seconds = 0;
	size_t n = 0;

	while (n < value.len && value.p[n] >= '0' && value.p[n] <= '9')
		n++;
	if (str_u32((struct str){value.p, n}, UINT32_MAX, &seconds))
		return 0;
	return seconds < max ? seconds : max;
}

/* Refresh so early that the whole way round fits in before the end. */
static int64_t refresh_at(struct registration *g, int64_t lasts_ms)
{
	int64_t lead = 30000 + 2 * g->failover_ms;

	if (lead < lasts_ms / 10)
		lead = lasts_ms / 10;
	if (lead > lasts_ms / 2)
		lead = lasts_ms / 2;
	return registration_now(g) + lasts_ms - lead -
	       (int64_t)(registrant_random(g->r) % (uint64_t)(lead / 4 + 1));
}

static void registered(struct registration *g, const struct sip_msg *m)
{
	struct flow to = g->flow;
	uint32_t expires = 0;

	if (registration_lasts(g, m, &to, &expires) || expires == 0) {
		registration_round_failed(g, REGISTRANT_REFUSED);
		return;
	}
	if (expires > EXPIRES_MAX)
		expires = EXPIRES_MAX;
	g->flow = to;
	g->used_place = g->place;
	g->first_choice = g->place == SERVER_MAIN && g->at == 0;
	g->failures = 0;
	g->expires_ms = registration_now(g) + expires * INT64_C(1000);
	g->refresh_ms = refresh_at(g, expires * INT64_C(1000));
	g->r->stats.accepted++;
	guard_expect(g->r->config.guard, &to.peer, registration_now(g), 2 * EXPECT_AGAIN_MS);
	wheel_set(g->r->config.wheel, &g->expiry, g->expires_ms);
	registration_set_state(g, REGISTRANT_REGISTERED);
	registration_rest(g);
}

static void refused(struct registration *g)
{
	g->r->stats.refused++;
	registration_give_up(g, REGISTRANT_REFUSED);
}

/* The same credentials twice for one nonce are wrong; a stale nonce says that they were right. */
static bool answerable(struct registration *g, const struct sip_msg *m)
{
	bool again = g->answers > 0;

	if (g->answers >= ANSWERS_MAX || digest_challenge_read(&g->challenge, m))
		return false;
	g->challenged = true;
	if (again && !g->challenge.stale)
		return false;
	g->answers++;
	return true;
}

static void note_checked(struct registration *g)
{
	g->checked_ms = registration_now(g);
	g->checked_wall_ms = clock_wall_ms();
}

static void answered(struct registration *g, const struct sip_msg *m)
{
	uint32_t longest, retry;

	g->status = m->status;
	note_checked(g);
	registration_let_go(g);
	retry = seconds_of(m, SIP_HDR_RETRY_AFTER, RETRY_AFTER_MAX);
	if (retry > g->retry_after)
		g->retry_after = retry;
	if (m->status < 300 && g->leaving) {
		registrant_drop(g);
	} else if (m->status < 300) {
		registered(g, m);
	} else if (m->status == 401 || m->status == 407) {
		if (answerable(g, m))
			registration_send(g);
		else
			refused(g);
	} else if (m->status == 423 && !g->raised && !g->leaving) {
		longest = seconds_of(m, SIP_HDR_MIN_EXPIRES, EXPIRES_MAX);
		g->raised = true;
		if (longest > g->expires) {
			g->expires = longest;
			registration_send(g);
		} else {
			refused(g);
		}
	} else if (m->status == 408 || m->status / 100 == 5) {
		registration_next_address(g);
	} else {
		refused(g);
	}
}

void registration_unanswered(struct registration *g)
{
	g->r->stats.unanswered++;
	g->status = 0;
	note_checked(g);
	registration_next_address(g);
}

void registration_no_answer(void *arg, int64_t now_ms)
{
	(void)now_ms;
	registration_unanswered(arg);
}

void registration_client_h(struct txn_client *ct, enum txn_event ev, const struct sip_msg *m,
	const struct flow *from, void *arg)
{
	struct registration *g = arg;

	(void)ct, (void)from;
	if (ev == TXN_RESPONSE && m->status < 200)
		return;
	if (ev == TXN_TERMINATED)
		g->ct = NULL;
	else if (ev == TXN_RESPONSE)
		answered(g, m);
	else
		registration_unanswered(g);
}
