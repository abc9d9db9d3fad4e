/* Our state machines beside those of libosip2, which were written by others from the same pages:
 * random lives of a transaction over UDP, the same messages at the same (virtual) times, and what is
 * sent and when it ends has to be the same. Left out is where RFC 6026 changed RFC 3261, which
 * libosip2 does not know: 2xx to an INVITE. */
#include "tests/sip/txn_rig.h"
#include "tests/core/suite.h"
#include "tests/fakes/mem.c"
#include "tests/fakes/net.c"

#include <osip2/osip.h>
#include <osip2/osip_time.h>

enum { TICK_MS = 5, STEPS = 6, LIVES = 150, TOLERANCE_MS = 40, EVENTS_MAX = 64 };

static int64_t virtual_ms;

/* Stands in for the one of libosip2. */
int osip_gettimeofday(struct timeval *tp, void *tz)
{
	(void)tz;
	tp->tv_sec = (time_t)(virtual_ms / 1000);
	tp->tv_usec = (suseconds_t)(virtual_ms % 1000 * 1000);
	return 0;
}

enum side { CLIENT_INVITE, CLIENT_OTHER, SERVER_INVITE, SERVER_OTHER, SIDES };

/* What happens at a time: a response comes in (client), the user answers (server), or, with status
 * 0, the request comes again; ACK. */
enum { AGAIN = 0, ACK = 1 };

struct step {
	int64_t at_ms;
	unsigned what;
};

struct life {
	enum side side;
	unsigned count;
	struct step step[STEPS];
};

struct event {
	int64_t at_ms;
	char what[12];
};

struct history {
	unsigned count;
	struct event event[EVENTS_MAX];
};

static struct history theirs;

static void add_event(struct history *h, int64_t at_ms, const char *what, size_t len)
{
	struct event *e = &h->event[h->count++];

	ck_assert_uint_lt(h->count, EVENTS_MAX);
	e->at_ms = at_ms;
	snprintf(e->what, sizeof(e->what), "%.*s", (int)len, what);
}

static uint32_t seed;

static unsigned dice(unsigned sides)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 10) % sides;
}

static bool is_server(const struct life *l)
{
	return l->side == SERVER_INVITE || l->side == SERVER_OTHER;
}

static const char *method(const struct life *l)
{
	return l->side == CLIENT_INVITE || l->side == SERVER_INVITE ? "INVITE" : "OPTIONS";
}

/* Lives that keep away from three more differences, where we do what the text says: libosip2 starts
 * timer E anew with each 1xx (17.1.2.2), and timer I with each ACK (17.2.1); and it lets a request
 * that nobody answers live for ever. */
static void make_life(struct life *l, enum side side)
{
	static const unsigned provisional[] = {100, 180, 183};
	static const unsigned final[] = {486, 503, 404, 603};
	int64_t at = 0;
	bool done = false, acked = false;

	l->side = side;
	l->count = 1 + dice(STEPS);
	for (unsigned i = 0; i < l->count; i++) {
		bool last = i + 1 == l->count;
		unsigned n = dice(4), *what = &l->step[i].what;

		at += 70 + dice(i && side != SERVER_OTHER ? 9000 : 3000);
		l->step[i].at_ms = at - at % TICK_MS;
		if (is_server(l) && (done || (n == 0 && !last))) {
			*what = side == SERVER_INVITE && done && !acked && n > 1 ? ACK : AGAIN;
			acked = acked || *what == ACK;
		} else if (side == CLIENT_OTHER || n == 3 || (is_server(l) && last)) {
			*what = final[dice(4)];
		} else {
			*what = side == SERVER_OTHER ? 100 : provisional[dice(3)];
		}
		done = done || *what >= 200;
	}
}

