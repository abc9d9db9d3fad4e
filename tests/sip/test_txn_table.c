/* What a full transaction layer costs: look-ups that do not get longer, and octets a call. */
#include "tests/sip/txn_rig.h"
#include "tests/core/suite.h"
#include "tests/fakes/mem.c"
#include "tests/fakes/net.c"

#include "sip/txn_impl.h"

enum { LIVE = 10000 };

static size_t chain_cost(struct hash_link **bucket, size_t from, size_t to)
{
	size_t cost = 0, n;

	for (; from < to; from++) {
		n = 0;
		for (struct hash_link *l = bucket[from]; l; l = l->next)
			cost += ++n;
	}
	return cost;
}

/* Links that are looked at to find each of the table once. */
static size_t probes(const struct hash *h)
{
	return chain_cost(h->bucket, 0, h->size) +
	       (h->old ? chain_cost(h->old, h->moved, h->old_size) : 0);
}

static void fill(unsigned from, unsigned to)
{
	char branch[32], text[2000];

	for (unsigned i = from; i < to; i++) {
		snprintf(branch, sizeof(branch), "z9hG4bK-%u", i);
		rig_request(&(struct rig_request){.method = "OPTIONS", .branch = branch});
		snprintf(text, sizeof(text), "OPTIONS sip:a SIP/2.0\r\nVia: x;branch=%s\r\n\r\n",
			branch);
		ck_assert_int_eq(rig_send(NULL, SIP_OPTIONS, branch, text), 0);
		fake_net_reset();
	}
}

START_TEST(look_ups_stay_flat)
{
	size_t few, many;

	rig_open(TRANSPORT_UDP);
	rig.quiet = true;
	fill(0, 1000);
	few = probes(&rig.layer->servers) + probes(&rig.layer->clients);
	ck_assert_uint_lt(few, 2 * 1000 * 2);
	fill(1000, LIVE);
	many = probes(&rig.layer->servers) + probes(&rig.layer->clients);
	ck_assert_uint_lt(many, 2 * LIVE * 2);
	ck_assert_uint_eq(txn_stats(rig.layer)->servers, LIVE);
	ck_assert_uint_eq(txn_stats(rig.layer)->clients, LIVE);
	/* And each of them is found. */
	rig.quiet = false;
	for (unsigned i = 0; i < LIVE; i += 97) {
		char branch[32];

		snprintf(branch, sizeof(branch), "z9hG4bK-%u", i);
		rig_response_to("OPTIONS", branch, 200);
		rig_request(&(struct rig_request){.method = "OPTIONS", .branch = branch});
		RIG_LOG("0 <200");
	}
	/* All to one peer: an error of another one does not walk through them. */
	txn_net_error(rig.layer, &rig.source);
	RIG_LOG("");
	rig_close();
}
END_TEST

/* A carrier's INVITE and its 180, in the sizes that they have. */
static char invite[1500], ringing[800];

static void make_messages(void)
{
	size_t n = (size_t)snprintf(invite, sizeof(invite), "%s",
		"INVITE sip:+14155550100@198.51.100.20:5060;transport=udp SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 203.0.113.5:5060;branch=z9hG4bK-c\r\n"
		"Via: SIP/2.0/UDP "
		"192.0.2.30:5060;branch=z9hG4bKb1946ac92492d2347c6235b4d2611184\r\n"
		"Record-Route: <sip:203.0.113.5;lr;ftag=as5c2f9d1e>\r\n"
		"Max-Forwards: 69\r\n"
		"From: \"+14155550199\" <sip:+14155550199@192.0.2.30>;tag=as5c2f9d1e\r\n"
		"To: <sip:+14155550100@203.0.113.5>\r\n"
		"Contact: <sip:+14155550199@192.0.2.30:5060>\r\n"
		"Call-ID: 5d41402abc4b2a76b9719d911017c592@192.0.2.30:5060\r\n"
		"CSeq: 102 INVITE\r\nContent-Type: application/sdp\r\nX: ");

	memset(invite + n, 'x', 1400 - n);
	strcpy(invite + 1396, "\r\n\r\n");
	n = (size_t)snprintf(ringing, sizeof(ringing), "SIP/2.0 180 Ringing\r\nX: ");
	memset(ringing + n, 'x', 700 - n);
	strcpy(ringing + 696, "\r\n\r\n");
}

static size_t per_call(size_t before)
{
	return (fake_mem_held() - before) / 1000;
}

/* Goals of a call as a whole: 9.3 kB ringing, 1.5 kB answered. */
START_TEST(memory_of_a_call)
{
	char branch[32];
	size_t before;

	make_messages();
	rig_open(TRANSPORT_UDP);
	rig.quiet = true;
	before = fake_mem_held();
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(branch, sizeof(branch), "z9hG4bK-%u", i);
		rig_request(&(struct rig_request){.method = "INVITE", .branch = branch});
		ck_assert_int_eq(txn_server_reply(rig.st, 180, ringing, 700, rig.now), 0);
		ck_assert_int_eq(rig_send(NULL, SIP_INVITE, branch, invite), 0);
		rig_response_to("INVITE", branch, 180);
		fake_net_reset();
	}
	rig_advance(2000);
	ck_assert_uint_lt(sizeof(struct txn_server), 200);
	ck_assert_uint_lt(sizeof(struct txn_client), 200);
	ck_assert_uint_lt(per_call(before), 1700);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(branch, sizeof(branch), "z9hG4bK-%u", i);
		rig_response_to("INVITE", branch, 200);
	}
	ck_assert_uint_lt(per_call(before), 1200); /* the server still rings */
	rig_advance(32000);
	ck_assert_uint_lt(per_call(before), 950);
	ck_assert_uint_eq(txn_stats(rig.layer)->clients, 0);
	rig_close();
}
END_TEST

START_TEST(memory_of_an_answered_call)
{
	char branch[32];
	size_t before;

	make_messages();
	rig_open(TRANSPORT_UDP);
	rig.quiet = true;
	before = fake_mem_held();
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(branch, sizeof(branch), "z9hG4bK-%u", i);
		rig_request(&(struct rig_request){.method = "INVITE", .branch = branch});
		ck_assert_int_eq(rig_send(NULL, SIP_INVITE, branch, invite), 0);
		rig_response_to("INVITE", branch, 200);
		ck_assert_int_eq(txn_server_reply(rig.st, 200, ringing, 700, rig.now), 0);
		fake_net_reset();
	}
	ck_assert_uint_lt(per_call(before), 450); /* only while 2xx may come again */
	rig_advance(32000);
	ck_assert_uint_lt(per_call(before), 50); /* the table */
	rig_close();
}
END_TEST

int main(void)
{
	return SUITE_RUN("txn_table", NULL, look_ups_stay_flat, memory_of_a_call,
		memory_of_an_answered_call);
}
