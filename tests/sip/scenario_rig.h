/* Whole calls through the whole worker, in virtual time: a carrier, a PBX, a backup PBX and the
 * gateway that numbers are reached by are lines of a script. What the worker sends becomes a log:
 *
 *   "<ms> pbx<INVITE" "<ms> carrier<180" …
 *
 * Milliseconds count from the last rig_start(). 100 Trying to the carrier is left out. */
#ifndef TESTS_SIP_SCENARIO_RIG_H
#define TESTS_SIP_SCENARIO_RIG_H

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "sip/observed.h"
#include "sip/scan.h"
#include "sip/worker.h"
#include "tests/fakes/loop.h"
#include "tests/fakes/net.h"
#include "tests/fakes/worker_edges.h"

#define ACCOUNT "00000000-0000-7000-8000-000000000001"
#define TRUNK "00000000-0000-7000-8000-000000000002"
#define SIP_ACCOUNT "00000000-0000-7000-8000-000000000003"
#define GATEWAY "00000000-0000-7000-8000-000000000004"
#define OUTBOUND "00000000-0000-7000-8000-000000000005"

enum party { CARRIER, PBX, BACKUP, OUT, PARTIES };

static const struct {
	const char *name, *ip;
} rig_party[PARTIES] = {{"carrier", "198.51.100.7"}, {"pbx", "203.0.113.3"},
	{"backup", "203.0.113.4"}, {"out", "203.0.113.5"}};

static struct {
	struct worker_settings settings;
	struct peer_list peers; /* of the next rig_start() */
	struct worker *w;
	int64_t start;
	unsigned calls; /* made so far: makes Call-IDs */
	char got[PARTIES][4096]; /* the newest request that each party got */
	char answer[PARTIES][4096]; /* and the newest response */
	char log[16384];
	size_t log_len;
} rig;

static inline void rig_note(int party, const char *text)
{
	const char *p = text;
	int n;

	if (strncmp(p, "SIP/2.0 ", 8) == 0)
		p += 8;
	if (party == CARRIER && strncmp(p, "100 ", 4) == 0)
		return;
	n = snprintf(rig.log + rig.log_len, sizeof(rig.log) - rig.log_len, "%s%lld %s<%.*s",
		rig.log_len ? "; " : "", (long long)(loop_now(rig.w->loop) - rig.start),
		rig_party[party].name, (int)strcspn(p, " "), p);
	rig.log_len += (size_t)n;
	ck_assert_uint_lt(rig.log_len, sizeof(rig.log));
}

static inline void rig_drain(void)
{
	struct fake_sent sent;

	while (fake_net_take(&sent)) {
		char ip[FLOW_IP_TEXT_MAX];
		struct str to = net_addr_ip(&sent.to.peer, ip);
		struct sip_verdict v;
		struct sip_msg m;
		int party = 0;

		while (party < PARTIES && !str_eq(to, str_of(rig_party[party].ip)))
			party++;
		ck_assert_msg(party < PARTIES, "sent to nobody we know: %.*s", (int)to.len, to.p);
		sip_scan_stream(&m, sent.buf, sent.len, &v);
		ck_assert_msg(v.kind == SIP_SCAN_OK, "sent what the scanner refuses (%s): %s",
			v.word, sent.buf);
		/* Health probes are another story; a UDP retransmission says nothing new. */
		if (m.request && strstr(sent.buf, "branch=z9hG4bKpr"))
			continue;
		if (m.request && strcmp(rig.got[party], sent.buf) == 0)
			continue;
		rig_note(party, sent.buf);
		snprintf(m.request ? rig.got[party] : rig.answer[party], sizeof(rig.got[party]),
			"%s", sent.buf);
	}
}

/* The log since the last call. */
static inline const char *rig_take(void)
{
	static char text[sizeof(rig.log)];

	rig_drain();
	memcpy(text, rig.log, sizeof(text));
	rig.log_len = 0;
	rig.log[0] = '\0';
	return text;
}

#define rig_expect(text) ck_assert_str_eq(rig_take(), text)

static inline void rig_wait(int64_t ms)
{
	/* Small steps, so that what is sent is logged at its time. */
	int64_t step = ms > 100000 ? 1000 : 100;

	for (; ms > 0; ms -= step) {
		fake_loop_wait(rig.w->loop, ms < step ? ms : step);
		rig_drain();
	}
}

