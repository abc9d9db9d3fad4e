/* Server transactions: RFC 3261 17.2 with the Accepted state of RFC 6026.
 *
 *   INVITE       Proceeding -> Accepted (2xx)                        -> L -> end
 *                           -> Completed (300-699) -> Confirmed (ACK) -> I -> end
 *                                                  -> H, no ACK            -> end
 *   non-INVITE   Trying -> Proceeding (1xx) -> Completed (200-699)    -> J -> end
 *                64*T1, no answer: end (RFC 4320) */
#include <errno.h>

#include "core/mem.h"
#include "sip/txn_impl.h"

#define UNANSWERED(st) ((st)->state == TXN_TRYING || (st)->state == TXN_PROCEEDING)

/* RFC 3261 17.2.3. ACK and CANCEL have the key of their INVITE. */
static uint64_t server_hash(const struct txn_layer *layer, const struct sip_msg *m)
{
	bool invite = m->method == SIP_INVITE || m->method == SIP_ACK || m->method == SIP_CANCEL;
	uint16_t port = m->via.port;
	struct txn_key k;

	txn_key_init(&k, &layer->servers);
	txn_key_add(&k, invite ? str_lit("INVITE") : m->method_name);
	txn_key_add(&k, m->via.branch);
	txn_key_add(&k, m->via.host);
	txn_key_add(&k, (struct str){(const char *)&port, sizeof(port)});
	if (!sip_via_is_rfc3261(&m->via)) {
		/* RFC 2543: the branch is not unique, the rest has to tell. The To tag is left
		 * out, which only the ACK and later requests have: the CSeq number tells those. */
		txn_key_add(&k, m->ruri.all);
		txn_key_add(&k, m->from.tag);
		txn_key_add(&k, m->call_id);
	}
	return txn_key_hash(&k);
}

/* A client that changes the CSeq number but forgets to change the branch means a new request. */
static struct txn_server *server_find(const struct txn_layer *layer, uint64_t hash, uint32_t cseq)
{
	struct hash_link *link = hash_first(&layer->servers, hash);

	for (; link; link = hash_next(link)) {
		struct txn_server *st = HASH_OBJECT(link, struct txn_server, link);

		if (st->cseq == cseq)
			return st;
	}
	return NULL;
}

bool txn_knows(const struct txn_layer *layer, const struct sip_msg *m)
{
	return server_find(layer, server_hash(layer, m), m->cseq) != NULL;
}

int txn_server_free(struct hash_link *link, void *arg)
{
	struct txn_server *st = HASH_OBJECT(link, struct txn_server, link);

	(void)arg;
	wheel_cancel(st->layer->wheel, &st->timer);
	hash_remove(&st->layer->servers, &st->link);
	st->layer->stats.servers--;
	mem_free(st->response);
	mem_free(st);
	return 0;
}

static void server_tell(struct txn_server *st, enum txn_event ev)
{
	if (st->h)
		st->h(st, ev, st->arg);
}

/* Only from the loop: timers and input. */
static void server_end(struct txn_server *st)
{
	st->state = TXN_ENDING;
	server_tell(st, TXN_TERMINATED);
	txn_server_free(&st->link, NULL);
}

static void server_timer(struct txn_server *st, int64_t now_ms, int64_t in_ms)
{
	wheel_set(st->layer->wheel, &st->timer, now_ms + in_ms);
}

/* The user may be in the middle of something: it learns of the end in the next turn. */
static void server_end_later(struct txn_server *st, int64_t now_ms)
{
	st->state = TXN_ENDING;
	server_timer(st, now_ms, 0);
}

static int64_t server_64_t1(const struct txn_server *st)
{
	return 64 * st->layer->cfg.t1_ms;
}

static void server_repeat(struct txn_server *st)
{
	if (!st->response)
		return;
	st->layer->stats.retransmissions_out++;
	if (net_send(st->layer->net, &st->reply_to, st->response, st->response_len))
		st->failed = true;
}

/* Timer G with H behind it: a non-2xx final response to an INVITE waits for its ACK. */
static void server_wait_ack(struct txn_server *st, int64_t now_ms)
{
	int64_t left = st->deadline_ms - now_ms;

	server_timer(st, now_ms, st->response && st->interval_ms < left ? st->interval_ms : left);
}

static void server_fail(struct txn_server *st)
{
	st->layer->stats.transport_errors++;
	server_tell(st, TXN_TRANSPORT);
	server_end(st);
}

static void server_on_timer(void *arg, int64_t now_ms)
{
	struct txn_server *st = arg;
	const struct txn_config *cfg = &st->layer->cfg;

	if (st->state == TXN_ENDING && st->failed) {
		server_fail(st);
	} else if (UNANSWERED(st) ||
		   (st->invite && st->state == TXN_COMPLETED && now_ms >= st->deadline_ms)) {
		st->layer->stats.timeouts++;
		server_tell(st, TXN_TIMEOUT);
		server_end(st);
	} else if (st->invite && st->state == TXN_COMPLETED) {
		server_repeat(st);
		if (st->failed) {
			server_fail(st);
			return;
		}
		st->interval_ms = st->interval_ms < cfg->t2_ms / 2 ? 2 * st->interval_ms
								   : (uint32_t)cfg->t2_ms;
		server_wait_ack(st, now_ms);
	} else {
		server_end(st);
	}
}