/* Ours. */
static void live_ours(const struct life *l, struct history *h)
{
	int64_t now = 0;
	const char *p;

	rig_open(TRANSPORT_UDP);
	if (is_server(l)) {
		rig_request(&(struct rig_request){.method = method(l)});
	} else {
		rig_client(method(l));
	}
	for (unsigned i = 0; i < l->count; i++) {
		unsigned what = l->step[i].what;

		rig_advance(l->step[i].at_ms - now);
		now = l->step[i].at_ms;
		if (what == AGAIN && rig.st)
			rig_request(&(struct rig_request){.method = method(l)});
		else if (what == ACK && rig.st)
			rig_request(&(struct rig_request){.method = "ACK"});
		else if (is_server(l) && rig.st)
			rig_answer(what);
		else if (!is_server(l))
			rig_response(method(l), what);
	}
	rig_advance(70000);
	memset(h, 0, sizeof(*h));
	for (p = rig_take(); *p; p += strspn(p, "; ")) {
		int64_t at = strtoll(p, (char **)&p, 10);
		size_t len = strcspn(++p, ";");

		if (*p == '>')
			add_event(h, at, p + 1, len - 1);
		else if (strncmp(p, "end", len) == 0 || strncmp(p, "s.end", len) == 0)
			add_event(h, at, "end", 3);
		p += len;
	}
	rig_close();
}

/* Theirs. */
static int osip_sent(osip_transaction_t *tr, osip_message_t *m, char *host, int port, int fd)
{
	(void)tr, (void)host, (void)port, (void)fd;
	if (MSG_IS_REQUEST(m)) {
		add_event(&theirs, virtual_ms, m->sip_method, strlen(m->sip_method));
	} else {
		char status[12];

		snprintf(status, sizeof(status), "%d", m->status_code);
		add_event(&theirs, virtual_ms, status, strlen(status));
	}
	return 0;
}

static void osip_killed(int type, osip_transaction_t *tr)
{
	(void)type, (void)tr;
	add_event(&theirs, virtual_ms, "end", 3);
}

static osip_message_t *parsed(const char *text)
{
	osip_message_t *m;

	ck_assert_int_eq(osip_message_init(&m), 0);
	ck_assert_int_eq(osip_message_parse(m, text, strlen(text)), 0);
	return m;
}

static const char *response_text(const struct life *l, unsigned status)
{
	static char text[600];
	const char *via = is_server(l) ? "192.0.2.10:5070;rport;branch=z9hG4bK-a"
				       : "192.0.2.1:5060;branch=z9hG4bK-c";

	snprintf(text, sizeof(text),
		"SIP/2.0 %u Whatever\r\nVia: SIP/2.0/UDP %s\r\n"
		"From: <sip:caller@example.net>;tag=f1\r\n"
		"To: <sip:100@example.com>;tag=t1\r\n"
		"Call-ID: call-1\r\nCSeq: %u %s\r\nContent-Length: 0\r\n\r\n",
		status, via, is_server(l) ? 1 : 41, method(l));
	return text;
}

static const char *request_text(const struct life *l, const char *name)
{
	static char text[600];

	if (is_server(l))
		return rig_text(&(struct rig_request){.method = name});
	snprintf(text, sizeof(text),
		"%s sip:200@192.0.2.20 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK-c\r\n"
		"From: <sip:caller@example.net>;tag=f1\r\nTo: <sip:100@example.com>\r\n"
		"Call-ID: call-1\r\nCSeq: 41 %s\r\nMax-Forwards: 70\r\n"
		"Content-Length: 0\r\n\r\n",
		name, name);
	return text;
}

static osip_t *their_layer(void)
{
	osip_t *osip;

	ck_assert_int_eq(osip_init(&osip), 0);
	osip_set_cb_send_message(osip, osip_sent);
	osip_set_kill_transaction_callback(osip, OSIP_ICT_KILL_TRANSACTION, osip_killed);
	osip_set_kill_transaction_callback(osip, OSIP_NICT_KILL_TRANSACTION, osip_killed);
	osip_set_kill_transaction_callback(osip, OSIP_IST_KILL_TRANSACTION, osip_killed);
	osip_set_kill_transaction_callback(osip, OSIP_NIST_KILL_TRANSACTION, osip_killed);
	return osip;
}

static void their_turns(osip_t *osip, int64_t until)
{
	for (;; virtual_ms += TICK_MS) {
		osip_timers_ict_execute(osip);
		osip_timers_nict_execute(osip);
		osip_timers_ist_execute(osip);
		osip_timers_nist_execute(osip);
		osip_ict_execute(osip);
		osip_nict_execute(osip);
		osip_ist_execute(osip);
		osip_nist_execute(osip);
		if (virtual_ms >= until)
			return;
	}
}

