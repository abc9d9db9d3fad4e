#include "sip/registrar.h"

#include <errno.h>
#include <stdlib.h>

#include "core/log.h"
#include "sip/register_request.h"

enum { EXPIRES_MIN = 60, EXPIRES_DEFAULT = 3600, EXPIRES_MAX = 7200, BINDINGS_DEFAULT = 10 };

struct registrar {
	struct register_limits limits;
	struct cidr_list private_targets;
	unsigned bindings_max;
	struct auth *auth;
	struct binding_store *store;
	struct registrar_stats stats;
	struct register_request request; /* too big for the stack of a loop that goes deep */
	char plain[SIP_STREAM_MAX]; /* a challenge without its challenge, to see how long it is */
};

static struct log_kind log_refused = LOG_KIND("register_refused", LOG_LEVEL_INFO);

int registrar_new(struct registrar **rp, const struct registrar_config *cfg, struct auth *auth,
	struct binding_store *store)
{
	static const struct registrar_config defaults;
	struct registrar *r = calloc(1, sizeof(*r));

	if (!r)
		return ENOMEM;
	if (!cfg)
		cfg = &defaults;
	r->private_targets = cfg->private_targets;
	r->limits.private_targets = &r->private_targets;
	r->limits.expires_min = cfg->expires_min ? cfg->expires_min : EXPIRES_MIN;
	r->limits.expires_default = cfg->expires_default ? cfg->expires_default : EXPIRES_DEFAULT;
	r->limits.expires_max = cfg->expires_max ? cfg->expires_max : EXPIRES_MAX;
	r->bindings_max = cfg->bindings_max ? cfg->bindings_max : BINDINGS_DEFAULT;
	if (r->bindings_max > BINDINGS_MAX)
		r->bindings_max = BINDINGS_MAX;
	r->auth = auth;
	r->store = store;
	*rp = r;
	return 0;
}

void registrar_free(struct registrar *r)
{
	free(r);
}

static void answer(struct registrar_answer *a, unsigned code, struct str reason)
{
	a->code = code;
	a->reason = reason;
	a->extra_len = 0;
}

/* How many octets are left for challenges when the whole response may have `max` (0: any). The To tag
 * that txn_reply_stateless() makes is counted in. */
static size_t challenge_room(struct registrar *r, const struct sip_msg *m, const struct flow *from,
	const struct registrar_answer *a, size_t max)
{
	char ip[FLOW_IP_TEXT_MAX];
	struct sip_reply plain = registrar_reply(a);
	size_t len;

	if (!max)
		return SIZE_MAX;
	plain.source_ip = net_addr_ip(&from->peer, ip);
	plain.source_port = net_addr_port(&from->peer);
	plain.to_tag = str_lit("0123456789abcdef");
	if (sip_reply_write(m, &plain, r->plain, sizeof(r->plain), &len) || len > max)
		return 0;
	return max - len;
}

/* What auth says when it is not AUTH_PROVED. */
static void unproved(struct registrar *r, const struct sip_msg *m, const struct flow *from,
	enum auth_verdict v, size_t reply_max, int64_t now_ms, struct registrar_answer *a)
{
	struct sip_build extra;
	uint8_t source[16];

	if (v == AUTH_SILENT) {
		answer(a, 0, str_lit(""));
		return;
	}
	if (v == AUTH_REFUSED) {
		answer(a, 403, str_lit("Forbidden"));
		return;
	}
	if (v == AUTH_MALFORMED) {
		answer(a, 400, str_lit("Bad Credentials"));
		return;
	}
	answer(a, 401, str_lit("Unauthorized"));
	net_addr_octets(&from->peer, source);
	sip_build_init(&extra, a->extra, sizeof(a->extra));
	auth_challenge(
		r->auth, m, source, v, challenge_room(r, m, from, a, reply_max), now_ms, &extra);
	a->extra_len = extra.len;
}

bool registrar_front(struct registrar *r, const struct cfg *cfg, const struct sip_msg *m,
	const struct flow *from, size_t reply_max, int64_t now_ms, struct registrar_answer *a)
{
	enum auth_verdict v;
	uint8_t source[16];

	net_addr_octets(&from->peer, source);
	v = auth_front(r->auth, cfg, m, source, now_ms);
	if (v == AUTH_PROVED)
		return false;
	unproved(r, m, from, v, reply_max, now_ms, a);
	return true;
}

/* RFC 3261 10.3 step 5, with the one address of record that these credentials have. */
static bool to_is_account(const struct sip_msg *m, const struct cfg_sip_account *acc)
{
	char user[256];
	size_t len;

	if (sip_unescape(user, sizeof(user), m->to.uri.user, &len))
		return false;
	return str_eq((struct str){user, len}, str_of(acc->username));
}

static unsigned account_refusal(
	const struct sip_msg *m, const struct cfg_sip_account *acc, struct str *reason)
{
	if (m->to.uri.scheme != SIP_SCHEME_SIP && m->to.uri.scheme != SIP_SCHEME_SIPS) {
		*reason = (struct str)STR("To Is No sip URI");
		return 400;
	}
	if (!to_is_account(m, acc)) {
		*reason = (struct str)STR("To Is Not Your Account");
		return 403;
	}
	if (!acc->trunk->enabled || !acc->trunk->account->enabled) {
		*reason = (struct str)STR("Trunk Disabled");
		return 403;
	}
	return 0;
}

