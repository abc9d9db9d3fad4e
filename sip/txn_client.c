/* Client transactions: RFC 3261 17.1 with the Accepted state of RFC 6026, and Timer C.
 *
 *   INVITE       Calling -> Proceeding (1xx) -> Accepted (2xx)       -> M -> end
 *                A, B       C                -> Completed (300-699)  -> D -> end
 *   non-INVITE   Trying -> Proceeding (1xx) -> Completed (200-699)   -> K -> end
 *                E, F      E, F */
#include <errno.h>

#include "core/mem.h"
#include "sip/txn_impl.h"

enum { SHRINK_MS = 2000 };

#define PENDING(ct)                                                                                \
	((ct)->state == TXN_CALLING || (ct)->state == TXN_TRYING || (ct)->state == TXN_PROCEEDING)

static uint64_t client_hash(
	const struct txn_layer *layer, struct str method_name, struct str branch)
{
	struct txn_key k;

	txn_key_init(&k, &layer->clients);
	txn_key_add(&k, method_name);
	txn_key_add(&k, branch);
	return txn_key_hash(&k);
}

static struct txn_client **waiting_bucket(struct txn_layer *layer, const union net_addr *peer)
{
	uint8_t b[18];
	uint16_t port = net_addr_port(peer);

	net_addr_octets(peer, b);
	memcpy(b + 16, &port, sizeof(port));
	return &layer->waiting[hash_key(&layer->clients, b, sizeof(b)) % TXN_PEER_BUCKETS];
}

static void wait_begin(struct txn_client *ct)
{
	struct txn_client **bucket = waiting_bucket(ct->layer, &ct->to.peer);

	ct->peer_next = *bucket;
	ct->peer_prev = bucket;
	if (ct->peer_next)
		ct->peer_next->peer_prev = &ct->peer_next;
	*bucket = ct;
}

static void wait_end(struct txn_client *ct)
{
	if (!ct->peer_prev)
		return;
	*ct->peer_prev = ct->peer_next;
	if (ct->peer_next)
		ct->peer_next->peer_prev = ct->peer_prev;
	ct->peer_prev = NULL;
}

static void client_forget_request(struct txn_client *ct)
{
	mem_free(ct->buf);
	mem_free(ct->cancel_lines);
	ct->buf = NULL;
	ct->cancel_lines = NULL;
	ct->len = 0;
}

static void client_free(struct txn_client *ct)
{
	wheel_cancel(ct->layer->wheel, &ct->timer);
	wait_end(ct);
	hash_remove(&ct->layer->clients, &ct->link);
	ct->layer->stats.clients--;
	client_forget_request(ct);
	mem_free(ct);
}

static void client_tell(struct txn_client *ct, enum txn_event ev)
{
	if (ct->h)
		ct->h(ct, ev, NULL, NULL, ct->arg);
}

/* Only from the loop: timers, input and network errors. */
static void client_end(struct txn_client *ct)
{
	ct->state = TXN_ENDING;
	client_tell(ct, TXN_TERMINATED);
	client_free(ct);
}

int txn_client_terminate(struct hash_link *link, void *arg)
{
	(void)arg;
	client_end(HASH_OBJECT(link, struct txn_client, link));
	return 0;
}

static void client_fail(struct txn_client *ct, enum txn_event why)
{
	struct txn_stats *stats = &ct->layer->stats;

	(*(why == TXN_TIMEOUT ? &stats->timeouts : &stats->transport_errors))++;
	ct->state = TXN_ENDING;
	client_tell(ct, why);
	client_end(ct);
}

static void client_timer(struct txn_client *ct, int64_t at_ms)
{
	wheel_set(ct->layer->wheel, &ct->timer, at_ms);
}

static int client_send(struct txn_client *ct)
{
	return net_send(ct->layer->net, &ct->to, ct->buf, ct->len);
}

static bool client_is_ringing(const struct txn_client *ct)
{
	return ct->invite && ct->state == TXN_PROCEEDING;
}

