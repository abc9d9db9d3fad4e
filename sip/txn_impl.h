/* What the files of the transaction layer share. Not for others. */
#ifndef SIP_TXN_IMPL_H
#define SIP_TXN_IMPL_H

#include "core/hash.h"
#include "core/wheel.h"
#include "sip/net.h"
#include "sip/reply.h"
#include "sip/scan.h"
#include "sip/sip_build.h"
#include "sip/txn.h"

enum txn_state {
	TXN_CALLING, /* INVITE client */
	TXN_TRYING, /* the others */
	TXN_PROCEEDING,
	TXN_COMPLETED,
	TXN_CONFIRMED, /* INVITE server */
	TXN_ACCEPTED, /* INVITE, RFC 6026 */
	TXN_ENDING, /* only TXN_TERMINATED is still to be told */
};

enum { TXN_PEER_BUCKETS = 4096, TXN_SCRATCH = SIP_STREAM_MAX + 1024 };

struct txn_layer {
	struct net *net;
	struct wheel *wheel;
	struct txn_handlers h;
	void *arg;
	struct txn_config cfg;
	struct txn_stats stats;
	struct hash servers;
	struct hash clients;
	/* Client transactions without any response yet, by peer: an ICMP error or a broken
	 * connection must find them without looking at all others. */
	struct txn_client *waiting[TXN_PEER_BUCKETS];
	char scratch[TXN_SCRATCH]; /* messages of the layer's own, while they are sent */
};

/* Text is hashed without being kept: 64 bits under a secret key and, for servers, the CSeq number
 * stand for branch, sent-by and method. Strangers cannot make two of them meet, and by chance it
 * happens once in 10^10 years of full load. */
struct txn_key {
	const struct hash *table;
	size_t n;
	char b[512];
};

struct txn_server {
	struct hash_link link;
	struct wheel_timer timer;
	struct txn_layer *layer;
	txn_server_h *h;
	void *arg;
	char *response; /* UDP: what a retransmission of the request is answered with */
	int64_t deadline_ms; /* timer H */
	struct flow reply_to;
	uint32_t response_len;
	uint32_t cseq;
	uint32_t interval_ms; /* timer G */
	uint8_t state; /* enum txn_state */
	bool invite;
	bool cancelled;
	bool failed; /* a reply could not be sent */
};

struct txn_client {
	struct hash_link link;
	struct wheel_timer timer;
	struct txn_layer *layer;
	txn_client_h *h;
	void *arg;
	struct txn_client *peer_next, **peer_prev; /* peer_prev NULL: not waiting */
	/* The request while it may have to be sent again; of an INVITE, after a provisional
	 * response, only the headers that ACK and CANCEL copy; in Completed the ACK. */
	char *buf;
	char *cancel_lines; /* for a CANCEL that waits for a provisional response */
	int64_t deadline_ms; /* timers B, F, C, D, M, or 64*T1 after a CANCEL */
	struct flow to;
	uint32_t len;
	uint32_t interval_ms; /* timers A, E */
	uint8_t state; /* enum txn_state */
	bool invite;
	bool cancel_wanted;
	bool cancel_sent;
	bool shrunk;
};

void txn_key_init(struct txn_key *k, const struct hash *table);
void txn_key_add(struct txn_key *k, struct str part);
uint64_t txn_key_hash(const struct txn_key *k);

/* m is a request. */
void txn_server_input(
	struct txn_layer *layer, const struct sip_msg *m, const struct flow *from, int64_t now_ms);
/* m is a response. */
void txn_client_input(
	struct txn_layer *layer, const struct sip_msg *m, const struct flow *from, int64_t now_ms);
int txn_server_free(struct hash_link *link, void *arg);
int txn_client_terminate(struct hash_link *link, void *arg);

/* Requests written from an INVITE that was sent (whole, or the stem of one). */

/* The part of it that ACK and CANCEL are made of, itself in the form of an INVITE. */
void txn_write_stem(struct sip_build *b, struct str invite);
/* RFC 3261 17.1.1.3; to is the To value of the response. */
void txn_write_ack(struct sip_build *b, struct str invite, struct str to);
/* RFC 3261 9.1; lines are more header lines, each with its CRLF. */
void txn_write_cancel(struct sip_build *b, struct str invite, struct str lines);
/* Of the topmost Via: 0 or EINVAL. */
int txn_read_branch(struct str invite, struct str *branch);

#endif
