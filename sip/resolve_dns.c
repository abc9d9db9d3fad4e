/* The side of the resolver that talks to libunbound. Its thread is made when the program starts;
 * questions go to it through a pipe, whose write would block when it is full: so only as many are
 * under way as surely fit, the others queue up here. */
#include <errno.h>
#include <stdio.h>

#include "core/host.h"
#include "core/mem.h"
#include "sip/resolve_impl.h"

enum {
	SENT_MAX = 128, /* of less than 300 octets each, in a pipe of 64 kB */
	FRESH_MIN_MS = 1000,
	FRESH_MAX_MS = 3600 * 1000,
};

static void queue_put(struct question *q)
{
	struct resolve *r = q->r;

	q->asking = ASKING_QUEUED;
	q->queue_next = NULL;
	*(r->queue_last ? &r->queue_last->queue_next : &r->queue_first) = q;
	r->queue_last = q;
}

static struct question *queue_get(struct resolve *r)
{
	struct question *q = r->queue_first;

	if (!q)
		return NULL;
	r->queue_first = q->queue_next;
	if (!r->queue_first)
		r->queue_last = NULL;
	q->asking = ASKING_NOT;
	return q;
}

static int64_t now(const struct question *q)
{
	return loop_now(q->r->loop);
}

static int srv_data(const struct ub_result *res, void **data, unsigned *count)
{
	struct srv *srv = mem_zalloc(SRV_MAX, sizeof(*srv)), one;
	unsigned n = 0, i;

	if (!srv)
		return ENOMEM;
	for (unsigned k = 0; res->data[k]; k++) {
		if (srv_parse(&one, (const uint8_t *)res->data[k], (size_t)res->len[k]))
			continue;
		/* Sorted by priority; what is beyond the last place is the least wanted. */
		for (i = n; i && srv[i - 1].priority > one.priority; i--)
			if (i < SRV_MAX)
				srv[i] = srv[i - 1];
		if (i < SRV_MAX)
			srv[i] = one;
		if (n < SRV_MAX)
			n++;
	}
	*data = srv;
	*count = n;
	return 0;
}

static int addr_data(const struct ub_result *res, uint16_t type, void **data, unsigned *count)
{
	const size_t size = type == DNS_A ? 4 : 16;
	uint8_t(*addr)[16] = mem_zalloc(ADDR_MAX, sizeof(*addr));
	unsigned n = 0;

	if (!addr)
		return ENOMEM;
	for (unsigned k = 0; res->data[k] && n < ADDR_MAX; k++)
		if ((size_t)res->len[k] == size)
			memcpy(addr[n++], res->data[k], size);
	*data = addr;
	*count = n;
	return 0;
}

static void keep(struct question *q, const struct ub_result *res)
{
	int64_t fresh = (int64_t)res->ttl * 1000;
	unsigned count = 0;
	void *data = NULL;
	int err = 0;

	if (res->havedata)
		err = q->type == DNS_SRV ? srv_data(res, &data, &count)
					 : addr_data(res, q->type, &data, &count);
	if (err) {
		question_fail(q, err, now(q));
		return;
	}
	if (fresh < FRESH_MIN_MS)
		fresh = FRESH_MIN_MS;
	if (!count)
		fresh = q->r->cfg.negative_ms;
	else if (fresh > FRESH_MAX_MS)
		fresh = FRESH_MAX_MS;
	question_answer(q, count ? ANSWER_FOUND : ANSWER_ABSENT, data, count, fresh, now(q));
}

static void send_queued(struct resolve *r);

static void settled(struct question *q)
{
	struct resolve *r = q->r;

	q->asking = ASKING_NOT;
	r->sent--;
	wheel_cancel(loop_wheel(r->loop), &q->timer);
	resolve_settled(q);
	send_queued(r);
}

static void on_answer(void *arg, int err, struct ub_result *res)
{
	struct question *q = arg;
	bool said = !err && (res->havedata || res->nxdomain || res->rcode == 0);

	if (said) {
		keep(q, res);
	} else {
		q->r->stats.failed++;
		question_fail(q, EIO, now(q));
	}
	if (res)
		ub_resolve_free(res);
	settled(q);
}

