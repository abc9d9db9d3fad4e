#include <errno.h>

#include "core/log.h"
#include "sip/guard.h"
#include "sip/net.h"
#include "sip/registration_impl.h"

enum {
	REFUSED_MS = 30000,
	BACKOFF_MS = 1000,
	BACKOFF_MAX_MS = 300 * 1000,
	RETURN_FACTOR = 4, /* times register_failover_seconds, between looks at the first choice */
};

static struct log_kind log_refused = LOG_KIND("gateway_refuses_registration", LOG_LEVEL_WARN);
static struct log_kind log_unreachable = LOG_KIND("gateway_registrar_silent", LOG_LEVEL_WARN);

/* ---- the pause between rounds -------------------------------------------------------------- */

static void pause_over(void *arg, int64_t now_ms);

static void pause_until(struct registration *g, int64_t at_ms)
{
	g->answer.h = pause_over;
	wheel_set(g->r->config.wheel, &g->answer, at_ms);
}

/* To the next refresh, or to the next look at the first choice, whichever comes first. */
void registration_rest(struct registration *g)
{
	int64_t now = registration_now(g), at = g->refresh_ms;

	if (!g->first_choice && now + g->failover_ms * RETURN_FACTOR < at)
		at = now + registration_jitter(g, g->failover_ms * RETURN_FACTOR);
	if (at > now + EXPECT_AGAIN_MS)
		at = now + EXPECT_AGAIN_MS;
	pause_until(g, at);
}

void registration_round_failed(struct registration *g, enum registrant_state as)
{
	int64_t now = registration_now(g), wait = BACKOFF_MS, left = g->expires_ms - now;
	unsigned doublings = g->failures < 9 ? g->failures : 9;

	g->failures++;
	g->failed_as = as;
	wait <<= doublings;
	if (wait > BACKOFF_MAX_MS)
		wait = BACKOFF_MAX_MS;
	if (as == REGISTRANT_REFUSED && wait < REFUSED_MS)
		wait = REFUSED_MS;
	wait = registration_jitter(g, wait);
	/* What holds is worth a few more tries before it ends. */
	if (g->expires_ms && left > 3000 && wait > left / 3)
		wait = left / 3;
	if (wait < g->retry_after * INT64_C(1000))
		wait = g->retry_after * INT64_C(1000);
	if (as == REGISTRANT_REFUSED)
		log_limited(&log_refused, "%s at %s: %u", g->username, g->server[g->place].host,
			g->status);
	else
		log_limited(&log_unreachable, "%s at %s", g->username, g->server[g->place].host);
	if (g->expires_ms)
		registration_tell(g);
	else
		registration_set_state(g, as);
	pause_until(g, now + wait);
}

void registration_expired(void *arg, int64_t now_ms)
{
	struct registration *g = arg;

	(void)now_ms;
	g->expires_ms = g->refresh_ms = 0;
	registration_set_state(g, g->failures ? g->failed_as : REGISTRANT_UNREACHABLE);
}

/* ---- a round ------------------------------------------------------------------------------- */

void registration_give_up(struct registration *g, enum registrant_state as)
{
	if (g->leaving)
		registrant_drop(g);
	else if (g->returning)
		registration_rest(g);
	else
		registration_round_failed(g, as);
}

/* A registration stays where it is while that address is as good as the others of the same name. */
static void keep_address(struct registration *g)
{
	if (!g->expires_ms || !g->first_choice || g->place != SERVER_MAIN)
		return;
	for (unsigned i = 1; i < g->list.count; i++) {
		struct resolve_target first = g->list.item[0];

		if (!net_addr_eq(&g->list.item[i].addr, &g->flow.peer))
			continue;
		g->list.item[0] = g->list.item[i];
		g->list.item[i] = first;
	}
}

void registration_begin_exchange(struct registration *g)
{
	g->answers = 0;
	g->raised = false;
	registration_send(g);
}

static void resolved(int err, const struct resolve_list *list, void *arg)
{
	struct registration *g = arg;

	g->query = NULL;
	g->at = 0;
	g->list.count = 0;
	if (err || !list) {
		registration_next_address(g);
		return;
	}
	g->list = *list;
	keep_address(g);
	registration_begin_exchange(g);
}

static void ask_server(struct registration *g, uint8_t place)
{
	const struct sip_address *s = &g->server[place];
	struct resolve *resolve = g->r->config.resolve;
	struct resolve_list list;
	int err;

	g->place = place;
	err = resolve_try(resolve, str_of(s->host), s->port, s->transport, &list);
	if (err == EAGAIN)
		err = resolve_start(
			resolve, &g->query, str_of(s->host), s->port, s->transport, resolved, g);
	else {
		resolved(err, &list, g);
		return;
	}
	if (err)
		resolved(err, NULL, g);
}

/* The order of the header's first paragraph. */
void registration_next_address(struct registration *g)
{
	bool failover = g->place == SERVER_MAIN && g->server[SERVER_FAILOVER].host;

	registration_let_go(g);
	if (g->leaving || g->returning) {
		registration_give_up(g, REGISTRANT_UNREACHABLE);
	} else if (failover) {
		ask_server(g, SERVER_FAILOVER);
	} else if (++g->at < g->list.count) {
		registration_begin_exchange(g);
	} else {
		g->at = 0;
		registration_give_up(g, REGISTRANT_UNREACHABLE);
	}
}

void registration_begin_round(struct registration *g, bool returning)
{
	registration_let_go(g);
	g->returning = returning;
	g->retry_after = 0;
	g->expires = g->expires_asked;
	ask_server(g, SERVER_MAIN);
}

static void pause_over(void *arg, int64_t now_ms)
{
	struct registration *g = arg;

	if (g->expires_ms)
		guard_expect(g->r->config.guard, &g->flow.peer, now_ms, 2 * EXPECT_AGAIN_MS);
	if (!g->expires_ms || now_ms >= g->refresh_ms || g->failures)
		registration_begin_round(g, false);
	else if (!g->first_choice)
		registration_begin_round(g, true);
	else
		registration_rest(g);
}
