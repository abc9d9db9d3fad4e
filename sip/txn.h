/*
 * Transactions: the four state machines of RFC 3261 section 17 as corrected by RFC 6026, and
 * Timer C of section 16.6. Look-ups go through one hash keyed by SipHash with a random key, timers
 * through the wheel; a transaction keeps only the octets that its state may still have to send.
 *
 * What the layer does by itself: absorbs retransmissions of requests and repeats the last
 * response, retransmits requests over UDP, writes the ACK of a non-2xx response and the CANCEL of a
 * pending INVITE, answers CANCEL (200, or 481 without its INVITE) without a transaction of its own,
 * and answers 503 when it has no memory or is at its limit. What it never does: make up a
 * 100 Trying, or retransmit a 2xx (a proxy forwards those as they come).
 *
 * A handler may call anything here, also on the transaction that it is called for. Every
 * transaction tells its user TXN_TERMINATED exactly once, as the last thing, from the loop (timers
 * or txn_input()), never from inside a call of its user; afterwards the pointer is dead.
 */
#ifndef SIP_TXN_H
#define SIP_TXN_H

#include <stddef.h>
#include <stdint.h>

#include "sip/flow.h"
#include "sip/method.h"

struct net;
struct wheel;
struct sip_msg;
struct sip_reply;
struct txn_layer;
struct txn_server;
struct txn_client;

enum txn_event {
	TXN_RESPONSE, /* client: m is the response, from its source; every 1xx, the first final
			response, and every 2xx to an INVITE while it is Accepted */
	TXN_TIMEOUT, /* client: timer B or F, or no final response within 64*T1 of a CANCEL;
			server: timer H, no ACK came; or the user did not answer a non-INVITE
			within 64*T1, when its client gives up (RFC 4320) */
	TXN_TRANSPORT, /* client: the request did not get there; server: the reply did not */
	TXN_TIMER_C, /* INVITE client: nothing but 1xx for that long. The transaction goes on: cancel
			it, or give it up. Told again each timer_c_ms */
	TXN_TERMINATED,
};

/* m and from are set for TXN_RESPONSE only; from also names the connection. */
typedef void txn_client_h(struct txn_client *ct, enum txn_event ev, const struct sip_msg *m,
	const struct flow *from, void *arg);
typedef void txn_server_h(struct txn_server *st, enum txn_event ev, void *arg);

/* arg is that of txn_layer_new(). m and from are valid during the call. */
struct txn_handlers {
	/* A new request other than ACK and CANCEL. The user owes it a final response, or
	 * txn_server_drop(). */
	void (*request_h)(
		struct txn_server *st, const struct sip_msg *m, const struct flow *from, void *arg);
	/* An ACK that belongs to no non-2xx response: that of a 2xx, to be forwarded, or a stray. */
	void (*ack_h)(const struct sip_msg *m, const struct flow *from, void *arg);
	/* The INVITE has no final response yet and is to be cancelled: its 487 is the user's. Called
	 * once an INVITE; the CANCEL is answered already. */
	void (*cancel_h)(struct txn_server *st, const struct sip_msg *cancel,
		const struct flow *from, void *arg);
	/* A response without its client transaction: a late 2xx retransmission, or a stray. */
	void (*response_h)(const struct sip_msg *m, const struct flow *from, void *arg);
};

struct txn_config {
	int64_t t1_ms; /* 0: 500 */
	int64_t t2_ms; /* 0: 4000 */
	int64_t t4_ms; /* 0: 5000 */
	int64_t timer_c_ms; /* 0: 185 s; more than 3 minutes, RFC 3261 16.6 */
	size_t transactions_max; /* 0: 1,000,000; beyond it new requests get 503 */
};

struct txn_stats {
	uint64_t requests, retransmissions_in; /* new ones, absorbed ones */
	uint64_t responses, strays;
	uint64_t
		retransmissions_out; /* of requests and responses, timers and absorbed ones alike */
	uint64_t timeouts, transport_errors, timer_c;
	uint64_t refused; /* 503: memory or limit */
	uint32_t servers, clients; /* now */
};

/* cfg NULL: defaults. 0 or ENOMEM, EIO (no random key). */
int txn_layer_new(struct txn_layer **layer, struct net *net, struct wheel *wheel,
	const struct txn_config *cfg, const struct txn_handlers *handlers, void *arg);
/* Frees all transactions; users of clients are told TXN_TERMINATED, which must start no new one. */
void txn_layer_free(struct txn_layer *layer);
const struct txn_stats *txn_stats(const struct txn_layer *layer);

/* A message that the scanner accepted (verdict OK) and whose source may talk to us. */
void txn_input(
	struct txn_layer *layer, const struct sip_msg *m, const struct flow *from, int64_t now_ms);
/* Is this request one that has a server transaction: a retransmission, an ACK or a CANCEL of it? */
bool txn_knows(const struct txn_layer *layer, const struct sip_msg *m);
/* From net_error_h. */
void txn_net_error(struct txn_layer *layer, const struct flow *peer);

/* A response without a transaction, for floods and for refused messages: nothing is kept. Its To
 * tag (when r->to_tag is empty and the request has none) is a keyed hash of the request, the same
 * for each retransmission (RFC 3261 8.2.7); source_ip and source_port of r are filled in here.
 * len_max: no more octets than this (m->len: no amplification); what is longer is written tightly, and when
 * that is too long, too, EMSGSIZE and nothing is sent. 0: no limit. Other errors: those of sip_reply_write() and net_send(). */
int txn_reply_stateless(struct txn_layer *layer, const struct sip_msg *m, const struct flow *from,
	const struct sip_reply *r, size_t len_max);

/* Server transactions. */

/* The handler that learns of the end; without it nobody does. */
void txn_server_listen(struct txn_server *st, txn_server_h *h, void *arg);
/* Sends a whole response. A 2xx to an INVITE may be sent again while the transaction lives; any
 * other response after a final one: EALREADY. An error of net_send() is returned, and the
 * transaction ends: TXN_TRANSPORT and TXN_TERMINATED come from the loop. */
int txn_server_reply(
	struct txn_server *st, unsigned status, const char *buf, size_t len, int64_t now_ms);
/* Ends it without a response. The handler is not called any more. */
void txn_server_drop(struct txn_server *st, int64_t now_ms);

/* Client transactions. */

/* Sends the request buf, whose topmost Via has this branch. to is copied. An error (of net_send(),
 * ENOMEM) is returned at once, and there is no transaction then. ACK is refused with EINVAL. */
int txn_client_new(struct txn_client **ct, struct txn_layer *layer, const struct flow *to,
	enum sip_method method, struct str branch, const char *buf, size_t len, txn_client_h *h,
	void *arg, int64_t now_ms);
/* Cancels a pending INVITE: the CANCEL goes out with or after the first provisional response (RFC
 * 3261 9.1) with these header lines added (each with CRLF; Reason, RFC 3326). Nothing happens when
 * a final response is there already or comes first. The INVITE still ends with its final response
 * (487, or a 2xx that was faster), or with TXN_TIMEOUT. */
void txn_client_cancel(struct txn_client *ct, struct str lines, int64_t now_ms);
/* The handler is not called any more; the machine goes on to its end by itself (ACK,
 * retransmissions). A 2xx that comes now goes to response_h. */
void txn_client_detach(struct txn_client *ct);
/* Where the request went: with the connection that was used. */
const struct flow *txn_client_flow(const struct txn_client *ct);

#endif
