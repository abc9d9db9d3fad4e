#include "sip/registration.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/hex.h"
#include "core/log.h"
#include "core/siphash.h"
#include "sip/guard.h"
#include "sip/net.h"

enum {
	BRANCH_TEXT_MAX = 40,
	EXPECT_MS = 40000, /* Timer F, and a little */
	EXPECT_AGAIN_MS = 1800 * 1000, /* the guard forgets after an hour */
	ANSWERS_MAX =
		3, /* challenges in one exchange: the first, a stale one, and one by another proxy */
	REFUSED_MS = 30000,
	BACKOFF_MS = 1000,
	BACKOFF_MAX_MS = 300 * 1000,
	RETRY_AFTER_MAX = 3600,
	RETURN_FACTOR = 4, /* times register_failover_seconds, between looks at the first choice */
	EXPIRES_MAX = 86400,
};

static struct log_kind log_refused = LOG_KIND("gateway_refuses_registration", LOG_LEVEL_WARN);
static struct log_kind log_unreachable = LOG_KIND("gateway_registrar_silent", LOG_LEVEL_WARN);

static void pause_over(void *arg, int64_t now_ms);
static void no_answer(void *arg, int64_t now_ms);
static void expired(void *arg, int64_t now_ms);
static void next_address(struct registration *g);
static void send_request(struct registration *g);

static int64_t now_of(const struct registration *g)
{
	return g->r->config.wheel->now_ms;
}

static uint64_t random_u64(struct registrant *r)
{
	r->made++;
	return siphash(r->key, &r->made, sizeof(r->made));
}

/* Half to one and a half of ms. */
static int64_t jitter(struct registration *g, int64_t ms)
{
	return ms / 2 + (int64_t)(random_u64(g->r) % (uint64_t)(ms + 1));
}

/* ---- making and freeing -------------------------------------------------------------------- */

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
	wheel_timer_init(&g->answer, no_answer, g);
	wheel_timer_init(&g->expiry, expired, g);
	hex_write(g->call_id, random_u64(r), REGISTRATION_NAME_LEN);
	hex_write(g->tag, random_u64(r), REGISTRATION_NAME_LEN);
	if (!g->username || !g->password ||
		copy_address(&g->server[SERVER_MAIN], registrar_of(gw)) ||
		copy_address(&g->server[SERVER_FAILOVER], &c->failover_registrar)) {
		registration_free(g);
		return ENOMEM;
	}
	*gp = g;
	return 0;
}

static void let_go(struct registration *g)
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
	let_go(g);
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

/* ---- telling ------------------------------------------------------------------------------- */

static void tell(struct registration *g)
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

static void set_state(struct registration *g, enum registrant_state state)
{
	if (g->state != state || !g->since_wall_ms) {
		log_info("gateway_registration", "%s at %s is %s (%u)", g->username,
			g->server[g->place].host, registrant_state_word(state), g->status);
		g->since_wall_ms = clock_wall_ms();
	}
	g->state = state;
	tell(g);
}

static void tell_gone(struct registration *g)
{
	struct registrant_row row = {.gateway_id = g->gateway_id, .gone = true};

	if (g->r->config.event_h)
		g->r->config.event_h(&row, g->r->config.arg);
}

/* ---- the pause between rounds -------------------------------------------------------------- */

static void pause_until(struct registration *g, int64_t at_ms)
{
	g->answer.h = pause_over;
	wheel_set(g->r->config.wheel, &g->answer, at_ms);
}

/* To the next refresh, or to the next look at the first choice, whichever comes first. */
static void rest(struct registration *g)
{
	int64_t now = now_of(g), at = g->refresh_ms;

	if (!g->first_choice && now + g->failover_ms * RETURN_FACTOR < at)
		at = now + jitter(g, g->failover_ms * RETURN_FACTOR);
	if (at > now + EXPECT_AGAIN_MS)
		at = now + EXPECT_AGAIN_MS;
	pause_until(g, at);
}

static void round_failed(struct registration *g, enum registrant_state as)
{
	int64_t now = now_of(g), wait = BACKOFF_MS, left = g->expires_ms - now;
	unsigned doublings = g->failures < 9 ? g->failures : 9;

	g->failures++;
	g->failed_as = as;
	wait <<= doublings;
	if (wait > BACKOFF_MAX_MS)
		wait = BACKOFF_MAX_MS;
	if (as == REGISTRANT_REFUSED && wait < REFUSED_MS)
		wait = REFUSED_MS;
	wait = jitter(g, wait);
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
		tell(g);
	else
		set_state(g, as);
	pause_until(g, now + wait);
}

