/*
 * One call, seen from both of its ends: the carrier that calls (RFC 3261 sections 13 and 17.1) and the PBX that is called
 * (section 13.3). Both know it by its Call-ID, which carries its place in the table.
 */
#ifndef BENCH_CALL_H
#define BENCH_CALL_H

#include "bench/figures.h"
#include "bench/message.h"
#include "bench/net.h"
#include "bench/options.h"
#include "bench/wheel.h"

enum { T1_MS = 500, T2_MS = 4000, ECHO_MAX = 4096, ROUTE_MAX = 1024, VALUE_MAX = 384 };

enum carrier_state { CARRIER_CALLING, CARRIER_RINGING, CARRIER_TALKING, CARRIER_ENDING };

enum pbx_state { PBX_IDLE, PBX_RINGING, PBX_ANSWERED, PBX_TALKING };

struct load;

struct call {
	struct load *load;
	struct call *next_spare;
	uint32_t slot;
	uint32_t serial; /* 0: no call here */
	uint64_t did;
	/* the carrier's side */
	enum carrier_state carrier;
	struct timer carrier_timer;
	int64_t carrier_wait_ms;
	int64_t carrier_deadline_ms;
	int64_t sent_ns;
	bool rang;
	struct sockaddr_in next_hop;
	size_t target_len;
	size_t to_len;
	size_t route_len;
	/* the PBX's side */
	enum pbx_state pbx;
	unsigned taken_by; /* the PBX that rings or answered */
	bool reached[PBXS];
	int64_t pbx_ns; /* spent between the INVITE's arrival and the answer to it */
	struct timer pbx_timer;
	int64_t pbx_wait_ms;
	int64_t pbx_deadline_ms;
	struct sockaddr_in pbx_peer;
	size_t echo_len;
	/* the dialog as the carrier got it with the 200: Contact's URI, To value, Route header lines */
	char target[VALUE_MAX];
	char to[VALUE_MAX];
	char route[ROUTE_MAX];
	/* the header lines that each answer to the INVITE repeats */
	char echo[ECHO_MAX];
};

struct load {
	struct options options;
	struct figures figures;
	struct wheel wheel;
	struct port carrier;
	struct port pbx[PBXS];
	bool direct; /* no proxy in between */
	uint32_t run; /* tells this run's calls from an earlier one's */
	uint64_t random;
	struct call **calls;
	uint32_t slots;
	uint32_t live;
	uint32_t serials;
	struct call *spare;
	char offer[512];
	char answer[512];
};

/* NULL: no memory. */
struct call *call_new(struct load *load);
void call_free(struct call *call);
/* NULL: not a call of this run, or one that has ended. */
struct call *call_find(struct load *load, struct text call_id);
/* 24 hexadecimal digits. */
void put_identity(struct writer *out, const struct call *call);
void load_free_calls(struct load *load);
/* Counts what a proxy must not send, and shows the first one. */
void load_wrong(struct load *load, const char *why, const struct datagram *datagram);

/* The carrier's side. ENOMEM. */
int carrier_call(struct load *load);
void carrier_datagram(struct load *load, const struct datagram *datagram);

/* The PBXs' side. */
void pbx_datagram(struct load *load, unsigned which, const struct datagram *datagram);

/* Answers a request without a body: status is code and reason. */
void reply_send(const struct datagram *datagram, const struct message *request, const char *status,
	const char *tag);
/* Keeps what the later answers to this INVITE repeat, the top Via filled in by RFC 3581, and where they go. */
void echo_keep(struct call *call, const struct datagram *datagram, const struct message *request);

#endif
