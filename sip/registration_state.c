#include "core/clock.h"
#include "core/log.h"
#include "sip/registration_impl.h"

void registration_tell(struct registration *g)
{
	bool registered = g->state == REGISTRANT_REGISTERED;
	unsigned place = registered ? g->used_place : g->place;
	struct registrant_row row = {.gateway_id = g->gateway_id,
		.state = g->state,
		.registrar = &g->server[place],
		.source = registered              ? &g->flow.peer
			  : g->at < g->list.count ? &g->list.item[g->at].addr
						  : NULL,
		.status = g->status,
		.expires_ms = g->expires_ms,
		.since_wall_ms = g->since_wall_ms,
		.checked_wall_ms = g->checked_wall_ms};

	if (g->r->config.event_h && !g->leaving)
		g->r->config.event_h(&row, g->r->config.arg);
}

void registration_set_state(struct registration *g, enum registrant_state state)
{
	if (g->state != state || !g->since_wall_ms) {
		log_info("gateway_registration", "%s at %s is %s (%u)", g->username,
			g->server[g->place].host, registrant_state_word(state), g->status);
		/* An answer and the change that it makes have one time. */
		g->since_wall_ms = g->checked_wall_ms && g->checked_ms == registration_now(g)
					   ? g->checked_wall_ms
					   : clock_wall_ms();
	}
	g->state = state;
	registration_tell(g);
}

void registration_tell_gone(struct registration *g)
{
	struct registrant_row row = {.gateway_id = g->gateway_id, .gone = true};

	if (g->r->config.event_h)
		g->r->config.event_h(&row, g->r->config.arg);
}
