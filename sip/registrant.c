#include "sip/registrant.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "sip/registration.h"

enum { PATIENCE_MS = 2000 };

const char *registrant_state_word(enum registrant_state s)
{
	static const char *const word[REGISTRANT_STATE_COUNT] = {
		"trying", "registered", "refused", "unreachable"};

	return (unsigned)s < REGISTRANT_STATE_COUNT ? word[s] : "";
}

int registrant_new(struct registrant **rp, const struct registrant_config *config)
{
	struct registrant *r = calloc(1, sizeof(*r));

	if (!r)
		return ENOMEM;
	r->config = *config;
	if (getrandom(r->key, sizeof(r->key), 0) != (ssize_t)sizeof(r->key)) {
		free(r);
		return EIO;
	}
	*rp = r;
	return 0;
}

void registrant_free(struct registrant *r)
{
	if (!r)
		return;
	wheel_cancel(r->config.wheel, &r->patience);
	while (r->list) {
		struct registration *g = r->list;

		r->list = g->next;
		registration_free(g);
	}
	free(r);
}

static void closed(struct registrant *r)
{
	registrant_done_h *h = r->done_h;

	wheel_cancel(r->config.wheel, &r->patience);
	r->done_h = NULL;
	if (h)
		h(r->done_arg);
}

void registrant_drop(struct registration *g)
{
	struct registrant *r = g->r;
	struct registration **at = &r->list;

	while (*at != g)
		at = &(*at)->next;
	*at = g->next;
	registration_free(g);
	if (r->closing && !r->list)
		closed(r);
}

static struct registration *find(struct registrant *r, const struct cfg_gateway *gw)
{
	struct registration *g = r->list;

	while (g && (g->leaving || memcmp(&g->gateway_id, &gw->id, sizeof(gw->id)) != 0))
		g = g->next;
	return g;
}

static int want(const struct cfg_gateway *gw, void *arg)
{
	struct registrant *r = arg;
	struct registration *g;

	if (!gw->enabled || !gw->registration.username)
		return 0;
	g = find(r, gw);
	if (g && registration_same(g, gw)) {
		g->generation = r->generation;
		return 0;
	}
	/* One that registers otherwise now leaves first, as it was: see registrant_reload(). Without memory
	 * the next change of the configuration tries again. */
	if (registration_new(r, gw, &g))
		return 0;
	g->generation = r->generation;
	g->next = r->list;
	r->list = g;
	registration_start(g);
	return 0;
}

void registrant_reload(struct registrant *r, const struct cfg *cfg)
{
	struct registration *g, *next;

	if (r->closing)
		return;
	if (++r->generation == 0)
		r->generation = 1;
	cfg_each_gateway(cfg, want, r);
	for (g = r->list; g; g = next) {
		next = g->next;
		if (!g->leaving && g->generation != r->generation)
			registration_leave(g);
	}
}

static void out_of_patience(void *arg, int64_t now_ms)
{
	(void)now_ms;
	closed(arg);
}

void registrant_leave(struct registrant *r, registrant_done_h *done_h, void *arg)
{
	struct registration *g, *next;

	r->closing = true;
	r->done_h = done_h;
	r->done_arg = arg;
	wheel_timer_init(&r->patience, out_of_patience, r);
	wheel_set(r->config.wheel, &r->patience, r->config.wheel->now_ms + PATIENCE_MS);
	if (!r->list) {
		closed(r);
		return;
	}
	for (g = r->list; g; g = next) {
		next = g->next;
		if (!g->leaving)
			registration_leave(g);
	}
}

const struct uuid *registrant_gateway(const struct registrant *r, const uint8_t addr[16])
{
	uint8_t octets[16];

	for (const struct registration *g = r->list; g; g = g->next) {
		if (!g->expires_ms || g->leaving)
			continue;
		net_addr_octets(&g->flow.peer, octets);
		if (!memcmp(octets, addr, sizeof(octets)))
			return &g->gateway_id;
	}
	return NULL;
}

void registrant_stats(const struct registrant *r, struct registrant_stats *stats)
{
	*stats = r->stats;
	memset(stats->state, 0, sizeof(stats->state));
	for (const struct registration *g = r->list; g; g = g->next)
		if (!g->leaving)
			stats->state[g->state]++;
}