static struct txn_server *server_new(struct txn_layer *layer, uint64_t hash,
	const struct sip_msg *m, const struct flow *from, int64_t now_ms)
{
	struct txn_server *st;

	if (layer->stats.servers + layer->stats.clients >= layer->cfg.transactions_max)
		return NULL;
	st = mem_zalloc(1, sizeof(*st));
	if (!st)
		return NULL;
	st->layer = layer;
	st->invite = m->method == SIP_INVITE;
	st->state = st->invite ? TXN_PROCEEDING : TXN_TRYING;
	st->cseq = m->cseq;
	flow_reply_to(&st->reply_to, from, m->via.port, m->via.has_rport);
	wheel_timer_init(&st->timer, server_on_timer, st);
	hash_insert(&layer->servers, &st->link, hash);
	layer->stats.servers++;
	if (!st->invite) /* then its client gives up, and an answer is of no use (RFC 4320) */
		server_timer(st, now_ms, server_64_t1(st));
	return st;
}

static void reply_simple(struct txn_layer *layer, const struct sip_msg *m, const struct flow *from,
	unsigned code, struct str reason, struct str extra)
{
	struct sip_reply r = {.code = code, .reason = reason, .extra = extra};

	/* Not heard is as good as lost: the other side asks again. */
	(void)txn_reply_stateless(layer, m, from, &r, 0);
}

static bool same_host(const union net_addr *a, const union net_addr *b)
{
	uint8_t x[16], y[16];

	net_addr_octets(a, x);
	net_addr_octets(b, y);
	return memcmp(x, y, sizeof(x)) == 0;
}

/* Whoever knows the branch from elsewhere must not end a call: the address has to be the one that
 * the INVITE came from. */
static void input_cancel(struct txn_layer *layer, struct txn_server *st, const struct sip_msg *m,
	const struct flow *from)
{
	if (!st || !same_host(&st->reply_to.peer, &from->peer)) {
		reply_simple(layer, m, from, 481, str_lit("Call/Transaction Does Not Exist"),
			str_lit(""));
		return;
	}
	reply_simple(layer, m, from, 200, str_lit("OK"), str_lit(""));
	if (st->state != TXN_PROCEEDING || st->cancelled)
		return;
	st->cancelled = true;
	layer->h.cancel_h(st, m, from, layer->arg);
}

static void input_ack(struct txn_layer *layer, struct txn_server *st, const struct sip_msg *m,
	const struct flow *from, int64_t now_ms)
{
	if (!st || st->state == TXN_ACCEPTED) {
		layer->h.ack_h(m, from, layer->arg);
		return;
	}
	if (st->state != TXN_COMPLETED)
		return;
	st->state = TXN_CONFIRMED;
	mem_free(st->response);
	st->response = NULL;
	if (flow_is_stream(&st->reply_to))
		server_end(st); /* timer I is 0 */
	else
		server_timer(st, now_ms, layer->cfg.t4_ms);
}

void txn_server_input(
	struct txn_layer *layer, const struct sip_msg *m, const struct flow *from, int64_t now_ms)
{
	uint64_t hash = server_hash(layer, m);
	struct txn_server *st = server_find(layer, hash, m->cseq);

	if (m->method == SIP_ACK) {
		input_ack(layer, st, m, from, now_ms);
		return;
	}
	if (m->method == SIP_CANCEL) {
		input_cancel(layer, st, m, from);
		return;
	}
	if (st) {
		layer->stats.retransmissions_in++;
		server_repeat(st);
		if (st->failed && st->state != TXN_ENDING)
			server_fail(st);
		return;
	}
	st = server_new(layer, hash, m, from, now_ms);
	if (!st) {
		layer->stats.refused++;
		reply_simple(layer, m, from, 503, str_lit("Service Unavailable"),
			str_lit("Retry-After: 10\r\n"));
		return;
	}
	layer->stats.requests++;
	layer->h.request_h(st, m, from, layer->arg);
}

void txn_server_listen(struct txn_server *st, txn_server_h *h, void *arg)
{
	st->h = h;
	st->arg = arg;
}

void txn_server_drop(struct txn_server *st, int64_t now_ms)
{
	st->h = NULL;
	if (UNANSWERED(st))
		server_end_later(st, now_ms);
}

/* Kept for UDP only: a stream repeats nothing. Without memory a retransmission of the request
 * goes unanswered, which its sender takes for a loss. */
static void server_keep(struct txn_server *st, const char *buf, size_t len)
{
	mem_free(st->response);
	st->response = flow_is_stream(&st->reply_to) ? NULL : mem_alloc(len);
	if (st->response)
		memcpy(st->response, buf, len);
	st->response_len = (uint32_t)len;
}

static void server_answered(
	struct txn_server *st, unsigned status, const char *buf, size_t len, int64_t now_ms)
{
	if (status < 200) {
		st->state = TXN_PROCEEDING;
		server_keep(st, buf, len);
	} else if (st->invite && status < 300) {
		st->state = TXN_ACCEPTED;
		mem_free(st->response);
		st->response = NULL;
		server_timer(st, now_ms, server_64_t1(st)); /* L */
	} else if (st->invite) {
		st->state = TXN_COMPLETED;
		server_keep(st, buf, len);
		st->interval_ms = (uint32_t)st->layer->cfg.t1_ms;
		st->deadline_ms = now_ms + server_64_t1(st);
		server_wait_ack(st, now_ms);
	} else {
		st->state = TXN_COMPLETED;
		server_keep(st, buf, len);
		server_timer(st, now_ms, flow_is_stream(&st->reply_to) ? 0 : server_64_t1(st));
	}
}

int txn_server_reply(
	struct txn_server *st, unsigned status, const char *buf, size_t len, int64_t now_ms)
{
	bool again = st->state == TXN_ACCEPTED && status >= 200 && status < 300;
	int err;

	if (!UNANSWERED(st) && !again)
		return EALREADY;
	err = net_send(st->layer->net, &st->reply_to, buf, len);
	if (again)
		return err;
	if (err) {
		st->failed = true;
		server_end_later(st, now_ms);
		return err;
	}
	server_answered(st, status, buf, len, now_ms);
	return 0;
}