/* The deadline, or what comes before it: a retransmission (a stream repeats nothing, an INVITE
 * nothing once there is a response), the shrinking of an INVITE. */
static void client_wait(struct txn_client *ct, int64_t now_ms)
{
	int64_t at = ct->deadline_ms;

	if (client_is_ringing(ct))
		at = ct->shrunk ? at : now_ms + SHRINK_MS;
	else if (!flow_is_stream(&ct->to))
		at = now_ms + ct->interval_ms;
	client_timer(ct, at < ct->deadline_ms ? at : ct->deadline_ms);
}

static void client_retransmit(struct txn_client *ct, int64_t now_ms)
{
	int64_t t2 = ct->layer->cfg.t2_ms;
	int64_t next = 2 * (int64_t)ct->interval_ms;

	ct->layer->stats.retransmissions_out++;
	if (client_send(ct)) {
		client_fail(ct, TXN_TRANSPORT);
		return;
	}
	if (!ct->invite && (ct->state == TXN_PROCEEDING || next > t2))
		next = t2;
	ct->interval_ms = (uint32_t)next;
	client_wait(ct, now_ms);
}

static int client_keep(struct txn_client *ct, const char *buf, size_t len)
{
	char *copy = mem_alloc(len);

	if (!copy)
		return ENOMEM;
	memcpy(copy, buf, len);
	mem_free(ct->buf);
	ct->buf = copy;
	ct->len = (uint32_t)len;
	return 0;
}

static struct str client_request(const struct txn_client *ct)
{
	return (struct str){ct->buf, ct->len};
}

/* A call that rings for long: of its INVITE only what ACK and CANCEL copy is kept. Most calls are
 * answered before that is worth its time. */
static void client_shrink(struct txn_client *ct)
{
	struct txn_layer *layer = ct->layer;
	struct sip_build b;

	sip_build_init(&b, layer->scratch, sizeof(layer->scratch));
	txn_write_stem(&b, client_request(ct));
	if (!b.err && b.len < ct->len)
		(void)client_keep(ct, b.p, b.len); /* or it stays as it is */
	ct->shrunk = true;
}

static void client_on_timer(void *arg, int64_t now_ms)
{
	struct txn_client *ct = arg;

	if (!PENDING(ct)) { /* D, K, M */
		client_end(ct);
	} else if (now_ms < ct->deadline_ms && client_is_ringing(ct)) {
		client_shrink(ct);
		client_wait(ct, now_ms);
	} else if (now_ms < ct->deadline_ms) {
		client_retransmit(ct, now_ms);
	} else if (client_is_ringing(ct) && !ct->cancel_sent) {
		ct->layer->stats.timer_c++;
		ct->deadline_ms = now_ms + ct->layer->cfg.timer_c_ms;
		client_wait(ct, now_ms);
		if (ct->h)
			client_tell(ct, TXN_TIMER_C);
		else
			txn_client_cancel(ct, str_lit(""), now_ms);
	} else {
		client_fail(ct, TXN_TIMEOUT);
	}
}

int txn_client_new(struct txn_client **ctp, struct txn_layer *layer, const struct flow *to,
	enum sip_method method, struct str branch, const char *buf, size_t len, txn_client_h *h,
	void *arg, int64_t now_ms)
{
	const char *space = memchr(buf, ' ', len);
	struct txn_client *ct;
	int err;

	if (method == SIP_ACK || str_empty(branch) || !space)
		return EINVAL;
	ct = mem_zalloc(1, sizeof(*ct));
	if (!ct)
		return ENOMEM;
	ct->layer = layer;
	ct->h = h;
	ct->arg = arg;
	ct->to = *to;
	ct->invite = method == SIP_INVITE;
	ct->state = ct->invite ? TXN_CALLING : TXN_TRYING;
	ct->interval_ms = (uint32_t)layer->cfg.t1_ms;
	ct->deadline_ms = now_ms + 64 * layer->cfg.t1_ms;
	wheel_timer_init(&ct->timer, client_on_timer, ct);
	/* Over a stream only an INVITE is looked at again: for its ACK. */
	err = ct->invite || !flow_is_stream(to) ? client_keep(ct, buf, len) : 0;
	if (!err)
		err = net_send(layer->net, &ct->to, buf, len);
	if (err) {
		client_forget_request(ct);
		mem_free(ct);
		return err;
	}
	hash_insert(&layer->clients, &ct->link, client_hash(layer, str_span(buf, space), branch));
	layer->stats.clients++;
	wait_begin(ct);
	client_wait(ct, now_ms);
	if (ctp)
		*ctp = ct;
	return 0;
}

