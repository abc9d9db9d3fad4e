#include <stdio.h>

#include "sip/guard.h"
#include "sip/net.h"
#include "sip/registration_impl.h"

enum {
	BRANCH_TEXT_MAX = 40,
	EXPECT_MS = 40000, /* Timer F, and a little */
};

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
		(unsigned long long)registrant_random(g->r));
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

/* To the address whose turn it is; over TLS it must be the registrar by name. */
static int flow_of(const struct registration *g, struct flow *to)
{
	const struct resolve_target *at = &g->list.item[g->at];
	int err = net_flow_to(g->r->config.net, (enum transport)at->transport, &at->addr, to);

	if (!err)
		net_set_name(g->r->config.net, to, str_of(g->server[g->place].host));
	return err;
}

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
	err = txn_client_new(&g->ct, c->txn, &to, SIP_REGISTER, m.branch, text, b.len,
		registration_client_h, g, registration_now(g));
	if (!err)
		guard_expect(c->guard, &to.peer, registration_now(g), EXPECT_MS);
	return err;
}

void registration_send(struct registration *g)
{
	if (try_send(g)) {
		registration_unanswered(g);
		return;
	}
	g->r->stats.sent++;
	g->answer.h = registration_no_answer;
	wheel_set(g->r->config.wheel, &g->answer, registration_now(g) + g->failover_ms);
}

/* How long what we asked for lasts by this 2xx, of the server at *to. */
int registration_lasts(
	struct registration *g, const struct sip_msg *m, struct flow *to, uint32_t *seconds)
{
	struct register_message sent;
	struct request_texts x;
	int err = flow_of(g, to);

	if (!err)
		err = fill(g, to, &x, &sent);
	if (!err)
		*seconds = register_message_expires(m, &sent);
	return err;
}
