#include "sip/registration.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/hex.h"
#include "core/siphash.h"
#include "sip/registration_impl.h"

int64_t registration_now(const struct registration *g)
{
	return g->r->config.wheel->now_ms;
}

uint64_t registrant_random(struct registrant *r)
{
	r->made++;
	return siphash(r->key, &r->made, sizeof(r->made));
}

/* Half to one and a half of ms. */
int64_t registration_jitter(struct registration *g, int64_t ms)
{
	return ms / 2 + (int64_t)(registrant_random(g->r) % (uint64_t)(ms + 1));
}

static int copy_address(struct sip_address *to, const struct sip_address *from)
{
	*to = *from;
	if (from->host)
		to->host = strdup(from->host);
	return from->host && !to->host ? ENOMEM : 0;
}

static const struct sip_address *registrar_of(const struct cfg_gateway *gw)
{
	return gw->registration.registrar.host ? &gw->registration.registrar : &gw->address;
}

int registration_new(struct registrant *r, const struct cfg_gateway *gw, struct registration **gp)
{
	const struct cfg_registration *c = &gw->registration;
	struct registration *g = calloc(1, sizeof(*g));

	if (!g)
		return ENOMEM;
	g->r = r;
	g->gateway_id = gw->id;
	g->username = strdup(c->username);
	g->password = strdup(c->password);
	g->expires_asked = g->expires = c->expires_seconds;
	g->failover_ms = c->register_failover_seconds * INT64_C(1000);
	g->failed_as = REGISTRANT_UNREACHABLE;
	wheel_timer_init(&g->answer, registration_no_answer, g);
	wheel_timer_init(&g->expiry, registration_expired, g);
	hex_write(g->call_id, registrant_random(r), REGISTRATION_NAME_LEN);
	hex_write(g->tag, registrant_random(r), REGISTRATION_NAME_LEN);
	if (!g->username || !g->password ||
		copy_address(&g->server[SERVER_MAIN], registrar_of(gw)) ||
		copy_address(&g->server[SERVER_FAILOVER], &c->failover_registrar)) {
		registration_free(g);
		return ENOMEM;
	}
	*gp = g;
	return 0;
}

void registration_let_go(struct registration *g)
{
	wheel_cancel(g->r->config.wheel, &g->answer);
	if (g->query)
		resolve_cancel(g->query);
	g->query = NULL;
	if (g->ct)
		txn_client_detach(g->ct);
	g->ct = NULL;
}

void registration_free(struct registration *g)
{
	registration_let_go(g);
	wheel_cancel(g->r->config.wheel, &g->expiry);
	if (g->password)
		explicit_bzero(g->password, strlen(g->password));
	free(g->password);
	free(g->username);
	free(g->server[SERVER_MAIN].host);
	free(g->server[SERVER_FAILOVER].host);
	free(g);
}

static bool same_address(const struct sip_address *a, const struct sip_address *b)
{
	if (!a->host || !b->host)
		return a->host == b->host;
	return a->port == b->port && a->transport == b->transport && !strcmp(a->host, b->host);
}

bool registration_same(const struct registration *g, const struct cfg_gateway *gw)
{
	const struct cfg_registration *c = &gw->registration;

	return !strcmp(g->username, c->username) && !strcmp(g->password, c->password) &&
	       g->expires_asked == c->expires_seconds &&
	       g->failover_ms == c->register_failover_seconds * INT64_C(1000) &&
	       same_address(&g->server[SERVER_MAIN], registrar_of(gw)) &&
	       same_address(&g->server[SERVER_FAILOVER], &c->failover_registrar);
}

void registration_start(struct registration *g)
{
	registration_set_state(g, REGISTRANT_TRYING);
	registration_begin_round(g, false);
}

void registration_leave(struct registration *g)
{
	registration_let_go(g);
	wheel_cancel(g->r->config.wheel, &g->expiry);
	registration_tell_gone(g);
	g->leaving = true;
	if (!g->expires_ms) {
		registrant_drop(g);
		return;
	}
	g->place = g->used_place;
	g->at = 0;
	g->list.count = 1;
	g->list.item[0].addr = g->flow.peer;
	g->list.item[0].transport = g->flow.transport;
	registration_begin_exchange(g);
}