/* RFC 3261 9.1. The CANCEL is a transaction of its own that nobody listens to: the INVITE's end
 * comes with its final response, or with this deadline. */
static void client_send_cancel(struct txn_client *ct, int64_t now_ms)
{
	struct txn_layer *layer = ct->layer;
	struct str branch;
	struct sip_build b;

	ct->cancel_sent = true;
	ct->deadline_ms = now_ms + 64 * layer->cfg.t1_ms;
	client_wait(ct, now_ms);
	sip_build_init(&b, layer->scratch, sizeof(layer->scratch));
	txn_write_cancel(&b, client_request(ct), str_of(ct->cancel_lines));
	if (b.err || txn_read_branch(client_request(ct), &branch))
		return;
	/* When it cannot be sent the deadline ends the INVITE. */
	(void)txn_client_new(
		NULL, layer, &ct->to, SIP_CANCEL, branch, b.p, b.len, NULL, NULL, now_ms);
}

void txn_client_cancel(struct txn_client *ct, struct str lines, int64_t now_ms)
{
	if (!ct->invite || !PENDING(ct) || ct->cancel_wanted)
		return;
	ct->cancel_wanted = true;
	ct->cancel_lines = mem_alloc(lines.len + 1);
	/* Without memory for them the CANCEL goes without: it only loses its reason. */
	if (ct->cancel_lines) {
		memcpy(ct->cancel_lines, lines.p ? lines.p : "", lines.len);
		ct->cancel_lines[lines.len] = '\0';
	}
	if (ct->state == TXN_PROCEEDING)
		client_send_cancel(ct, now_ms);
}

void txn_client_detach(struct txn_client *ct)
{
	ct->h = NULL;
}

const struct flow *txn_client_flow(const struct txn_client *ct)
{
	return &ct->to;
}

static void client_tell_response(
	struct txn_client *ct, const struct sip_msg *m, const struct flow *from)
{
	struct txn_layer *layer = ct->layer;

	if (ct->h)
		ct->h(ct, TXN_RESPONSE, m, from, ct->arg);
	else if (ct->invite && m->status >= 200 && m->status < 300)
		layer->h.response_h(m, from, layer->arg);
}

static void input_provisional(
	struct txn_client *ct, const struct sip_msg *m, const struct flow *from, int64_t now_ms)
{
	bool first = ct->state != TXN_PROCEEDING;

	if (!PENDING(ct))
		return;
	ct->state = TXN_PROCEEDING;
	if (ct->invite && first)
		wait_end(ct);
	/* RFC 3261 16.7 item 2: a 100 does not refresh Timer C. */
	if (ct->invite && !ct->cancel_sent && (first || m->status > 100)) {
		ct->deadline_ms = now_ms + ct->layer->cfg.timer_c_ms;
		client_wait(ct, now_ms);
	}
	if (ct->cancel_wanted && !ct->cancel_sent)
		client_send_cancel(ct, now_ms);
	client_tell_response(ct, m, from);
}

/* RFC 3261 17.1.1.3. Repeated for each retransmission of the response, so it takes the place of
 * the INVITE. */
static void client_ack(struct txn_client *ct, const struct sip_msg *m)
{
	struct sip_build b;

	sip_build_init(&b, ct->layer->scratch, sizeof(ct->layer->scratch));
	txn_write_ack(&b, client_request(ct), sip_msg_get(m, SIP_HDR_TO));
	client_forget_request(ct);
	if (b.err)
		return;
	/* An ACK that was lost is asked for again by the response's retransmission. */
	(void)net_send(ct->layer->net, &ct->to, b.p, b.len);
	if (!flow_is_stream(&ct->to))
		(void)client_keep(ct, b.p, b.len);
}