static inline void rig_deliver(enum party from, const char *text)
{
	struct flow flow = fake_flow(TRANSPORT_UDP, rig_party[from].ip, 5060);

	fake_net_deliver(rig.w->net, text, strlen(text), &flow);
	rig_drain();
}

/* The standard world: one DID on a trunk in IP mode, a gateway that calls come from and one that
 * numbers are reached by. More records may follow before rig_start(). */
static inline void rig_config(const char *did_rest, const char *trunk_calls)
{
	char record[512];

	fake_edges_reset();
	fake_config("A\t" ACCOUNT "\tt\t\tUTC\tf\t\\N\t\tcaller\t\\N");
	snprintf(record, sizeof(record),
		"T\t" TRUNK "\t" ACCOUNT
		"\tt\t%s\t15\t180\t3600\t\trequest_uri\tonly_primary\tf\t\\N\t\\N",
		trunk_calls);
	fake_config(record);
	fake_config("S\t" SIP_ACCOUNT "\t" TRUNK
		    "\tprimary\t\tip\t\\N\t\\N\t\\N\t203.0.113.3\t203.0.113.3|5060|udp");
	fake_config(
		"G\t" GATEWAY "\tin\tt\t198.51.100.7|5060|udp\t\\N\t5\t999\t50\tf\t198.51.100.7");
	fake_config("G\t" OUTBOUND "\tout\tt\t203.0.113.5|5060|udp\t\\N\t5\t1\t10\tf\t");
	snprintf(record, sizeof(record),
		"D\t14155550100\t" ACCOUNT "\t" TRUNK "\t\\N\tt\tring\t\\N\t%s", did_rest);
	fake_config(record);
}

/* triggers, failover_number, backup_pbxs, calling_party_display, calling_party_number */
#define DID_PLAIN "\\N\t\\N\t\t\\N\t\\N"
#define DID_BACKUP "\\N\t\\N\t203.0.113.4|5060|udp\t\\N\t\\N"
#define DID_NUMBER "\\N\t14155550199\t\t\\N\t\\N"
#define DID_BOTH "\\N\t14155550199\t203.0.113.4|5060|udp\t\\N\t\\N"

static inline void rig_start(void)
{
	rig.settings = (struct worker_settings){.tls = {.certificate = "", .key = "", .ca = ""},
		.database_url = "none",
		.data_dir = "/tmp",
		.name = "test",
		.realm = "trunkguard",
		.advertise = "",
		.dns = "",
		.peers = rig.peers,
		.probe_seconds = 60};
	fake_net_reset();
	ck_assert_int_eq(worker_new(&rig.w, &rig.settings), 0);
	rig.w->feed_fd.h(EPOLLIN, rig.w->feed_fd.arg);
	memset(rig.got, 0, sizeof(rig.got));
	rig.start = loop_now(rig.w->loop);
	rig.log_len = 0;
}

static inline void rig_stop(void)
{
	worker_free(rig.w);
	fake_net_reset();
}

/* The carrier calls; extra: header lines. */
static inline void rig_invite_to(const char *number, const char *extra)
{
	char text[4096];
	unsigned n = ++rig.calls;

	snprintf(text, sizeof(text),
		"INVITE sip:%s@192.0.2.1 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKcarrier%u\r\n"
		"Max-Forwards: 70\r\nFrom: \"Alice\" <sip:+12125550111@198.51.100.7>;tag=a%u\r\n"
		"To: <sip:%s@192.0.2.1>\r\nCall-ID: call%u@198.51.100.7\r\nCSeq: 1 INVITE\r\n"
		"Contact: <sip:198.51.100.7:5060>\r\n%sContent-Type: application/sdp\r\n"
		"Content-Length: 5\r\n\r\nv=0\r\n",
		number, n, n, number, n, extra);
	rig_deliver(CARRIER, text);
}

static inline void rig_invite(void)
{
	rig_invite_to("+14155550100", "");
}