static unsigned update_refusal(int err, struct str *reason)
{
	switch (err) {
	case 0:
		return 0;
	case ESTALE:
		*reason = (struct str)STR("CSeq Out Of Order");
		return 400;
	case EUSERS:
		*reason = (struct str)STR("Too Many Bindings");
		return 403;
	default:
		*reason = (struct str)STR("Service Unavailable");
		return 503;
	}
}

static void refused(struct registrar *r, const struct register_request *q, unsigned code,
	struct str reason, struct registrar_answer *a)
{
	struct sip_build extra;

	answer(a, code, reason);
	sip_build_init(&extra, a->extra, sizeof(a->extra));
	if (code == 423) {
		sip_build_lit(&extra, "Min-Expires: ");
		sip_build_u32(&extra, r->limits.expires_min);
		sip_build_lit(&extra, "\r\n");
	} else if (code == 420) {
		sip_build_header(&extra, str_lit("Unsupported"),
			(struct str){q->unsupported, q->unsupported_len});
	} else if (code == 421) {
		sip_build_lit(&extra, "Require: gin\r\n");
	} else if (code == 503) {
		sip_build_lit(&extra, "Retry-After: 5\r\n");
	}
	a->extra_len = extra.len;
}

struct listing {
	struct sip_build extra;
	int64_t now_ms;
};

static int list_h(const struct binding *b, void *arg)
{
	struct listing *l = arg;
	char q[8] = {';', 'q', '=', '0', '.', (char)('0' + b->q / 100),
		(char)('0' + b->q / 10 % 10), (char)('0' + b->q % 10)};

	sip_build_lit(&l->extra, "Contact: <");
	sip_build_str(&l->extra, str_of(b->contact));
	sip_build_lit(&l->extra, ">;expires=");
	sip_build_u32(&l->extra, (uint32_t)((b->expires_ms - l->now_ms + 999) / 1000));
	if (b->q < 1000)
		sip_build_str(&l->extra, (struct str){q, sizeof(q)});
	sip_build_lit(&l->extra, "\r\n");
	return 0;
}

static void accepted(struct registrar *r, const struct register_request *q,
	const struct cfg_sip_account *acc, int64_t now_ms, struct registrar_answer *a)
{
	struct listing l = {.now_ms = now_ms};

	answer(a, 200, str_lit("OK"));
	sip_build_init(&l.extra, a->extra, sizeof(a->extra));
	(void)binding_each(r->store, &acc->id, list_h, &l);
	if (q->path_len)
		sip_build_header(&l.extra, str_lit("Path"), (struct str){q->path, q->path_len});
	a->extra_len = l.extra.len;
	if (binding_count(r->store, &acc->id))
		r->stats.registered++;
	else
		r->stats.unregistered++;
}

static unsigned update(struct registrar *r, const struct sip_msg *m, const struct flow *from,
	const struct cfg_sip_account *acc, int64_t now_ms, int64_t wall_ms, struct str *reason)
{
	const struct register_request *q = &r->request;
	struct binding_update u = {
		.account = acc,
		.source = &from->peer,
		.call_id = m->call_id,
		.cseq = m->cseq,
		.path = {q->path, q->path_len},
		.user_agent = {q->user_agent, q->user_agent_len},
		.max = r->bindings_max,
		.star = m->contact_star,
		.count = q->count,
		.contact = q->contact,
	};

	return update_refusal(binding_update(r->store, &u, now_ms, wall_ms), reason);
}

void registrar_request(struct registrar *r, const struct cfg *cfg, const struct sip_msg *m,
	const struct flow *from, int64_t now_ms, int64_t wall_ms, struct registrar_answer *a)
{
	const struct cfg_sip_account *acc;
	char ip[FLOW_IP_TEXT_MAX];
	enum auth_verdict v;
	uint8_t source[16];
	struct str reason;
	unsigned code;

	net_addr_octets(&from->peer, source);
	v = auth_check(r->auth, cfg, m, source, now_ms, &acc);
	if (v != AUTH_PROVED) {
		unproved(r, m, from, v, 0, now_ms, a);
		return;
	}
	code = account_refusal(m, acc, &reason);
	if (!code)
		code = register_request_read(&r->request, m, from, &r->limits, &reason);
	if (!code)
		code = update(r, m, from, acc, now_ms, wall_ms, &reason);
	if (!code) {
		accepted(r, &r->request, acc, now_ms, a);
		return;
	}
	refused(r, &r->request, code, reason, a);
	r->stats.refused++;
	log_limited(&log_refused, "%s from %s: %u %.*s", acc->username,
		net_addr_ip(&from->peer, ip).p, code, (int)reason.len, reason.p);
}

struct sip_reply registrar_reply(const struct registrar_answer *a)
{
	return (struct sip_reply){
		.code = a->code,
		.reason = a->reason,
		.extra = {a->extra, a->extra_len},
	};
}

const struct registrar_stats *registrar_stats(const struct registrar *r)
{
	return &r->stats;
}