static void tell_incoming(osip_t *osip, const char *text)
{
	osip_event_t *ev = osip_parse(text, strlen(text));

	ck_assert_ptr_nonnull(ev);
	if (osip_find_transaction_and_add_event(osip, ev))
		osip_event_free(ev); /* it has ended */
}

static bool has_ended(const struct history *h)
{
	return h->count && strcmp(h->event[h->count - 1].what, "end") == 0;
}

static void live_theirs(const struct life *l)
{
	static const osip_fsm_type_t type[] = {ICT, NICT, IST, NIST};
	osip_t *osip = their_layer();
	osip_transaction_t *tr;
	osip_message_t *request = parsed(request_text(l, method(l)));

	memset(&theirs, 0, sizeof(theirs));
	virtual_ms = 0;
	ck_assert_int_eq(osip_transaction_init(&tr, type[l->side], osip, request), 0);
	if (is_server(l)) {
		const char *text = request_text(l, method(l));

		osip_message_free(request);
		osip_transaction_add_event(tr, osip_parse(text, strlen(text)));
	} else {
		osip_transaction_add_event(tr, osip_new_outgoing_sipmessage(request));
	}
	for (unsigned i = 0; i < l->count; i++) {
		unsigned what = l->step[i].what;

		their_turns(osip, l->step[i].at_ms);
		if (has_ended(&theirs))
			break;
		if (what == AGAIN || what == ACK)
			tell_incoming(osip, request_text(l, what == ACK ? "ACK" : method(l)));
		else if (is_server(l))
			osip_transaction_add_event(
				tr, osip_new_outgoing_sipmessage(parsed(response_text(l, what))));
		else
			tell_incoming(osip, response_text(l, what));
	}
	their_turns(osip, virtual_ms + 70000);
	osip_transaction_free(tr);
	osip_release(osip);
}

static void write_history(char *text, size_t size, const struct history *h)
{
	size_t at = 0;

	*text = '\0';
	for (unsigned i = 0; i < h->count && at < size; i++)
		at += (size_t)snprintf(text + at, size - at, "%lld %s; ",
			(long long)h->event[i].at_ms, h->event[i].what);
}

static bool same(const struct history *a, const struct history *b)
{
	if (a->count != b->count)
		return false;
	for (unsigned i = 0; i < a->count; i++)
		if (strcmp(a->event[i].what, b->event[i].what) != 0 ||
			llabs(a->event[i].at_ms - b->event[i].at_ms) > TOLERANCE_MS)
			return false;
	return true;
}

/* Where a message and a timer meet within the tolerance either order is right. */
static bool is_close(const struct life *l, const struct history *h)
{
	for (unsigned i = 0; i < l->count; i++)
		for (unsigned k = 0; k < h->count; k++) {
			int64_t apart = llabs(l->step[i].at_ms - h->event[k].at_ms);

			if (apart && apart < 2 * TOLERANCE_MS)
				return true;
		}
	return false;
}

static void compare(enum side side)
{
	char a[2000], b[2000], script[200];
	unsigned compared = 0;

	seed = 1 + side;
	for (unsigned n = 0; n < LIVES; n++) {
		struct history ours;
		struct life l;
		size_t at = 0;

		make_life(&l, side);
		live_ours(&l, &ours);
		live_theirs(&l);
		if (is_close(&l, &ours) || is_close(&l, &theirs))
			continue;
		compared++;
		if (same(&ours, &theirs))
			continue;
		for (unsigned i = 0; i < l.count; i++)
			at += (size_t)snprintf(script + at, sizeof(script) - at, "%lld %u; ",
				(long long)l.step[i].at_ms, l.step[i].what);
		write_history(a, sizeof(a), &ours);
		write_history(b, sizeof(b), &theirs);
		ck_abort_msg("script %s\nours   %s\ntheirs %s", script, a, b);
	}
	ck_assert_uint_gt(compared, LIVES / 4);
}

START_TEST(client_invite)
{
	compare(CLIENT_INVITE);
}
END_TEST

START_TEST(client_other)
{
	compare(CLIENT_OTHER);
}
END_TEST

START_TEST(server_invite)
{
	compare(SERVER_INVITE);
}
END_TEST

START_TEST(server_other)
{
	compare(SERVER_OTHER);
}
END_TEST

int main(void)
{
	parser_init();
	return SUITE_RUN(
		"txn_oracle", NULL, client_invite, client_other, server_invite, server_other);
}