static void input_invite_refused(
	struct txn_client *ct, const struct sip_msg *m, const struct flow *from, int64_t now_ms)
{
	if (ct->state == TXN_COMPLETED && ct->buf) {
		ct->layer->stats.retransmissions_out++;
		(void)client_send(ct);
	}
	if (!PENDING(ct))
		return;
	client_ack(ct, m);
	ct->state = TXN_COMPLETED;
	wait_end(ct);
	client_timer(ct, now_ms + 64 * ct->layer->cfg.t1_ms); /* D */
	client_tell_response(ct, m, from);
	if (flow_is_stream(&ct->to))
		client_end(ct);
}

static void input_invite_accepted(
	struct txn_client *ct, const struct sip_msg *m, const struct flow *from, int64_t now_ms)
{
	struct txn_layer *layer = ct->layer;

	if (ct->state == TXN_COMPLETED) { /* of another fork: its caller has to end it */
		layer->stats.strays++;
		layer->h.response_h(m, from, layer->arg);
		return;
	}
	if (PENDING(ct)) {
		ct->state = TXN_ACCEPTED;
		wait_end(ct);
		client_forget_request(ct);
		client_timer(ct, now_ms + 64 * layer->cfg.t1_ms); /* M */
	}
	client_tell_response(ct, m, from);
}

static void input_final(
	struct txn_client *ct, const struct sip_msg *m, const struct flow *from, int64_t now_ms)
{
	if (!PENDING(ct))
		return;
	ct->state = TXN_COMPLETED;
	wait_end(ct);
	client_forget_request(ct);
	client_timer(ct, now_ms + ct->layer->cfg.t4_ms); /* K */
	client_tell_response(ct, m, from);
	if (flow_is_stream(&ct->to))
		client_end(ct);
}

void txn_client_input(
	struct txn_layer *layer, const struct sip_msg *m, const struct flow *from, int64_t now_ms)
{
	struct hash_link *link =
		hash_first(&layer->clients, client_hash(layer, m->method_name, m->via.branch));
	struct txn_client *ct = link ? HASH_OBJECT(link, struct txn_client, link) : NULL;

	layer->stats.responses++;
	if (!ct || ct->state == TXN_ENDING) {
		layer->stats.strays++;
		layer->h.response_h(m, from, layer->arg);
	} else if (m->status < 200) {
		input_provisional(ct, m, from, now_ms);
	} else if (!ct->invite) {
		input_final(ct, m, from, now_ms);
	} else if (m->status < 300) {
		input_invite_accepted(ct, m, from, now_ms);
	} else {
		input_invite_refused(ct, m, from, now_ms);
	}
}

static bool concerns(const struct txn_client *ct, const struct flow *peer)
{
	if (ct->to.transport != peer->transport)
		return false;
	return flow_is_stream(peer) ? ct->to.conn == peer->conn
				    : net_addr_eq(&ct->to.peer, &peer->peer);
}

/* Users may start new requests to the same peer while they are told: first all are taken off the
 * list, then told. An INVITE that has a provisional response is not among them: over UDP nothing
 * of it is on its way, and over TCP its response may come on another connection (18.2.2). */
void txn_net_error(struct txn_layer *layer, const struct flow *peer)
{
	struct txn_client *ct, *next, *failed = NULL;

	for (ct = *waiting_bucket(layer, &peer->peer); ct; ct = next) {
		next = ct->peer_next;
		if (!concerns(ct, peer))
			continue;
		wait_end(ct);
		wheel_cancel(layer->wheel, &ct->timer);
		ct->state = TXN_ENDING;
		ct->peer_next = failed;
		failed = ct;
	}
	for (; failed; failed = next) {
		next = failed->peer_next;
		client_fail(failed, TXN_TRANSPORT);
	}
}