/* Between two marks of a text; "" when it is not there. */
static inline const char *rig_header(const char *message, const char *name)
{
	static char value[8][1024];
	static unsigned turn;
	char *out = value[turn++ % 8];
	char mark[64];
	const char *at;

	snprintf(mark, sizeof(mark), "\r\n%s: ", name);
	at = strstr(message, mark);
	out[0] = '\0';
	if (at) {
		at += strlen(mark);
		snprintf(out, sizeof(value[0]), "%.*s", (int)strcspn(at, "\r"), at);
	}
	return out;
}

/* All lines of that name, as they are. */
static inline void rig_copy(char *out, size_t size, const char *message, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = strchr(message, '\n'); p && p[1] != '\r'; p = strchr(p + 1, '\n')) {
		if (strncmp(p + 1, name, n) == 0 && p[1 + n] == ':') {
			size_t at = strlen(out);
			snprintf(out + at, size - at, "%.*s", (int)strcspn(p + 1, "\n") + 1, p + 1);
		}
	}
}

/* A party answers the newest request of that method that it got. */
static inline void rig_reply_with(enum party from, unsigned code, const char *extra)
{
	char text[4096] = "", vias[2048] = "";
	const char *request = rig.got[from];
	const char *to = rig_header(request, "To");

	rig_copy(vias, sizeof(vias), request, "Via");
	rig_copy(vias, sizeof(vias), request, "Record-Route");
	snprintf(text, sizeof(text),
		"SIP/2.0 %u Whatever\r\n%sFrom: %s\r\nTo: %s%s%s\r\nCall-ID: %s\r\nCSeq: %s\r\n"
		"Contact: <sip:%s:5060>\r\n%sContent-Length: 0\r\n\r\n",
		code, vias, rig_header(request, "From"), to,
		code == 100 || strstr(to, "tag=") ? "" : ";tag=",
		code == 100 || strstr(to, "tag=") ? "" : rig_party[from].name,
		rig_header(request, "Call-ID"), rig_header(request, "CSeq"), rig_party[from].ip,
		extra);
	rig_deliver(from, text);
}

static inline void rig_reply(enum party from, unsigned code)
{
	rig_reply_with(from, code, "");
}

/* A request of a side in the dialog that the newest answer to the carrier made. */
static inline void rig_in_dialog(
	enum party from, const char *method, unsigned cseq, const char *extra)
{
	char text[4096];
	const char *ok = rig.answer[CARRIER];
	static unsigned branch;
	bool caller = from == CARRIER;

	snprintf(text, sizeof(text),
		"%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s:5060;branch=z9hG4bKin%u\r\nMax-Forwards: "
		"70\r\n"
		"Route: <sip:192.0.2.1:5060;lr>\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\n"
		"CSeq: %u %s\r\n%sContent-Length: 0\r\n\r\n",
		method, caller ? "sip:203.0.113.3:5060" : "sip:198.51.100.7:5060",
		rig_party[from].ip, branch++, rig_header(ok, caller ? "From" : "To"),
		rig_header(ok, caller ? "To" : "From"), rig_header(ok, "Call-ID"), cseq, method,
		extra);
	rig_deliver(from, text);
}

static inline void rig_cancel(void)
{
	char text[4096];
	unsigned n = rig.calls;

	snprintf(text, sizeof(text),
		"CANCEL sip:+14155550100@192.0.2.1 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKcarrier%u\r\n"
		"Max-Forwards: 70\r\nFrom: \"Alice\" <sip:+12125550111@198.51.100.7>;tag=a%u\r\n"
		"To: <sip:+14155550100@192.0.2.1>\r\nCall-ID: call%u@198.51.100.7\r\n"
		"CSeq: 1 CANCEL\r\nContent-Length: 0\r\n\r\n",
		n, n, n);
	rig_deliver(CARRIER, text);
}

/* INVITE to 200 and ACK; the log is taken. */
static inline void rig_call_up(enum party by)
{
	rig_invite();
	rig_reply(by, 200);
	rig_in_dialog(CARRIER, "ACK", 1, "");
	rig_take();
}

static inline uint32_t rig_slots(void)
{
	struct uuid trunk;

	ck_assert_int_eq(uuid_parse(TRUNK, strlen(TRUNK), &trunk), 0);
	return slots_count(rig.w->slots, &trunk);
}

#define rig_records(text) ck_assert_str_eq(fake_records(), text)

#endif