static void on_timeout(void *arg, int64_t now_ms)
{
	struct question *q = arg;

	/* libunbound goes on and finds the answer for its own cache; when we ask again it is
	 * there, or the question joins the one under way. */
	(void)ub_cancel(q->r->ub, q->id);
	q->r->stats.timeouts++;
	question_fail(q, ETIMEDOUT, now_ms);
	settled(q);
}

static int send_question(struct question *q)
{
	struct resolve *r = q->r;

	if (ub_resolve_async(r->ub, q->name, q->type, 1, q, on_answer, &q->id))
		return EIO;
	q->asking = ASKING_SENT;
	r->sent++;
	r->stats.asked++;
	wheel_timer_init(&q->timer, on_timeout, q);
	wheel_set(loop_wheel(r->loop), &q->timer, now(q) + r->cfg.answer_ms);
	return 0;
}

static void send_queued(struct resolve *r)
{
	struct question *q;

	while (r->sent < SENT_MAX && (q = queue_get(r))) {
		if (!send_question(q))
			continue;
		question_fail(q, EIO, now(q));
		resolve_settled(q);
	}
}

void dns_ask(struct question *q)
{
	if (q->asking != ASKING_NOT)
		return;
	if (q->r->sent >= SENT_MAX)
		queue_put(q);
	else if (send_question(q))
		question_fail(q, EIO, now(q));
}

static void on_ready(uint32_t events, void *arg)
{
	struct resolve *r = arg;

	(void)events;
	(void)ub_process(r->ub);
}

/* Its thread is started by the first question. A name that it knows by itself. */
static void on_first(void *arg, int err, struct ub_result *res)
{
	(void)arg, (void)err;
	ub_resolve_free(res);
}

/* "192.0.2.53" or "192.0.2.53@5353": libunbound believes more than that. */
static bool is_server(const char *dns)
{
	size_t len = strcspn(dns, "@");
	union net_addr addr;
	uint16_t port;

	return !net_addr_parse(&addr, (struct str){dns, len}, 0) &&
	       (!dns[len] || !port_parse(dns + len + 1, strlen(dns + len + 1), &port));
}

static int configure(struct ub_ctx *ub, const char *dns)
{
	static const char *const option[][2] = {
		{"module-config:", "iterator"}, /* no DNSSEC validation: forwarders break it */
		{"do-not-query-localhost:", "no"},
		{"use-syslog:", "no"},
		{"rrset-roundrobin:", "no"}, /* they take turns here */
		/* A server that was away is tried again soon. */
		{"infra-host-ttl:", "5"},
		{"infra-keep-probing:", "yes"},
		{"infra-cache-max-rtt:", "1000"},
	};

	for (size_t i = 0; i < sizeof(option) / sizeof(option[0]); i++)
		if (ub_ctx_set_option(ub, option[i][0], option[i][1]))
			return EIO;
	(void)ub_ctx_hosts(ub, NULL); /* a machine without /etc/hosts is fine */
	if (dns)
		return !is_server(dns) || ub_ctx_set_fwd(ub, dns) ? EINVAL : 0;
	(void)ub_ctx_resolvconf(ub, NULL); /* without it the root servers are asked */
	return 0;
}

int dns_open(struct resolve *r)
{
	int err;

	r->ub = ub_ctx_create();
	if (!r->ub)
		return ENOMEM;
	err = configure(r->ub, r->cfg.dns);
	if (err)
		return err;
	if (ub_ctx_async(r->ub, 1) ||
		ub_resolve_async(r->ub, "localhost", DNS_A, 1, NULL, on_first, NULL))
		return EIO;
	return loop_add(r->loop, &r->lf, ub_fd(r->ub), EPOLLIN, on_ready, r);
}

void dns_close(struct resolve *r)
{
	if (r->lf.h)
		loop_del(r->loop, &r->lf);
	if (r->ub)
		ub_ctx_delete(r->ub);
}