static void expired(void *arg, int64_t now_ms)
{
	struct registration *g = arg;

	(void)now_ms;
	g->expires_ms = g->refresh_ms = 0;
	set_state(g, g->failures ? g->failed_as : REGISTRANT_UNREACHABLE);
}

/* ---- a round ------------------------------------------------------------------------------- */

static void out_of_addresses(struct registration *g)
{
	if (g->leaving)
		registrant_drop(g);
	else if (g->returning)
		rest(g);
	else
		round_failed(g, REGISTRANT_UNREACHABLE);
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

static void begin_exchange(struct registration *g)
{
	g->answers = 0;
	g->raised = false;
	send_request(g);
}

static void resolved(int err, const struct resolve_list *list, void *arg)
{
	struct registration *g = arg;

	g->query = NULL;
	g->at = 0;
	g->list.count = 0;
	if (err || !list) {
		next_address(g);
		return;
	}
	g->list = *list;
	keep_address(g);
	begin_exchange(g);
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
static void next_address(struct registration *g)
{
	bool failover = g->place == SERVER_MAIN && g->server[SERVER_FAILOVER].host;

	let_go(g);
	if (g->leaving || g->returning) {
		out_of_addresses(g);
	} else if (failover) {
		ask_server(g, SERVER_FAILOVER);
	} else if (++g->at < g->list.count) {
		begin_exchange(g);
	} else {
		g->at = 0;
		out_of_addresses(g);
	}
}

static void begin_round(struct registration *g, bool returning)
{
	let_go(g);
	g->returning = returning;
	g->retry_after = 0;
	g->expires = g->expires_asked;
	ask_server(g, SERVER_MAIN);
}

void registration_start(struct registration *g)
{
	set_state(g, REGISTRANT_TRYING);
	begin_round(g, false);
}

static void pause_over(void *arg, int64_t now_ms)
{
	struct registration *g = arg;

	if (g->expires_ms)
		guard_expect(g->r->config.guard, &g->flow.peer, now_ms, 2 * EXPECT_AGAIN_MS);
	if (!g->expires_ms || now_ms >= g->refresh_ms || g->failures)
		begin_round(g, false);
	else if (!g->first_choice)
		begin_round(g, true);
	else
		rest(g);
}

/* ---- answers ------------------------------------------------------------------------------- */

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

/* What our requests to this server have in common; texts are the caller's. */
struct request_texts {
	char uri[REGISTER_URI_MAX], domain[REGISTER_URI_MAX];
	char branch[BRANCH_TEXT_MAX];
};

static int fill(struct registration *g, const struct flow *to, struct request_texts *x,
	struct register_message *m)
{
	struct sip_build uri, domain;

	sip_build_init(&uri, x->uri, sizeof(x->uri));
	register_message_uri(&uri, &g->server[g->place]);
	/* The account is one of the main registrar's, whichever server is asked. */
	sip_build_init(&domain, x->domain, sizeof(x->domain));
	sip_build_host(&domain, str_of(g->server[SERVER_MAIN].host));
	snprintf(x->branch, sizeof(x->branch), "z9hG4bKrg%016llx",
		(unsigned long long)random_u64(g->r));
	*m = (struct register_message){.uri = sip_build_since(&uri, 0),
		.username = str_of(g->username),
		.domain = sip_build_since(&domain, 0),
		.self = net_advertise(g->r->config.net, to),
		.branch = str_of(x->branch),
		.tag = {g->tag, sizeof(g->tag)},
		.call_id = {g->call_id, sizeof(g->call_id)},
		.expires = g->leaving ? 0 : g->expires};
	return uri.err ? uri.err : domain.err;
}

/* Refresh so early that the whole way round fits in before the end. */
static int64_t refresh_at(struct registration *g, int64_t lasts_ms)
{
	int64_t lead = 30000 + 2 * g->failover_ms;

	if (lead < lasts_ms / 10)
		lead = lasts_ms / 10;
	if (lead > lasts_ms / 2)
		lead = lasts_ms / 2;
	return now_of(g) + lasts_ms - lead - (int64_t)(random_u64(g->r) % (uint64_t)(lead / 4 + 1));
}

/* To the address whose turn it is; over TLS it must be the registrar by name. */
static int flow_of(const struct registration *g, struct flow *to)
{
	const struct resolve_target *at = &g->list.item[g->at];
	int err = net_flow_to(g->r->config.net, (enum transport)at->transport, &at->addr, to);

	if (!err)
		net_set_name(g->r->config.net, to, str_of(g->server[g->place].host));
	return err;
}

static void registered(struct registration *g, const struct sip_msg *m)
{
	struct request_texts x;
	struct register_message sent;
	struct flow to = g->flow;
	uint32_t expires;
	int err = flow_of(g, &to);

	if (!err)
		err = fill(g, &to, &x, &sent);
	expires = err ? 0 : register_message_expires(m, &sent);
	if (expires == 0) {
		round_failed(g, REGISTRANT_REFUSED);
		return;
	}
	if (expires > EXPIRES_MAX)
		expires = EXPIRES_MAX;
	g->flow = to;
	g->used_place = g->place;
	g->first_choice = g->place == SERVER_MAIN && g->at == 0;
	g->failures = 0;
	g->expires_ms = now_of(g) + expires * INT64_C(1000);
	g->refresh_ms = refresh_at(g, expires * INT64_C(1000));
	g->r->stats.accepted++;
	guard_expect(g->r->config.guard, &to.peer, now_of(g), 2 * EXPECT_AGAIN_MS);
	wheel_set(g->r->config.wheel, &g->expiry, g->expires_ms);
	set_state(g, REGISTRANT_REGISTERED);
	rest(g);
}

static void refused(struct registration *g)
{
	g->r->stats.refused++;
	if (g->leaving)
		registrant_drop(g);
	else if (g->returning)
		rest(g);
	else
		round_failed(g, REGISTRANT_REFUSED);
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

static void answered(struct registration *g, const struct sip_msg *m)
{
	uint32_t longest, retry;

	g->status = m->status;
	g->checked_wall_ms = clock_wall_ms();
	let_go(g);
	retry = seconds_of(m, SIP_HDR_RETRY_AFTER, RETRY_AFTER_MAX);
	if (retry > g->retry_after)
		g->retry_after = retry;
	if (m->status < 300 && g->leaving) {
		registrant_drop(g);
	} else if (m->status < 300) {
		registered(g, m);
	} else if (m->status == 401 || m->status == 407) {
		if (answerable(g, m))
			send_request(g);
		else
			refused(g);
	} else if (m->status == 423 && !g->raised && !g->leaving) {
		longest = seconds_of(m, SIP_HDR_MIN_EXPIRES, EXPIRES_MAX);
		g->raised = true;
		if (longest > g->expires) {
			g->expires = longest;
			send_request(g);
		} else {
			refused(g);
		}
	} else if (m->status == 408 || m->status / 100 == 5) {
		next_address(g);
	} else {
		refused(g);
	}
}

static void unanswered(struct registration *g)
{
	g->r->stats.unanswered++;
	g->status = 0;
	g->checked_wall_ms = clock_wall_ms();
	next_address(g);
}

static void no_answer(void *arg, int64_t now_ms)
{
	(void)now_ms;
	unanswered(arg);
}

static void client_h(struct txn_client *ct, enum txn_event ev, const struct sip_msg *m,
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
		unanswered(g);
}

/* ---- sending ------------------------------------------------------------------------------- */

static int write_credentials(
	struct registration *g, struct register_message *m, char *line, size_t size)
{
	struct digest_identity who = {str_of(g->username), str_of(g->password)};
	struct sip_build b;
	int err;

	if (!g->challenged)
		return 0;
	sip_build_init(&b, line, size);
	err = digest_challenge_answer(
		g->r->config.digest, &g->challenge, &who, str_lit("REGISTER"), m->uri, &b);
	m->credentials = sip_build_since(&b, 0);
	return err ? err : b.err;
}

static int try_send(struct registration *g)
{
	const struct registrant_config *c = &g->r->config;
	char text[REGISTER_MESSAGE_MAX], line[1536];
	struct register_message m;
	struct request_texts x;
	struct sip_build b;
	struct flow to;
	int err = flow_of(g, &to);

	if (!err)
		err = fill(g, &to, &x, &m);
	if (!err)
		err = write_credentials(g, &m, line, sizeof(line));
	if (err)
		return err;
	m.cseq = ++g->cseq;
	sip_build_init(&b, text, sizeof(text));
	register_message_write(&b, &m, &to);
	if (b.err)
		return b.err;
	err = txn_client_new(
		&g->ct, c->txn, &to, SIP_REGISTER, m.branch, text, b.len, client_h, g, now_of(g));
	if (!err)
		guard_expect(c->guard, &to.peer, now_of(g), EXPECT_MS);
	return err;
}

static void send_request(struct registration *g)
{
	if (try_send(g)) {
		unanswered(g);
		return;
	}
	g->r->stats.sent++;
	g->answer.h = no_answer;
	wheel_set(g->r->config.wheel, &g->answer, now_of(g) + g->failover_ms);
}

void registration_leave(struct registration *g)
{
	let_go(g);
	wheel_cancel(g->r->config.wheel, &g->expiry);
	tell_gone(g);
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
	begin_exchange(g);
}
